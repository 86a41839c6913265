//! What taking in usage costs, in time and in calls.

use crate::world::World;
use crate::world::commands::{customer, quantity, wish};
use app::App;
use app::bill::{Intake, UsageRecord};
use app::ports::Table;
use domain::catalogue::UsageType;
use domain::ids::PhoneNumber;
use domain::limits::{HANDLER_SECONDS_MAX, USAGE_PER_TRANSACTION, USAGE_RECORDS_MAX};
use std::time::Duration;
use testkit::{Counts, MemoryTables};
use tokio::time::{Instant, timeout};

/// Milliseconds that the tables take to read a row, and for all else, as Table Storage does on a good day.
const LATENCY: (u64, u64) = (5, 15);

/// Lines in so many buckets, and a file in which each has so many records.
async fn file(buckets: u32, lines: usize, each: usize) -> (World, Vec<UsageRecord>) {
    let mut world = World::with(1, buckets, MemoryTables::default());
    let number = |line: usize| format!("010{:08}", 40_000_000 + line);
    for line in 0..lines {
        let wished = wish(Some(&number(line)));
        world.app.open_line(&customer(&format!("c{line}")), wished, None).await.unwrap();
    }
    world.run_until_quiet().await;
    let record = |place: usize| UsageRecord {
        line: place + 2,
        record_id: format!("r{place}"),
        number: PhoneNumber::parse(&number(place % lines)).unwrap(),
        kind: UsageType::Sms,
        quantity: quantity("1"),
        used_at: "2026-10-05T00:30:00Z".parse().unwrap(),
    };
    let records = (0..lines * each).map(record).collect();
    (world, records)
}

/// Sends a file to a handler that gives up after a time; `None` when it does.
async fn send(app: &App, records: &[UsageRecord], deadline: Duration) -> Option<Intake> {
    timeout(deadline, app.take_in_usage(records.to_vec(), Vec::new())).await.ok().map(Result::unwrap)
}

fn stored(world: &World) -> usize {
    world.tables.rows(Table::Bills).iter().filter(|(key, _)| key.row.starts_with("use|")).count()
}

#[tokio::test(start_paused = true)]
async fn the_largest_file_is_taken_in_before_the_handler_gives_up() {
    let (world, records) = file(256, 1_000, USAGE_RECORDS_MAX / 1_000).await;
    let app = world.slow_app(LATENCY.0, LATENCY.1);
    let deadline = Duration::from_secs(HANDLER_SECONDS_MAX);
    let begun = Instant::now();
    // Cut off on the way, and sent again.
    assert_eq!(send(&app, &records, deadline / 20).await, None);
    let before = stored(&world);
    assert!((1..records.len()).contains(&before), "{before}");
    let intake = send(&app, &records, deadline / 2).await.unwrap();
    assert_eq!(intake.accepted + intake.duplicates, USAGE_RECORDS_MAX);
    assert_eq!((intake.accepted, intake.duplicates), (USAGE_RECORDS_MAX - before, before));
    assert!(begun.elapsed() < deadline / 4, "{:?}", begun.elapsed());
    let begun = Instant::now();
    let again = send(&app, &records, deadline / 2).await.unwrap();
    assert_eq!(again, Intake { duplicates: USAGE_RECORDS_MAX, ..Intake::default() });
    assert!(begun.elapsed() < deadline / 20, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_cut_off_again_and_again_gets_further_each_time_and_in_at_last() {
    // All of it is for one bucket, which takes one batch at a time: some 8 seconds.
    let (world, records) = file(1, 100, 200).await;
    let app = world.slow_app(LATENCY.0, LATENCY.1);
    let mut tries = vec![0];
    let intake = loop {
        let ended = send(&app, &records, Duration::from_millis(2_500)).await;
        assert!(stored(&world) > tries[tries.len() - 1], "{tries:?}");
        tries.push(stored(&world));
        if let Some(intake) = ended {
            break intake;
        }
    };
    assert!(tries.len() <= 5, "{tries:?}");
    assert_eq!(intake.accepted + intake.duplicates, records.len());
    assert_eq!(tries.last(), Some(&records.len()));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_sent_again_costs_fewer_calls_than_the_first_time() {
    let (world, records) = file(4, 40, 100).await;
    world.counted.reset();
    assert_eq!(world.import(&records).await.accepted, records.len());
    let first = world.counted.reset().of(Table::Bills);
    let batches = first.writes;
    assert!(
        (records.len() / USAGE_PER_TRANSACTION..=records.len() / USAGE_PER_TRANSACTION + 4)
            .contains(&batches),
        "{first:?}"
    );
    assert_eq!(first, Counts { reads: batches, queries: 0, writes: batches });
    assert_eq!(world.import(&records).await.duplicates, records.len());
    // Each bucket finds out by its first batch.
    assert_eq!(world.counted.reset().of(Table::Bills), Counts { reads: 4, queries: batches, writes: 4 });
}

#[tokio::test(start_paused = true)]
async fn sending_a_few_records_again_costs_the_same_however_many_the_bucket_has() {
    let (world, records) = file(1, 30, 400).await;
    world.import(&records).await;
    let few = [records[0].clone(), records[1].clone(), records[records.len() - 1].clone()];
    world.counted.reset();
    assert_eq!(world.import(&few).await, Intake { duplicates: 3, ..Intake::default() });
    // The fence, the keys that repeat, and a look at what lies between them.
    let cost = world.counted.counts().of(Table::Bills);
    assert_eq!(cost, Counts { reads: 4, queries: 1, writes: 1 });
}

#[tokio::test(start_paused = true)]
async fn records_that_are_new_among_many_that_repeat_are_all_taken_in() {
    let (world, records) = file(2, 20, 60).await;
    // Every other one, and all of some lines; then one that contradicts.
    let some = records.iter().enumerate().filter(|(place, _)| place % 2 == 0 || place % 20 < 5);
    let some: Vec<_> = some.map(|(_, record)| record.clone()).collect();
    assert_eq!(world.import(&some).await.accepted, some.len());
    let mut all = records.clone();
    all[0].quantity = quantity("2");
    let intake = world.import(&all).await;
    assert_eq!((intake.accepted, intake.duplicates), (records.len() - some.len(), some.len() - 1));
    assert_eq!(
        intake.rejected.iter().map(|it| (it.line, it.reason.as_str())).collect::<Vec<_>>(),
        [(2, "record_id_reused")]
    );
    assert_eq!(stored(&world), records.len());
}
