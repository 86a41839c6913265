//! What each test card of the gateway leads to.

use crate::harness::{Answer, Bill, LocalHost, SOON, Store, User, at, until};
use serde_json::json;

/// Longer than the gateway keeps a form that was not charged, in seconds.
const FORM_EXPIRES: i64 = 11 * 60;

/// A host with a bill for each of these customers.
pub(crate) async fn with_bills(customers: &[&str]) -> (LocalHost, Vec<(User, Bill)>) {
    let host = LocalHost::start_at(&at("2026-10-01")).await;
    for customer in customers {
        host.api.customer(customer).await.open_line(&json!({ "plan": "lte-basic" })).await;
    }
    host.api.set_clock(&at("2026-11-02")).await;
    host.api.run_month("2026-10").await;
    let mut bills = Vec::new();
    for customer in customers {
        let user = host.api.customer(customer).await;
        let bill = user.unpaid_bill().await;
        bills.push((user, bill));
    }
    (host, bills)
}

/// Status and code.
fn outcome(answer: &Answer) -> (u16, &str) {
    let said =
        if answer.status < 400 { answer.body["status"].as_str().unwrap_or_default() } else { answer.code() };
    (answer.status, said)
}

pub(crate) async fn expect_bill(user: &User, bill: &Bill, status: &str) {
    let now = user.bill(&bill.id).await;
    let due = if status == "settled" { 0 } else { bill.due };
    assert_eq!((now.body["status"].as_str(), now.due), (Some(status), due), "{}", now.body);
}

/// Nothing is left to be asked of the gateway, and nothing to be published.
pub(crate) async fn nothing_open(store: &Store) {
    until("the end of all open business", SOON, async || {
        let open = [store.rows("open|"), store.rows("out|")].concat();
        open.is_empty().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_card_leaves_the_bill_due() {
    let (host, bills) = with_bills(&["kim"]).await;
    let (kim, bill) = &bills[0];
    let declined = kim.pay(bill, "decline").await;
    assert_eq!(outcome(&declined), (402, "payment_declined"), "{}", declined.text);
    let payment = declined.text_at("/paymentId");
    assert_eq!(kim.payment(&payment).await.text_at("/status"), "declined");
    kim.saga_ends(&format!("pay-{payment}"), "compensated").await;
    expect_bill(kim, bill, "issued").await;
    assert_eq!(host.api.ledger().await.number_at("/charged"), 0);

    let paid = kim.pay(bill, "slow").await;
    kim.saga_ends(&paid.text_at("/sagaId"), "completed").await;
    expect_bill(kim, bill, "settled").await;
    let again = kim.pay(bill, "approve").await;
    assert_eq!(outcome(&again), (409, "nothing_due"));
    nothing_open(&host.store()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_found_out_by_asking_and_charges_once() {
    let (host, bills) = with_bills(&["kim"]).await;
    let (kim, bill) = &bills[0];
    let unknown = kim.pay(bill, "lost").await;
    assert_eq!(outcome(&unknown), (201, "unknown"), "{}", unknown.text);
    let second = kim.pay(bill, "approve").await;
    assert_eq!(outcome(&second), (409, "payment_in_progress"), "{}", second.text);
    expect_bill(kim, bill, "issued").await;

    host.api.fire("payments_resolve").await;
    kim.saga_ends(&unknown.text_at("/sagaId"), "completed").await;
    expect_bill(kim, bill, "settled").await;
    assert_eq!(host.api.ledger().await.number_at("/charged"), bill.due);
    nothing_open(&host.store()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_never_answers_holds_the_bill_until_the_gateway_gives_it_up() {
    let (host, bills) = with_bills(&["kim"]).await;
    let (kim, bill) = &bills[0];
    let unknown = kim.pay(bill, "timeout").await;
    assert_eq!(outcome(&unknown), (201, "unknown"), "{}", unknown.text);
    assert_eq!(outcome(&kim.pay(bill, "approve").await), (409, "payment_in_progress"));

    host.api.advance_clock(FORM_EXPIRES).await;
    host.api.fire("payments_resolve").await;
    kim.saga_ends(&unknown.text_at("/sagaId"), "compensated").await;
    assert_eq!(kim.payment(&unknown.text_at("/paymentId")).await.text_at("/status"), "declined");
    nothing_open(&host.store()).await;

    let paid = kim.pay(bill, "approve").await;
    kim.saga_ends(&paid.text_at("/sagaId"), "completed").await;
    expect_bill(kim, bill, "settled").await;
    assert_eq!(host.api.ledger().await.number_at("/charged"), bill.due);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_is_refused_leaves_the_payment_and_the_bill_as_they_were() {
    let (host, bills) = with_bills(&["kim", "lee"]).await;
    let ((kim, kims), (lee, lees)) = (&bills[0], &bills[1]);
    let paid = kim.pay(kims, "refund_refused").await;
    kim.saga_ends(&paid.text_at("/sagaId"), "completed").await;
    let payment = paid.text_at("/paymentId");
    let cancellation = kim.cancel(&payment, "changed my mind").await;
    kim.saga_ends(&cancellation.text_at("/sagaId"), "compensated").await;
    assert_eq!(kim.payment(&payment).await.text_at("/status"), "completed");
    expect_bill(kim, kims, "settled").await;

    let paid = lee.pay(lees, "approve").await;
    lee.saga_ends(&paid.text_at("/sagaId"), "completed").await;
    let ledger = host.api.ledger().await;
    assert_eq!((ledger.number_at("/charged"), ledger.number_at("/refunded")), (kims.due + lees.due, 0));
    kim.my_page("the payment on MyPage", |page| page["payments"][0]["status"] == "completed").await;
    nothing_open(&host.store()).await;
}
