//! Bodies that are no JSON, of another type, too large, or with values that cannot be.

use super::case::Case;
use super::endpoints::{Body, Endpoint, all};
use super::world::World;
use contract::problem::Code;
use domain::limits::{BODY_BYTES_MAX, USAGE_FILE_BYTES_MAX, USAGE_RECORDS_MAX};
use serde_json::{Value, json};

const JSON: Option<&str> = Some("application/json");
const HEADER: &str = "recordId,number,type,quantity,usedAt\n";

pub(super) async fn cases(world: &World) -> Vec<Case> {
    let mut cases = Vec::new();
    for endpoint in all(world) {
        if let Body::Json(good) = &endpoint.body {
            cases.extend(forms(world, &endpoint, good));
            for (body, code) in fields(world, &endpoint.path).await {
                let request = endpoint.with_caller(world).json(&body);
                cases.push(Case::of(&endpoint, format!("{} with {body}", endpoint.name()), request, code));
            }
        }
        if endpoint.body == Body::UsageFile {
            cases.extend(files(world, &endpoint));
        }
    }
    cases
}

/// What no endpoint takes for JSON.
fn forms(world: &World, endpoint: &Endpoint, good: &Value) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = |what: &str, content_type: Option<&str>, body: Vec<u8>, code| {
        let request = endpoint.with_caller(world).body(content_type, body);
        cases.push(Case::of(endpoint, format!("{} with {what}", endpoint.name()), request, code));
    };
    for text in ["", "{", "nonsense", "{\"plan\":", "{} {}", "\u{0}", "[1,", "'single'"] {
        case(text, JSON, text.into(), Code::InvalidJson);
    }
    case("bytes that are no text", JSON, b"{\"plan\":\"\xff\"}".to_vec(), Code::InvalidJson);
    case(
        "endless nesting",
        JSON,
        format!("{{\"x\":{}", "[".repeat(BODY_BYTES_MAX - 5)).into(),
        Code::InvalidJson,
    );
    for text in ["null", "true", "3", "\"text\"", "[]", "[{}]"] {
        case(text, JSON, text.into(), Code::InvalidField);
    }
    let values: Vec<&Value> = good.as_object().unwrap().values().collect();
    case("the values alone", JSON, json!(values).to_string().into(), Code::InvalidField);
    let mut unknown = good.clone();
    unknown["unknown"] = json!(1);
    case("an unknown field", JSON, unknown.to_string().into(), Code::InvalidField);
    let twice = good.to_string().replacen(
        '{',
        &format!("{{{},", &good.to_string()[1..good.to_string().len() - 1]),
        1,
    );
    case("a field that is there twice", JSON, twice.into(), Code::InvalidField);
    for content_type in
        [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("text/csv"), Some("")]
    {
        let what = format!("the content type {content_type:?}");
        case(&what, content_type, good.to_string().into(), Code::UnsupportedMediaType);
    }
    let padded = format!("{good}{}", " ".repeat(BODY_BYTES_MAX));
    case("a body that is too large", JSON, padded.into(), Code::BodyTooLarge);
    case("megabytes", JSON, vec![b'x'; 8 * 1024 * 1024], Code::BodyTooLarge);
    cases
}

/// Values that cannot be, by endpoint.
async fn fields(world: &World, path: &str) -> Vec<(Value, Code)> {
    match path {
        "/api/orders" => orders(),
        "/api/payments" => payments(world).await,
        "/api/billing-runs" => billing_runs(),
        "/api/customers/search" => searches(),
        path if path.ends_with("/cancellation") => cancellations(),
        path => panic!("{path} takes JSON, and no bad values are known for it"),
    }
}

fn orders() -> Vec<(Value, Code)> {
    let plan = "lte-basic";
    let bad_plans = [
        json!({}),
        json!({ "plan": 7 }),
        json!({ "plan": null }),
        json!({ "plan": "" }),
        json!({ "plan": "LTE Basic" }),
    ];
    let numbers =
        [json!("02-123-4567"), json!(1_012_345_678), json!("0101234567"), json!("010-1234-567x"), json!("")];
    let months = [json!(0), json!(13), json!(-12), json!(256), json!(12.5), json!("12"), json!([12])];
    let customers = [json!(""), json!(7), json!("a b"), json!("x".repeat(129))];
    let field = |name: &'static str, values: Vec<Value>| {
        values.into_iter().map(move |value| (json!({ "plan": plan, name: value }), Code::InvalidField))
    };
    let mut cases: Vec<_> = bad_plans.into_iter().map(|body| (body, Code::InvalidField)).collect();
    cases.extend(field("wishNumber", numbers.into()));
    cases.extend(field("contractMonths", months.into()));
    cases.extend(field("customerId", customers.into()));
    cases.push((json!({ "plan": "no-such-plan" }), Code::UnknownPlan));
    cases.push((json!({ "plan": "3g-classic" }), Code::UnknownPlan));
    cases.push((json!({ "plan": "published-rates", "contractMonths": 12 }), Code::InvalidField));
    cases.push((json!({ "plan": plan, "customerId": "lee" }), Code::Forbidden));
    cases
}

async fn payments(world: &World) -> Vec<(Value, Code)> {
    let (kims, api) = (&world.kims.bill, &world.host.api);
    let (bill, due) = (&kims.id, kims.due);
    let form = api.payment_key("approve", kims).await;
    let other_sum = api.form("approve", kims, due + 10).expect(200).await.text_at("/paymentKey");
    let of_another_bill = api.payment_key("approve", &world.lees.bill).await;
    let amount =
        |amount: Value, code| (json!({ "billId": bill, "paymentKey": form, "amount": amount }), code);
    let key = |key: Value, code| (json!({ "billId": bill, "paymentKey": key }), code);
    let of_bill = |bill: Value, code| (json!({ "billId": bill, "paymentKey": form }), code);
    let nobodys = format!("202610-{}", "0".repeat(32));
    vec![
        (json!({}), Code::InvalidField),
        (json!({ "billId": bill }), Code::InvalidField),
        (json!({ "paymentKey": form }), Code::InvalidField),
        amount(json!(0), Code::InvalidAmount),
        amount(json!(-10), Code::InvalidAmount),
        amount(json!(due + 10), Code::InvalidAmount),
        amount(json!(due - 10), Code::InvalidAmount),
        amount(json!(i64::MAX), Code::InvalidAmount),
        amount(json!(u64::MAX), Code::InvalidField),
        amount(json!(1.5), Code::InvalidField),
        amount(json!("100"), Code::InvalidField),
        key(json!(""), Code::InvalidField),
        key(json!("a b"), Code::InvalidField),
        key(json!("../confirm"), Code::InvalidField),
        key(json!("x".repeat(201)), Code::InvalidField),
        key(json!(7), Code::InvalidField),
        key(json!("tgen_unknown"), Code::PaymentKeyInvalid),
        key(json!(".."), Code::PaymentKeyInvalid),
        key(json!(world.used_payment_key), Code::PaymentKeyInvalid),
        key(json!(other_sum), Code::InvalidAmount),
        key(json!(of_another_bill), Code::PaymentKeyInvalid),
        of_bill(json!(""), Code::InvalidField),
        of_bill(json!("202610"), Code::InvalidField),
        of_bill(json!(7), Code::InvalidField),
        of_bill(json!(nobodys), Code::NotFound),
        of_bill(json!(world.lees.bill.id), Code::NotFound),
    ]
}

fn billing_runs() -> Vec<(Value, Code)> {
    let month = |month: Value, code| (json!({ "usageMonth": month }), code);
    vec![
        (json!({}), Code::InvalidField),
        month(json!(""), Code::InvalidField),
        month(json!("2026-13"), Code::InvalidField),
        month(json!("2026-1"), Code::InvalidField),
        month(json!("202610"), Code::InvalidField),
        month(json!("1999-12"), Code::InvalidField),
        month(json!("3000-01"), Code::InvalidField),
        month(json!(202_610), Code::InvalidField),
        month(json!("2026-11"), Code::MonthNotOver),
        month(json!("2999-12"), Code::MonthNotOver),
    ]
}

fn searches() -> Vec<(Value, Code)> {
    let bad = [json!(""), json!("  "), json!("x".repeat(201)), json!(7), json!(null), json!(["kim"])];
    let mut cases: Vec<_> =
        bad.into_iter().map(|query| (json!({ "query": query }), Code::InvalidField)).collect();
    cases.push((json!({}), Code::InvalidField));
    cases
}

fn cancellations() -> Vec<(Value, Code)> {
    let reasons = [json!(""), json!(7), json!(null), json!("x".repeat(201)), json!("a\nb"), json!("\u{0}")];
    let mut cases: Vec<_> = reasons.map(|reason| (json!({ "reason": reason }), Code::InvalidField)).into();
    cases.push((json!({}), Code::InvalidField));
    cases
}

/// What is no usage file.
fn files(world: &World, endpoint: &Endpoint) -> Vec<Case> {
    let csv = Some("text/csv");
    let record = "r1,01012345678,sms,1,2026-10-05T10:00:00+09:00\n";
    let bodies: [(&str, Option<&str>, Vec<u8>, Code); 9] = [
        ("nothing", csv, vec![], Code::InvalidFile),
        ("another header", csv, b"a,b,c\n1,2,3\n".to_vec(), Code::InvalidFile),
        ("a column too few", csv, b"recordId,number,type,quantity\n".to_vec(), Code::InvalidFile),
        ("no header", csv, record.into(), Code::InvalidFile),
        ("bytes that are no text", csv, vec![0xff, 0xfe, 0x00], Code::InvalidFile),
        ("JSON", JSON, b"[]".to_vec(), Code::UnsupportedMediaType),
        ("no content type", None, HEADER.into(), Code::UnsupportedMediaType),
        (
            "too many records",
            csv,
            format!("{HEADER}{}", record.repeat(USAGE_RECORDS_MAX + 1)).into(),
            Code::BodyTooLarge,
        ),
        ("too many bytes", csv, vec![b' '; USAGE_FILE_BYTES_MAX + 1], Code::BodyTooLarge),
    ];
    let case = |(what, content_type, body, code): (&str, Option<&str>, Vec<u8>, Code)| {
        let request = endpoint.with_caller(world).body(content_type, body);
        Case::of(endpoint, format!("{} with {what}", endpoint.name()), request, code)
    };
    bodies.map(case).into()
}
