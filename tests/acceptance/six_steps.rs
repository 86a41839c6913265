//! The product from end to end: open, bill, look up, pay, cancel, see it all.

use crate::harness::{LocalHost, Options, at, month_file};
use serde_json::{Value, json};

/// Code and amount of every line of a bill.
fn amounts(bill: &Value) -> Vec<(&str, i64)> {
    let lines = bill["lines"].as_array().unwrap();
    lines.iter().map(|line| (line["code"].as_str().unwrap(), line["amount"].as_i64().unwrap())).collect()
}

/// The statuses of a history.
fn statuses(item: &Value) -> Vec<&str> {
    let history = item["history"].as_array().unwrap();
    history.iter().map(|change| change["status"].as_str().unwrap()).collect()
}

/// Step and state of a saga.
fn states(saga: &Value) -> Vec<(&str, &str)> {
    let steps = saga["steps"].as_array().unwrap();
    steps.iter().map(|it| (it["step"].as_str().unwrap(), it["state"].as_str().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_opens_a_line_is_billed_pays_cancels_and_sees_it_all() {
    play_the_six_steps(&LocalHost::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_six_steps_are_the_same_on_azurite_and_outlive_it() {
    let mut host = LocalHost::start_with(Options { store: "azurite", ..Options::default() }).await;
    play_the_six_steps(&host).await;
    let page = host.api.customer("kim").await.get("/api/mypage").expect(200).await;
    host.stop();
    host.start_again().await;
    assert_eq!(host.api.customer("kim").await.get("/api/mypage").expect(200).await.body, page.body);
}

async fn play_the_six_steps(host: &LocalHost) {
    host.api.set_clock(&at("2026-10-16")).await;
    let kim = host.api.customer("kim").await;
    let plans = host.api.get("/api/plans").expect(200).await;
    assert!(plans.list_at("/items").iter().any(|plan| plan["code"] == "lte-light"), "{}", plans.text);
    let line = kim.open_line(&json!({ "plan": "lte-light", "contractMonths": 12 })).await;

    host.api.set_clock(&at("2026-10-31")).await;
    let usage = [
        ("voice_day", "150.5", "2026-10-17"),
        ("voice_night", "20", "2026-10-18"),
        ("sms", "60", "2026-10-19"),
        ("data_mb", "1300", "2026-10-31"),
    ];
    let intake = host.api.upload(month_file(&line.number, &usage)).await;
    assert_eq!(intake.body, json!({ "accepted": 4, "duplicates": 0, "rejected": [] }));

    host.api.set_clock(&at("2026-11-02")).await;
    let run = host.api.run_month("2026-10").await;
    let counts = ["/lines", "/issued", "/skipped", "/parked"].map(|count| run.number_at(count));
    assert_eq!(counts, [1, 1, 0, 0]);

    let kim = host.api.customer("kim").await;
    let bill = kim.unpaid_bill().await;
    // 16 of 31 days: so much of the fee, and of the allowances 155 minutes, 52 messages and 1,322 MB.
    let expected = [
        ("monthly_fee", 15_484),
        ("voice_day", 0),
        ("voice_night", 1_674),
        ("sms", 160),
        ("data_mb", 0),
        ("contract_discount", -3_871),
        ("vat", 1_345),
        ("rounding", -2),
    ];
    assert_eq!(amounts(&bill.body), expected);
    assert_eq!((bill.due, bill.body["amount"].as_i64()), (14_790, Some(14_790)));

    let paid = kim.pay(&bill, "approve").await;
    assert_eq!((paid.status, paid.body["status"].as_str()), (201, Some("captured")), "{}", paid.text);
    let saga = kim.saga_ends(&paid.text_at("/sagaId"), "completed").await;
    let done = ["pay.captured", "bill.settled", "pay.completed"].map(|step| (step, "succeeded"));
    assert_eq!(states(&saga.body), done);
    let settled = kim.bill(&bill.id).await;
    assert_eq!((settled.due, &settled.body["status"]), (0, &json!("settled")));

    let payment = paid.text_at("/paymentId");
    let cancellation = kim.cancel(&payment, "단순 변심").await;
    kim.saga_ends(&cancellation.text_at("/sagaId"), "completed").await;
    let due_again = kim.bill(&bill.id).await;
    assert_eq!((due_again.due, &due_again.body["status"]), (bill.due, &json!("issued")));
    let ledger = host.api.ledger().await;
    assert_eq!((ledger.number_at("/charged"), ledger.number_at("/refunded")), (bill.due, bill.due));

    let page =
        kim.my_page("the cancellation on MyPage", |page| page["payments"][0]["status"] == "cancelled").await;
    assert_eq!(statuses(&page.body["lines"][0]), ["requested", "active"]);
    assert_eq!(page.body["lines"][0]["orderId"], line.order_id);
    assert_eq!(statuses(&page.body["bills"][0]), ["issued", "settled", "issued"]);
    assert_eq!(statuses(&page.body["payments"][0]), ["captured", "completed", "cancelling", "cancelled"]);
    assert!(!page.text.contains("Z\""), "times are of Seoul: {}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wished_number_that_is_taken_rejects_the_order_and_undoes_everything() {
    let host = LocalHost::start_at(&at("2026-10-16")).await;
    let (kim, lee) = (host.api.customer("kim").await, host.api.customer("lee").await);
    let line = kim.open_line(&json!({ "plan": "lte-basic", "wishNumber": "010-2345-6789" })).await;
    assert_eq!(line.number, "01023456789");

    let order = lee
        .post("/api/orders", &json!({ "plan": "lte-basic", "wishNumber": "01023456789" }))
        .expect(202)
        .await;
    let saga = lee.saga_ends(&order.text_at("/sagaId"), "compensated").await;
    let undone = [
        ("order.placed", "undo_succeeded"),
        ("bill.account_opened", "undo_succeeded"),
        ("order.activated", "failed"),
    ];
    assert_eq!(states(&saga.body), undone);
    let rejected = lee.get(&format!("/api/orders/{}", order.text_at("/orderId"))).expect(200).await;
    let facts = ["status", "reason", "number"].map(|member| rejected.body[member].clone());
    assert_eq!(facts, [json!("rejected"), json!("number_taken"), Value::Null]);
    lee.my_page("the rejection on MyPage", |page| statuses(&page["lines"][0]) == ["requested", "rejected"])
        .await;

    // The account is closed, so there is nobody but kim to bill.
    host.api.set_clock(&at("2026-11-02")).await;
    let run = host.api.run_month("2026-10").await;
    assert_eq!((run.number_at("/issued"), run.number_at("/skipped")), (1, 1));
    assert_eq!(
        host.api.customer("lee").await.get("/api/bills").expect(200).await.list_at("/items"),
        [] as [Value; 0]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_closed_with_a_final_bill() {
    let host = LocalHost::start_at(&at("2026-10-01")).await;
    let kim = host.api.customer("kim").await;
    let line = kim.open_line(&json!({ "plan": "lte-basic" })).await;

    host.api.set_clock(&at("2026-10-10")).await;
    let kim = host.api.customer("kim").await;
    host.api.upload(month_file(&line.number, &[("sms", "7", "2026-10-03")])).await;
    let path = format!("/api/orders/{}/termination", line.order_id);
    let termination = kim.request(reqwest::Method::POST, &path).expect(202).await;
    kim.saga_ends(&termination.text_at("/sagaId"), "completed").await;

    let closed = kim.get(&format!("/api/orders/{}", line.order_id)).expect(200).await;
    assert_eq!(statuses(&closed.body), ["requested", "active", "terminating", "terminated"]);
    let bill = kim.unpaid_bill().await;
    // 10 of 31 days.
    assert_eq!(amounts(&bill.body), [("monthly_fee", 3_548), ("sms", 140), ("vat", 369), ("rounding", -7)]);
    let paid = kim.pay(&bill, "approve").await;
    kim.saga_ends(&paid.text_at("/sagaId"), "completed").await;
    assert_eq!(kim.bill(&bill.id).await.body["status"], "settled");

    host.api.set_clock(&at("2026-11-02")).await;
    let run = host.api.run_month("2026-10").await;
    assert_eq!((run.number_at("/issued"), run.number_at("/skipped")), (0, 1));
}
