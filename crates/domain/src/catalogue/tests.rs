use super::*;
use jiff::civil::date;
use serde_json::{Value, json};

fn version(valid_from: &str) -> Value {
    json!({
        "validFrom": valid_from, "monthlyFee": 30_000, "contractDiscountPercent": 25, "vatPercent": 10,
        "allowances": {"voiceMinutes": 300, "sms": null, "dataMb": 0},
        "rates": {"voice_day": "108", "voice_evening": 108.5, "voice_night": 0, "voice_international": null,
                  "sms": 20, "data_mb": 20.48}
    })
}

fn file() -> Value {
    let plan = |code: &str, versions: &[Value]| {
        let name = json!({"ko": "요금제", "en": "Plan"});
        json!({"code": code, "name": name, "onSale": true, "versions": versions})
    };
    let (january, october) = (version("2026-01-01"), version("2026-10-16"));
    json!({"plans": [plan("one", &[january.clone(), october]), plan("two", &[january])]})
}

fn code(text: &str) -> PlanCode {
    PlanCode::parse(text).unwrap()
}

/// Sets the value at a JSON pointer of a good file and expects the error whose message begins like this.
#[track_caller]
fn check_refused(at: &str, value: Value, message: &str) {
    let mut file = file();
    *file.pointer_mut(at).unwrap() = value;
    let error = Catalogue::parse(&file.to_string()).unwrap_err().to_string();
    assert!(error.starts_with(message), "{at}: {error}");
}

#[test]
fn a_good_file_is_read_as_it_is_written() {
    let catalogue = Catalogue::parse(&file().to_string()).unwrap();
    let plan = catalogue.plan(&code("one")).unwrap();
    let version = &plan.versions[0];
    assert_eq!(version.monthly_fee, Won::new(30_000));
    assert_eq!(version.allowances.of(UsageType::VoiceNight), Some(300));
    assert_eq!(version.allowances.of(UsageType::VoiceInternational), Some(0));
    assert_eq!(version.allowances.of(UsageType::Sms), None);
    assert_eq!(version.rates.of(UsageType::VoiceDay), Some(Decimal::from(108)));
    assert_eq!(version.rates.of(UsageType::VoiceEvening), Some(Decimal::new(1085, 1)));
    assert_eq!(version.rates.of(UsageType::VoiceInternational), None);
    assert_eq!(version.rates.of(UsageType::DataMb), Some(Decimal::new(2048, 2)));
    assert_eq!(catalogue.plan(&code("three")), None);
}

#[test]
fn values_that_no_bill_can_be_made_of_are_refused() {
    const VERSION: &str = "plan one, version from 2026-01-01: ";
    let field = |path: &str| format!("/plans/0/versions/0/{path}");
    let cases = [
        ("monthlyFee", json!(-1), "monthlyFee"),
        ("monthlyFee", json!(10_000_001), "monthlyFee"),
        ("contractDiscountPercent", json!(101), "contractDiscountPercent"),
        ("vatPercent", json!(101), "vatPercent"),
        ("allowances/dataMb", json!(1_000_000_001), "allowances"),
        ("rates/sms", json!(-0.01), "rates"),
        ("rates/sms", json!(1_000_001), "rates"),
        ("rates/voice_international", json!(0.00001), "rates"),
        ("rates/voice_night", json!(null), "voice_night has an allowance but no rate"),
        ("rates/sms", json!(null), "sms has an allowance but no rate"),
    ];
    for (path, value, problem) in cases {
        check_refused(&field(path), value, &format!("{VERSION}{problem}"));
    }
}

#[test]
fn a_file_of_another_shape_is_refused() {
    const UNREADABLE: &str = "the catalogue cannot be read";
    let cases = [
        ("/plans", json!({})),
        ("/plans/0/code", json!("Not A Code")),
        ("/plans/0/onSale", json!("yes")),
        ("/plans/0/name", json!("Plan")),
        ("/plans/0/versions/0/validFrom", json!("2026-02-30")),
        ("/plans/0/versions/0/monthlyFee", json!(0.5)),
        ("/plans/0/versions/0/vatPercent", json!(-10)),
        ("/plans/0/versions/0/allowances/sms", json!(-1)),
        ("/plans/0/versions/0/rates/sms", json!("cheap")),
        ("/plans/0/versions/0/allowances", json!({"voiceMinutes": 300, "dataMb": 0})),
        ("/plans/0/versions/0/rates", json!({"voice_day": 108})),
    ];
    for (at, value) in cases {
        check_refused(at, value, UNREADABLE);
    }
    for at in ["", "/plans/0", "/plans/0/name", "/plans/0/versions/0", "/plans/0/versions/0/allowances"] {
        let mut file = file();
        file.pointer_mut(at).unwrap()["surprise"] = json!(1);
        assert!(matches!(Catalogue::parse(&file.to_string()), Err(CatalogueError::Malformed(_))), "{at}");
    }
    for text in ["", "{", "[]", "null", "{\"plans\": [], \"plans\": []}"] {
        assert!(matches!(Catalogue::parse(text), Err(CatalogueError::Malformed(_))), "{text}");
    }
}

#[test]
fn plans_and_versions_that_contradict_each_other_are_refused() {
    check_refused("/plans", json!([]), "the catalogue has no plans");
    check_refused("/plans/1/code", json!("one"), "plan one stands in the catalogue twice");
    check_refused("/plans/0/name/ko", json!(" "), "plan one has no name");
    check_refused("/plans/0/name/en", json!(""), "plan one has no name");
    check_refused("/plans/0/versions", json!([]), "plan one has no versions");
    let out_of_order = "plan one: the version from 2026-01-01 does not begin after";
    check_refused("/plans/0/versions", json!([version("2026-01-01"), version("2026-01-01")]), out_of_order);
    check_refused("/plans/0/versions", json!([version("2026-10-16"), version("2026-01-01")]), out_of_order);
}

#[test]
fn a_version_is_valid_from_its_first_day_to_the_day_before_the_next() {
    let catalogue = Catalogue::parse(&file().to_string()).unwrap();
    let plan = catalogue.plan(&code("one")).unwrap();
    let cases = [
        (date(2025, 12, 31), None),
        (date(2026, 1, 1), Some(date(2026, 1, 1))),
        (date(2026, 10, 15), Some(date(2026, 1, 1))),
        (date(2026, 10, 16), Some(date(2026, 10, 16))),
        (date(2999, 12, 31), Some(date(2026, 10, 16))),
    ];
    for (day, valid_from) in cases {
        assert_eq!(plan.version_on(day).map(|version| version.valid_from), valid_from, "{day}");
        assert_eq!(plan.is_orderable_on(day), valid_from.is_some(), "{day}");
        assert_eq!(plan.is_discountable_on(day), valid_from.is_some(), "{day}");
    }
}

#[test]
fn the_catalogue_that_ships_sells_what_it_should() {
    let catalogue = Catalogue::builtin();
    let listed = catalogue.listed_on(date(2026, 10, 1));
    let on_sale: Vec<_> = listed.iter().filter(|plan| plan.on_sale).map(|plan| plan.code.as_str()).collect();
    assert_eq!(on_sale, ["5g-unlimited", "5g-standard", "lte-light", "lte-basic", "published-rates"]);
    let advertised: Vec<_> = listed.iter().map(|plan| plan.monthly_fee_with_vat.get()).collect();
    assert_eq!(advertised, [89_000, 69_000, 33_000, 12_100, 44_000, 0]);
    let with_contract: Vec<_> = listed.iter().map(|plan| plan.contract_fee_with_vat.get()).collect();
    assert_eq!(with_contract, [66_750, 51_750, 24_750, 9_075, 44_000, 0]);
    let published = catalogue.plan(&code("published-rates")).unwrap();
    let rates = published.version_on(date(2026, 10, 1)).unwrap().rates;
    let by_band = [rates.voice_day, rates.voice_evening, rates.voice_night, rates.voice_international];
    assert_eq!(by_band, [170, 85, 45, 270].map(|won| Some(Decimal::from(won))));
    assert!(catalogue.plans().iter().any(|plan| plan.versions.len() > 1));
    assert_eq!(catalogue.listed_on(date(1999, 12, 31)), []);
}

#[test]
fn a_listed_plan_has_the_documented_form() {
    let catalogue = Catalogue::parse(&file().to_string()).unwrap();
    let listed = catalogue.listed_on(date(2026, 10, 31)).remove(0);
    let form = json!({
        "code": "one", "name": {"ko": "요금제", "en": "Plan"}, "onSale": true, "validFrom": "2026-10-16",
        "monthlyFee": 30_000, "monthlyFeeWithVat": 33_000, "contractFeeWithVat": 24_750, "vatPercent": 10,
        "contractDiscountPercent": 25,
        "allowances": {"voiceMinutes": 300, "sms": null, "dataMb": 0},
        "rates": {"voice_day": 108, "voice_evening": 108.5, "voice_night": 0, "voice_international": null,
                  "sms": 20, "data_mb": 20.48}
    });
    assert_eq!(serde_json::to_value(&listed).unwrap(), form);
    assert_eq!(serde_json::from_value::<ListedPlan>(form).unwrap(), listed);
}
