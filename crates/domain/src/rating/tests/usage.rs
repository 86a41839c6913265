//! Allowances, rates and late usage, by case.

use super::*;
use UsageType::{DataMb, Sms, VoiceDay, VoiceEvening, VoiceInternational, VoiceNight};

fn day(day: i8) -> Date {
    date(2026, 10, day)
}

/// Expects the lines of usage of a bill for October.
#[track_caller]
fn check(versions: &[Value], terms: &LineTerms, usage: &[Usage], then: &[&str]) {
    let bill = rate(&catalogue(versions), terms, october(), usage.iter().copied()).unwrap();
    let is_usage = |line: &ChargeLine| matches!(line.code, ChargeCode::Usage(_));
    let lines: Vec<_> = shown(&bill)
        .into_iter()
        .zip(&bill.lines)
        .filter(|(_, line)| is_usage(line))
        .map(|(text, _)| text)
        .collect();
    assert_eq!(lines, then);
}

#[test]
fn calls_use_up_their_allowance_by_day_then_evening_then_night() {
    check(
        &[version("2020-01-01")],
        &terms(),
        &[
            used(VoiceNight, day(1), "50"),
            used(VoiceEvening, day(2), "100"),
            used(VoiceDay, day(3), "250.25"),
        ],
        &[
            "voice_day 250.25 minute x 108 = 0 (included 250.25/300)",
            "voice_evening 100 minute x 54 = 2714 (included 49.75/300)",
            "voice_night 50 minute x 27 = 1350 (included 0/300)",
        ],
    );
}

#[test]
fn the_allowance_is_met_exactly() {
    let cases = [
        ("100", "sms 100 message x 20 = 0 (included 100/100)"),
        ("101", "sms 101 message x 20 = 20 (included 100/100)"),
        ("0", "sms 0 message x 20 = 0 (included 0/100)"),
    ];
    for (quantity, line) in cases {
        check(&[version("2020-01-01")], &terms(), &[used(Sms, day(1), quantity)], &[line]);
    }
}

#[test]
fn calls_abroad_have_no_allowance() {
    let line = "voice_international 1 minute x 270.5 = 271 (unit rate)";
    check(&[version("2020-01-01")], &terms(), &[used(VoiceInternational, day(1), "1")], &[line]);
    let unlimited = [changed("2020-01-01", &[("/allowances/voiceMinutes", Value::Null)])];
    check(&unlimited, &terms(), &[used(VoiceInternational, day(1), "1")], &[line]);
}

#[test]
fn the_allowance_is_prorated_with_the_fee_and_rounded_up() {
    let since = |from| in_service(day(from), None);
    let version = [version("2020-01-01")];
    let usage = |from| [used(VoiceDay, day(from), "300")];
    // 300 x 17 / 31 is 164.5, and 300 x 1 / 31 is 9.7.
    check(&version, &since(15), &usage(15), &["voice_day 300 minute x 108 = 14580 (included 165/165)"]);
    check(&version, &since(31), &usage(31), &["voice_day 300 minute x 108 = 31320 (included 10/10)"]);
}

#[test]
fn usage_on_a_day_out_of_service_is_charged_at_the_unit_rate() {
    let until_10th = in_service(day(1), Some(day(10)));
    check(
        &[version("2020-01-01")],
        &until_10th,
        &[
            used(DataMb, day(10), "7"),
            used(DataMb, day(11), "5"),
            used(Sms, day(10), "3"),
            used(Sms, day(11), "2"),
        ],
        &[
            "sms 5 message x 20 = 40 (included 3/33)",
            "data_mb 7 MB x 20.48 = 0 (unlimited)",
            "data_mb 5 MB x 20.48 = 102 (unit rate)",
        ],
    );
}

#[test]
fn usage_is_priced_by_the_version_of_its_day() {
    let versions =
        [version("2020-01-01"), changed("2026-10-16", &[("/rates/voice_international", json!(100))])];
    check(
        &versions,
        &terms(),
        &[used(VoiceInternational, day(16), "2"), used(VoiceInternational, day(15), "1")],
        &[
            "voice_international 1 minute x 270.5 = 271 (unit rate)",
            "voice_international 2 minute x 100 = 200 (unit rate)",
        ],
    );
}

#[test]
fn versions_with_the_same_rate_share_a_line_and_the_allowance() {
    let versions = [version("2020-01-01"), changed("2026-10-16", &[("/monthlyFee", json!(10_000))])];
    check(
        &versions,
        &terms(),
        &[used(Sms, day(16), "70"), used(Sms, day(15), "60")],
        &["sms 130 message x 20 = 600 (included 100/100)"],
    );
}

#[test]
fn the_allowance_of_two_versions_is_weighted_by_days_and_used_up_in_their_order() {
    let changes = [("/allowances/sms", json!(410)), ("/rates/sms", json!(10))];
    let versions = [version("2020-01-01"), changed("2026-10-16", &changes)];
    // (100 x 15 + 410 x 16) / 31 = 260
    check(
        &versions,
        &terms(),
        &[used(Sms, day(31), "200"), used(Sms, day(1), "100")],
        &["sms 100 message x 20 = 0 (included 100/260)", "sms 200 message x 10 = 400 (included 160/260)"],
    );
}

#[test]
fn an_allowance_without_limit_covers_the_days_of_its_version_only() {
    let versions = [version("2020-01-01"), changed("2026-10-16", &[("/allowances/dataMb", json!(31))])];
    check(
        &versions,
        &terms(),
        &[used(DataMb, day(15), "500"), used(DataMb, day(16), "20")],
        &["data_mb 500 MB x 20.48 = 0 (unlimited)", "data_mb 20 MB x 20.48 = 82 (included 16/16)"],
    );
}

#[test]
fn late_usage_is_priced_on_its_own_day_without_an_allowance_that_has_a_limit() {
    let versions = [version("2020-01-01"), changed("2026-09-16", &[("/rates/sms", json!(10))])];
    let at = |month, day| date(2026, month, day);
    check(
        &versions,
        &terms(),
        &[
            used(Sms, at(10, 1), "4"),
            used(Sms, at(9, 30), "3"),
            used(Sms, at(9, 15), "2"),
            used(Sms, at(8, 1), "1"),
            used(DataMb, at(9, 30), "9"),
            used(DataMb, date(2024, 12, 31), "1"),
        ],
        &[
            "sms 4 message x 10 = 0 (included 4/100)",
            "sms 1 message x 20 = 20 (late usage of 2026-08)",
            "sms 2 message x 20 = 40 (late usage of 2026-09)",
            "sms 3 message x 10 = 30 (late usage of 2026-09)",
            "data_mb 1 MB x 20.48 = 20 (late usage of 2024-12)",
            "data_mb 9 MB x 20.48 = 0 (late usage of 2026-09, unlimited)",
        ],
    );
}

#[test]
fn late_usage_leaves_the_allowance_of_this_month_alone() {
    check(
        &[version("2020-01-01")],
        &terms(),
        &[used(VoiceDay, date(2026, 9, 30), "300"), used(VoiceDay, day(1), "300")],
        &[
            "voice_day 300 minute x 108 = 0 (included 300/300)",
            "voice_day 300 minute x 108 = 32400 (late usage of 2026-09)",
        ],
    );
}
