//! What customers see of the catalogue.

use super::{Allowances, Name, Plan, PlanVersion, Rates};
use crate::ids::PlanCode;
use crate::money::Won;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A plan as it is on one day, in the form of `GET /api/plans`. Prices are in won without VAT, but for those that
/// say so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedPlan {
    /// The code to order it by.
    pub code: PlanCode,
    /// Its name.
    pub name: Name,
    /// Whether it can be ordered.
    pub on_sale: bool,
    /// The day since which these prices apply.
    pub valid_from: Date,
    /// Won a month.
    pub monthly_fee: Won,
    /// Won a month with VAT: the price that Korean carriers advertise.
    pub monthly_fee_with_vat: Won,
    /// The same with a contract (선택약정); without such a discount there is no difference.
    pub contract_fee_with_vat: Won,
    /// Percent of VAT.
    pub vat_percent: u8,
    /// Percent off the monthly fee with a contract (선택약정); 0 when there is no such discount.
    pub contract_discount_percent: u8,
    /// What the fee includes; `null` is without limit.
    pub allowances: Allowances,
    /// Won per unit beyond that; `null` is not offered.
    pub rates: Rates,
}

impl ListedPlan {
    pub(super) fn on(plan: &Plan, day: Date) -> Option<Self> {
        let version = plan.version_on(day)?;
        Some(Self {
            code: plan.code.clone(),
            name: plan.name.clone(),
            on_sale: plan.on_sale,
            valid_from: version.valid_from,
            monthly_fee: version.monthly_fee,
            monthly_fee_with_vat: with_vat(version, version.monthly_fee.get()),
            contract_fee_with_vat: with_vat(version, with_contract(version)),
            vat_percent: version.vat_percent,
            contract_discount_percent: version.contract_discount_percent,
            allowances: version.allowances,
            rates: version.rates,
        })
    }
}

/// The fee less the discount of a contract, in won.
fn with_contract(version: &PlanVersion) -> i64 {
    let fee = version.monthly_fee.get();
    fee - percent(version.contract_discount_percent, fee)
}

fn with_vat(version: &PlanVersion, fee: i64) -> Won {
    Won::new(fee + percent(version.vat_percent, fee))
}

/// Rounded as the shares of a bill are. The range of a fee, checked when the catalogue was read, leaves room.
fn percent(percent: u8, of: i64) -> i64 {
    (of * i64::from(percent) + 50) / 100
}
