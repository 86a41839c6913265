//! What customers see of the catalogue.

use super::{Allowances, Name, Plan, PlanVersion, Rates};
use crate::ids::PlanCode;
use crate::money::Won;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A plan as it is on one day, in the form of `GET /api/plans`. Prices are in won without VAT, but for the one that
/// says so.
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
            monthly_fee_with_vat: with_vat(version),
            vat_percent: version.vat_percent,
            contract_discount_percent: version.contract_discount_percent,
            allowances: version.allowances,
            rates: version.rates,
        })
    }
}

/// Rounded as the VAT of a bill is. The range of a fee, checked when the catalogue was read, leaves room.
fn with_vat(version: &PlanVersion) -> Won {
    let fee = version.monthly_fee.get();
    Won::new(fee + (fee * i64::from(version.vat_percent) + 50) / 100)
}
