//! Billing runs: by themselves, again and at the same time, with usage that is late and lines that cannot be billed.

use crate::harness::{LocalHost, SOON, User, at, month_file, until, with_each};
use serde_json::{Value, json};

/// More than a bill may amount to.
const TOO_MUCH: &str = "100000000";

/// Months and statuses of a customer's bills.
async fn bills(user: &User) -> Vec<(String, i64)> {
    let bills = user.get("/api/bills").expect(200).await.list_at("/items");
    let month = |bill: &Value| bill["usageMonth"].as_str().unwrap().to_owned();
    bills.iter().map(|bill| (month(bill), bill["amount"].as_i64().unwrap())).collect()
}

/// The amount of the usage line of a type on a bill.
fn charged(bill: &Value, kind: &str) -> Option<i64> {
    bill["lines"].as_array().unwrap().iter().find(|line| line["code"] == kind)?["amount"].as_i64()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_billed_by_itself_when_the_next_one_begins_in_seoul() {
    let host = LocalHost::start_at(&at("2026-10-01")).await;
    let kim = host.api.customer("kim").await;
    kim.open_line(&json!({ "plan": "lte-basic" })).await;
    host.api.set_clock("2026-10-31T23:59:58+09:00").await;
    let operator = host.api.operator().await;
    operator.get("/api/billing-runs/2026-10").expect(404).await;
    until("the month's run", SOON, async || {
        let run = operator.get("/api/billing-runs/2026-10").send().await.unwrap();
        (run.body["status"] == "completed").then_some(())
    })
    .await;
    let kim = host.api.customer("kim").await;
    // 11,000 won and VAT.
    assert_eq!(bills(&kim).await, [("2026-10".to_owned(), 12_100)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_of_a_month_that_race_or_follow_each_other_bill_nobody_twice() {
    let host = LocalHost::start_at(&at("2026-10-01")).await;
    let names: Vec<String> = (0..40).map(|n| format!("customer-{n}")).collect();
    with_each(&names, 8, async |name| {
        host.api.customer(name).await.open_line(&json!({ "plan": "lte-basic" })).await;
    })
    .await;
    host.api.set_clock(&at("2026-11-02")).await;
    let operator = &host.api.operator().await;
    with_each(0..6, 6, async |_| {
        operator.post("/api/billing-runs", &json!({ "usageMonth": "2026-10" })).expect(202).await;
    })
    .await;
    host.api.quiet().await;
    let again = host.api.run_month("2026-10").await;
    assert_eq!(again.number_at("/issued"), 40);
    host.api.quiet().await;
    for name in &names {
        assert_eq!(bills(&host.api.customer(name).await).await, [("2026-10".to_owned(), 12_100)], "{name}");
    }
    // Two passes told of one bill: it can be paid once.
    let first = host.api.customer(&names[0]).await;
    let bill = first.unpaid_bill().await;
    let paid = first.pay(&bill, "approve").await;
    first.saga_ends(&paid.text_at("/sagaId"), "completed").await;
    assert_eq!(first.pay(&bill, "approve").await.code(), "nothing_due");
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_that_comes_after_the_bill_goes_on_the_next_one() {
    let host = LocalHost::start_at(&at("2026-10-01")).await;
    let line = host.api.customer("kim").await.open_line(&json!({ "plan": "lte-basic" })).await;
    host.api.set_clock(&at("2026-11-02")).await;
    host.api.upload(month_file(&line.number, &[("sms", "5", "2026-10-03")])).await;
    host.api.run_month("2026-10").await;
    let late = host.api.upload(month_file(&line.number, &[("voice_day", "10", "2026-10-31")])).await;
    assert_eq!(late.number_at("/accepted"), 1);
    host.api.run_month("2026-10").await;
    host.api.set_clock(&at("2026-12-02")).await;
    host.api.run_month("2026-11").await;

    let kim = host.api.customer("kim").await;
    let bills = kim.get("/api/bills").expect(200).await.list_at("/items");
    let usage: Vec<_> = bills.iter().map(|bill| (charged(bill, "sms"), charged(bill, "voice_day"))).collect();
    assert_eq!(usage, [(Some(100), None), (None, Some(1_080))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_cannot_be_billed_is_parked_and_does_not_stop_the_run() {
    let host = LocalHost::start_at(&at("2026-10-01")).await;
    let form = json!({ "plan": "lte-basic" });
    let line = host.api.customer("kim").await.open_line(&form).await;
    host.api.customer("lee").await.open_line(&form).await;
    host.api.set_clock(&at("2026-10-31")).await;
    host.api.upload(month_file(&line.number, &[("voice_day", TOO_MUCH, "2026-10-03")])).await;
    host.api.set_clock(&at("2026-11-02")).await;
    let run = host.api.run_month("2026-10").await;
    assert_eq!((run.number_at("/issued"), run.number_at("/parked")), (1, 1));
    assert_eq!(bills(&host.api.customer("lee").await).await.len(), 1);
    let kim = host.api.customer("kim").await;
    assert_eq!(bills(&kim).await, []);

    let operator = host.api.operator().await;
    let parked = operator.get("/api/parked").expect(200).await;
    assert_eq!(parked.text_at("/items/0/reason"), "amount_out_of_range");
    assert_eq!(parked.list_at("/items").len(), 1);
    let path = format!("/api/parked/{}", parked.text_at("/items/0/parkedId"));
    let replay = operator.request(reqwest::Method::POST, &format!("{path}/replay")).expect(409).await;
    assert_eq!(replay.code(), "wrong_state", "it is no more billable than before");
    operator.request(reqwest::Method::POST, &format!("{path}/discard")).expect(200).await;
    assert!(operator.get("/api/parked").expect(200).await.list_at("/items").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_wish_for_one_number_at_a_time_one_gets_it() {
    let host = LocalHost::start_at(&at("2026-10-01")).await;
    let names: Vec<String> = (0..24).map(|n| format!("customer-{n}")).collect();
    let endings = with_each(&names, 24, async |name| {
        let user = host.api.customer(name).await;
        let form = json!({ "plan": "lte-basic", "wishNumber": "01011112222" });
        let order = user.post("/api/orders", &form).expect(202).await;
        let path = format!("/api/orders/{}", order.text_at("/orderId"));
        let ended = until("the order's end", SOON, async || {
            let order = user.get(&path).expect(200).await;
            matches!(order.body["status"].as_str(), Some("active" | "rejected")).then_some(order)
        });
        ended.await.text_at("/status")
    })
    .await;
    assert_eq!(endings.iter().filter(|ending| *ending == "active").count(), 1, "{endings:?}");
    host.api.quiet().await;
    let sagas = host.api.operator().await.get("/api/sagas?status=compensated&limit=200").expect(200).await;
    assert_eq!(sagas.list_at("/items").len(), 23);
}
