//! A step is never taken: at the deadline the saga undoes what was done, and news that comes later changes nothing.

use super::{deadline_passes, steps, waits_for};
use crate::cards::{expect_bill, nothing_open, with_bills};
use crate::harness::{Answer, Bill, LocalHost, User, at};
use serde_json::{Value, json};

/// The states of a saga's steps.
fn states(saga: &Answer) -> Vec<String> {
    steps(saga).into_iter().map(|(_, state, _)| state).collect()
}

/// The step that time ran out for.
fn overdue(saga: &Answer) -> Vec<String> {
    let late = steps(saga).into_iter().filter(|(.., detail)| detail.as_deref() == Some("deadline"));
    late.map(|(step, ..)| step).collect()
}

/// Every function runs again, and what waited for one is handled.
async fn everything_runs_again(host: &mut LocalHost) {
    host.restart_without(&[]).await;
    host.api.quiet().await;
}

/// The status of an order.
async fn order(user: &User, id: &str) -> Value {
    user.get(&format!("/api/orders/{id}")).expect(200).await.body["status"].clone()
}

async fn pays(user: &User, bill: &Bill) -> Answer {
    let paid = user.pay(bill, "approve").await;
    user.saga_ends(&paid.text_at("/sagaId"), "completed").await;
    expect_bill(user, bill, "settled").await;
    paid
}

/// Charged and given back.
async fn ledger(host: &LocalHost) -> [i64; 2] {
    let ledger = host.api.ledger().await;
    ["/charged", "/refunded"].map(|sum| ledger.number_at(sum))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_never_completed_is_given_back_and_the_bill_is_due_again() {
    let (mut host, bills) = with_bills(&["kim"]).await;
    let (kim, bill) = &bills[0];
    host.restart_without(&["pay_on_bill_settled"]).await;
    let paid = kim.pay(bill, "approve").await;
    waits_for(&host, "pay-on-bill-settled").await;
    let saga = deadline_passes(&host, kim, &paid.text_at("/sagaId"), "compensated").await;
    assert_eq!(states(&saga), ["undo_succeeded"; 3]);
    assert_eq!(overdue(&saga), ["pay.completed"]);
    let as_before = async |host: &LocalHost| {
        assert_eq!(ledger(host).await, [bill.due, bill.due]);
        assert_eq!(kim.payment(&paid.text_at("/paymentId")).await.text_at("/status"), "compensated");
        expect_bill(kim, bill, "issued").await;
    };
    as_before(&host).await;
    everything_runs_again(&mut host).await;
    as_before(&host).await;
    pays(kim, bill).await;
    assert_eq!(ledger(&host).await, [2 * bill.due, bill.due]);
    nothing_open(&host.store()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_whose_refund_is_never_tried_is_withdrawn_and_the_payment_stands() {
    let (mut host, bills) = with_bills(&["kim"]).await;
    let (kim, bill) = &bills[0];
    let payment = pays(kim, bill).await.text_at("/paymentId");
    host.restart_without(&["pay_on_bill_reopened"]).await;
    let cancellation = kim.cancel(&payment, "test").await;
    waits_for(&host, "pay-on-bill-reopened").await;
    expect_bill(kim, bill, "issued").await;
    let saga = deadline_passes(&host, kim, &cancellation.text_at("/sagaId"), "compensated").await;
    assert_eq!(states(&saga), ["undo_succeeded"; 3]);
    assert_eq!(overdue(&saga), ["pay.cancelled"]);
    let as_before = async |host: &LocalHost| {
        assert_eq!(ledger(host).await, [bill.due, 0]);
        assert_eq!(kim.payment(&payment).await.text_at("/status"), "completed");
        expect_bill(kim, bill, "settled").await;
    };
    as_before(&host).await;
    everything_runs_again(&mut host).await;
    as_before(&host).await;
    let again = kim.cancel(&payment, "test").await;
    kim.saga_ends(&again.text_at("/sagaId"), "completed").await;
    assert_eq!(ledger(&host).await, [bill.due, bill.due]);
    nothing_open(&host.store()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_never_gets_a_number_is_rejected_and_nobody_is_billed() {
    let mut host = LocalHost::start_at(&at("2026-10-01")).await;
    let kim = host.api.customer("kim").await;
    host.restart_without(&["order_on_account_opened"]).await;
    let placed = kim.post("/api/orders", &json!({ "plan": "lte-basic" })).expect(202).await;
    waits_for(&host, "order-on-account-opened").await;
    let saga = deadline_passes(&host, &kim, &placed.text_at("/sagaId"), "compensated").await;
    assert_eq!(states(&saga), ["undo_succeeded"; 3]);
    assert_eq!(overdue(&saga), ["order.activated"]);
    let id = placed.text_at("/orderId");
    assert_eq!(order(&kim, &id).await, "rejected");
    everything_runs_again(&mut host).await;
    assert_eq!(order(&kim, &id).await, "rejected");
    assert_eq!(host.store().rows("number|"), [] as [String; 0]);

    host.api.set_clock(&at("2026-11-02")).await;
    assert_eq!(host.api.run_month("2026-10").await.number_at("/issued"), 0);
    nothing_open(&host.store()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_whose_closing_gets_no_further_goes_on_and_its_final_bill_is_void() {
    let mut host = LocalHost::start_at(&at("2026-10-01")).await;
    let kim = host.api.customer("kim").await;
    let line = kim.open_line(&json!({ "plan": "lte-basic" })).await;
    host.restart_without(&["order_on_final_issued"]).await;
    let path = format!("/api/orders/{}/termination", line.order_id);
    let termination = kim.request(reqwest::Method::POST, &path).expect(202).await;
    waits_for(&host, "order-on-final-issued").await;
    let saga = deadline_passes(&host, &kim, &termination.text_at("/sagaId"), "compensated").await;
    assert_eq!(states(&saga), ["undo_succeeded"; 3]);
    assert_eq!(overdue(&saga), ["order.terminated"]);
    assert_eq!(order(&kim, &line.order_id).await, "active");
    everything_runs_again(&mut host).await;
    assert_eq!(order(&kim, &line.order_id).await, "active");
    let unpaid = kim.get("/api/bills?status=unpaid").expect(200).await;
    assert_eq!(unpaid.list_at("/items"), [] as [Value; 0], "{}", unpaid.text);

    host.api.set_clock(&at("2026-11-02")).await;
    assert_eq!(host.api.run_month("2026-10").await.number_at("/issued"), 1);
    nothing_open(&host.store()).await;
}
