//! The timer that bills each month by itself.

use super::{counts, open_lines};
use crate::world::World;
use crate::world::commands::{month, wish};
use app::order::OpenLine;
use app::ports::Table;
use domain::calendar::UsageMonth;
use domain::ids::BillId;
use domain::rating::ChargeCode;
use testkit::{Counts, Fault};

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
    // 15:00 UTC is midnight of the next day in Seoul. There was no line in September.
    assert_eq!(fire(&mut world, "2026-10-28T15:00:00Z").await, [""; 0]);
    assert_eq!(fire(&mut world, "2026-10-31T14:00:00Z").await, [""; 0]);
    assert_eq!(fire(&mut world, "2026-10-31T15:00:00Z").await, ["2026-10"]);
    assert_eq!(counts(&world, "2026-10").await, [3, 3, 0, 0]);
    assert_eq!(fire(&mut world, "2026-10-31T16:00:00Z").await, ["2026-10"]);
    assert_eq!(fire(&mut world, "2026-11-28T15:00:00Z").await, ["2026-10"]);
    assert_eq!(world.books().bills.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_month_whose_run_could_not_be_started_is_run_an_hour_later() {
    // Each call of the tick goes wrong in turn.
    let mut calls = 1;
    loop {
        let mut world = World::new(1);
        open_lines(&mut world, 2).await;
        world.at("2026-10-31T15:00:00Z");
        world.faults.nth(calls, |_| true, Fault::LostBefore);
        let _ = world.app.run_ended_months().await;
        let met = world.faults.fired() > 0;
        world.faults.clear();
        world.run_until_quiet().await;
        assert_eq!(fire(&mut world, "2026-10-31T16:00:00Z").await, ["2026-10"], "call {calls}");
        world.rest().await;
        assert_eq!(world.books().bills.len(), 2, "call {calls}");
        if !met {
            break;
        }
        calls += 1;
    }
    assert!(calls > 12, "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn a_tick_with_nothing_to_do_costs_a_read_for_each_of_the_last_twelve_months() {
    let mut world = World::new(1);
    open_lines(&mut world, 2).await;
    fire(&mut world, "2026-10-31T15:00:00Z").await;
    for pass in 0..3 {
        world.run_month("2026-10").await;
        world.counted.reset();
        world.app.run_ended_months().await.unwrap();
        let cost = world.counted.counts().total();
        assert_eq!(cost, Counts { reads: 12, queries: 0, writes: 0 }, "after {pass} more passes");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_whose_first_line_came_after_the_month_leaves_it_alone() {
    let mut world = World::new(1);
    world.at("2026-10-31T15:00:00Z");
    open_lines(&mut world, 2).await;
    world.counted.reset();
    assert_eq!(fire(&mut world, "2026-11-05T00:00:00Z").await, [""; 0]);
    assert_eq!(world.counted.counts().of(Table::Bills), Counts { queries: 2, ..Counts::default() });
    assert_eq!(fire(&mut world, "2026-11-30T15:00:00Z").await, ["2026-11"]);
    assert_eq!(counts(&world, "2026-11").await, [2, 2, 0, 0]);
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

#[tokio::test(start_paused = true)]
async fn the_discount_of_a_contract_ends_with_it() {
    let mut world = World::new(1);
    let line = world.open("kim", OpenLine { contract_months: Some(12), ..wish(None) }).await;
    let mut discounts = Vec::new();
    for (name, end) in [
        ("2026-10", "2026-10-31T16:00:00Z"),
        ("2027-09", "2027-09-30T16:00:00Z"),
        ("2027-10", "2027-10-31T16:00:00Z"),
        ("2027-11", "2027-11-30T16:00:00Z"),
    ] {
        world.at(end);
        world.run_month(name).await;
        let bill = &world.books().bills[&BillId::monthly(month(name), &line)];
        let discount = bill.lines.iter().find(|line| line.code == ChargeCode::ContractDiscount);
        discounts.push(discount.map_or("none".to_owned(), |line| line.rule.to_string()));
    }
    let whole = "25% of monthly_fee";
    assert_eq!(discounts, [whole, whole, "25% of monthly_fee until 2027-10-04", "none"]);
}
