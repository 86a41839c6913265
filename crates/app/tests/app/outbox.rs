//! The outbox when several relays look after it at the same time: what was published goes away, nothing else does.

use crate::world::World;
use crate::world::commands::{customer, on_plan};
use app::ports::Table;
use domain::limits::OUTBOX_AGE_SECONDS;
use futures::future::join_all;
use jiff::SignedDuration;
use std::collections::BTreeSet;
use testkit::{Call, Chance, Counts, Fault, MemoryTables};

/// Orders whose events wait in one outbox.
const ORDERS: usize = 6;

/// A world of one bucket in which the events of so many orders were written while the bus was down.
async fn left_behind(orders: usize) -> World {
    let world = World::with(1, 1, MemoryTables::default());
    world.faults.always(|call| matches!(call, Call::Send(_)), Fault::Refused);
    for order in 0..orders {
        world.app.open_line(&customer(&format!("c{order}")), on_plan("lte-light", None), None).await.unwrap();
    }
    world.faults.clear();
    world.advance(SignedDuration::from_secs(OUTBOX_AGE_SECONDS + 1));
    assert_eq!(waiting(&world).len(), orders);
    assert_eq!(world.bus.sent(), []);
    world.counted.reset();
    world
}

/// Message ids of what is in the outbox.
fn waiting(world: &World) -> BTreeSet<String> {
    let rows = world.books().outbox;
    rows.into_iter().map(|(_, row)| row.rsplit('|').next().unwrap_or_default().to_owned()).collect()
}

fn sent(world: &World) -> BTreeSet<String> {
    world.bus.sent().into_iter().map(|message| message.message_id).collect()
}

fn cost(world: &World) -> Counts {
    world.counted.counts().of(Table::Orders)
}

fn costs(queries: usize, writes: usize) -> Counts {
    Counts { reads: 0, queries, writes }
}

/// The bus does not take a message when it is sent the second time.
fn refuse_the_second_time(world: &World, message_id: String) {
    world.faults.nth(
        2,
        move |call| matches!(call, Call::Send(message) if message.message_id == message_id),
        Fault::Refused,
    );
}

/// The first relay deletes when the second has done so.
fn the_first_is_slow(world: &World) {
    world.faults.nth(1, Call::deletes_only, Fault::Late(1_000));
}

async fn relay_together(world: &World, relays: usize) {
    // One that meets a fault has left the rest to the next.
    let _ = join_all((0..relays).map(|_| world.app.relay_outbox())).await;
}

#[tokio::test(start_paused = true)]
async fn one_relay_alone_reads_once_and_writes_once() {
    let world = left_behind(ORDERS).await;
    relay_together(&world, 1).await;
    assert_eq!((waiting(&world).len(), sent(&world).len()), (0, ORDERS));
    assert_eq!(cost(&world), costs(1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_page_without_rows_is_not_the_end_of_an_outbox() {
    let world = left_behind(ORDERS).await;
    let empty =
        |call: &Call| matches!(call, Call::Query(Table::Orders, range) if range.from.starts_with("out|"));
    world.faults.nth(1, empty, Fault::ShortPage(0));
    relay_together(&world, 1).await;
    assert_eq!((waiting(&world).len(), sent(&world).len()), (0, ORDERS));
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_cannot_be_read_keeps_no_other_in_the_outbox() {
    let world = left_behind(ORDERS).await;
    world.faults.always(|call| matches!(call, Call::Query(Table::Bills, _)), Fault::LostBefore);
    assert!(world.app.relay_outbox().await.is_err(), "and is told");
    assert_eq!((waiting(&world).len(), sent(&world).len()), (0, ORDERS));
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_gone_does_not_keep_the_others_in_the_outbox() {
    let world = left_behind(ORDERS).await;
    let only_by_the_first = waiting(&world).into_iter().nth(2).unwrap();
    refuse_the_second_time(&world, only_by_the_first);
    the_first_is_slow(&world);
    relay_together(&world, 2).await;
    assert_eq!(waiting(&world), BTreeSet::new());
    assert_eq!(world.bus.sent().len(), 2 * ORDERS - 1);
    // The first one's transaction finds rows gone; it looks once, and deletes what is left.
    assert_eq!(cost(&world), costs(2 + 1, 2 + 1));
}

#[tokio::test(start_paused = true)]
async fn a_relay_whose_rows_are_all_gone_is_done() {
    for (orders, looks) in [(ORDERS, 1), (1, 0)] {
        let world = left_behind(orders).await;
        the_first_is_slow(&world);
        relay_together(&world, 2).await;
        assert_eq!(waiting(&world), BTreeSet::new());
        assert_eq!(cost(&world), costs(2 + looks, 2), "{orders} orders");
    }
}

#[tokio::test(start_paused = true)]
async fn relays_at_the_same_time_leave_what_the_bus_did_not_take_and_nothing_else() {
    for seed in 0..300 {
        let world = left_behind(ORDERS).await;
        let mut chance = Chance::new(seed);
        world.faults.each(move |call| match call {
            Call::Send(_) if chance.below(3) == 0 => Some(Fault::Refused),
            _ => Some(Fault::Late(u32::try_from(chance.below(12)).unwrap())),
        });
        let before = waiting(&world);
        relay_together(&world, 4).await;
        let left: BTreeSet<String> = before.difference(&sent(&world)).cloned().collect();
        assert_eq!(waiting(&world), left, "seed {seed}");
    }
}

/// Calls to the tables when one of two relays finds rows gone: three queries and three transactions.
const CALLS: usize = 6;

#[tokio::test(start_paused = true)]
async fn whatever_the_tables_answer_nothing_is_lost_and_the_next_relay_finds_the_rest() {
    for (fault, n) in [Fault::Refused, Fault::LostBefore, Fault::LostAfter]
        .into_iter()
        .flat_map(|fault| (1..=CALLS).map(move |n| (fault, n)))
    {
        let world = left_behind(ORDERS).await;
        let before = waiting(&world);
        refuse_the_second_time(&world, before.first().unwrap().clone());
        world.faults.nth(n, |call| call.table() == Some(Table::Orders), fault);
        the_first_is_slow(&world);
        relay_together(&world, 2).await;
        world.faults.clear();
        let unsent: BTreeSet<String> = before.difference(&sent(&world)).cloned().collect();
        assert!(waiting(&world).is_superset(&unsent), "{fault:?} at call {n} loses a message");
        relay_together(&world, 1).await;
        assert_eq!(waiting(&world), BTreeSet::new(), "{fault:?} at call {n}");
        assert_eq!(sent(&world), before, "{fault:?} at call {n}");
    }
}
