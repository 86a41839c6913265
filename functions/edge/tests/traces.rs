//! Every message carries the trace of the request that it comes from, whoever sends it and when.

use super::*;
use std::collections::BTreeSet;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn traceparent() -> String {
    format!("00-{TRACE}-00f067aa0ba902b7-01")
}

/// The subjects of all messages of the trace, once; a message of another trace is a failure.
#[track_caller]
fn subjects(messages: &[app::ports::Message]) -> BTreeSet<String> {
    let trace = |message: &app::ports::Message| {
        let found = message.properties.iter().find(|(name, _)| *name == "traceparent");
        found.map(|(_, value)| value[3..35].to_owned())
    };
    for message in messages {
        assert_eq!(trace(message).as_deref(), Some(TRACE), "{message:?}");
    }
    messages.iter().map(|message| message.subject.clone()).collect()
}

#[track_caller]
fn expect(subjects: &BTreeSet<String>, expected: &[&str]) {
    let missing: Vec<_> = expected.iter().filter(|subject| !subjects.contains(**subject)).collect();
    assert!(missing.is_empty(), "{missing:?} are not among {subjects:?}");
}

#[tokio::test]
async fn a_billing_run_is_one_trace_through_its_chunks_to_the_bills() {
    let world = World::new();
    world.post(KIM, "/api/orders", "1", &json!({ "plan": "lte-light" })).await.expect(202);
    world.settle().await;
    world.set_clock("2026-11-01T00:00:00+09:00");
    let before = world.bus.sent().len();
    let month = json!({ "usageMonth": "2026-10" });
    let run = world.call(Who::Operator, Method::POST, "/api/billing-runs").json(&month);
    run.header("traceparent", traceparent()).send().await.expect(202);
    world.settle().await;
    expect(&subjects(&world.bus.sent()[before..]), &["billing.chunk", "bill.issued"]);
}

#[tokio::test]
async fn an_undo_belongs_to_the_request_that_it_undoes() {
    let world = World::new();
    let order = json!({ "plan": "lte-light", "wishNumber": "01055550001" });
    world.post(KIM, "/api/orders", "1", &order).await.expect(202);
    world.settle().await;
    let before = world.bus.sent().len();
    let second = world.call(LEE, Method::POST, "/api/orders").json(&order);
    second.header("traceparent", traceparent()).send().await.expect(202);
    world.settle().await;
    let undone =
        ["order.activation_refused", "saga.deadline", "bill.close_account", "order.reject", "order.rejected"];
    expect(&subjects(&world.bus.sent()[before..]), &undone);
}

#[tokio::test]
async fn a_payment_whose_outcome_is_found_out_later_stays_in_its_own_trace() {
    let (world, bill) = World::with_bill().await;
    let before = world.bus.sent().len();
    let due = bill["outstanding"].as_i64().unwrap();
    let key = world.payment_key("form-1", &bill, due, Card::Lost);
    let form = json!({ "billId": bill["billId"], "paymentKey": key });
    let pay = world.call(KIM, Method::POST, "/api/payments").json(&form).header("Idempotency-Key", "pay");
    let paid = pay.header("traceparent", traceparent()).send().await.expect(201);
    assert_eq!(paid["status"], "unknown");
    world.tick("payments_resolve").await.expect(200);
    world.settle().await;
    let through = ["pay.outcome_unknown", "pay.captured", "bill.settled", "pay.completed"];
    expect(&subjects(&world.bus.sent()[before..]), &through);
}
