//! What stands in the log: every step of a trace, and nobody's personal data.

use crate::harness::{LocalHost, Options, SOON, User, at, month_file, raw, until};
use reqwest::Method;
use serde_json::{Value, json};

/// A customer and a number that are nowhere else, so that they can be looked for.
const CUSTOMER: &str = "canary-customer-7f3a";
const NUMBER: &str = "01073519284";
const NUMBER_WITH_DASHES: &str = "010-7351-9284";
const REASON: &str = "canary-reason-51d0";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn lines(log: &str) -> Vec<Value> {
    log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_is_followed_from_the_request_through_every_message() {
    let host = LocalHost::start_with(Options { log: "info", ..Options::default() }).await;
    host.api.set_clock(&at("2026-10-01")).await;
    let kim = host.api.customer("kim").await;
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let order = kim
        .post("/api/orders", &json!({ "plan": "lte-basic" }))
        .header("traceparent", &parent)
        .expect(202)
        .await;
    let saga = order.text_at("/sagaId");
    kim.saga_ends(&saga, "completed").await;
    let line = until("the saga's end in the log", SOON, async || {
        let of_saga = |line: &Value| line["message"] == "saga completed" && line["saga.id"] == saga.as_str();
        lines(&host.log()).into_iter().find(of_saga)
    })
    .await;
    // Four messages after the request.
    assert_eq!(line["trace.id"], TRACE, "{line}");
    assert_eq!((&line["http.route"], &line["service"]), (&json!("/saga_track"), &json!("saga")), "{line}");
    assert!(line["span.id"].as_str().is_some_and(|id| id.len() == 16), "{line}");
    assert!(line["invocation.id"].as_str().is_some_and(|id| id.len() == 36), "{line}");
}

/// Does everything that has to do with the customer, well and badly.
async fn live(host: &LocalHost) -> (User, Vec<String>) {
    let form = json!({ "plan": "lte-basic", "wishNumber": NUMBER_WITH_DASHES });
    let line = host.api.customer(CUSTOMER).await.open_line(&form).await;
    assert_eq!(line.number, NUMBER);
    host.api.set_clock(&at("2026-10-31")).await;
    host.api.upload(month_file(NUMBER, &[("sms", "3", "2026-10-02"), ("fax", "1", "2026-10-02")])).await;
    host.api.set_clock(&at("2026-11-02")).await;
    host.api.run_month("2026-10").await;
    let user = host.api.customer(CUSTOMER).await;
    let bill = user.unpaid_bill().await;
    let key = host.api.payment_key("lost", &bill).await;
    let form = json!({ "billId": bill.id, "paymentKey": key });
    let paid = user.post("/api/payments", &form).key("canary-key").expect(201).await;
    host.api.fire("payments_resolve").await;
    user.saga_ends(&paid.text_at("/sagaId"), "completed").await;
    let cancellation = user.cancel(&paid.text_at("/paymentId"), REASON).await;
    user.saga_ends(&cancellation.text_at("/sagaId"), "completed").await;
    user.pay(&bill, "decline").await;
    misbehave(host, &user).await;
    (user.clone(), vec![key, user.token])
}

/// Personal data where it does not belong.
async fn misbehave(host: &LocalHost, user: &User) {
    let other = host.api.customer("lee").await;
    let taken =
        other.post("/api/orders", &json!({ "plan": "lte-basic", "wishNumber": NUMBER })).expect(202).await;
    other.saga_ends(&taken.text_at("/sagaId"), "compensated").await;
    user.post("/api/orders", &json!({ "plan": NUMBER, "customerId": CUSTOMER })).expect(422).await;
    user.post("/api/orders", &json!({ "plan": "lte-basic", "wishNumber": format!("{NUMBER}0") }))
        .expect(400)
        .await;
    user.request(Method::POST, "/api/orders")
        .body(Some("application/json"), format!("{{{NUMBER}"))
        .expect(400)
        .await;
    user.get(&format!("/api/orders/{NUMBER}?customerId={CUSTOMER}")).expect(404).await;
    user.get(&format!("/api/{CUSTOMER}/{NUMBER}")).expect(404).await;
    other.get(&format!("/api/mypage?customerId={CUSTOMER}")).expect(404).await;
    raw(&host.api.url, "POST", &format!("/saga_track/{NUMBER}"), &user.token, CUSTOMER).await;
    for (function, message) in
        [("billing_chunk", json!(NUMBER)), ("saga_track", json!({ "customerId": CUSTOMER }))]
    {
        let path = format!("/admin/functions/{function}");
        host.api.post(&path, &json!({ "input": message })).expect(202).await;
    }
    let operator = host.api.operator().await;
    until("the messages' parking", SOON, async || {
        (operator.get("/api/parked").expect(200).await.list_at("/items").len() == 2).then_some(())
    })
    .await;
}

async fn expect_nothing_personal(log: &'static str) {
    let mut host = LocalHost::start_with(Options { log, ..Options::default() }).await;
    host.api.set_clock(&at("2026-10-01")).await;
    let (_, secrets) = live(&host).await;
    host.api.quiet().await;
    host.stop();
    let log = host.log();
    assert!(lines(&log).len() > 10, "there is a log: {log}");
    let personal = [CUSTOMER, NUMBER, NUMBER_WITH_DASHES, REASON].map(str::to_owned);
    for canary in personal.into_iter().chain(secrets) {
        let found: Vec<&str> = log.lines().filter(|line| line.contains(&canary)).collect();
        assert!(found.is_empty(), "{canary} stands in the log:\n{}", found.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_personal_data_stands_in_the_log() {
    expect_nothing_personal("info").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_personal_data_stands_in_the_log_of_somebody_who_looks_closer() {
    expect_nothing_personal(
        "info,functions=debug,app=debug,local_host=debug,azure=debug,toss=debug,embedded=debug",
    )
    .await;
}
