//! From the text of a catalogue to a catalogue that can be billed with.

use super::{Catalogue, Plan, PlanVersion, UsageType};
use crate::ids::PlanCode;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use std::collections::HashMap;

/// The highest monthly fee, in won.
pub const MONTHLY_FEE_WON_MAX: i64 = 10_000_000;
/// The highest rate, in won per unit.
pub const RATE_WON_MAX: u32 = 1_000_000;
/// Decimal places of a rate.
pub const RATE_PLACES_MAX: u32 = 4;
/// The highest allowance of a month, in units.
pub const ALLOWANCE_MAX: u32 = 1_000_000_000;
/// Versions of one plan.
pub const VERSIONS_MAX: usize = 1_000;

/// Why a text is not a catalogue.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Not JSON, a field too many or too few, a value of another type, a plan code or date that is none.
    #[error("the catalogue cannot be read")]
    Malformed(#[source] serde_json::Error),
    /// Nothing to sell.
    #[error("the catalogue has no plans")]
    Empty,
    /// Lines could not tell which plan they have.
    #[error("plan {0} stands in the catalogue twice")]
    DuplicatePlan(PlanCode),
    /// Customers could not read it.
    #[error("plan {0} has no name in Korean or in English")]
    Unnamed(PlanCode),
    /// Nothing could be priced, or a mistake has generated versions without end.
    #[error("plan {0} has no versions, or more than {VERSIONS_MAX}")]
    VersionCount(PlanCode),
    /// A day would have two prices.
    #[error("plan {plan}: the version from {valid_from} does not begin after the one before it")]
    VersionsOutOfOrder {
        /// The plan.
        plan: PlanCode,
        /// Where the later entry begins.
        valid_from: Date,
    },
    /// A value of a version is not what a bill can be made of.
    #[error("plan {plan}, version from {valid_from}: {field} is out of range")]
    OutOfRange {
        /// The plan.
        plan: PlanCode,
        /// The version.
        valid_from: Date,
        /// The field, as the file names it.
        field: &'static str,
    },
    /// Usage beyond the allowance, or that arrives after its month was billed, could not be priced.
    #[error("plan {plan}, version from {valid_from}: {kind} has an allowance but no rate")]
    AllowanceWithoutRate {
        /// The plan.
        plan: PlanCode,
        /// The version.
        valid_from: Date,
        /// The type of usage.
        kind: UsageType,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// For the people who edit the file.
    #[serde(rename = "about")]
    _about: Option<String>,
    plans: Vec<Plan>,
}

impl Catalogue {
    /// The catalogue from its JSON text, checked as a whole.
    pub fn parse(json: &str) -> Result<Self, CatalogueError> {
        let File { plans, .. } = serde_json::from_str(json).map_err(CatalogueError::Malformed)?;
        if plans.is_empty() {
            return Err(CatalogueError::Empty);
        }
        let mut places = HashMap::with_capacity(plans.len());
        for (place, plan) in plans.iter().enumerate() {
            check_plan(plan)?;
            if places.insert(plan.code.clone(), place).is_some() {
                return Err(CatalogueError::DuplicatePlan(plan.code.clone()));
            }
        }
        Ok(Self { plans, places })
    }
}

/// A field whose `null` says something must be there: to leave it out is a mistake.
pub(super) fn present<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(from)
}

fn check_plan(plan: &Plan) -> Result<(), CatalogueError> {
    if plan.name.ko.trim().is_empty() || plan.name.en.trim().is_empty() {
        return Err(CatalogueError::Unnamed(plan.code.clone()));
    }
    if plan.versions.is_empty() || plan.versions.len() > VERSIONS_MAX {
        return Err(CatalogueError::VersionCount(plan.code.clone()));
    }
    for pair in plan.versions.windows(2) {
        let (earlier, later) = (pair[0].valid_from, pair[1].valid_from);
        if later <= earlier {
            return Err(CatalogueError::VersionsOutOfOrder { plan: plan.code.clone(), valid_from: later });
        }
    }
    plan.versions.iter().try_for_each(|version| check_version(&plan.code, version))
}

fn check_version(plan: &PlanCode, version: &PlanVersion) -> Result<(), CatalogueError> {
    if let Some(field) = field_out_of_range(version) {
        return Err(CatalogueError::OutOfRange { plan: plan.clone(), valid_from: version.valid_from, field });
    }
    let unpriced =
        |kind: &UsageType| version.allowances.of(*kind) != Some(0) && version.rates.of(*kind).is_none();
    match UsageType::ALL.into_iter().find(unpriced) {
        Some(kind) => Err(CatalogueError::AllowanceWithoutRate {
            plan: plan.clone(),
            valid_from: version.valid_from,
            kind,
        }),
        None => Ok(()),
    }
}

fn field_out_of_range(version: &PlanVersion) -> Option<&'static str> {
    if !(0..=MONTHLY_FEE_WON_MAX).contains(&version.monthly_fee.get()) {
        return Some("monthlyFee");
    }
    if version.contract_discount_percent > 100 {
        return Some("contractDiscountPercent");
    }
    if version.vat_percent > 100 {
        return Some("vatPercent");
    }
    let allowances = version.allowances;
    let too_many = |units: Option<u32>| units.is_some_and(|units| units > ALLOWANCE_MAX);
    if [allowances.voice_minutes, allowances.sms, allowances.data_mb].into_iter().any(too_many) {
        return Some("allowances");
    }
    let rate = |kind| version.rates.of(kind).filter(|rate| !is_rate(*rate));
    UsageType::ALL.into_iter().any(|kind| rate(kind).is_some()).then_some("rates")
}

fn is_rate(rate: Decimal) -> bool {
    rate >= Decimal::ZERO
        && rate <= Decimal::from(RATE_WON_MAX)
        && rate.normalize().scale() <= RATE_PLACES_MAX
}
