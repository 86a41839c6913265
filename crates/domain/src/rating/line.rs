//! One line of a bill.

use crate::catalogue::{Unit, UsageType, number_to_json};
use crate::money::Won;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A line of a bill: `amount` is `quantity` x `rate`, less what the `rule` takes off, rounded half up to the won.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChargeLine {
    /// What is charged.
    pub code: ChargeCode,
    /// How much of it, in `unit`.
    #[serde(serialize_with = "number_to_json")]
    pub quantity: Decimal,
    /// What the quantity counts.
    pub unit: Unit,
    /// Won per unit; negative on a line that takes away.
    #[serde(serialize_with = "number_to_json")]
    pub rate: Decimal,
    /// How the amount follows, one of:
    ///
    /// - `days 17/31`, and `days 16/31 from 2026-10-16` where the fee changed within the month
    /// - `unit rate`
    /// - `included 280/300`: the part that the allowance covers, and the month's allowance
    /// - `taken back 50/300`: the part of the allowance that covered such use on the final bill, and covers on this one
    ///   what comes before it in the order; so it is charged here, though the quantity does not count it
    /// - `unlimited`
    /// - `late usage of 2026-09`, and `late usage of 2026-09, unlimited`
    /// - `25% of monthly_fee`, and `25% of monthly_fee until 2026-10-15` where the contract ended within the month
    /// - `vat 10%`
    /// - `cut to 10 won`
    pub rule: Cow<'static, str>,
    /// Whole won.
    pub amount: Won,
}

/// What a line charges: its code on the bill, in snake case. A usage line's code is its usage type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Cow<'_, str>", into = "&'static str")]
pub enum ChargeCode {
    /// The plan's fee, `monthly_fee`.
    MonthlyFee,
    /// Usage, such as `voice_day`.
    Usage(UsageType),
    /// The discount of a contract, `contract_discount`.
    ContractDiscount,
    /// Value added tax, `vat`.
    Vat,
    /// What is cut so that the total is a multiple of 10 won, `rounding`.
    Rounding,
}

/// The text is not the code of a bill line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the code of a bill line")]
pub struct NotAChargeCode;

impl ChargeCode {
    const OTHERS: [Self; 4] = [Self::MonthlyFee, Self::ContractDiscount, Self::Vat, Self::Rounding];

    /// The code as text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MonthlyFee => "monthly_fee",
            Self::Usage(kind) => kind.as_str(),
            Self::ContractDiscount => "contract_discount",
            Self::Vat => "vat",
            Self::Rounding => "rounding",
        }
    }

    /// The code from its text.
    pub fn parse(text: &str) -> Result<Self, NotAChargeCode> {
        match UsageType::parse(text) {
            Ok(kind) => Ok(Self::Usage(kind)),
            Err(_) => Self::OTHERS.into_iter().find(|code| code.as_str() == text).ok_or(NotAChargeCode),
        }
    }
}

impl From<ChargeCode> for &'static str {
    fn from(code: ChargeCode) -> Self {
        code.as_str()
    }
}

impl TryFrom<Cow<'_, str>> for ChargeCode {
    type Error = NotAChargeCode;

    fn try_from(text: Cow<'_, str>) -> Result<Self, NotAChargeCode> {
        Self::parse(&text)
    }
}

impl std::fmt::Display for ChargeCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
