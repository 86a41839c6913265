//! The sums behind the operator's figures: folded, they are what they were, and reading them stays cheap.

use crate::world::World;
use crate::world::commands::{customer, on_plan};
use app::Failure;
use app::ports::Table;
use domain::limits::TRANSACTION_ENTITIES_MAX;
use serde_json::Value;
use testkit::{Card, Fault, MemoryTables};

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
    let sums = rows.iter().filter(|(key, _)| key.row == "tally|");
    let days = sums.map(|(_, body)| serde_json::from_str::<Value>(body).unwrap()["days"].clone());
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
    let apart = 2; // What is parked, and the last run.
    assert_eq!(
        (cost.all_reads(), cost.writes),
        (5 * BUCKETS as usize + apart, 0),
        "asked twice, counted once"
    );
}
