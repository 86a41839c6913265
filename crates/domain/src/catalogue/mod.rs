//! The plans the company sells, each with versions that apply from a day on.
//!
//! A change of price is a new version, never an edit: a bill prices each day with the version that was valid on
//! that day, so what was billed before stays as it was. All prices are stored **without** VAT, although Korean
//! carriers publish them with VAT: 62,727 won here is the 69,000 won of an advertisement.

mod listing;
mod number;
mod parse;
mod usage_type;

#[cfg(test)]
mod tests;

pub use listing::ListedPlan;
pub(crate) use number::serialize as number_to_json;
pub use parse::{
    ALLOWANCE_MAX, CatalogueError, MONTHLY_FEE_WON_MAX, RATE_PLACES_MAX, RATE_WON_MAX, VERSIONS_MAX,
};
pub use usage_type::{NotAUsageType, Unit, UsageType};

use crate::ids::PlanCode;
use crate::money::Won;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Every plan, checked: what is in a `Catalogue` can be billed.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    plans: Vec<Plan>,
    places: HashMap<PlanCode, usize>,
}

/// A plan (요금제).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// The code that orders and lines carry.
    pub code: PlanCode,
    /// What customers call it.
    pub name: Name,
    /// Whether it can be ordered. A plan that is no longer sold stays, for the lines that have it.
    pub on_sale: bool,
    /// The versions by ascending `valid_from`, at least one. Each ends where the next begins.
    pub versions: Vec<PlanVersion>,
}

/// A name in the two languages of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// In Korean.
    pub ko: String,
    /// In English.
    pub en: String,
}

/// What a plan costs and includes from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanVersion {
    /// The first day in Seoul that is priced with this version.
    pub valid_from: Date,
    /// Won a month, without VAT.
    pub monthly_fee: Won,
    /// Percent off the monthly fee for a line with a contract (선택약정); 0 when the plan has no such discount.
    pub contract_discount_percent: u8,
    /// Percent of VAT on everything that is charged; 0 when the plan is not subject to it.
    pub vat_percent: u8,
    /// What the monthly fee includes.
    pub allowances: Allowances,
    /// What is charged beyond the allowances.
    pub rates: Rates,
}

/// What the fee of a whole month includes; `None` is without limit, 0 is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Allowances {
    /// Minutes of domestic calls, shared by the day, evening and night bands.
    #[serde(deserialize_with = "parse::present")]
    pub voice_minutes: Option<u32>,
    /// Text messages.
    #[serde(deserialize_with = "parse::present")]
    pub sms: Option<u32>,
    /// MB of data.
    #[serde(deserialize_with = "parse::present")]
    pub data_mb: Option<u32>,
}

/// Won per unit by type of usage, without VAT; `None` where the plan does not offer the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// A minute by day.
    #[serde(deserialize_with = "parse::present", serialize_with = "number::serialize_option")]
    pub voice_day: Option<Decimal>,
    /// A minute in the evening.
    #[serde(deserialize_with = "parse::present", serialize_with = "number::serialize_option")]
    pub voice_evening: Option<Decimal>,
    /// A minute at night.
    #[serde(deserialize_with = "parse::present", serialize_with = "number::serialize_option")]
    pub voice_night: Option<Decimal>,
    /// A minute abroad.
    #[serde(deserialize_with = "parse::present", serialize_with = "number::serialize_option")]
    pub voice_international: Option<Decimal>,
    /// A text message.
    #[serde(deserialize_with = "parse::present", serialize_with = "number::serialize_option")]
    pub sms: Option<Decimal>,
    /// A MB of data.
    #[serde(deserialize_with = "parse::present", serialize_with = "number::serialize_option")]
    pub data_mb: Option<Decimal>,
}

impl Catalogue {
    /// The catalogue that ships with the product, `catalogue.json` beside this crate's `Cargo.toml`.
    ///
    /// # Panics
    /// When the file that was compiled in is wrong, which a test rules out.
    pub fn builtin() -> Self {
        Self::parse(include_str!("../../catalogue.json"))
            .unwrap_or_else(|error| panic!("the catalogue that ships with the product is wrong: {error}"))
    }

    /// The plan with this code.
    pub fn plan(&self, code: &PlanCode) -> Option<&Plan> {
        self.places.get(code).map(|place| &self.plans[*place])
    }

    /// Every plan, in the order of the file.
    pub fn plans(&self) -> &[Plan] {
        &self.plans
    }

    /// What customers are shown on a day: every plan that has a version by then, retired ones included, for
    /// their subscribers want to see them too ([`ListedPlan::on_sale`] tells).
    pub fn listed_on(&self, day: Date) -> Vec<ListedPlan> {
        self.plans.iter().filter_map(|plan| ListedPlan::on(plan, day)).collect()
    }
}

impl Plan {
    /// The version that prices a day; `None` before the first one.
    pub fn version_on(&self, day: Date) -> Option<&PlanVersion> {
        self.versions.iter().rev().find(|version| version.valid_from <= day)
    }

    /// Whether the plan can be ordered on a day.
    pub fn is_orderable_on(&self, day: Date) -> bool {
        self.on_sale && self.version_on(day).is_some()
    }

    /// Whether a line on this plan can have the contract discount on a day.
    pub fn is_discountable_on(&self, day: Date) -> bool {
        self.version_on(day).is_some_and(|version| version.contract_discount_percent > 0)
    }
}

impl Allowances {
    /// What a whole month includes of a type of usage; `None` is without limit.
    pub const fn of(&self, kind: UsageType) -> Option<u32> {
        match kind {
            UsageType::VoiceDay | UsageType::VoiceEvening | UsageType::VoiceNight => self.voice_minutes,
            UsageType::VoiceInternational => Some(0),
            UsageType::Sms => self.sms,
            UsageType::DataMb => self.data_mb,
        }
    }
}

impl Rates {
    /// Won per unit of a type of usage; `None` when it is not offered.
    pub const fn of(&self, kind: UsageType) -> Option<Decimal> {
        match kind {
            UsageType::VoiceDay => self.voice_day,
            UsageType::VoiceEvening => self.voice_evening,
            UsageType::VoiceNight => self.voice_night,
            UsageType::VoiceInternational => self.voice_international,
            UsageType::Sms => self.sms,
            UsageType::DataMb => self.data_mb,
        }
    }
}
