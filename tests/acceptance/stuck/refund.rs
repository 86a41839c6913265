//! A payment is undone, and the gateway refuses the refund: an operator settles it there and retries the saga.

use super::{AT_ONCE, all_at_once, deadline_passes, steps, waits_for};
use crate::cards::{expect_bill, nothing_open, with_bills};
use crate::harness::{LocalHost, User};
use reqwest::Method;
use serde_json::json;

/// The consumer without which a bill does not hear that it was paid.
const BILL: &str = "bill_on_payment_captured";

async fn stuck_sagas(operator: &User) -> Vec<String> {
    let sagas = operator.get("/api/sagas?status=stuck").expect(200).await.list_at("/items");
    sagas.iter().map(|saga| saga["sagaId"].as_str().unwrap().to_owned()).collect()
}

/// What the operator has the gateway do from now on with its only payment.
async fn settle_with_gateway(host: &LocalHost, card: &str) {
    let key = host.api.ledger().await.text_at("/payments/0/paymentKey");
    let path = format!("/dev/gateway/payments/{key}");
    host.api.request(Method::PUT, &path).json(&json!({ "card": card })).expect(200).await;
}

async fn retry_is_refused(user: &User, saga: &str, status: u16, code: &str) {
    let answer = user.request(Method::POST, &format!("/api/sagas/{saga}/retry")).expect(status).await;
    assert_eq!(answer.code(), code, "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_refund_makes_the_saga_stuck_until_an_operator_has_settled_it() {
    let (mut host, bills) = with_bills(&["kim"]).await;
    let (kim, bill) = &bills[0];
    let operator = host.api.operator().await;
    host.restart_without(&[BILL]).await;
    let paid = kim.pay(bill, "refund_refused").await;
    assert_eq!(paid.status, 201, "{}", paid.text);
    let saga = paid.text_at("/sagaId");
    waits_for(&host, "bill-on-payment-captured").await;
    retry_is_refused(&operator, &saga, 409, "wrong_state").await;

    let stuck = deadline_passes(&host, kim, &saga, "stuck").await;
    let (step, state, detail) = steps(&stuck).remove(0);
    assert_eq!((step.as_str(), state.as_str()), ("pay.captured", "undo_failed"));
    assert_eq!(detail.as_deref(), Some("NOT_CANCELABLE_PAYMENT"));
    assert_eq!(stuck_sagas(&operator).await, std::slice::from_ref(&saga));
    assert_eq!(stuck.number_at("/undoAttempts"), 1);
    // Money that was not given back is not said to be.
    assert_eq!(kim.payment(&paid.text_at("/paymentId")).await.text_at("/status"), "captured");
    assert_eq!(host.api.ledger().await.number_at("/refunded"), 0);

    retry_is_refused(kim, &saga, 403, "forbidden").await;
    retry_is_refused(&host.api.customer("lee").await, &saga, 403, "forbidden").await;
    retry_is_refused(&operator, "open-202610-unknown", 404, "not_found").await;
    let path = format!("/api/sagas/{saga}/retry");
    host.api.request(Method::POST, &path).expect(401).await;

    // The cause is still there.
    operator.request(Method::POST, &path).expect(202).await;
    let again = kim.saga_ends(&saga, "stuck").await;
    assert_eq!(again.number_at("/undoAttempts"), 2);

    settle_with_gateway(&host, "approve").await;
    let answers = all_at_once(&operator, &vec![path; AT_ONCE]).await;
    let mut once = vec![(409, "wrong_state".to_owned()); AT_ONCE];
    once[0] = (202, String::new());
    assert_eq!(answers, once);
    let ended = kim.saga_ends(&saga, "compensated").await;
    assert_eq!(ended.number_at("/undoAttempts"), 3);
    assert_eq!(stuck_sagas(&operator).await, [] as [String; 0]);
    retry_is_refused(&operator, &saga, 409, "wrong_state").await;

    waits_for(&host, "bill-on-payment-captured").await;
    given_back_once(&host, bill.due).await;
    assert_eq!(kim.payment(&paid.text_at("/paymentId")).await.text_at("/status"), "compensated");
    expect_bill(kim, bill, "issued").await;

    // The bill hears of the payment after all, which is none any more.
    host.restart_without(&[]).await;
    host.api.quiet().await;
    expect_bill(kim, bill, "issued").await;
    let paid = kim.pay(bill, "approve").await;
    kim.saga_ends(&paid.text_at("/sagaId"), "completed").await;
    expect_bill(kim, bill, "settled").await;
    nothing_open(&host.store()).await;
}

async fn given_back_once(host: &LocalHost, amount: i64) {
    let ledger = host.api.ledger().await;
    let sums = ["/charged", "/refunded", "/payments/0/cancellations"].map(|sum| ledger.number_at(sum));
    assert_eq!(sums, [amount, amount, 1], "{}", ledger.text);
}
