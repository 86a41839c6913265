//! How many messages wait, as operators are told.

use crate::world::World;
use crate::world::commands::{customer, on_plan};
use app::App;
use app::ports::Depth;
use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::{Call, Fault};

/// Time for which an answer is kept.
const FRESH: SignedDuration = SignedDuration::from_secs(15);

/// Counts how often the bus is asked from now on.
fn asked(world: &World) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    world.faults.each(move |call| {
        counted.fetch_add(usize::from(*call == Call::Depths), Ordering::Relaxed);
        None
    });
    count
}

async fn open_line(world: &World, name: &str) {
    world.app.open_line(&customer(name), on_plan("lte-light", None), None).await.unwrap();
}

/// Messages that wait at one place.
async fn active(app: &App, entity: &str) -> u64 {
    let depths = app.queue_depths().await.unwrap();
    depths.into_iter().find(|depth| depth.entity == entity).unwrap().active
}

#[tokio::test]
async fn the_depths_are_told_as_the_bus_has_them() {
    let world = World::new(1);
    open_line(&world, "kim").await;
    let depths = world.app.queue_depths().await.unwrap();
    assert_eq!((depths.len(), active(&world.app, "events/saga-track").await), (16, 1));
    let shown = serde_json::to_value(&depths[0]).unwrap();
    assert_eq!(shown, json!({ "entity": "billing", "active": 0, "scheduled": 0, "deadLettered": 0 }));
}

#[tokio::test]
async fn the_depths_are_kept_for_fifteen_seconds() {
    let world = World::new(1);
    let asked = asked(&world);
    assert_eq!(active(&world.app, "events/saga-track").await, 0);
    open_line(&world, "kim").await;
    world.clock.advance(FRESH - SignedDuration::from_millis(1));
    assert_eq!(active(&world.app, "events/saga-track").await, 0);
    world.clock.advance(SignedDuration::from_millis(1));
    assert_eq!(active(&world.app, "events/saga-track").await, 1);
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_clock_that_was_set_back_keeps_nothing_for_longer() {
    let world = World::new(1);
    assert_eq!(active(&world.app, "events/saga-track").await, 0);
    open_line(&world, "kim").await;
    world.clock.advance(-FRESH);
    assert_eq!(active(&world.app, "events/saga-track").await, 1);
}

#[tokio::test]
async fn many_that_look_at_the_same_time_ask_once() {
    let world = World::new(1);
    let asked = asked(&world);
    // The first that asks lets the others come up to it.
    world.faults.always(|call| *call == Call::Depths, Fault::Late(5));
    let apps = [world.app.clone(), world.app.clone()];
    let all: Vec<Option<Vec<Depth>>> = join_all((0..20).map(|i| apps[i % 2].queue_depths())).await;
    assert!(all.iter().all(|depths| depths.is_some() && *depths == all[0]));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_bus_that_does_not_say_is_no_failure_and_is_left_alone_for_as_long() {
    let world = World::new(1);
    let asked = asked(&world);
    world.faults.nth(1, |call| *call == Call::Depths, Fault::LostBefore);
    world.faults.nth(2, |call| *call == Call::Depths, Fault::Refused);
    for times in 1..=2 {
        assert_eq!(world.app.queue_depths().await, None);
        assert_eq!(world.app.queue_depths().await, None);
        assert_eq!(asked.load(Ordering::Relaxed), times);
        world.clock.advance(FRESH);
    }
    assert_eq!(active(&world.app, "billing").await, 0);
}
