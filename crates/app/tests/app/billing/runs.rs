use super::{counts, open_lines, run};
use crate::world::commands::{customer, month};
use crate::world::{Trying, World};
use app::ports::Message;
use domain::limits::LINES_PER_CHUNK;
use testkit::MemoryTables;

/// Ways in which things at the same time are mixed.
const MIXTURES: u64 = 60;

#[tokio::test(start_paused = true)]
async fn a_month_that_is_run_again_bills_nobody_twice() {
    let mut world = World::new(1);
    open_lines(&mut world, 5).await;
    world.at("2026-10-31T16:00:00Z");
    world.run_month("2026-10").await;
    assert_eq!(counts(&world, "2026-10").await, [5, 5, 0, 0]);
    let bills = world.books().bills;
    world.run_month("2026-10").await;
    assert_eq!(counts(&world, "2026-10").await, [5, 5, 0, 0]);
    assert_eq!(run(&world, "2026-10").await["passes"], 2);
    assert_eq!(world.books().bills, bills);
    world.rest().await;
    world.check_books("run twice").await;
}

#[tokio::test(start_paused = true)]
async fn a_month_is_not_billed_before_it_is_over_in_seoul() {
    let world = World::new(1);
    world.at("2026-10-31T14:59:59Z");
    let refused = world.app.start_billing_run(month("2026-10")).await.unwrap_err();
    assert_eq!(refused.code(), "month_not_over");
    world.at("2026-10-31T15:00:00Z");
    world.app.start_billing_run(month("2026-10")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn two_runs_that_race_bill_everybody_once() {
    for seed in 0..MIXTURES {
        let _trying = Trying(format!("mixture {seed}"));
        let mut world = World::new(seed);
        open_lines(&mut world, 4).await;
        world.at("2026-10-31T16:00:00Z");
        world.mix(seed);
        let app = world.app.clone();
        let october = month("2026-10");
        let (one, two) = tokio::join!(app.start_billing_run(october), app.start_billing_run(october));
        assert_eq!((one.unwrap().status, two.unwrap().status), (202, 202));
        world.run_together(8).await;
        world.faults.clear();
        world.rest().await;
        assert_eq!(counts(&world, "2026-10").await, [4, 4, 0, 0]);
        assert_eq!(world.books().bills.len(), 4);
        world.check_books("raced").await;
    }
}

/// The messages of the billing queue that were sent so far.
fn chunks(world: &World) -> Vec<Message> {
    world.bus.sent().into_iter().filter(|message| message.entity == "billing").collect()
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_is_delivered_again_changes_nothing() {
    let mut world = World::new(1);
    open_lines(&mut world, 5).await;
    world.at("2026-10-31T16:00:00Z");
    world.plan.everything_twice = true;
    world.run_month("2026-10").await;
    let bills = world.books().bills;
    assert_eq!(counts(&world, "2026-10").await, [5, 5, 0, 0]);
    for chunk in chunks(&world) {
        world.deliveries.accept(chunk);
    }
    world.rest().await;
    assert_eq!(counts(&world, "2026-10").await, [5, 5, 0, 0]);
    assert_eq!(world.books().bills, bills);
    world.check_books("chunks again").await;
}

#[tokio::test(start_paused = true)]
async fn a_chunk_of_an_earlier_pass_does_not_hold_up_the_next() {
    let mut world = World::new(1);
    open_lines(&mut world, 5).await;
    world.at("2026-10-31T16:00:00Z");
    world.run_month("2026-10").await;
    let old = chunks(&world);
    world.run_month("2026-10").await;
    for chunk in old {
        world.deliveries.accept(chunk);
    }
    world.rest().await;
    assert_eq!(run(&world, "2026-10").await["passes"], 2);
    assert_eq!(counts(&world, "2026-10").await, [5, 5, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_cut_off_goes_on_when_it_is_started_again() {
    let mut world = World::new(1);
    open_lines(&mut world, 5).await;
    world.at("2026-10-31T16:00:00Z");
    world.app.start_billing_run(month("2026-10")).await.unwrap();
    // The run's message is lost for good, as by an operator who discards it.
    world.deliveries.collect(&world.bus);
    assert!(world.deliveries.first_where(world.now(), |d| d.function == "billing_chunk").is_some());
    world.run_until_quiet().await;
    assert_eq!(run(&world, "2026-10").await["status"], "running");
    world.run_month("2026-10").await;
    assert_eq!(run(&world, "2026-10").await["passes"], 1);
    assert_eq!(counts(&world, "2026-10").await, [5, 5, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_of_more_lines_than_a_chunk_is_billed_to_the_last() {
    let mut world = World::with(1, 1, MemoryTables::default());
    let lines = LINES_PER_CHUNK + 1;
    for n in 0..lines {
        let request = crate::world::commands::wish(Some(&format!("010{:08}", 40_000_000 + n)));
        world.app.open_line(&customer(&format!("c{n}")), request, None).await.unwrap();
    }
    world.run_until_quiet().await;
    world.at("2026-10-31T16:00:00Z");
    world.run_month("2026-10").await;
    let all = lines as u64;
    assert_eq!(counts(&world, "2026-10").await, [all, all, 0, 0]);
    let books = world.books();
    assert_eq!((books.bills.len(), books.payables.len()), (lines, lines));
    // One for the run, one for the bucket, one for the line that was left.
    assert_eq!(chunks(&world).len(), 3);
}
