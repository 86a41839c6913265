//! Rating: from a line's terms and its usage of a month to the lines of a bill.
//!
//! A bill is made in this order; each line is rounded half up to the won, so the lines add up to the total.
//!
//! 1. **Monthly fee**, for the days in service (일할계산): fee x days / days of the month, both the first and the last
//!    day counted. Where a new version of the plan changes the fee within the month, each part is a line of its own.
//! 2. **Usage** by type, priced with the version valid on the day of use, a line for each rate. Allowances are
//!    prorated by days as the fee is, over all versions of the month together, and rounded up to the whole unit.
//!    Calls use theirs up by day, then evening, then night, so that as a rule the cheapest are left to pay for, and
//!    each type by version. Usage that is included stays on the bill, with an amount of 0.
//!    - Usage of this month on a day out of service (a call across midnight) is charged at the unit rate.
//!    - Late usage, of an earlier month, is priced as on its own day, but at the unit rate: the bill of that month
//!      has been issued, and what was left of its allowance is not known here. What was without limit still is.
//!    - On the bill that comes after a final bill (its terms say that the fee is charged), what the final bill has
//!      charged uses up the allowance and is not charged again. Both charge together what one bill would have.
//! 3. **Contract discount** (선택약정): percent of the fee for the days under contract, as a negative line.
//! 4. **VAT**: percent of the sum of the above.
//! 5. **Rounding**: what is over a multiple of 10 won is cut (원단위 절사), as a negative line.

mod fee;
mod line;
mod quantity;
mod sheet;
mod sums;
mod usage;

#[cfg(test)]
mod tests;

pub use line::{ChargeCode, ChargeLine, NotAChargeCode};
pub use quantity::{NotAQuantity, QUANTITY_MAX, QUANTITY_PLACES_MAX, Quantity};
pub use sums::UsageSums;

use crate::calendar::UsageMonth;
use crate::catalogue::{Catalogue, UsageType};
use crate::ids::PlanCode;
use crate::money::Won;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What a line is billed by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineTerms {
    /// The plan.
    pub plan: PlanCode,
    /// The last day on which a contract gives the plan's discount (선택약정), in Seoul; `None` without a contract.
    pub contract_to: Option<Date>,
    /// The first day of service, in Seoul.
    pub service_from: Date,
    /// The last day of service, in Seoul; `None` while the line is not terminated.
    pub service_to: Option<Date>,
    /// Whether another bill has charged the month's fee: then what is left to charge is usage.
    pub fee_charged: bool,
}

/// One use of the line, or several of a type and day added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// The type.
    pub kind: UsageType,
    /// The day in Seoul.
    pub day: Date,
    /// How much, in the type's unit.
    pub quantity: Quantity,
}

/// What a line owes for a month, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RatedBill {
    /// In the order of the bill. A line that would say nothing (no fee, no discount, nothing cut) is left out.
    pub lines: Vec<ChargeLine>,
    /// The sum of the lines: not negative, a multiple of 10 won, at most [`BILL_WON_MAX`].
    ///
    /// [`BILL_WON_MAX`]: crate::limits::BILL_WON_MAX
    pub total: Won,
}

/// Why a line cannot be billed: it is parked with the [`code`](RatingError::code) until a person has looked at it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RatingError {
    /// The catalogue has lost the plan that the line has.
    #[error("the catalogue has no plan {0}")]
    UnknownPlan(PlanCode),
    /// In service or used before the plan's first version.
    #[error("plan {plan} has no version valid on {day}")]
    NoVersion {
        /// The plan.
        plan: PlanCode,
        /// The day without a price.
        day: Date,
    },
    /// Used although the plan does not offer it.
    #[error("plan {plan} does not offer {kind}")]
    UsageTypeNotOffered {
        /// The plan.
        plan: PlanCode,
        /// What was used.
        kind: UsageType,
    },
    /// Usage that belongs on the bill of a later month.
    #[error("usage of {day} is later than the month that is billed")]
    UsageAfterMonth {
        /// The day of use.
        day: Date,
    },
    /// More than a bill may amount to, so most likely wrong.
    #[error("the bill is out of the range of amounts")]
    AmountOutOfRange,
}

impl RatingError {
    /// The stable code that a parked line is listed with.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownPlan(_) => "unknown_plan",
            Self::NoVersion { .. } => "no_plan_version",
            Self::UsageTypeNotOffered { .. } => "usage_type_not_offered",
            Self::UsageAfterMonth { .. } => "usage_after_month",
            Self::AmountOutOfRange => "amount_out_of_range",
        }
    }
}

/// The bill of a line for a month: a pure function of its arguments, whatever the order of the usage and however it
/// is split into records.
///
/// # Panics
/// When the lines do not add up to the total, which would be a mistake in this module.
pub fn rate(
    catalogue: &Catalogue,
    terms: &LineTerms,
    month: UsageMonth,
    usage: &UsageSums,
) -> Result<RatedBill, RatingError> {
    let plan = catalogue.plan(&terms.plan).ok_or_else(|| RatingError::UnknownPlan(terms.plan.clone()))?;
    let spans = fee::spans(plan, terms, month)?;
    let mut tally = usage::Tally::new(plan, terms, month, &spans);
    for (kind, day, units) in usage.iter() {
        tally.add(kind, day, units)?;
    }
    let mut sheet = sheet::Sheet::default();
    let fees = if terms.fee_charged {
        Vec::new()
    } else {
        fee::charge(&spans, terms.contract_to, month, &mut sheet)?
    };
    tally.charge(&mut sheet)?;
    fee::discount(&fees, &mut sheet)?;
    sheet.close()
}
