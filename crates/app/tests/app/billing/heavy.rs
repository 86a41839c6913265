//! Runs over lines with many usage records.

use super::counts;
use crate::world::World;
use crate::world::commands::{customer, month, wish};
use app::bill::UsageRecord;
use app::ports::Table;
use domain::bill::Bill;
use domain::catalogue::UsageType;
use domain::limits::{BILLS_PER_TRANSACTION, PAGE_ENTITIES_MAX, USAGE_PER_CHUNK};
use domain::rating::ChargeCode;
use rust_decimal::Decimal;
use testkit::{Call, Fault, MemoryTables};

const OCTOBER_5: &str = "2026-10-05T00:30:00Z";

/// A bucket of lines, each with so many messages in October, on the day after it.
async fn used(lines: usize, records: usize) -> World {
    let mut world = World::with(1, 1, MemoryTables::default());
    let mut all = Vec::with_capacity(lines * records);
    for n in 0..lines {
        let number = format!("010{:08}", 40_000_000 + n);
        let line = world.open(&format!("c{n}"), wish(Some(&number))).await;
        let message = world.used(&line, "", UsageType::Sms, "1", OCTOBER_5);
        all.extend((0..records).map(|k| UsageRecord { record_id: format!("{n}-{k}"), ..message.clone() }));
    }
    assert_eq!(world.import(&all).await.accepted, lines * records);
    world.at("2026-10-31T16:00:00Z");
    // The deadlines of the openings come to pass.
    world.run_until_quiet().await;
    world
}

/// How many messages a bill has.
fn messages(bill: &Bill) -> Decimal {
    let lines = bill.lines.iter().filter(|line| line.code == ChargeCode::Usage(UsageType::Sms));
    lines.map(|line| line.quantity).sum()
}

/// Expects a bill for each line, with all of its messages.
#[track_caller]
fn check_bills(world: &World, lines: usize, records: usize) {
    let bills = world.books().bills;
    assert_eq!(bills.len(), lines);
    assert!(bills.values().all(|bill| messages(bill) == Decimal::from(records)));
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_has_read_much_usage_leaves_the_other_lines_to_the_next() {
    let per_line = 2 * PAGE_ENTITIES_MAX;
    let in_a_chunk = USAGE_PER_CHUNK / per_line;
    let lines = in_a_chunk + 3;
    let mut world = used(lines, per_line).await;
    world.app.start_billing_run(month("2026-10")).await.unwrap();
    world.plan.everything_twice = true;
    let mut most = 0;
    loop {
        world.counted.reset();
        if !world.deliver_next().await {
            break;
        }
        most = most.max(world.counted.counts().of(Table::Bills).queries);
    }
    // The pages up to the limit, the one on which the last line ends, and one each of accounts and of late usage.
    let pages = USAGE_PER_CHUNK / PAGE_ENTITIES_MAX;
    assert!((pages..=pages + 3).contains(&most), "{most} pages in one chunk");
    let all = lines as u64;
    assert_eq!(counts(&world, "2026-10").await, [all, all, 0, 0]);
    check_bills(&world, lines, per_line);
}

#[tokio::test(start_paused = true)]
async fn a_line_with_more_usage_than_a_chunk_reads_is_billed_whole() {
    let mut world = used(2, USAGE_PER_CHUNK + 1).await;
    world.run_month("2026-10").await;
    assert_eq!(counts(&world, "2026-10").await, [2, 2, 0, 0]);
    check_bills(&world, 2, USAGE_PER_CHUNK + 1);
}

#[tokio::test(start_paused = true)]
async fn usage_that_cannot_be_read_holds_up_the_lines_behind_it_alone() {
    let (lines, per_line) = (BILLS_PER_TRANSACTION + 20, 100);
    let mut world = used(lines, per_line).await;
    world.app.start_billing_run(month("2026-10")).await.unwrap();
    world.deliver_next().await;
    let readable = lines * per_line / PAGE_ENTITIES_MAX;
    let mut pages = 0;
    world.faults.each(move |call| {
        let is_usage = matches!(call, Call::Query(Table::Bills, range) if range.from.starts_with("use|"));
        pages += usize::from(is_usage);
        (is_usage && pages > readable).then_some(Fault::Refused)
    });
    world.deliver_next().await;
    assert_eq!(world.books().bills.len(), BILLS_PER_TRANSACTION);
    world.faults.clear();
    world.run_until_quiet().await;
    let all = lines as u64;
    assert_eq!(counts(&world, "2026-10").await, [all, all, 0, 0]);
    check_bills(&world, lines, per_line);
}

#[tokio::test(start_paused = true)]
async fn a_final_bill_is_made_out_while_its_bucket_takes_in_usage_without_a_pause() {
    let mut world = used(1, 5 * PAGE_ENTITIES_MAX).await;
    world.at("2026-10-20T03:00:00Z");
    let line = world.books().orders.into_keys().next().unwrap();
    world.app.terminate_line(&customer("c0"), &line, None).await.unwrap();
    world.app = world.slow_app(5, 15);
    let importer = world.slow_app(5, 15);
    let message = world.used(&line, "", UsageType::Sms, "1", OCTOBER_5);
    let mut taken_in = 0;
    let taking_in = async {
        loop {
            let record = UsageRecord { record_id: format!("later-{taken_in}"), ..message.clone() };
            importer.take_in_usage(vec![record], Vec::new()).await.unwrap();
            taken_in += 1;
        }
    };
    tokio::select! {
        () = world.run_until_quiet() => {}
        () = taking_in => {}
    }
    assert!(taken_in > 5, "{taken_in}");
    world.at("2026-10-31T16:00:00Z");
    world.run_month("2026-10").await;
    let bills = world.books().bills;
    let all: Decimal = bills.values().map(messages).sum();
    assert_eq!((bills.len(), all), (2, Decimal::from(5 * PAGE_ENTITIES_MAX + taken_in)));
}
