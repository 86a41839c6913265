//! Numbers that come back.

use crate::world::World;
use crate::world::commands::{customer, order_of, wish};
use app::bill::UsageRecord;
use app::ports::Table;
use domain::catalogue::UsageType;
use domain::ids::OrderId;
use domain::order::Status;
use jiff::SignedDuration;
use serde_json::Value;
use testkit::{Call, Fault};

const NUMBER: &str = "010-4444-0001";

/// What is stored of the number, if anything.
fn stored(world: &World) -> Option<Value> {
    world.books().numbers.into_values().next()
}

/// The codes with which records are rejected.
async fn rejected(world: &World, record: &UsageRecord) -> Vec<String> {
    world.import(std::slice::from_ref(record)).await.rejected.into_iter().map(|it| it.reason).collect()
}

/// A customer had the number, and its rest is over. Her usage of then is still to come.
async fn had_by_ann(world: &mut World) -> UsageRecord {
    let line = world.open("ann", wish(Some(NUMBER))).await;
    let late = world.used(&line, "late", UsageType::VoiceDay, "60", "2026-10-05T02:00:00Z");
    world.at("2026-10-06T03:00:00Z");
    world.app.terminate_line(&customer("ann"), &line, None).await.unwrap();
    world.rest().await;
    world.at("2027-01-20T03:00:00Z");
    late
}

/// An order that is given the number and then comes to nothing, because it cannot be written that its line works. The
/// first write to the number by its undo goes wrong as `fault` says.
async fn called_off(world: &mut World, name: &str, fault: Option<Fault>) -> OrderId {
    let activates = |call: &Call| matches!(call, Call::Commit(Table::Orders, _, ops) if ops.iter().any(|op| op.row.starts_with("inbox|")));
    world.faults.always(activates, Fault::LostBefore);
    let order = order_of(&world.app.open_line(&customer(name), wish(Some(NUMBER)), None).await.unwrap());
    world.run_until_quiet().await;
    assert_eq!(stored(world).unwrap()["orderId"], order.as_str());
    world.faults.clear();
    if let Some(fault) = fault {
        world.faults.nth(1, |call| call.commits_to(Table::Numbers), fault);
    }
    world.advance(SignedDuration::from_mins(11));
    world.rest().await;
    assert_eq!(world.faults.fired(), usize::from(fault.is_some()));
    world.faults.clear();
    assert_eq!(world.books().orders[&order].status, Status::Rejected);
    order
}

#[tokio::test(start_paused = true)]
async fn a_number_that_somebody_had_before_a_called_off_activation_is_the_next_lines_from_its_first_day_only()
{
    for fault in [None, Some(Fault::LostBefore), Some(Fault::LostAfter)] {
        let mut world = World::new(1);
        let late = had_by_ann(&mut world).await;
        called_off(&mut world, "bob", fault).await;
        // Nothing of bob is kept, but that the number is not new.
        let free = stored(&world).unwrap();
        assert_eq!(free.as_object().unwrap().keys().collect::<Vec<_>>(), ["freeSince"], "{fault:?}");
        world.check_books("called off").await;
        assert_eq!(rejected(&world, &late).await, ["unknown_number"]);
        let line = world.open("carol", wish(Some(NUMBER))).await;
        assert_eq!(rejected(&world, &late).await, ["used_before_assignment"], "{fault:?}");
        assert_eq!(world.books().orders[&line].status, Status::Active);
        world.rest().await;
        world.check_books("given again").await;
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_still_known_when_two_activations_in_a_row_are_called_off() {
    let mut world = World::new(1);
    let late = had_by_ann(&mut world).await;
    called_off(&mut world, "bob", None).await;
    called_off(&mut world, "dan", None).await;
    world.open("carol", wish(Some(NUMBER))).await;
    assert_eq!(rejected(&world, &late).await, ["used_before_assignment"]);
}

#[tokio::test(start_paused = true)]
async fn a_number_that_nobody_had_leaves_nothing_behind_when_its_activation_is_called_off() {
    let mut world = World::new(1);
    called_off(&mut world, "bob", None).await;
    assert_eq!(stored(&world), None);
    world.open("carol", wish(Some(NUMBER))).await;
    assert_eq!(stored(&world).unwrap()["usedBefore"], false);
    world.rest().await;
    world.check_books("the first to have it").await;
}
