//! Usage added up by price, what the allowances cover of it, and the lines for it.

use super::fee::Span;
use super::line::{ChargeCode, ChargeLine};
use super::sheet::Sheet;
use super::sums::Units;
use super::{LineTerms, RatingError};
use crate::calendar::UsageMonth;
use crate::catalogue::{Plan, PlanVersion, UsageType};
use crate::money::Won;
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::borrow::Cow;

/// The most units of one type on a bill. Beyond it the figures would be wrong, not the customer busy.
const UNITS_MAX: Decimal = Decimal::from_parts(999_999_999, 0, 0, false, 0);

/// The types that share an allowance, in the order in which they use it up.
const POOLS: [&[UsageType]; 3] = [
    &[UsageType::VoiceDay, UsageType::VoiceEvening, UsageType::VoiceNight],
    &[UsageType::Sms],
    &[UsageType::DataMb],
];

/// The usage of a line for a bill, added up.
pub(super) struct Tally<'a> {
    plan: &'a Plan,
    terms: &'a LineTerms,
    month: UsageMonth,
    spans: &'a [Span<'a>],
    slots: Vec<Slot<'a>>,
}

/// Won per unit and percent of VAT.
type Price = (Decimal, u8);

/// Which allowance usage may draw on. Sorted as the bill lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Share {
    /// The month's.
    InService,
    /// None: the line was not in service on that day.
    OutOfService,
    /// None that has a limit: the month was billed before.
    Late { month: UsageMonth, in_service: bool },
}

/// Usage of one version and one share, by type.
struct Slot<'a> {
    share: Share,
    version: &'a PlanVersion,
    used: [Option<Decimal>; 6],
    /// What another bill of the month has charged.
    charged: [Decimal; 6],
    /// The part of `used` that the month's allowance covers; below 0 where it covered more of `charged` on the other bill
    /// than it does now that all usage is known.
    included: [Decimal; 6],
}

/// How a line of usage is priced. Usage of a type with the same rate and treatment is one line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Treatment {
    Metered,
    Unlimited,
    Late { month: UsageMonth, unlimited: bool },
}

/// A line of usage in the making.
#[derive(Clone, Copy)]
struct Draft {
    treatment: Treatment,
    rate: Decimal,
    vat_percent: u8,
    used: Decimal,
    included: Decimal,
}

impl<'a> Tally<'a> {
    /// Nothing used yet.
    pub(super) fn new(
        plan: &'a Plan,
        terms: &'a LineTerms,
        month: UsageMonth,
        spans: &'a [Span<'a>],
    ) -> Self {
        let slots = spans.iter().map(|span| Slot::new(Share::InService, span.version)).collect();
        Self { plan, terms, month, spans, slots }
    }

    /// Adds usage to its slot.
    pub(super) fn add(&mut self, kind: UsageType, day: Date, units: Units) -> Result<(), RatingError> {
        let share = self.share_of(day)?;
        let missing = || RatingError::NoVersion { plan: self.plan.code.clone(), day };
        let version = self.plan.version_on(day).ok_or_else(missing)?;
        if version.rates.of(kind).is_none() {
            return Err(RatingError::UsageTypeNotOffered { plan: self.plan.code.clone(), kind });
        }
        let slot = self.slot(share, version);
        let (used, charged) = (&mut slot.used[kind.index()], &mut slot.charged[kind.index()]);
        *charged += units.charged;
        if let Some(left) = units.left {
            *used = Some(used.unwrap_or_default() + left);
        }
        let sum = *charged + used.unwrap_or_default();
        if sum > UNITS_MAX { Err(RatingError::AmountOutOfRange) } else { Ok(()) }
    }

    /// Adds the lines for everything that was used, by type.
    pub(super) fn charge(mut self, sheet: &mut Sheet) -> Result<(), RatingError> {
        self.slots.sort_by_key(|slot| (slot.share, slot.version.valid_from));
        let pools = POOLS.map(|kinds| self.include(kinds));
        let mut drafts: Vec<Draft> = Vec::with_capacity(self.slots.len());
        for kind in UsageType::ALL {
            drafts.clear();
            self.slots
                .iter()
                .filter_map(|slot| slot.draft(kind))
                .for_each(|draft| gather(&mut drafts, draft));
            let pool = POOLS.iter().position(|kinds| kinds.contains(&kind));
            let allowance = pool.map_or(0, |place| pools[place]);
            for draft in &drafts {
                sheet.push(draft.line(kind, allowance)?, draft.vat_percent)?;
            }
        }
        Ok(())
    }

    fn share_of(&self, day: Date) -> Result<Share, RatingError> {
        let in_service = self.terms.service_from <= day && self.terms.service_to.is_none_or(|to| day <= to);
        if day > self.month.last_day() {
            Err(RatingError::UsageAfterMonth { day })
        } else if day < self.month.first_day() {
            Ok(Share::Late { month: UsageMonth::of_date(day), in_service })
        } else if in_service {
            Ok(Share::InService)
        } else {
            Ok(Share::OutOfService)
        }
    }

    fn slot(&mut self, share: Share, version: &'a PlanVersion) -> &mut Slot<'a> {
        let is_it = |slot: &Slot<'_>| slot.share == share && std::ptr::eq(slot.version, version);
        let place = self.slots.iter().position(is_it).unwrap_or_else(|| {
            self.slots.push(Slot::new(share, version));
            self.slots.len() - 1
        });
        &mut self.slots[place]
    }

    /// Covers what the month's allowance for these types covers, and says how much it is.
    fn include(&mut self, kinds: &[UsageType]) -> i64 {
        let whole = |span: &Span<'_>| i64::from(span.version.allowances.of(kinds[0]).unwrap_or(0));
        let unit_days: i64 = self.spans.iter().map(|span| whole(span) * span.days).sum();
        let allowance = (unit_days + self.month.days() - 1) / self.month.days();
        // What is left after the other bill, and after both. More usage never leaves less of a type to pay for, so what the
        // other bill charged stands.
        let (mut left_then, mut left_now) = (Decimal::from(allowance), Decimal::from(allowance));
        for kind in kinds {
            let place = kind.index();
            for slot in self.slots.iter_mut().filter(|slot| slot.has_limit(*kind)) {
                let covered_then = slot.charged[place].min(left_then);
                let covered_now = (slot.charged[place] + slot.used[place].unwrap_or_default()).min(left_now);
                left_then -= covered_then;
                left_now -= covered_now;
                slot.included[place] = covered_now - covered_then;
            }
        }
        self.leave_alike(kinds);
        allowance
    }

    /// Takes nothing back that the other bill included when it makes no difference to the sum: then what is charged is
    /// the usage that came later.
    fn leave_alike(&mut self, kinds: &[UsageType]) {
        let is_less = |slot: &Slot<'_>| slot.included.iter().any(|part| *part < Decimal::ZERO);
        if !self.slots.iter().any(is_less) {
            return;
        }
        let mut places: Vec<(Price, &mut Decimal)> = Vec::new();
        for slot in &mut self.slots {
            let version = slot.version;
            for (kind, included) in UsageType::ALL.into_iter().zip(&mut slot.included) {
                if let Some(rate) = version.rates.of(kind).filter(|_| kinds.contains(&kind)) {
                    places.push(((rate, version.vat_percent), included));
                }
            }
        }
        for one in 0..places.len() {
            for other in 0..places.len() {
                if places[one].0 == places[other].0 {
                    let moved = (-*places[one].1).min(*places[other].1).max(Decimal::ZERO);
                    *places[one].1 += moved;
                    *places[other].1 -= moved;
                }
            }
        }
    }
}

impl<'a> Slot<'a> {
    fn new(share: Share, version: &'a PlanVersion) -> Self {
        Self { share, version, used: [None; 6], charged: [Decimal::ZERO; 6], included: [Decimal::ZERO; 6] }
    }

    fn is_unlimited(&self, kind: UsageType) -> bool {
        let in_service = match self.share {
            Share::InService => true,
            Share::OutOfService => false,
            Share::Late { in_service, .. } => in_service,
        };
        in_service && self.version.allowances.of(kind).is_none()
    }

    /// Whether the type draws on the month's allowance.
    fn has_limit(&self, kind: UsageType) -> bool {
        self.share == Share::InService && !self.is_unlimited(kind)
    }

    fn draft(&self, kind: UsageType) -> Option<Draft> {
        let unlimited = self.is_unlimited(kind);
        let treatment = match self.share {
            Share::Late { month, .. } => Treatment::Late { month, unlimited },
            Share::InService if unlimited => Treatment::Unlimited,
            Share::InService | Share::OutOfService => Treatment::Metered,
        };
        let included = self.included[kind.index()];
        let used = self.used[kind.index()].or_else(|| (!included.is_zero()).then_some(Decimal::ZERO))?;
        Some(Draft {
            treatment,
            rate: self.version.rates.of(kind)?,
            vat_percent: self.version.vat_percent,
            used,
            included: if unlimited { used } else { included },
        })
    }
}

fn gather(drafts: &mut Vec<Draft>, next: Draft) {
    let key = |draft: &Draft| (draft.treatment, draft.rate, draft.vat_percent);
    match drafts.iter_mut().find(|draft| key(draft) == key(&next)) {
        Some(draft) => {
            draft.used += next.used;
            draft.included += next.included;
        }
        None => drafts.push(next),
    }
}

impl Draft {
    fn line(&self, kind: UsageType, allowance: i64) -> Result<ChargeLine, RatingError> {
        let exact = (self.used - self.included).checked_mul(self.rate);
        Ok(ChargeLine {
            code: ChargeCode::Usage(kind),
            quantity: self.used.normalize(),
            unit: kind.unit(),
            rate: self.rate.normalize(),
            rule: self.rule(allowance),
            amount: exact.and_then(Won::rounded).ok_or(RatingError::AmountOutOfRange)?,
        })
    }

    fn rule(&self, allowance: i64) -> Cow<'static, str> {
        match self.treatment {
            Treatment::Metered if allowance == 0 => Cow::Borrowed("unit rate"),
            Treatment::Metered if self.included < Decimal::ZERO => {
                format!("taken back {}/{allowance}", -self.included.normalize()).into()
            }
            Treatment::Metered => format!("included {}/{allowance}", self.included.normalize()).into(),
            Treatment::Unlimited => Cow::Borrowed("unlimited"),
            Treatment::Late { month, unlimited: false } => format!("late usage of {month}").into(),
            Treatment::Late { month, unlimited: true } => format!("late usage of {month}, unlimited").into(),
        }
    }
}
