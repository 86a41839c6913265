//! The fee, its proration and the discount, by case.

use super::*;

/// Expects the fee line's rule and amount.
#[track_caller]
fn check_fee(text: &str, from: Date, to: Option<Date>, rule: &str, amount: i64) {
    let bill = rate(&plain(), &in_service(from, to), month(text), []).unwrap();
    assert_eq!(bill.lines[0].code, ChargeCode::MonthlyFee);
    assert_eq!((bill.lines[0].rule.as_ref(), bill.lines[0].amount), (rule, Won::new(amount)));
}

#[test]
fn a_fee_is_prorated_by_the_days_of_its_own_month() {
    let long_ago = date(2025, 1, 1);
    check_fee("2026-02", long_ago, None, "days 28/28", 30_000);
    check_fee("2028-02", long_ago, None, "days 29/29", 30_000);
    check_fee("2026-04", long_ago, None, "days 30/30", 30_000);
    check_fee("2026-10", long_ago, None, "days 31/31", 30_000);
    check_fee("2026-02", date(2026, 2, 15), None, "days 14/28", 15_000);
    check_fee("2028-02", date(2028, 2, 15), None, "days 15/29", 15_517);
    check_fee("2026-04", date(2026, 4, 15), None, "days 16/30", 16_000);
    check_fee("2026-10", date(2026, 10, 15), None, "days 17/31", 16_452);
}

#[test]
fn the_first_and_the_last_day_of_service_both_count() {
    let first = date(2026, 10, 1);
    let last = date(2026, 10, 31);
    check_fee("2026-10", first, None, "days 31/31", 30_000);
    check_fee("2026-10", last, None, "days 1/31", 968);
    check_fee("2026-10", first, Some(first), "days 1/31", 968);
    check_fee("2026-10", first, Some(last), "days 31/31", 30_000);
    check_fee("2026-10", date(2026, 9, 30), Some(date(2026, 11, 1)), "days 31/31", 30_000);
    check_fee("2026-10", date(2026, 10, 10), Some(date(2026, 10, 12)), "days 3/31", 2_903);
}

#[test]
fn a_month_out_of_service_has_no_fee_and_no_allowance_but_its_usage_is_charged() {
    let usage =
        [used(UsageType::VoiceDay, date(2026, 10, 1), "10"), used(UsageType::DataMb, date(2026, 10, 1), "2")];
    let before = in_service(date(2026, 11, 1), None);
    let after = in_service(date(2025, 1, 1), Some(date(2026, 9, 30)));
    let never = in_service(date(2026, 10, 20), Some(date(2026, 10, 10)));
    for terms in [before, after, never] {
        let bill = rate(&plain(), &terms, october(), usage).unwrap();
        assert_eq!(
            shown(&bill),
            [
                "voice_day 10 minute x 108 = 1080 (unit rate)",
                "data_mb 2 MB x 20.48 = 41 (unit rate)",
                "vat 1121 won x 0.1 = 112 (vat 10%)",
                "rounding 3 won x -1 = -3 (cut to 10 won)",
            ]
        );
        assert_eq!(
            rate(&plain(), &terms, october(), []).unwrap(),
            RatedBill { lines: vec![], total: Won::ZERO }
        );
    }
}

#[test]
fn a_line_without_a_contract_has_no_discount_and_neither_has_a_plan_without_one() {
    let no_contract = LineTerms { contract_to: None, ..terms() };
    let bill = rate(&plain(), &no_contract, october(), []).unwrap();
    assert_eq!((bill.lines.len(), bill.total), (2, Won::new(33_000)));
    let no_discount = catalogue(&[changed("2020-01-01", &[("/contractDiscountPercent", json!(0))])]);
    assert_eq!(rate(&no_discount, &terms(), october(), []).unwrap(), bill);
}

#[test]
fn a_contract_gives_its_discount_up_to_its_last_day() {
    let versions = [version("2020-01-01"), changed("2026-10-16", &[("/monthlyFee", json!(20_000))])];
    let discount = |catalogue: &Catalogue, to| {
        let bill = rate(catalogue, &LineTerms { contract_to: Some(to), ..terms() }, october(), []).unwrap();
        shown(&bill).into_iter().find(|line| line.starts_with("contract_discount"))
    };
    let (one, two) = (plain(), catalogue(&versions));
    let day = |day| date(2026, 10, day);
    let whole = Some("contract_discount 30000 won x -0.25 = -7500 (25% of monthly_fee)".to_owned());
    assert_eq!((discount(&one, day(31)), discount(&one, date(2026, 11, 1))), (whole.clone(), whole));
    let until = |base: &str, amount: &str, to: &str| {
        Some(format!(
            "contract_discount {base} won x -0.25 = {amount} (25% of monthly_fee until 2026-10-{to})"
        ))
    };
    assert_eq!(discount(&one, day(15)), until("14516", "-3629", "15"));
    assert_eq!(discount(&one, day(1)), until("968", "-242", "01"));
    assert_eq!(discount(&one, date(2026, 9, 30)), None);
    assert_eq!(discount(&two, day(15)), until("14516", "-3629", "15"), "the days of the new fee are without");
    assert_eq!(discount(&two, day(16)), until("15161", "-3790", "16"));
}

#[test]
fn a_new_fee_within_the_month_makes_two_fee_lines() {
    let versions = [version("2020-01-01"), changed("2026-10-16", &[("/monthlyFee", json!(20_000))])];
    let bill = rate(&catalogue(&versions), &terms(), october(), []).unwrap();
    assert_eq!(
        shown(&bill),
        [
            "monthly_fee 1 month x 30000 = 14516 (days 15/31 from 2026-10-01)",
            "monthly_fee 1 month x 20000 = 10323 (days 16/31 from 2026-10-16)",
            "contract_discount 24839 won x -0.25 = -6210 (25% of monthly_fee)",
            "vat 18629 won x 0.1 = 1863 (vat 10%)",
            "rounding 2 won x -1 = -2 (cut to 10 won)",
        ]
    );
}

#[test]
fn only_the_versions_of_the_days_in_service_are_charged() {
    let versions = [
        version("2020-01-01"),
        changed("2026-10-10", &[("/monthlyFee", json!(20_000))]),
        changed("2026-10-20", &[("/monthlyFee", json!(10_000))]),
    ];
    let fees = |from, to| {
        let bill = rate(&catalogue(&versions), &in_service(from, to), october(), []).unwrap();
        let fee = |line: &&ChargeLine| line.code == ChargeCode::MonthlyFee;
        bill.lines.iter().filter(fee).map(|line| line.rule.to_string()).collect::<Vec<_>>()
    };
    let day = |day| date(2026, 10, day);
    assert_eq!(fees(day(10), Some(day(19))), ["days 10/31"]);
    assert_eq!(fees(day(9), Some(day(9))), ["days 1/31"]);
    assert_eq!(fees(day(20), None), ["days 12/31"]);
    let all = ["days 1/31 from 2026-10-09", "days 10/31 from 2026-10-10", "days 1/31 from 2026-10-20"];
    assert_eq!(fees(day(9), Some(day(20))), all);
}

#[test]
fn a_new_version_with_the_same_fee_makes_one_fee_line() {
    let versions = [version("2020-01-01"), changed("2026-10-16", &[("/allowances/dataMb", json!(1_000))])];
    let bill = rate(&catalogue(&versions), &terms(), october(), []).unwrap();
    assert_eq!(shown(&bill)[0], "monthly_fee 1 month x 30000 = 30000 (days 31/31)");
}

#[test]
fn a_new_percentage_of_vat_or_discount_within_the_month_applies_from_its_day() {
    let changes = [("/vatPercent", json!(0)), ("/contractDiscountPercent", json!(20))];
    let versions = [version("2020-01-01"), changed("2026-10-16", &changes)];
    let bill = rate(&catalogue(&versions), &terms(), october(), []).unwrap();
    assert_eq!(
        shown(&bill),
        [
            "monthly_fee 1 month x 30000 = 14516 (days 15/31 from 2026-10-01)",
            "monthly_fee 1 month x 30000 = 15484 (days 16/31 from 2026-10-16)",
            "contract_discount 14516 won x -0.25 = -3629 (25% of monthly_fee)",
            "contract_discount 15484 won x -0.2 = -3097 (20% of monthly_fee)",
            "vat 10887 won x 0.1 = 1089 (vat 10%)",
            "rounding 3 won x -1 = -3 (cut to 10 won)",
        ]
    );
}

#[test]
fn a_discount_of_the_whole_fee_leaves_nothing_to_pay() {
    let free = catalogue(&[changed("2020-01-01", &[("/contractDiscountPercent", json!(100))])]);
    let bill = rate(&free, &terms(), october(), []).unwrap();
    assert_eq!((bill.lines.len(), bill.total), (2, Won::ZERO));
}
