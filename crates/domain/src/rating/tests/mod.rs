//! Bills of made-up plans, and what the tests share.

mod laws;
mod published;
mod rest;
mod terms;
mod usage;

use super::*;
use jiff::civil::date;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// A version of the plan `test`: 30,000 won; 300 minutes, 100 messages and data without limit; 108, 20 and 20.48 won.
fn version(valid_from: &str) -> Value {
    json!({
        "validFrom": valid_from, "monthlyFee": 30_000, "contractDiscountPercent": 25, "vatPercent": 10,
        "allowances": {"voiceMinutes": 300, "sms": 100, "dataMb": null},
        "rates": {"voice_day": 108, "voice_evening": 54, "voice_night": 27, "voice_international": 270.5,
                  "sms": 20, "data_mb": 20.48}
    })
}

/// The same with other values, each at its JSON pointer.
fn changed(valid_from: &str, changes: &[(&str, Value)]) -> Value {
    let mut version = version(valid_from);
    for (at, value) in changes {
        *version.pointer_mut(at).unwrap() = value.clone();
    }
    version
}

/// A catalogue whose one plan is `test`, with these versions.
fn catalogue(versions: &[Value]) -> Catalogue {
    let plan =
        json!({"code": "test", "name": {"ko": "시험", "en": "Test"}, "onSale": true, "versions": versions});
    Catalogue::parse(&json!({"plans": [plan]}).to_string()).unwrap()
}

fn plain() -> Catalogue {
    catalogue(&[version("2020-01-01")])
}

/// The bill of usage of which nothing was charged before.
fn rate(
    catalogue: &Catalogue,
    terms: &LineTerms,
    month: UsageMonth,
    usage: impl IntoIterator<Item = Usage>,
) -> Result<RatedBill, RatingError> {
    super::rate(catalogue, terms, month, &usage.into_iter().collect())
}

/// The bill that comes after a final bill for `charged`.
fn rate_rest(
    catalogue: &Catalogue,
    terms: &LineTerms,
    charged: &[Usage],
    rest: &[Usage],
) -> Result<RatedBill, RatingError> {
    let mut usage: UsageSums = rest.iter().copied().collect();
    for usage_then in charged {
        usage.add_charged(*usage_then);
    }
    super::rate(catalogue, &LineTerms { fee_charged: true, ..terms.clone() }, october(), &usage)
}

/// A line on the plan `test` with a contract, since long before and until further notice.
fn terms() -> LineTerms {
    LineTerms {
        plan: PlanCode::parse("test").unwrap(),
        contract_to: Some(date(2027, 12, 31)),
        service_from: date(2025, 1, 1),
        service_to: None,
        fee_charged: false,
    }
}

fn in_service(from: Date, to: Option<Date>) -> LineTerms {
    LineTerms { service_from: from, service_to: to, ..terms() }
}

fn month(text: &str) -> UsageMonth {
    UsageMonth::parse(text).unwrap()
}

fn october() -> UsageMonth {
    month("2026-10")
}

fn used(kind: UsageType, day: Date, quantity: &str) -> Usage {
    Usage { kind, day, quantity: Quantity::parse(quantity).unwrap() }
}

/// The lines as short text: `code quantity unit x rate = amount (rule)`.
fn shown(bill: &RatedBill) -> Vec<String> {
    let show = |line: &ChargeLine| {
        let ChargeLine { code, quantity, unit, rate, rule, amount } = line;
        format!("{code} {quantity} {unit} x {rate} = {amount} ({rule})")
    };
    bill.lines.iter().map(show).collect()
}

fn amount_of(bill: &RatedBill, code: ChargeCode) -> i64 {
    bill.lines.iter().filter(|line| line.code == code).map(|line| line.amount.get()).sum()
}

#[test]
fn a_bill_shows_every_step_from_the_fee_to_the_cut() {
    let usage = [
        used(UsageType::VoiceEvening, date(2026, 10, 3), "200.5"),
        used(UsageType::VoiceDay, date(2026, 10, 4), "120"),
        used(UsageType::VoiceInternational, date(2026, 10, 5), "1.5"),
        used(UsageType::Sms, date(2026, 10, 31), "99"),
        used(UsageType::DataMb, date(2026, 10, 1), "12345.678"),
    ];
    let bill = rate(&plain(), &terms(), october(), usage).unwrap();
    assert_eq!(
        shown(&bill),
        [
            "monthly_fee 1 month x 30000 = 30000 (days 31/31)",
            "voice_day 120 minute x 108 = 0 (included 120/300)",
            "voice_evening 200.5 minute x 54 = 1107 (included 180/300)",
            "voice_international 1.5 minute x 270.5 = 406 (unit rate)",
            "sms 99 message x 20 = 0 (included 99/100)",
            "data_mb 12345.678 MB x 20.48 = 0 (unlimited)",
            "contract_discount 30000 won x -0.25 = -7500 (25% of monthly_fee)",
            "vat 24013 won x 0.1 = 2401 (vat 10%)",
            "rounding 4 won x -1 = -4 (cut to 10 won)",
        ]
    );
    assert_eq!(bill.total, Won::new(26_410));
}

#[test]
fn a_bill_has_the_documented_form() {
    let usage = [used(UsageType::VoiceInternational, date(2026, 10, 5), "1.5")];
    let bill = rate(&plain(), &in_service(date(2026, 10, 15), None), october(), usage).unwrap();
    let form = json!({
        "lines": [
            {"code": "monthly_fee", "quantity": 1, "unit": "month", "rate": 30_000,
             "rule": "days 17/31", "amount": 16_452},
            {"code": "voice_international", "quantity": 1.5, "unit": "minute", "rate": 270.5,
             "rule": "unit rate", "amount": 406},
            {"code": "contract_discount", "quantity": 16_452, "unit": "won", "rate": -0.25,
             "rule": "25% of monthly_fee", "amount": -4_113},
            {"code": "vat", "quantity": 12_745, "unit": "won", "rate": 0.1, "rule": "vat 10%", "amount": 1_275},
        ],
        "total": 14_020
    });
    assert_eq!(serde_json::to_value(&bill).unwrap(), form);
    assert_eq!(serde_json::from_value::<RatedBill>(form).unwrap(), bill);
    assert_eq!(serde_json::from_str::<RatedBill>(&serde_json::to_string(&bill).unwrap()).unwrap(), bill);
}

#[test]
fn a_code_is_read_as_it_is_written() {
    let others = ["monthly_fee", "contract_discount", "vat", "rounding"];
    for text in UsageType::ALL.map(UsageType::as_str).into_iter().chain(others) {
        assert_eq!(ChargeCode::parse(text).unwrap().to_string(), text);
    }
    assert_eq!(ChargeCode::parse("fee"), Err(NotAChargeCode));
    assert!(serde_json::from_str::<ChargeCode>("\"fee\"").is_err());
}

#[test]
fn a_line_that_cannot_be_billed_says_why() {
    let day = date(2026, 10, 5);
    let no_sms = [("/rates/sms", Value::Null), ("/allowances/sms", json!(0))];
    let later = catalogue(&[changed("2026-10-04", &no_sms)]);
    let unknown = LineTerms { plan: PlanCode::parse("gone").unwrap(), ..terms() };
    let since_today = in_service(day, None);
    let many = || (0..11).map(|_| used(UsageType::DataMb, day, "100000000"));
    let check = |terms: &LineTerms, usage: &[Usage], code: &str| {
        let error = rate(&later, terms, october(), usage.iter().copied()).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    };
    check(&unknown, &[], "unknown_plan");
    check(&terms(), &[], "no_plan_version");
    check(&since_today, &[used(UsageType::DataMb, date(2026, 10, 3), "1")], "no_plan_version");
    check(&since_today, &[used(UsageType::Sms, day, "1")], "usage_type_not_offered");
    check(&since_today, &[used(UsageType::DataMb, date(2026, 11, 1), "1")], "usage_after_month");
    check(&since_today, &[used(UsageType::VoiceDay, day, "1000000")], "amount_out_of_range");
    check(&since_today, &many().collect::<Vec<_>>(), "amount_out_of_range");
}
