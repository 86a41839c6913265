//! Lines on hold, when what kept them from being billed is gone and the month is run again.

use super::counts;
use super::parked::without_sms;
use crate::world::commands::{customer, month, wish};
use crate::world::delivery::incoming;
use crate::world::{Trying, World};
use app::bill::UsageRecord;
use app::ports::{Message, Table};
use app::{Consumer, PageRequest};
use domain::bill::{Bill, Status};
use domain::catalogue::{Catalogue, UsageType};
use domain::ids::{BillId, OrderId};
use domain::limits::{BILLS_PER_TRANSACTION, HANDLER_SECONDS_MAX};
use jiff::SignedDuration;
use serde_json::Value;
use std::collections::BTreeMap;
use testkit::{Fault, MemoryTables};

const OCTOBER_5: &str = "2026-10-05T00:30:00Z";
const DECEMBER_10: &str = "2026-12-10T03:00:00Z";

/// A month that was run with a wrong catalogue, which is right by now: of so many lines in one bucket, all but the first
/// two are on hold. The first could be billed; the second cannot be billed by any catalogue.
async fn held(lines: usize) -> (World, Vec<OrderId>) {
    let mut world = World::with(1, 1, MemoryTables::default());
    world.release(without_sms());
    for n in 0..lines {
        let request = wish(Some(&format!("010{:08}", 40_000_000 + n)));
        world.app.open_line(&customer(&format!("c{n}")), request, None).await.unwrap();
    }
    world.run_until_quiet().await;
    let orders: Vec<OrderId> = world.books().orders.into_keys().collect();
    let sms = |line: &OrderId| world.used(line, line.as_str(), UsageType::Sms, "150", OCTOBER_5);
    let mut usage: Vec<UsageRecord> = orders.iter().skip(2).map(sms).collect();
    usage.push(world.used(&orders[1], "absurd", UsageType::DataMb, "99999999", OCTOBER_5));
    assert_eq!(world.import(&usage).await.accepted, usage.len());
    world.at("2026-10-31T16:00:00Z");
    world.run_month("2026-10").await;
    let all = lines as u64;
    assert_eq!(counts(&world, "2026-10").await, [all, 1, 0, all - 1]);
    world.release(Catalogue::builtin());
    world.at(DECEMBER_10);
    (world, orders)
}

/// What operators have dealt with.
async fn ended(world: &World) -> Vec<Value> {
    let items = world.app.parked(true, &PageRequest { limit: 1_000, cursor: None }).await.unwrap().items;
    items.iter().map(|item| serde_json::to_value(item).unwrap()).collect()
}

/// In how many events each bill was announced.
fn announced(world: &World) -> BTreeMap<String, usize> {
    let events: BTreeMap<String, Message> = world
        .bus
        .sent()
        .into_iter()
        .filter(|message| message.subject == "bill.issued")
        .map(|message| (message.message_id.clone(), message))
        .collect();
    let mut times = BTreeMap::new();
    for event in events.values() {
        let event: Value = serde_json::from_str(&event.body).unwrap();
        for bill in event["bills"].as_array().unwrap() {
            *times.entry(bill["billId"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    times
}

/// All but the second line have their bill, everybody was told once, and the one record of that line still waits.
async fn all_released(world: &World, orders: &[OrderId]) {
    let books = world.books();
    let bill = |line: &OrderId| -> &Bill { &books.bills[&BillId::monthly(month("2026-10"), line)] };
    let waiting = world.parked().await;
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert_eq!(waiting[0]["bill"]["orderId"], orders[1].as_str());
    assert_eq!(bill(&orders[1]).status, Status::OnHold);
    let ended = ended(world).await;
    assert!(ended.iter().all(|record| record["state"] == "replayed"), "{ended:?}");
    assert_eq!(ended.len(), orders.len() - 2);
    let announced = announced(world);
    for line in orders.iter().filter(|line| **line != orders[1]) {
        let bill = bill(line);
        assert_eq!((bill.status, announced[bill.bill_id.as_str()]), (Status::Issued, 1), "{}", bill.bill_id);
    }
    world.check_books("released").await;
}

#[tokio::test(start_paused = true)]
async fn another_pass_bills_what_was_on_hold_and_leaves_the_rest_as_it_is() {
    let (mut world, orders) = held(BILLS_PER_TRANSACTION + 30).await;
    let before = world.books().bills;
    world.run_month("2026-10").await;
    let all = orders.len() as u64;
    assert_eq!(counts(&world, "2026-10").await, [all, all - 1, 0, 1]);
    world.rest().await;
    all_released(&world, &orders).await;
    let bills = world.books().bills;
    let first = BillId::monthly(month("2026-10"), &orders[0]);
    let last = BillId::monthly(month("2026-10"), &orders[orders.len() - 1]);
    assert_eq!(bills[&first], before[&first], "it was issued by the first pass");
    // Two weeks to pay it, not two weeks overdue.
    assert_eq!(bills[&last].due_date.to_string(), "2026-12-24");
    // A third pass has nothing to do.
    world.run_month("2026-10").await;
    assert_eq!(counts(&world, "2026-10").await, [all, all - 1, 0, 1]);
    assert_eq!(world.books().bills, bills);
    all_released(&world, &orders).await;
}

#[tokio::test(start_paused = true)]
async fn lines_on_hold_are_parked_together_and_billed_together() {
    let (mut world, orders) = held(3 * BILLS_PER_TRANSACTION).await;
    let transactions = 3;
    world.run_month("2026-10").await;
    world.counted.reset();
    // Another month, all of whose lines are on hold.
    world.release(without_sms());
    let sms = |line: &OrderId| world.used(line, line.as_str(), UsageType::Sms, "150", "2026-11-05T00:30:00Z");
    world.import(&orders.iter().map(sms).collect::<Vec<_>>()).await;
    world.counted.reset();
    world.run_month("2026-11").await;
    let all = orders.len() as u64;
    assert_eq!(counts(&world, "2026-11").await, [all, 0, 0, all]);
    let cost = world.counted.reset();
    // With the fence of the month.
    assert_eq!(
        (cost.of(Table::Bills).writes, cost.of(Table::Parked).writes),
        (transactions + 1, transactions)
    );
    world.release(Catalogue::builtin());
    world.run_month("2026-11").await;
    assert_eq!(counts(&world, "2026-11").await, [all, all, 0, 0]);
    let cost = world.counted.reset();
    // The bills and their event's outbox row; each record of what was parked is two entities.
    let writes = (cost.of(Table::Bills).writes, cost.of(Table::Parked).writes);
    assert_eq!(writes, (2 * transactions, 2 * transactions));
    assert!(100 * (writes.0 + writes.1) <= 5 * orders.len(), "{writes:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_still_on_hold_is_parked_once_however_often_the_month_is_run() {
    let (mut world, _) = held(40).await;
    world.release(without_sms());
    let before = world.parked().await;
    for _ in 0..2 {
        world.counted.reset();
        world.run_month("2026-10").await;
        assert_eq!(counts(&world, "2026-10").await, [40, 1, 0, 39]);
        assert_eq!(world.parked().await, before);
        let cost = world.counted.counts();
        assert_eq!((cost.of(Table::Bills).writes, cost.of(Table::Parked).writes), (0, 0));
    }
}

/// Lets the `n`-th call of the chunk that releases go wrong, and delivers it again. False when it has no such call.
async fn breaks_off(n: usize, fault: Fault) -> bool {
    let (mut world, orders) = held(5).await;
    let _trying = Trying(format!("{fault:?} at call {n}"));
    world.app.start_billing_run(month("2026-10")).await.unwrap();
    assert!(world.deliver_next().await, "the message of the run becomes the bucket's");
    world.deliveries.collect(&world.bus);
    let chunk = world.deliveries.first_where(world.now(), |it| it.function == "billing_chunk").unwrap();
    world.faults.nth(n, |_| true, fault);
    let handled = world.handle(&chunk).await;
    let met = world.faults.fired() > 0;
    world.faults.clear();
    world.deliveries.again(&chunk);
    world.run_until_quiet().await;
    world.rest().await;
    assert_eq!(counts(&world, "2026-10").await, [5, 4, 0, 1], "{handled:?}");
    all_released(&world, &orders).await;
    met
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_breaks_off_anywhere_is_done_by_its_next_delivery_with_one_effect() {
    for fault in [Fault::Refused, Fault::LostBefore, Fault::LostAfter, Fault::DieBefore, Fault::DieAfter] {
        let mut n = 1;
        while breaks_off(n, fault).await {
            n += 1;
        }
        assert!(n > 15, "{fault:?}: {n} calls");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pass_and_an_operator_at_the_same_line_bill_it_once() {
    let mut replays = BTreeMap::<bool, usize>::new();
    for seed in 0..150 {
        let _trying = Trying(format!("mixture {seed}"));
        let (mut world, orders) = held(4).await;
        world.app.start_billing_run(month("2026-10")).await.unwrap();
        assert!(world.deliver_next().await);
        let line = |record: &&Value| record["bill"]["orderId"] == orders[2].as_str();
        let record = world.parked().await.iter().find(line).unwrap()["parkedId"].as_str().unwrap().to_owned();
        world.mix(seed);
        let app = world.app.clone();
        // The operator is somewhere between before and after the pass.
        let operator = async {
            for _ in 0..seed {
                tokio::task::yield_now().await;
            }
            app.replay_parked(&record).await
        };
        let (replayed, ()) = tokio::join!(operator, world.run_together(4));
        world.faults.clear();
        *replays.entry(replayed.is_ok()).or_default() += 1;
        if let Err(failure) = replayed {
            assert!(["wrong_state", "not_found"].contains(&failure.code()), "{failure:?}");
        }
        world.rest().await;
        assert_eq!(counts(&world, "2026-10").await, [4, 3, 0, 1]);
        all_released(&world, &orders).await;
    }
    assert!(replays.len() == 2, "each of them is first now and then: {replays:?}");
}

#[tokio::test(start_paused = true)]
async fn a_record_whose_replay_died_is_ended_by_a_pass_when_it_can_be_nobodys_any_more() {
    let (mut world, orders) = held(3).await;
    let line = |record: &&Value| record["bill"]["orderId"] == orders[2].as_str();
    let id = world.parked().await.iter().find(line).unwrap()["parkedId"].as_str().unwrap().to_owned();
    // It has said that it begins, and that was all.
    world.faults.nth(2, |_| true, Fault::DieAfter);
    assert!(world.faults.survives(world.app.replay_parked(&id)).await.is_none());
    world.faults.clear();
    world.run_month("2026-10").await;
    assert_eq!(counts(&world, "2026-10").await, [3, 2, 0, 1]);
    assert_eq!(world.waiting_parked().await.len(), 2, "it may still be at it");
    world.advance(SignedDuration::from_secs(i64::try_from(HANDLER_SECONDS_MAX).unwrap() + 1));
    world.run_month("2026-10").await;
    world.rest().await;
    all_released(&world, &orders).await;
}

#[tokio::test(start_paused = true)]
async fn a_chunk_of_the_first_pass_that_comes_late_releases_as_well_and_once() {
    let (mut world, orders) = held(4).await;
    let chunk = world.bus.sent().into_iter().rfind(|message| message.entity == "billing").unwrap();
    for _ in 0..2 {
        world.app.consume(Consumer::BillingChunk, &incoming(&chunk)).await.unwrap();
        world.rest().await;
        all_released(&world, &orders).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_that_an_operator_has_discarded_is_neither_billed_nor_parked_by_another_pass() {
    let (mut world, orders) = held(4).await;
    // One that could be billed by now, and one that cannot.
    let given_up = |record: &Value| {
        [&orders[1], &orders[3]].iter().any(|line| record["bill"]["orderId"] == line.as_str())
    };
    for record in world.parked().await.into_iter().filter(given_up) {
        world.app.discard_parked(record["parkedId"].as_str().unwrap()).await.unwrap();
    }
    let before = world.books().bills;
    for _ in 0..2 {
        world.run_month("2026-10").await;
        assert_eq!(counts(&world, "2026-10").await, [4, 2, 2, 0]);
    }
    assert_eq!(world.parked().await, Vec::<Value>::new());
    let states: Vec<Value> = ended(&world).await.into_iter().map(|record| record["state"].clone()).collect();
    assert_eq!(states.iter().filter(|state| *state == "discarded").count(), 2, "{states:?}");
    for line in [&orders[1], &orders[3]] {
        let id = BillId::monthly(month("2026-10"), line);
        assert_eq!(world.books().bills[&id], before[&id]);
        assert_eq!(announced(&world).get(id.as_str()), None);
    }
}
