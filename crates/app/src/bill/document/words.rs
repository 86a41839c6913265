//! What stands on a bill, in Korean and in English.

use domain::catalogue::{Name, Unit, UsageType};
use domain::rating::{ChargeCode, ChargeLine};
use jiff::civil::Date;
use rust_decimal::Decimal;

/// Places of a number that are shown: a share of a month has up to 28.
const PLACES_MAX: u32 = 6;

/// A name in both languages.
pub(super) fn name(ko: impl Into<String>, en: impl Into<String>) -> Name {
    Name { ko: ko.into(), en: en.into() }
}

/// What a line charges.
pub(super) fn charge(code: ChargeCode) -> Name {
    match code {
        ChargeCode::MonthlyFee => name("월정액", "Monthly fee"),
        ChargeCode::Usage(UsageType::VoiceDay) => name("음성 통화 (주간)", "Calls by day"),
        ChargeCode::Usage(UsageType::VoiceEvening) => name("음성 통화 (저녁)", "Calls in the evening"),
        ChargeCode::Usage(UsageType::VoiceNight) => name("음성 통화 (심야)", "Calls at night"),
        ChargeCode::Usage(UsageType::VoiceInternational) => name("국제 전화", "International calls"),
        ChargeCode::Usage(UsageType::Sms) => name("문자 메시지", "Text messages"),
        ChargeCode::Usage(UsageType::DataMb) => name("데이터", "Data"),
        ChargeCode::ContractDiscount => name("선택약정 할인", "Contract discount"),
        ChargeCode::Vat => name("부가가치세", "VAT"),
        ChargeCode::Rounding => name("원단위 절사", "Rounding"),
    }
}

/// What a quantity counts.
pub(super) fn unit(unit: Unit) -> Name {
    match unit {
        Unit::Month => name("월", "month"),
        Unit::Minute => name("분", "min"),
        Unit::Message => name("건", "texts"),
        Unit::Megabyte => name("MB", "MB"),
        Unit::Won => name("원", "won"),
    }
}

/// How the amount of a line follows: its rule, and the price of a unit where there is one.
pub(super) fn explanation(line: &ChargeLine) -> Name {
    let rule = rule(&line.rule, &unit(line.unit));
    if line.unit == Unit::Won {
        return rule;
    }
    let rate = number(line.rate);
    name(format!("단가 {rate}원, {}", rule.ko), format!("at {rate} won, {}", rule.en))
}

/// The rules of [`ChargeLine::rule`]. One that is not known here is shown as it stands.
fn rule(rule: &str, unit: &Name) -> Name {
    let known = match rule {
        "unit rate" => Some(name("사용량 과금", "by use")),
        "unlimited" => Some(name("무제한 제공", "included without limit")),
        "cut to 10 won" => Some(name("10원 미만 절사", "rounded down to 10 won")),
        _ => days(rule)
            .or_else(|| included(rule, unit))
            .or_else(|| taken_back(rule, unit))
            .or_else(|| late(rule))
            .or_else(|| percent(rule)),
    };
    known.unwrap_or_else(|| name(rule, rule))
}

fn days(rule: &str) -> Option<Name> {
    let rest = rule.strip_prefix("days ")?;
    let (part, from) = rest.split_once(" from ").map_or((rest, None), |(part, from)| (part, Some(from)));
    let (used, all) = part.split_once('/')?;
    let (ko, en) = (format!("{all}일 중 {used}일"), format!("{used} of {all} days"));
    Some(match from {
        Some(day) => name(format!("{day}부터 {ko}"), format!("{en} from {day}")),
        None => name(ko, en),
    })
}

fn included(rule: &str, unit: &Name) -> Option<Name> {
    let (used, allowance) = rule.strip_prefix("included ")?.split_once('/')?;
    let (used, allowance) = (grouped(used), grouped(allowance));
    Some(name(
        format!("기본 제공 {allowance}{ko} 중 {used}{ko} 사용", ko = unit.ko),
        format!("{used} of {allowance} {} included", unit.en),
    ))
}

fn taken_back(rule: &str, unit: &Name) -> Option<Name> {
    let (used, allowance) = rule.strip_prefix("taken back ")?.split_once('/')?;
    let (used, allowance) = (grouped(used), grouped(allowance));
    Some(name(
        format!("기본 제공 {allowance}{ko} 중 {used}{ko} 다른 사용분에 재배정", ko = unit.ko),
        format!("{used} of {allowance} {} included for other use instead", unit.en),
    ))
}

fn late(rule: &str) -> Option<Name> {
    let rest = rule.strip_prefix("late usage of ")?;
    Some(match rest.strip_suffix(", unlimited") {
        Some(month) => name(
            format!("{month} 사용분 추가 청구, 무제한 제공"),
            format!("late usage of {month}, included without limit"),
        ),
        None => name(format!("{rest} 사용분 추가 청구"), rule),
    })
}

fn percent(rule: &str) -> Option<Name> {
    if let Some(percent) = rule.strip_prefix("vat ") {
        return Some(name(format!("세율 {percent}"), format!("{percent} of the above")));
    }
    let (percent, until) = rule.split_once(" of monthly_fee")?;
    let (ko, en) = (format!("월정액의 {percent}"), format!("{percent} of the monthly fee"));
    Some(match until.strip_prefix(" until ") {
        Some(last) => name(format!("{ko} ({last}까지)"), format!("{en} until {last}")),
        None => name(ko, en),
    })
}

/// A month or a day, as each language writes it.
pub(super) fn month(first: Date) -> Name {
    name(first.strftime("%Y년 %-m월").to_string(), first.strftime("%B %Y").to_string())
}

/// A day, as each language writes it.
pub(super) fn day(day: Date) -> Name {
    name(day.strftime("%Y년 %-m월 %-d일").to_string(), day.strftime("%-d %B %Y").to_string())
}

/// A decimal with commas between thousands, to [`PLACES_MAX`] places: `1,234.5`.
pub(super) fn number(decimal: Decimal) -> String {
    grouped(&decimal.round_dp(PLACES_MAX).normalize().to_string())
}

/// A plain decimal with commas between thousands.
pub(super) fn grouped(plain: &str) -> String {
    let (sign, rest) = plain.strip_prefix('-').map_or(("", plain), |rest| ("-", rest));
    let (whole, places) = rest.split_once('.').map_or((rest, None), |(whole, places)| (whole, Some(places)));
    let mut text = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(places) = places {
        text.push('.');
        text.push_str(places);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, ko: &str, en: &str) {
        assert_eq!(rule(text, &unit(Unit::Minute)), name(ko, en), "{text}");
    }

    #[test]
    fn every_rule_is_told_in_both_languages() {
        check("days 17/31", "31일 중 17일", "17 of 31 days");
        check("days 16/31 from 2026-10-16", "2026-10-16부터 31일 중 16일", "16 of 31 days from 2026-10-16");
        check("unit rate", "사용량 과금", "by use");
        check("included 280/300", "기본 제공 300분 중 280분 사용", "280 of 300 min included");
        check(
            "included 2560.5/102400",
            "기본 제공 102,400분 중 2,560.5분 사용",
            "2,560.5 of 102,400 min included",
        );
        check(
            "taken back 50/300",
            "기본 제공 300분 중 50분 다른 사용분에 재배정",
            "50 of 300 min included for other use instead",
        );
        check("unlimited", "무제한 제공", "included without limit");
        check("late usage of 2026-09", "2026-09 사용분 추가 청구", "late usage of 2026-09");
        check(
            "late usage of 2026-09, unlimited",
            "2026-09 사용분 추가 청구, 무제한 제공",
            "late usage of 2026-09, included without limit",
        );
        check("25% of monthly_fee", "월정액의 25%", "25% of the monthly fee");
        check(
            "25% of monthly_fee until 2026-10-15",
            "월정액의 25% (2026-10-15까지)",
            "25% of the monthly fee until 2026-10-15",
        );
        check("vat 10%", "세율 10%", "10% of the above");
        check("cut to 10 won", "10원 미만 절사", "rounded down to 10 won");
    }

    #[test]
    fn a_rule_that_is_not_known_is_shown_as_it_stands() {
        for text in ["a rule of later", "days", "included much", ""] {
            check(text, text, text);
        }
    }

    #[test]
    fn numbers_have_commas_between_thousands_and_no_endless_places() {
        for (plain, shown) in [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1,000"),
            ("-1234567", "-1,234,567"),
            ("-10", "-10"),
            ("-100", "-100"),
            ("1234.50", "1,234.5"),
            ("0.5483870967741935483870967742", "0.548387"),
            ("0.000001", "0.000001"),
            ("100000000", "100,000,000"),
        ] {
            assert_eq!(number(plain.parse().unwrap()), shown);
        }
    }

    #[test]
    fn months_and_days_are_written_as_each_language_does() {
        let first: Date = "2026-03-01".parse().unwrap();
        assert_eq!(month(first), name("2026년 3월", "March 2026"));
        assert_eq!(day(first), name("2026년 3월 1일", "1 March 2026"));
    }
}
