//! Payments whose outcome is open at the gateway, when the gateway is slow to tell.

use crate::world::World;
use crate::world::commands::month;
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
