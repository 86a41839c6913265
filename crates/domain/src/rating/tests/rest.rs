//! The bill of the usage that came after a final bill, by case and against the one bill over all usage.

use super::laws::{any_catalogue, any_terms, any_usages};
use super::*;
use UsageType::{DataMb, Sms, VoiceDay, VoiceInternational, VoiceNight};
use proptest::prelude::*;

/// In service until 20 October: 194 of the 300 minutes and 65 of the 100 messages are included.
fn closed() -> LineTerms {
    in_service(date(2025, 1, 1), Some(date(2026, 10, 20)))
}

fn use_of(kind: UsageType, quantity: &str) -> Usage {
    used(kind, date(2026, 10, 19), quantity)
}

/// Expects the lines of the bill for `rest` after a final bill for `charged`, up to VAT and the cut.
#[track_caller]
fn check_of(catalogue: &Catalogue, charged: &[Usage], rest: &[Usage], then: &[&str]) {
    let bill = rate_rest(catalogue, &closed(), charged, rest).unwrap();
    let mut lines = shown(&bill);
    lines.retain(|line| !line.starts_with("vat") && !line.starts_with("rounding"));
    assert_eq!(lines, then);
}

#[track_caller]
fn check(charged: &[Usage], rest: &[Usage], then: &[&str]) {
    check_of(&plain(), charged, rest, then);
}

#[test]
fn what_a_final_bill_left_of_the_allowance_covers_what_comes_after_it() {
    let line = "sms 30 message x 20 = 300 (included 15/65)";
    check(&[use_of(Sms, "50")], &[use_of(Sms, "10"), use_of(Sms, "20")], &[line]);
    check(&[], &[use_of(Sms, "30")], &["sms 30 message x 20 = 0 (included 30/65)"]);
    let line = "voice_day 100 minute x 108 = 648 (included 94/194)";
    check(&[use_of(VoiceDay, "100")], &[use_of(VoiceDay, "100")], &[line]);
}

#[test]
fn an_allowance_that_the_final_bill_used_up_covers_nothing_more() {
    for charged in ["65", "80"] {
        let line = "sms 30 message x 20 = 600 (included 0/65)";
        check(&[use_of(Sms, charged)], &[use_of(Sms, "30")], &[line]);
    }
}

#[test]
fn what_is_without_limit_is_so_after_the_final_bill_too() {
    let line = "data_mb 5000 MB x 20.48 = 0 (unlimited)";
    check(&[], &[use_of(DataMb, "5000")], &[line]);
    check(&[use_of(DataMb, "70000")], &[use_of(DataMb, "5000")], &[line]);
}

#[test]
fn what_has_no_allowance_costs_the_unit_rate_after_the_final_bill_too() {
    let abroad = "voice_international 2 minute x 270.5 = 541 (unit rate)";
    check(&[use_of(VoiceInternational, "9")], &[use_of(VoiceInternational, "2")], &[abroad]);
    let after_the_last_day = used(Sms, date(2026, 10, 21), "2");
    let line = "sms 3 message x 20 = 40 (included 1/65)";
    check(&[use_of(Sms, "9")], &[use_of(Sms, "1"), after_the_last_day], &[line]);
    let late = used(Sms, date(2026, 9, 30), "2");
    check(&[use_of(Sms, "9"), late], &[late], &["sms 2 message x 20 = 40 (late usage of 2026-09)"]);
}

#[test]
fn what_a_final_bill_charged_is_neither_shown_nor_charged_again() {
    let charged = [use_of(Sms, "90"), use_of(DataMb, "3"), use_of(VoiceInternational, "2")];
    check(&charged, &[], &[]);
    check(&charged, &[use_of(Sms, "0")], &["sms 0 message x 20 = 0 (included 0/65)"]);
}

#[test]
fn calls_that_come_later_and_cost_more_take_the_allowance_as_on_one_bill() {
    let (night, day) = (use_of(VoiceNight, "194"), use_of(VoiceDay, "50"));
    check(
        &[night],
        &[day],
        &[
            "voice_day 50 minute x 108 = 0 (included 50/194)",
            "voice_night 0 minute x 27 = 1350 (taken back 50/194)",
        ],
    );
}

#[test]
fn calls_that_come_later_and_cost_the_same_pay_for_themselves() {
    let alike = catalogue(&[changed("2020-01-01", &[("/rates/voice_night", json!(108))])]);
    let (night, day) = (use_of(VoiceNight, "184"), use_of(VoiceDay, "50"));
    check_of(&alike, &[night], &[day], &["voice_day 50 minute x 108 = 4320 (included 10/194)"]);
}

#[test]
fn a_fee_that_was_charged_is_not_charged_again_and_gives_no_discount() {
    let bill = rate_rest(&plain(), &closed(), &[], &[use_of(Sms, "70")]).unwrap();
    let lines = ["sms 70 message x 20 = 100 (included 65/65)", "vat 100 won x 0.1 = 10 (vat 10%)"];
    assert_eq!(shown(&bill), lines);
    assert_eq!(bill.total, Won::new(110));
}

/// The lines for usage, and what they add up to.
fn of_usage(bill: &RatedBill) -> (i64, i64) {
    let lines = || bill.lines.iter().filter(|line| matches!(line.code, ChargeCode::Usage(_)));
    (i64::try_from(lines().count()).unwrap(), lines().map(|line| line.amount.get()).sum())
}

proptest! {
    #[test]
    fn a_final_bill_and_the_one_after_it_charge_what_one_bill_would(
        catalogue in any_catalogue(), terms in any_terms(), charged in any_usages(), rest in any_usages(),
    ) {
        let last = rate(&catalogue, &terms, october(), charged.iter().copied()).unwrap();
        let after = rate_rest(&catalogue, &terms, &charged, &rest).unwrap();
        let one = rate(&catalogue, &terms, october(), charged.iter().chain(&rest).copied()).unwrap();
        let [(last_lines, last_won), (after_lines, after_won), (one_lines, one_won)] =
            [&last, &after, &one].map(of_usage);
        // Each line is rounded by itself, by half a won at most.
        let rounded = last_lines + after_lines + one_lines;
        prop_assert!(
            2 * (last_won + after_won - one_won).abs() <= rounded,
            "{:?} and {:?}, but {:?}", shown(&last), shown(&after), shown(&one)
        );
        let fee = [ChargeCode::MonthlyFee, ChargeCode::ContractDiscount];
        for line in &after.lines {
            prop_assert!(!fee.contains(&line.code));
            prop_assert!(line.amount >= Won::ZERO || line.code == ChargeCode::Rounding, "{:?}", line);
        }
        for kind in UsageType::ALL {
            let units = |bill: &RatedBill| -> Decimal {
                let lines = bill.lines.iter().filter(|line| line.code == ChargeCode::Usage(kind));
                lines.map(|line| line.quantity).sum()
            };
            prop_assert_eq!(units(&last) + units(&after), units(&one));
        }
    }
}
