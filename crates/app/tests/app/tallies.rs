//! The sums behind the operator's figures: folded, they are what they were, and reading them stays cheap.

use crate::world::World;
use crate::world::commands::{customer, on_plan};
use app::Failure;
use app::ports::{Op, Table, Tables};
use domain::limits::TRANSACTION_ENTITIES_MAX;
use serde_json::{Value, json};
use testkit::{Call, Card, Fault, MemoryTables};

const BUCKETS: u32 = 2;

impl World {
    async fn figures_now(&self) -> Value {
        serde_json::to_value(self.fresh_app().figures().await.unwrap()).unwrap()
    }

    /// The rows of the sums and of their changes.
    fn tally_rows(&self) -> usize {
        self.tables.rows(Table::MyPage).iter().filter(|(key, _)| key.row.starts_with("tally|")).count()
    }
}

/// A world in which so many lines were opened.
async fn lines(count: usize) -> World {
    let mut world = World::with(1, BUCKETS, MemoryTables::default());
    for line in 0..count {
        let request = on_plan("lte-light", Some(&format!("010{:08}", 30_000_000 + line)));
        world.app.open_line(&customer(&format!("c{line}")), request, None).await.unwrap();
    }
    world.run_until_quiet().await;
    world
}

#[tokio::test(start_paused = true)]
async fn a_fold_changes_no_figure_and_leaves_one_row_a_bucket() {
    let mut world = World::new(1);
    let (_, payment) = world.paid("kim", Card::Approve).await;
    world.app.cancel_payment(&customer("kim"), &payment, "test", None).await.unwrap();
    world.rest().await;
    let before = world.figures_now().await;
    assert_eq!(before["unpaid"]["bills"], 1, "{before}");
    let changes = world.tally_rows();
    assert_eq!(world.app.fold_tallies().await.unwrap(), changes);
    assert!(world.tally_rows() <= 2, "one row for each bucket");
    assert_eq!(world.figures_now().await, before);
    world.check_books("folded").await;
}

#[tokio::test(start_paused = true)]
async fn more_changes_than_a_transaction_holds_are_folded_in_one_tick() {
    let count = 3 * TRANSACTION_ENTITIES_MAX;
    let world = lines(count).await;
    let changes = world.tally_rows();
    assert_eq!(changes, 2 * count, "an order and its activation");
    assert_eq!(world.app.fold_tallies().await.unwrap(), changes);
    assert_eq!(world.tally_rows(), BUCKETS as usize);
    assert_eq!(world.figures_now().await["lines"]["active"], count);
}

#[tokio::test(start_paused = true)]
async fn a_tick_with_nothing_to_fold_reads_each_bucket_once_and_writes_nothing() {
    let world = lines(5).await;
    world.app.fold_tallies().await.unwrap();
    world.counted.reset();
    assert_eq!(world.app.fold_tallies().await.unwrap(), 0);
    let cost = world.counted.counts().total();
    assert_eq!((cost.all_reads(), cost.writes), (BUCKETS as usize, 0));
}

#[tokio::test(start_paused = true)]
async fn two_instances_that_fold_at_once_count_nothing_twice() {
    for seed in 0..20 {
        let world = lines(10).await;
        world.mix(seed);
        let other = world.fresh_app();
        let (one, two) = tokio::join!(world.app.fold_tallies(), other.fold_tallies());
        one.unwrap();
        two.unwrap();
        world.faults.clear();
        world.app.fold_tallies().await.unwrap();
        assert_eq!(world.figures_now().await["lines"]["active"], 10, "seed {seed}");
        assert_eq!(world.tally_rows(), BUCKETS as usize);
    }
}

#[tokio::test(start_paused = true)]
async fn a_fold_whose_answer_is_lost_is_made_once() {
    let world = lines(10).await;
    world.faults.nth(1, |call| call.commits_to(Table::MyPage), Fault::LostAfter);
    assert!(matches!(world.app.fold_tallies().await, Err(Failure::Unavailable(_))));
    world.faults.clear();
    world.app.fold_tallies().await.unwrap();
    assert_eq!(world.figures_now().await["lines"]["active"], 10);
}

#[tokio::test(start_paused = true)]
async fn days_that_are_long_gone_are_forgotten_but_what_is_due_is_not() {
    let mut world = World::new(1);
    let (_, payment) = world.paid("kim", Card::Approve).await;
    world.app.cancel_payment(&customer("kim"), &payment, "test", None).await.unwrap();
    world.rest().await;
    let due = world.figures_now().await["unpaid"].clone();
    assert_eq!(due["bills"], 1);
    world.at("2027-03-01T00:00:00Z");
    world.app.open_line(&customer("park"), on_plan("lte-light", None), None).await.unwrap();
    world.run_until_quiet().await;
    world.app.fold_tallies().await.unwrap();
    assert_eq!(world.figures_now().await["unpaid"], due);
    let rows = world.tables.rows(Table::MyPage);
    let sums = rows.iter().filter(|(key, _)| key.row == "tally|1|");
    let days = sums.map(|(_, body)| serde_json::from_str::<Value>(body).unwrap()["tally"]["days"].clone());
    // A bucket in which nothing has happened since keeps its sum as it is.
    let touched: Vec<Value> = days.filter(|days| days["2027-03-01"]["orders"] == 1).collect();
    assert_eq!(
        touched.iter().map(|days| days.as_object().unwrap().len()).collect::<Vec<_>>(),
        [1],
        "{touched:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_figures_cost_five_queries_a_bucket() {
    let world = lines(5).await;
    let app = world.fresh_app();
    world.counted.reset();
    app.figures().await.unwrap();
    app.figures().await.unwrap();
    let cost = world.counted.counts().total();
    let apart = 3; // What is parked, and the last run each time.
    let reads = 5 * BUCKETS as usize + apart;
    assert_eq!((cost.all_reads(), cost.writes), (reads, 0), "asked twice, counted once");
}

/// Takes the sums away, as a store is that is older than they are.
async fn without_sums(world: &World) {
    for (key, body) in world.tables.rows(Table::MyPage) {
        let op = if key.row.starts_with("tally|") {
            Op::delete(key.row, None)
        } else {
            let mut entry: Value = serde_json::from_str(&body).unwrap();
            entry.as_object_mut().unwrap().remove("counted").unwrap();
            Op::upsert(key.row, entry.to_string())
        };
        world.tables.commit(Table::MyPage, &key.partition, &[op]).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_from_before_there_were_sums_is_counted_by_the_next_tick() {
    let count = 3 * TRANSACTION_ENTITIES_MAX;
    let world = lines(count).await;
    without_sums(&world).await;
    assert_eq!(world.figures_now().await["lines"]["active"], 0);
    assert_eq!(world.app.fold_tallies().await.unwrap(), count);
    assert_eq!(world.figures_now().await["lines"]["active"], count);
    assert_eq!(world.app.fold_tallies().await.unwrap(), 0, "they are counted once");
    world.check_books("counted").await;
}

#[tokio::test(start_paused = true)]
async fn an_entry_from_before_there_were_sums_is_counted_whole_when_it_changes() {
    let mut world = World::new(1);
    let (_, payment) = world.paid("kim", Card::Approve).await;
    world.rest().await;
    without_sums(&world).await;
    world.app.cancel_payment(&customer("kim"), &payment, "test", None).await.unwrap();
    world.rest().await;
    let early = world.figures_now().await;
    assert_eq!((&early["unpaid"]["bills"], &early["lines"]["active"]), (&json!(1), &json!(0)));
    world.app.fold_tallies().await.unwrap();
    world.check_books("counted while it went on").await;
}

#[tokio::test(start_paused = true)]
async fn what_happens_while_a_store_is_counted_is_counted_once() {
    for seed in 0..40 {
        let world = lines(20).await;
        without_sums(&world).await;
        let line = world.books().orders.into_values().next().unwrap();
        world.mix(seed);
        let other = world.fresh_app();
        let ((), suspended, _) = tokio::join!(
            async { drop(world.app.fold_tallies().await) },
            world.app.suspend_line(&line.customer_id, &line.order_id, None),
            other.fold_tallies(),
        );
        suspended.unwrap();
        world.faults.clear();
        let mut world = world;
        world.run_until_quiet().await;
        world.app.fold_tallies().await.unwrap();
        world.check_books(&format!("seed {seed}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_cannot_be_folded_holds_up_no_other() {
    let world = lines(20).await;
    let first = world.tables.rows(Table::MyPage)[0].0.partition.clone();
    world.faults.always(
        move |call| matches!(call, Call::Commit(_, partition, _) if *partition == first),
        Fault::Refused,
    );
    assert!(matches!(world.app.fold_tallies().await, Err(Failure::Unavailable(_))));
    world.faults.clear();
    let left = world.tally_rows();
    assert!(left > 2, "the bucket that failed is as it was");
    let folded = world.app.fold_tallies().await.unwrap();
    assert_eq!(folded, left - 1, "the other one had been folded");
}

#[tokio::test(start_paused = true)]
async fn short_and_empty_pages_hide_nothing_from_a_fold() {
    let world = lines(20).await;
    let changes = world.tally_rows();
    let mut calls = 0;
    world.faults.each(move |_| {
        calls += 1;
        Some(Fault::ShortPage(calls % 3))
    });
    assert_eq!(world.app.fold_tallies().await.unwrap(), changes);
    world.faults.clear();
    assert_eq!(world.figures_now().await["lines"]["active"], 20);
}
