//! The timer that bills each month by itself.

use super::{counts, open_lines};
use crate::world::World;
use crate::world::commands::month;
use domain::calendar::UsageMonth;

/// The months that have a run, of the year to the month before now.
async fn runs(world: &World) -> Vec<String> {
    let mut month = UsageMonth::of(world.now());
    let mut runs = Vec::new();
    for _ in 0..12 {
        month = month.previous();
        if world.app.billing_run(month).await.is_ok() {
            runs.push(month.to_string());
        }
    }
    runs.reverse();
    runs
}

async fn fire(world: &mut World, at: &str) -> Vec<String> {
    world.at(at);
    world.app.run_ended_months().await.unwrap();
    world.run_until_quiet().await;
    runs(world).await
}

#[tokio::test(start_paused = true)]
async fn the_month_that_has_ended_is_run_on_the_first_in_seoul() {
    let mut world = World::new(1);
    open_lines(&mut world, 3).await;
    // The timer fires from the 28th to the 31st at 15:00 UTC, which is midnight of the next day in Seoul.
    assert_eq!(fire(&mut world, "2026-10-28T15:00:00Z").await, ["2026-09"]);
    assert_eq!(counts(&world, "2026-09").await, [3, 0, 3, 0]);
    assert_eq!(fire(&mut world, "2026-10-30T15:00:00Z").await, ["2026-09"]);
    assert_eq!(fire(&mut world, "2026-10-31T15:00:00Z").await, ["2026-09", "2026-10"]);
    assert_eq!(counts(&world, "2026-10").await, [3, 3, 0, 0]);
    assert_eq!(fire(&mut world, "2026-11-28T15:00:00Z").await, ["2026-09", "2026-10"]);
    assert_eq!(world.books().bills.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_first_month_of_a_store_is_run_late_when_the_timer_missed_it() {
    let mut world = World::new(1);
    open_lines(&mut world, 2).await;
    assert_eq!(fire(&mut world, "2026-11-28T15:00:00Z").await, ["2026-10"]);
    assert_eq!(counts(&world, "2026-10").await, [2, 2, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn months_that_were_missed_are_run_oldest_first_and_gaps_are_filled() {
    let mut world = World::new(1);
    open_lines(&mut world, 2).await;
    assert_eq!(fire(&mut world, "2026-10-31T15:00:00Z").await, ["2026-10"]);
    // The host was down for two months, and then somebody ran the last one by hand.
    world.at("2027-01-20T01:00:00Z");
    world.app.start_billing_run(month("2026-12")).await.unwrap();
    world.run_until_quiet().await;
    let all = ["2026-10", "2026-11", "2026-12", "2027-01"];
    assert_eq!(fire(&mut world, "2027-01-31T15:00:00Z").await, all);
    for month in all {
        assert_eq!(counts(&world, month).await, [2, 2, 0, 0], "{month}");
    }
    world.rest().await;
    world.check_books("caught up").await;
}
