//! What holds for every bill.

use super::*;
use proptest::prelude::*;
use proptest::sample::{Index, select};

fn any_version(valid_from: &'static str) -> impl Strategy<Value = Value> {
    let allowance =
        || prop_oneof![Just(Value::Null), Just(json!(0)), (0_u32..400).prop_map(|units| json!(units))];
    let rates =
        proptest::collection::vec((0_i64..5_000_000).prop_map(|parts| Decimal::new(parts, 4).to_string()), 6);
    let percents = (0_u8..=100, select(vec![0_u8, 10, 13]));
    (0_i64..=200_000, percents, [allowance(), allowance(), allowance()], rates).prop_map(
        move |(fee, (discount, vat), [voice, sms, data], rates)| {
            json!({
                "validFrom": valid_from, "monthlyFee": fee, "contractDiscountPercent": discount, "vatPercent": vat,
                "allowances": {"voiceMinutes": voice, "sms": sms, "dataMb": data},
                "rates": {"voice_day": rates[0], "voice_evening": rates[1], "voice_night": rates[2],
                          "voice_international": rates[3], "sms": rates[4], "data_mb": rates[5]}
            })
        },
    )
}

/// One version, or a second one from the middle of October on.
pub(super) fn any_catalogue() -> impl Strategy<Value = Catalogue> {
    (any_version("2000-01-01"), proptest::option::of(any_version("2026-10-16")))
        .prop_map(|(first, second)| catalogue(&std::iter::once(first).chain(second).collect::<Vec<_>>()))
}

fn any_day() -> impl Strategy<Value = Date> {
    prop_oneof![
        4 => (1_i8..=31).prop_map(|day| date(2026, 10, day)),
        1 => (1_i8..=30).prop_map(|day| date(2026, 9, day)),
    ]
}

pub(super) fn any_terms() -> impl Strategy<Value = LineTerms> {
    (proptest::option::of(any_day()), any_day(), proptest::option::of(any_day()))
        .prop_map(|(contract_to, from, to)| LineTerms { contract_to, ..in_service(from, to) })
}

fn any_usage() -> impl Strategy<Value = Usage> {
    (select(UsageType::ALL.to_vec()), any_day(), 0_i64..500_000_000).prop_map(|(kind, day, millionths)| {
        Usage { kind, day, quantity: Quantity::new(Decimal::new(millionths, 6)).unwrap() }
    })
}

pub(super) fn any_usages() -> impl Strategy<Value = Vec<Usage>> {
    proptest::collection::vec(any_usage(), 0..12)
}

fn won(code: ChargeCode, bill: &RatedBill) -> i64 {
    amount_of(bill, code)
}

proptest! {
    #[test]
    fn the_lines_add_up_to_a_total_in_tens(
        catalogue in any_catalogue(), terms in any_terms(), usage in any_usages(),
    ) {
        let bill = rate(&catalogue, &terms, october(), usage).unwrap();
        prop_assert_eq!(bill.lines.iter().map(|line| line.amount.get()).sum::<i64>(), bill.total.get());
        prop_assert!(bill.total >= Won::ZERO);
        prop_assert_eq!(bill.total.get() % 10, 0);
    }

    #[test]
    fn every_line_but_a_reduced_one_is_quantity_times_rate(
        catalogue in any_catalogue(), terms in any_terms(), usage in any_usages(),
    ) {
        for line in rate(&catalogue, &terms, october(), usage).unwrap().lines {
            let full = Won::rounded(line.quantity * line.rate).unwrap();
            let reduced = ["days", "included", "unlimited"].iter().any(|rule| line.rule.starts_with(rule))
                || line.rule.ends_with("unlimited");
            prop_assert!(if reduced { line.amount <= full } else { line.amount == full }, "{:?}", line);
        }
    }

    #[test]
    fn no_use_is_lost_or_billed_twice(catalogue in any_catalogue(), terms in any_terms(), usage in any_usages()) {
        let bill = rate(&catalogue, &terms, october(), usage.iter().copied()).unwrap();
        for kind in UsageType::ALL {
            let is_it = |line: &&ChargeLine| line.code == ChargeCode::Usage(kind);
            let billed: Decimal = bill.lines.iter().filter(is_it).map(|line| line.quantity).sum();
            let of_kind = usage.iter().filter(|usage| usage.kind == kind);
            let used: Decimal = of_kind.map(|usage| usage.quantity.get()).sum();
            prop_assert_eq!(billed, used);
        }
    }

    #[test]
    fn splitting_and_reordering_records_does_not_change_a_bill(
        catalogue in any_catalogue(), terms in any_terms(),
        (usage, shuffled) in any_usages().prop_flat_map(|usage| {
            let halves: Vec<Usage> = usage.iter().flat_map(split).collect();
            (Just(usage), Just(halves).prop_shuffle())
        }),
    ) {
        let whole = rate(&catalogue, &terms, october(), usage).unwrap();
        prop_assert_eq!(rate(&catalogue, &terms, october(), shuffled).unwrap(), whole);
    }

    #[test]
    fn more_usage_never_costs_less(
        catalogue in any_catalogue(), terms in any_terms(), usage in any_usages(), more in any_usage(),
    ) {
        let before = rate(&catalogue, &terms, october(), usage.iter().copied()).unwrap().total;
        let after = rate(&catalogue, &terms, october(), usage.into_iter().chain([more])).unwrap().total;
        prop_assert!(before <= after);
    }

    #[test]
    fn a_discount_never_exceeds_the_fee(catalogue in any_catalogue(), terms in any_terms()) {
        let bill = rate(&catalogue, &terms, october(), []).unwrap();
        let (fee, discount) = (won(ChargeCode::MonthlyFee, &bill), -won(ChargeCode::ContractDiscount, &bill));
        prop_assert!((0..=fee).contains(&discount), "{discount} of {fee}");
    }

    #[test]
    fn vat_is_within_a_won_of_its_percentage(
        version in any_version("2000-01-01"), terms in any_terms(), usage in any_usages(),
    ) {
        let percent = version["vatPercent"].as_i64().unwrap();
        let bill = rate(&catalogue(&[version]), &terms, october(), usage).unwrap();
        let vat = won(ChargeCode::Vat, &bill);
        let taxable = bill.total.get() - vat - won(ChargeCode::Rounding, &bill);
        prop_assert!((100 * vat - percent * taxable).abs() <= 50, "{vat} of {taxable}");
    }

    #[test]
    fn parts_of_a_month_cost_the_whole_fee_within_the_rounding(
        version in any_version("2000-01-01"), starts in proptest::collection::btree_set(2_i8..=28, 0..6),
        text in select(vec!["2026-02", "2028-02", "2026-04", "2026-10"]),
    ) {
        let (catalogue, month) = (catalogue(&[version]), month(text));
        let fee = |from, to| {
            won(ChargeCode::MonthlyFee, &rate(&catalogue, &in_service(from, Some(to)), month, []).unwrap())
        };
        let day = |day| Date::new(month.first_day().year(), month.first_day().month(), day).unwrap();
        let begins: Vec<i8> = std::iter::once(1).chain(starts).collect();
        let ends = begins[1..].iter().map(|next| day(next - 1)).chain([month.last_day()]);
        let parts: i64 = begins.iter().zip(ends).map(|(from, to)| fee(day(*from), to)).sum();
        let whole = fee(month.first_day(), month.last_day());
        prop_assert!(2 * (parts - whole).abs() <= i64::try_from(begins.len()).unwrap(), "{parts} of {whole}");
    }

    #[test]
    fn a_new_fee_within_the_month_is_weighted_by_days(
        first in any_version("2000-01-01"), second in any_version("2026-10-16"), at in 2_i8..=31,
    ) {
        let fee = |version: &Value| version["monthlyFee"].as_i64().unwrap();
        let (days_of_first, days_of_second) = (i64::from(at) - 1, 32 - i64::from(at));
        let weighted = fee(&first) * days_of_first + fee(&second) * days_of_second;
        let mut second = second;
        second["validFrom"] = json!(date(2026, 10, at));
        let bill = rate(&catalogue(&[first, second]), &terms(), october(), []).unwrap();
        prop_assert!((31 * won(ChargeCode::MonthlyFee, &bill) - weighted).abs() <= 31);
    }

    #[test]
    fn a_version_that_changes_nothing_changes_no_bill(
        version in any_version("2000-01-01"), at in 2_i8..=31, terms in any_terms(), usage in any_usages(),
    ) {
        let mut again = version.clone();
        again["validFrom"] = json!(date(2026, 10, at));
        let one = rate(&catalogue(std::slice::from_ref(&version)), &terms, october(), usage.iter().copied()).unwrap();
        prop_assert_eq!(rate(&catalogue(&[version, again]), &terms, october(), usage).unwrap(), one);
    }

    #[test]
    fn a_bill_is_stored_and_read_back_unharmed(
        catalogue in any_catalogue(), terms in any_terms(), usage in any_usages(),
    ) {
        let bill = rate(&catalogue, &terms, october(), usage).unwrap();
        let json = serde_json::to_string(&bill).unwrap();
        prop_assert_eq!(serde_json::from_str::<RatedBill>(&json).unwrap(), bill);
    }

    #[test]
    fn any_text_is_a_catalogue_or_an_error(text in ".{0,200}", cut in any::<Index>()) {
        let good = json!({"plans": [{"code": "test", "name": {"ko": "시험", "en": "Test"}, "onSale": true,
                                     "versions": [version("2020-01-01")]}]}).to_string();
        let cut = (0..=cut.index(good.len())).rev().find(|at| good.is_char_boundary(*at)).unwrap();
        prop_assert!(Catalogue::parse(&text).is_err());
        prop_assert!(Catalogue::parse(&good[..cut]).is_err());
    }
}

/// The same usage in two records.
fn split(usage: &Usage) -> [Usage; 2] {
    let whole = usage.quantity.get();
    let part = (whole / Decimal::from(3)).trunc_with_scale(6);
    [part, whole - part].map(|units| Usage { quantity: Quantity::new(units).unwrap(), ..*usage })
}
