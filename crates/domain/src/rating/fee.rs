//! The monthly fee for the days in service, and the discount on it for the days under contract.

use super::line::{ChargeCode, ChargeLine};
use super::sheet::{Sheet, share};
use super::{LineTerms, RatingError};
use crate::calendar::UsageMonth;
use crate::catalogue::{Plan, PlanVersion, Unit};
use crate::money::Won;
use jiff::civil::Date;
use rust_decimal::Decimal;

/// Days of a month, one after the other and all in service, that one version prices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span<'a> {
    pub(super) version: &'a PlanVersion,
    pub(super) from: Date,
    pub(super) days: i64,
}

/// The days of the month in service, by version and in their order; none when the line was not in service.
pub(super) fn spans<'a>(
    plan: &'a Plan,
    terms: &LineTerms,
    month: UsageMonth,
) -> Result<Vec<Span<'a>>, RatingError> {
    let from = terms.service_from.max(month.first_day());
    let to = terms.service_to.map_or(month.last_day(), |day| day.min(month.last_day()));
    if from > to {
        return Ok(Vec::new());
    }
    if plan.version_on(from).is_none() {
        return Err(RatingError::NoVersion { plan: plan.code.clone(), day: from });
    }
    let mut spans = Vec::with_capacity(1);
    for (place, version) in plan.versions.iter().enumerate() {
        let begin = version.valid_from.max(from);
        // All within one month, so the day of the next version counts the days up to it.
        let end = match plan.versions.get(place + 1) {
            Some(next) if next.valid_from <= from => continue,
            Some(next) if next.valid_from <= to => next.valid_from.day(),
            Some(_) | None => to.day() + 1,
        };
        if begin > to {
            break;
        }
        spans.push(Span { version, from: begin, days: i64::from(end - begin.day()) });
    }
    Ok(spans)
}

impl Span<'_> {
    /// Its days up to one, included.
    fn days_to(&self, last: Date) -> i64 {
        i64::from(last.since(self.from).map_or(-1, |until| until.get_days()) + 1).clamp(0, self.days)
    }
}

/// What of a fee that was charged is for days under contract.
pub(super) struct Fee {
    under_contract: Won,
    /// The contract's last day, where days without it follow.
    until: Option<Date>,
    discount_percent: u8,
    vat_percent: u8,
}

/// Adds a line for each fee that the month has: one, but where a version within the month changed it.
pub(super) fn charge(
    spans: &[Span<'_>],
    contract_to: Option<Date>,
    month: UsageMonth,
    sheet: &mut Sheet,
) -> Result<Vec<Fee>, RatingError> {
    let mut fees = Vec::with_capacity(spans.len());
    for alike in spans.chunk_by(|one, next| is_same_fee(one.version, next.version)) {
        let version = alike[0].version;
        if !version.monthly_fee.is_positive() {
            continue;
        }
        let days: i64 = alike.iter().map(|span| span.days).sum();
        let amount = prorated(version.monthly_fee, days, month);
        let part = format!("days {days}/{}", month.days());
        let whole = alike.len() == spans.len();
        let line = ChargeLine {
            code: ChargeCode::MonthlyFee,
            quantity: Decimal::ONE,
            unit: Unit::Month,
            rate: Decimal::from(version.monthly_fee.get()),
            rule: if whole { part.into() } else { format!("{part} from {}", alike[0].from).into() },
            amount,
        };
        sheet.push(line, version.vat_percent)?;
        let days_under_contract =
            contract_to.map_or(0, |last| alike.iter().map(|span| span.days_to(last)).sum());
        fees.push(Fee {
            under_contract: prorated(version.monthly_fee, days_under_contract, month),
            until: contract_to.filter(|_| days_under_contract < days),
            discount_percent: version.contract_discount_percent,
            vat_percent: version.vat_percent,
        });
    }
    Ok(fees)
}

/// Adds the discount of a contract: one line, but where a version within the month changed the percentage.
pub(super) fn discount(fees: &[Fee], sheet: &mut Sheet) -> Result<(), RatingError> {
    let alike = |one: &Fee, next: &Fee| {
        (one.discount_percent, one.vat_percent) == (next.discount_percent, next.vat_percent)
    };
    for fees in fees.chunk_by(alike) {
        let (percent, vat_percent) = (fees[0].discount_percent, fees[0].vat_percent);
        let base = Won::new(fees.iter().map(|fee| fee.under_contract.get()).sum());
        if percent > 0 && base.is_positive() {
            let until = fees.iter().find_map(|fee| fee.until).map(|last| format!(" until {last}"));
            let rule = format!("{percent}% of monthly_fee{}", until.unwrap_or_default());
            sheet.push(share(ChargeCode::ContractDiscount, base, -i64::from(percent), rule)?, vat_percent)?;
        }
    }
    Ok(())
}

fn is_same_fee(one: &PlanVersion, next: &PlanVersion) -> bool {
    let terms = |version: &PlanVersion| (version.contract_discount_percent, version.vat_percent);
    one.monthly_fee == next.monthly_fee && terms(one) == terms(next)
}

/// Rounded half up. Exact in integers: a fee is at most 10^7 won, and there are 31 days.
fn prorated(fee: Won, days: i64, month: UsageMonth) -> Won {
    Won::new((2 * fee.get() * days + month.days()) / (2 * month.days()))
}
