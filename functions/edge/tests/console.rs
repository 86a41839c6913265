//! What the operator's console asks: who somebody is, and what is open.

use super::*;
use axum::http::header::{ETAG, IF_NONE_MATCH};
use jiff::SignedDuration;

const SEARCH: &str = "/api/customers/search";

async fn found(world: &World, query: &str) -> Value {
    let call = world.call(Who::Operator, Method::POST, SEARCH).json(&json!({ "query": query }));
    call.send().await.expect(200)["items"].clone()
}

async fn figures(world: &World) -> Value {
    world.get(Who::Operator, "/api/figures").await.expect(200)
}

#[tokio::test]
async fn a_customer_is_found_by_everything_that_leads_to_one() {
    let (world, bill) = World::with_bill().await;
    let text = |name: &str| bill[name].as_str().unwrap().to_owned();
    let (order, bill) = (text("orderId"), text("billId"));
    let by_line = json!([{ "customerId": "customer-kim", "by": "line", "orderId": order }]);
    for query in
        [order.clone(), bill.clone(), format!("{bill}-p1"), format!("open-{order}"), format!("pay-{bill}-p1")]
    {
        assert_eq!(found(&world, &query).await, by_line, "{query}");
    }
    let by_number = json!([{ "customerId": "customer-kim", "by": "number", "orderId": order }]);
    for query in ["01055550001", "010-5555-0001", "  010-5555-0001 ", "010 5555 0001"] {
        assert_eq!(found(&world, query).await, by_number, "{query}");
    }
    assert_eq!(
        found(&world, "customer-kim").await,
        json!([{ "customerId": "customer-kim", "by": "customer_id" }])
    );
}

#[tokio::test]
async fn nobody_is_found_by_what_leads_nowhere() {
    let (world, _) = World::with_bill().await;
    for query in [
        "customer-lee",
        "customer-ki",
        "01055550002",
        "0192f0c1a2b37c4d8e9f0123456789ab",
        "두 단어",
        "order|x",
    ] {
        assert_eq!(found(&world, query).await, json!([]), "{query}");
    }
    for body in
        [json!({ "query": "" }), json!({ "query": " " }), json!({ "query": "x".repeat(201) }), json!({})]
    {
        let reply = world.call(Who::Operator, Method::POST, SEARCH).json(&body).send().await;
        assert_eq!(reply.problem(), (400, "invalid_field"), "{body}");
    }
}

#[tokio::test]
async fn figures_count_what_is_open_and_nothing_else() {
    let world = World::new();
    let nothing = json!({ "count": 0, "more": false });
    let quiet = figures(&world).await;
    for name in ["running", "compensating", "stuck", "openPayments", "parked"] {
        assert_eq!(quiet[name], nothing, "{name}");
    }
    assert!(quiet["oldestOpenSaga"].is_null() && quiet["lastRun"].is_null());

    let order = json!({ "plan": "lte-light" });
    world.post(KIM, "/api/orders", "1", &order).await.expect(202);
    world.post(LEE, "/api/orders", "1", &order).await.expect(202);
    // What was counted is kept for a moment.
    assert_eq!(figures(&world).await, quiet);
    world.clock.advance(SignedDuration::from_secs(10));
    world.settle().await;
    let settled = figures(&world).await;
    assert_eq!(settled["running"], nothing);
    assert_ne!(settled["asOf"], quiet["asOf"]);
}

#[tokio::test]
async fn figures_tell_of_payments_that_are_open_and_of_the_last_run() {
    let (world, bill) = World::with_bill().await;
    let key = world.payment_key("form-1", &bill, bill["amount"].as_i64().unwrap(), Card::Lost);
    let form = json!({ "billId": bill["billId"], "paymentKey": key });
    let paid = world.post(KIM, "/api/payments", "pay", &form).await.expect(201);
    assert_eq!(paid["status"], "unknown");
    world.settle().await;
    let now = figures(&world).await;
    assert_eq!(now["openPayments"], json!({ "count": 1, "more": false }), "{now}");
    assert_eq!(now["running"], json!({ "count": 1, "more": false }), "{now}");
    assert!(now["oldestOpenSaga"].as_str().unwrap().starts_with("2026-11-01T00:00:00"), "{now}");
    assert_eq!((&now["lastRun"]["usageMonth"], &now["lastRun"]["issued"]), (&json!("2026-10"), &json!(1)));
}

#[tokio::test]
async fn figures_tell_of_lines_of_what_is_due_and_of_the_money_of_the_day() {
    let (world, bill) = World::with_bill().await;
    let due = bill["outstanding"].clone();
    let before = figures(&world).await;
    assert_eq!((&before["lines"]["active"], &before["lines"]["requested"]), (&json!(1), &json!(0)));
    assert_eq!(before["unpaid"], json!({ "bills": 1, "outstanding": due }));
    let october =
        json!({ "usageMonth": "2026-10", "issued": 1, "amount": due, "unpaid": 1, "outstanding": due });
    assert_eq!(before["months"], json!([october]));
    let days = before["days"].as_array().unwrap();
    assert_eq!(
        (days.len(), &days[0]["date"], &days[13]["date"]),
        (14, &json!("2026-10-19"), &json!("2026-11-01"))
    );

    let key = world.payment_key("form-1", &bill, due.as_i64().unwrap(), Card::Approve);
    let form = json!({ "billId": bill["billId"], "paymentKey": key });
    let paid = world.post(KIM, "/api/payments", "pay", &form).await.expect(201);
    world.settle().await;
    world.clock.advance(SignedDuration::from_secs(10));
    let after = figures(&world).await;
    assert_eq!(after["unpaid"], json!({ "bills": 0, "outstanding": 0 }));
    let today = |orders, refunds: i64, refunded: Value| {
        json!({
            "date": "2026-11-01", "orders": orders, "payments": 1, "paid": due, "refunds": refunds, "refunded": refunded
        })
    };
    assert_eq!(after["days"][13], today(0, 0, json!(0)));

    let path = format!("/api/payments/{}/cancellation", paid["paymentId"].as_str().unwrap());
    world.post(KIM, &path, "cancel", &json!({ "reason": "test" })).await.expect(202);
    world.settle().await;
    world
        .post(Who::Operator, "/tally_fold", "fold", &json!({ "Data": {}, "Metadata": {} }))
        .await
        .expect(200);
    world.clock.advance(SignedDuration::from_secs(10));
    let cancelled = figures(&world).await;
    assert_eq!(cancelled["unpaid"], before["unpaid"]);
    assert_eq!(cancelled["days"][13], today(0, 1, due.clone()));
}

#[tokio::test]
async fn who_watches_a_view_that_stays_the_same_is_sent_nothing() {
    let (world, _) = World::with_bill().await;
    for (who, path) in [(KIM, "/api/mypage"), (KIM, "/api/bills"), (Who::Operator, "/api/sagas")] {
        let first = world.get(who, path).await;
        let tag = first.headers[ETAG].to_str().unwrap().to_owned();
        let again = world.call(who, Method::GET, path).header("If-None-Match", &*tag).send().await;
        assert_eq!((again.status, &again.body), (304, &Value::Null), "{path}");
        assert_eq!(again.headers[ETAG], *tag);
        let other = world.call(who, Method::GET, path).header("If-None-Match", "\"other\"").send().await;
        assert_eq!((other.status, &other.body), (200, &first.body), "{path}");
        assert!(!other.headers.contains_key(IF_NONE_MATCH));
    }
    let nobody =
        world.call(Who::Nobody, Method::GET, "/api/mypage").header("If-None-Match", "*").send().await;
    assert_eq!(nobody.problem(), (401, "unauthenticated"));
}
