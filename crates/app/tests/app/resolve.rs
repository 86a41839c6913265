//! Payments whose outcome is open at the gateway, when the gateway is slow to tell.

use crate::world::World;
use crate::world::commands::{customer, month, payment_of};
use domain::ids::{BillId, PaymentKey};
use domain::limits::{HANDLER_SECONDS_MAX, UNKNOWN_AFTER_SECONDS};
use domain::pay::Status;
use jiff::SignedDuration;
use std::time::Duration;
use testkit::{Call, Card, Fault, MemoryTables};

const PAYMENTS: usize = 10;
/// Of which the gateway says nothing.
const SILENT: usize = 7;

#[tokio::test(start_paused = true)]
async fn payments_of_which_the_gateway_says_nothing_hold_up_no_others() {
    let mut world = World::with(1, 1, MemoryTables::default());
    let mut bills = Vec::new();
    for n in 0..PAYMENTS {
        let name = format!("c{n}");
        let line = world.open_line(&name).await;
        bills.push((name, BillId::monthly(month("2026-10"), &line)));
    }
    world.at("2026-10-31T16:00:00Z");
    world.run_month("2026-10").await;
    for (name, bill) in &bills {
        world.pay(name, bill, None, Card::Lost, None).await.unwrap();
    }
    world.advance(SignedDuration::from_secs(UNKNOWN_AFTER_SECONDS + 1));
    let silent: Vec<PaymentKey> =
        world.books().payments.values().take(SILENT).map(|one| one.payment_key.clone()).collect();
    world
        .faults
        .always(move |call| matches!(call, Call::Find(key) if silent.contains(key)), Fault::DieBefore);
    let deadline = Duration::from_secs(HANDLER_SECONDS_MAX);
    assert!(
        tokio::time::timeout(deadline, world.app.resolve_payments()).await.is_err(),
        "it waits for those"
    );
    let captured = world.books().payments.values().filter(|one| one.status == Status::Captured).count();
    assert_eq!(captured, PAYMENTS - SILENT);
}

/// Seconds that a call to the tables of a slow instance takes.
const CALL: u64 = 1;

#[tokio::test(start_paused = true)]
async fn a_timer_that_is_behind_forgets_no_refund_that_was_begun_since() {
    let mut world = World::with(1, 1, MemoryTables::default());
    let (_, bill) = world.billed("kim").await;
    let paid = world.pay("kim", &bill, None, Card::Lost, None).await.unwrap();
    let payment = payment_of(&paid);
    world.advance(SignedDuration::from_secs(UNKNOWN_AFTER_SECONDS + 1));
    let slow = world.slow_app(CALL * 1_000, CALL * 1_000);
    let meanwhile = async {
        // The slow one has seen the charge without an outcome. Another one settles it, and the customer cancels.
        tokio::time::sleep(Duration::from_millis(CALL * 1_500)).await;
        world.app.resolve_payments().await.unwrap();
        world.run_until_quiet().await;
        world.app.cancel_payment(&customer("kim"), &payment, "test", None).await.unwrap();
        // The slow one has seen that nothing is open; now the refund is, and its outcome is not known.
        tokio::time::sleep(Duration::from_secs(CALL)).await;
        world.refunds_hang(true);
        world.run_until_quiet().await;
    };
    let (looked_at, ()) = tokio::join!(slow.resolve_payments(), meanwhile);
    assert_eq!(looked_at.unwrap(), 1);
    world.refunds_hang(false);
    world.advance(SignedDuration::from_secs(UNKNOWN_AFTER_SECONDS + 1));
    world.app.resolve_payments().await.unwrap();
    world.run_until_quiet().await;
    assert_eq!(world.books().payments[&payment].status, Status::Cancelled);
    world.rest().await;
    world.check_books("the money is back").await;
}
