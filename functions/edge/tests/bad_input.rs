//! Whatever is wrong with a request, it has its documented status and code, and nothing is stored.

use super::*;
use domain::limits::{BODY_BYTES_MAX, IDEMPOTENCY_KEY_CHARS_MAX, USAGE_FILE_BYTES_MAX};

/// The functions that take a JSON body, with who may send it and a good body.
const JSON_FUNCTIONS: [(Who, &str, &str); 4] = [
    (KIM, "/api/orders", r#"{"plan":"lte-light"}"#),
    (Who::Operator, "/api/billing-runs", r#"{"usageMonth":"2026-09"}"#),
    (KIM, "/api/payments", r#"{"billId":"202610-0192f0c1a2b37c4d8e9f0123456789ab","paymentKey":"k"}"#),
    (KIM, "/api/payments/202610-0192f0c1a2b37c4d8e9f0123456789ab-p1/cancellation", r#"{"reason":"x"}"#),
];

async fn check(world: &World, call: Call<'_>, expected: (u16, &str)) {
    let before = world.tables.contents();
    let what = format!(
        "{} {}: {}",
        call.method,
        call.path,
        String::from_utf8_lossy(&call.body[..call.body.len().min(200)])
    );
    let reply = call.send().await;
    assert_eq!(reply.problem(), expected, "{what}: {}", reply.body);
    assert_eq!(reply.headers["content-type"], "application/problem+json", "{what}");
    assert_eq!(world.tables.contents(), before, "{what}");
}

fn post<'a>(world: &'a World, who: Who, path: &str) -> Call<'a> {
    world.call(who, Method::POST, path).header("Idempotency-Key", "key-1")
}

#[tokio::test]
async fn bodies_that_are_no_json_of_the_right_type_and_size() {
    let world = World::new();
    for (who, path, good) in JSON_FUNCTIONS {
        for body in ["", "{", "nonsense", "{\"plan\":}", "\u{feff}{}"] {
            check(&world, post(&world, who, path).body("application/json", body), (400, "invalid_json"))
                .await;
        }
        let invalid = [b'{', 0xff, b'}'];
        check(&world, post(&world, who, path).body("application/json", invalid), (400, "invalid_json")).await;
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"{"a":["#, "]}")] {
            let deep = format!("{}0{}", open.repeat(8_000), close.repeat(8_000));
            check(&world, post(&world, who, path).body("application/json", deep), (400, "invalid_json"))
                .await;
        }
        for body in ["null", "[]", "7", "\"text\"", "{}", r#"{"unknown":1}"#] {
            check(&world, post(&world, who, path).body("application/json", body), (400, "invalid_field"))
                .await;
        }
        for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
            check(&world, post(&world, who, path).body(content_type, good), (415, "unsupported_media_type"))
                .await;
        }
        let large = format!("{good}{}", " ".repeat(BODY_BYTES_MAX));
        check(&world, post(&world, who, path).body("application/json", large), (413, "body_too_large")).await;
    }
}

#[tokio::test]
async fn fields_with_values_that_they_cannot_have() {
    let world = World::new();
    let bill = "202610-0192f0c1a2b37c4d8e9f0123456789ab";
    for (who, path, body) in [
        (KIM, "/api/orders", json!({ "plan": 7 })),
        (KIM, "/api/orders", json!({ "plan": "No Plan!" })),
        (KIM, "/api/orders", json!({ "plan": "lte-light", "wishNumber": "02-123-4567" })),
        (KIM, "/api/orders", json!({ "plan": "lte-light", "wishNumber": 1_012_345_678 })),
        (KIM, "/api/orders", json!({ "plan": "lte-light", "contractMonths": 13 })),
        (KIM, "/api/orders", json!({ "plan": "lte-light", "contractMonths": -12 })),
        (KIM, "/api/orders", json!({ "plan": "lte-light", "customerId": "" })),
        (KIM, "/api/orders", json!({ "plan": "lte-light", "customerId": "두 단어" })),
        (KIM, "/api/orders", json!({ "plan": "published-rates", "contractMonths": 12 })),
        (Who::Operator, "/api/billing-runs", json!({ "usageMonth": "2026-13" })),
        (Who::Operator, "/api/billing-runs", json!({ "usageMonth": "october" })),
        (Who::Operator, "/api/billing-runs", json!({ "usageMonth": 202_610 })),
        (KIM, "/api/payments", json!({ "billId": "1", "paymentKey": "k" })),
        (KIM, "/api/payments", json!({ "billId": bill, "paymentKey": "" })),
        (KIM, "/api/payments", json!({ "billId": bill, "paymentKey": "../x" })),
        (KIM, "/api/payments", json!({ "billId": bill, "paymentKey": "k", "amount": "1000" })),
        (KIM, "/api/payments", json!({ "billId": bill, "paymentKey": "k", "amount": 0.5 })),
        (KIM, "/api/payments", json!({ "billId": bill, "paymentKey": "k", "amount": 1e30 })),
        (KIM, JSON_FUNCTIONS[3].1, json!({ "reason": "" })),
        (KIM, JSON_FUNCTIONS[3].1, json!({ "reason": "x".repeat(201) })),
        (KIM, JSON_FUNCTIONS[3].1, json!({ "reason": "\u{0}" })),
    ] {
        check(&world, post(&world, who, path).json(&body), (400, "invalid_field")).await;
    }
}

#[tokio::test]
async fn what_is_well_formed_and_cannot_be_done() {
    let (world, bill) = World::with_bill().await;
    let amount = bill["amount"].as_i64().unwrap();
    world.payment_key("form-1", &bill, amount, Card::Approve);
    let pay = |amount: i64| json!({ "billId": bill["billId"], "paymentKey": "form-1", "amount": amount });
    let no_bill = json!({ "billId": "202610-0192f0c1a2b37c4d8e9f0123456789ab", "paymentKey": "form-1" });
    for (who, path, body, expected) in [
        (KIM, "/api/orders", json!({ "plan": "no-such-plan" }), (422, "unknown_plan")),
        (Who::Operator, "/api/billing-runs", json!({ "usageMonth": "2026-11" }), (409, "month_not_over")),
        (KIM, "/api/payments", no_bill, (404, "not_found")),
        (KIM, "/api/payments", pay(0), (422, "invalid_amount")),
        (KIM, "/api/payments", pay(-1), (422, "invalid_amount")),
        (KIM, "/api/payments", pay(amount + 10), (422, "invalid_amount")),
        (KIM, "/api/payments", pay(i64::MAX), (422, "invalid_amount")),
        (KIM, JSON_FUNCTIONS[3].1, json!({ "reason": "x" }), (404, "not_found")),
        (KIM, "/api/orders/0192f0c1a2b37c4d8e9f0123456789ab/termination", json!({}), (404, "not_found")),
        (
            Who::Operator,
            "/api/sagas/open-0192f0c1a2b37c4d8e9f0123456789ab/retry",
            json!({}),
            (404, "not_found"),
        ),
        (Who::Operator, "/api/parked/0192f0c1a2b37c4d8e9f0123456789ab/replay", json!({}), (404, "not_found")),
        (
            Who::Operator,
            "/api/parked/0192f0c1a2b37c4d8e9f0123456789ab/discard",
            json!({}),
            (404, "not_found"),
        ),
    ] {
        check(&world, post(&world, who, path).json(&body), expected).await;
    }
    let order = world.get(KIM, "/api/orders").await.expect(200)["items"][0]["orderId"].clone();
    let saga = format!("/api/sagas/open-{}/retry", order.as_str().unwrap());
    check(&world, post(&world, Who::Operator, &saga), (409, "wrong_state")).await;
}

#[tokio::test]
async fn a_declined_card_and_a_bill_with_nothing_due() {
    let (world, bill) = World::with_bill().await;
    let amount = bill["amount"].as_i64().unwrap();
    let form = |key: &str| json!({ "billId": bill["billId"], "paymentKey": key });
    let declined = world.payment_key("form-1", &bill, amount, Card::Decline);
    let reply = world.post(KIM, "/api/payments", "1", &form(&declined)).await;
    assert_eq!(reply.problem(), (402, "payment_declined"), "{}", reply.body);
    assert_eq!(reply.headers["content-type"], "application/problem+json");
    world.settle().await;
    let good = world.payment_key("form-2", &bill, amount, Card::Approve);
    world.post(KIM, "/api/payments", "2", &form(&good)).await.expect(201);
    world.settle().await;
    world.payment_key("form-3", &bill, amount, Card::Approve);
    check(&world, post(&world, KIM, "/api/payments").json(&form("form-3")), (409, "nothing_due")).await;
}

#[tokio::test]
async fn ids_in_paths_that_are_none() {
    let world = World::new();
    for (who, path) in [
        (KIM, "/api/orders/1"),
        (KIM, "/api/orders/%2e%2e%2f"),
        (KIM, "/api/orders/%ff"),
        (KIM, "/api/bills/202613-0192f0c1a2b37c4d8e9f0123456789ab"),
        (KIM, "/api/payments/'%20or%201=1"),
        (KIM, "/api/sagas/pay-x"),
        (Who::Operator, "/api/billing-runs/2026-99"),
        (Who::Operator, "/api/billing-runs/2026-01"),
    ] {
        check(&world, world.call(who, Method::GET, path), (404, "not_found")).await;
    }
    for path in ["/api/parked/x/replay", "/api/parked/%7e/discard", "/api/sagas/x/retry"] {
        check(&world, post(&world, Who::Operator, path), (404, "not_found")).await;
    }
}

#[tokio::test]
async fn queries_that_are_none() {
    let world = World::new();
    for (who, path) in [
        (KIM, "/api/orders"),
        (KIM, "/api/bills"),
        (Who::Operator, "/api/sagas"),
        (Who::Operator, "/api/parked"),
    ] {
        for query in
            ["limit=0", "limit=201", "limit=x", "limit=-1", "other=1", "limit=1&limit=1", "status=nonsense"]
        {
            let call = world.call(who, Method::GET, format!("{path}?{query}"));
            check(&world, call, (400, "invalid_parameter")).await;
        }
        let call = world.call(who, Method::GET, format!("{path}?cursor=nonsense"));
        check(&world, call, (400, "invalid_cursor")).await;
    }
    check(&world, world.call(KIM, Method::GET, "/api/mypage?limit=1"), (400, "invalid_parameter")).await;
}

#[tokio::test]
async fn keys_that_are_missing_or_none() {
    let world = World::new();
    for (who, path, good) in JSON_FUNCTIONS {
        let call = || world.call(who, Method::POST, path).body("application/json", good);
        if path.starts_with("/api/payments") {
            check(&world, call(), (400, "idempotency_key_missing")).await;
        }
        for key in ["", "two words", &"k".repeat(IDEMPOTENCY_KEY_CHARS_MAX + 1)] {
            check(&world, call().header("Idempotency-Key", key), (400, "idempotency_key_invalid")).await;
        }
        let twice = call().header("Idempotency-Key", "a").header("Idempotency-Key", "b");
        check(&world, twice, (400, "idempotency_key_invalid")).await;
    }
}

#[tokio::test]
async fn tokens_that_are_missing_or_none() {
    let world = World::new();
    let stranger = SigningKey::elliptic("k1").sign(&json!({ "sub": "customer-kim", "roles": ["operator"] }));
    let expired = world.token(KIM).unwrap();
    world.clock.advance(jiff::SignedDuration::from_hours(1));
    for (_, path, good) in JSON_FUNCTIONS {
        for token in
            ["", "Bearer", "Bearer nonsense", "Basic a2ltOg==", &format!("Bearer {stranger}"), &expired]
        {
            let call =
                post(&world, Who::Nobody, path).body("application/json", good).header("Authorization", token);
            check(&world, call, (401, "unauthenticated")).await;
        }
        // Without a token, nothing is said about the body.
        check(&world, post(&world, Who::Nobody, path).body("text/plain", "{"), (401, "unauthenticated"))
            .await;
    }
}

#[tokio::test]
async fn usage_files_that_are_none() {
    let world = World::new();
    let send = |content_type: &str, body: Vec<u8>| {
        post(&world, Who::Operator, "/api/usage").body(content_type, body)
    };
    check(&world, send("application/json", b"{}".to_vec()), (415, "unsupported_media_type")).await;
    check(&world, send("text/csv", Vec::new()), (400, "invalid_file")).await;
    check(&world, send("text/csv", b"a,b,c\n1,2,3\n".to_vec()), (400, "invalid_file")).await;
    check(&world, send("application/x-ndjson", vec![0xff; 10]), (400, "invalid_file")).await;
    check(&world, send("text/csv", vec![b'x'; USAGE_FILE_BYTES_MAX + 1]), (413, "body_too_large")).await;
}

#[tokio::test]
async fn a_detail_names_the_field_and_what_is_allowed_in_words_of_the_api() {
    let (world, bill) = World::with_bill().await;
    let bill = bill["billId"].as_str().unwrap();
    for (path, body, detail) in [
        ("/api/orders", json!({}), "plan: is missing"),
        (
            "/api/orders",
            json!({ "plan": "lte-light", "contractMonths": 13 }),
            "contractMonths: must be 12 or 24",
        ),
        (
            "/api/orders",
            json!({ "plan": "lte-light", "contractMonths": -12 }),
            "contractMonths: must be 12 or 24",
        ),
        (
            "/api/payments",
            json!({ "billId": bill, "paymentKey": "k", "amount": "1000" }),
            "amount: must be a whole number",
        ),
    ] {
        let reply = post(&world, KIM, path).json(&body).send().await;
        assert_eq!(reply.body["detail"], detail, "{path}: {body}");
    }
    for (query, detail) in [
        ("limit=x", "limit: must be a whole number from 1 to 200"),
        ("limit=0", "limit: must be a whole number from 1 to 200"),
        ("limit=1&limit=1", "limit: is given more than once"),
        ("status=paid", "status: must be all or unpaid"),
        ("other=1", "other: is not known; limit, cursor, customerId or status can be given here"),
    ] {
        let reply = world.get(KIM, format!("/api/bills?{query}")).await;
        assert_eq!(reply.body["detail"], detail, "{query}");
    }
    let order = world.get(KIM, "/api/orders").await.expect(200)["items"][0]["orderId"].clone();
    let retry = format!("/api/sagas/open-{}/retry", order.as_str().unwrap());
    let reply = post(&world, Who::Operator, &retry).send().await;
    assert_eq!(reply.body["detail"], "the saga is completed; only a stuck one can be retried");
}

#[tokio::test]
async fn a_payment_that_cannot_be_cancelled_yet_is_named_by_its_status() {
    let (world, bill) = World::with_bill().await;
    world.payment_key("form-1", &bill, bill["amount"].as_i64().unwrap(), Card::Approve);
    let form = json!({ "billId": bill["billId"], "paymentKey": "form-1" });
    let payment = world.post(KIM, "/api/payments", "1", &form).await.expect(201)["paymentId"].clone();
    let path = format!("/api/payments/{}/cancellation", payment.as_str().unwrap());
    let reply = post(&world, KIM, &path).json(&json!({ "reason": "x" })).send().await;
    assert_eq!(reply.problem(), (409, "wrong_state"));
    assert_eq!(reply.body["detail"], "the payment is captured, which does not allow this");
}

#[tokio::test]
async fn an_operator_who_names_no_customer_is_told_where_the_name_belongs() {
    let world = World::new();
    let order = post(&world, Who::Operator, "/api/orders").json(&json!({ "plan": "lte-light" })).send().await;
    assert_eq!(order.problem(), (400, "invalid_field"));
    assert_eq!(order.body["errors"][0]["field"], "customerId", "{}", order.body);
    let list = world.get(Who::Operator, "/api/orders").await;
    assert_eq!(list.problem(), (400, "invalid_parameter"));
    assert!(list.body["detail"].as_str().unwrap().starts_with("customerId: is missing"), "{}", list.body);
}

#[tokio::test]
async fn bodies_in_a_coding_are_refused() {
    let world = World::new();
    for (who, path, good) in JSON_FUNCTIONS {
        let call = post(&world, who, path).body("application/json", good).header("Content-Encoding", "gzip");
        check(&world, call, (415, "unsupported_media_type")).await;
    }
    let file =
        post(&world, Who::Operator, "/api/usage").body("text/csv", "x").header("Content-Encoding", "br");
    check(&world, file, (415, "unsupported_media_type")).await;
}
