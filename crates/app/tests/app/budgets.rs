//! What each operation may cost in storage calls and messages. These are what Azure bills and what bounds throughput;
//! they do not depend on the machine.

use crate::world::World;
use crate::world::commands::{customer, month, on_plan, quantity, saga_of};
use app::bill::UsageRecord;
use app::ports::{Message, Table};
use domain::catalogue::UsageType;
use domain::ids::PhoneNumber;
use domain::limits::{BILLS_PER_TRANSACTION, LINES_PER_CHUNK};
use testkit::{Card, Counts, MemoryTables};

/// The view and the saga record have budgets of their own.
const APART: [Table; 2] = [Table::MyPage, Table::Sagas];

/// Begins to count anew; answers with how many messages were sent so far.
fn begin(world: &World) -> usize {
    world.counted.reset();
    world.bus.sent().len()
}

/// The messages sent since then, when nothing is on its way any more.
async fn messages(world: &mut World, before: usize) -> Vec<Message> {
    world.run_until_quiet().await;
    world.bus.sent().split_off(before)
}

fn sent_to(messages: &[Message], entity: &str) -> usize {
    messages.iter().filter(|message| message.entity == entity).count()
}

#[track_caller]
fn within(what: &str, cost: Counts, reads: usize, writes: usize) {
    let (spent_reads, spent_writes) = (cost.all_reads(), cost.writes);
    assert!(spent_reads <= reads, "{what}: {spent_reads} reads, {reads} at most");
    assert!(spent_writes <= writes, "{what}: {spent_writes} writes, {writes} at most");
}

/// Checks a saga that sent `events`: its own cost, and that of the saga record and of the view per event.
#[track_caller]
fn saga_within(what: &str, world: &World, sent: &[Message], reads: usize, writes: usize) {
    let counts = world.counted.counts();
    within(what, counts.without(&APART), reads, writes);
    let events = sent_to(sent, "events");
    assert!(events <= 3, "{what}: {events} messages, 3 at most");
    assert_eq!(sent_to(sent, "saga-deadlines"), 1, "{what}: one scheduled deadline");
    assert_eq!(sent.len(), events + 1, "{what}: no other messages");
    within(&format!("{what}, saga record"), counts.of(Table::Sagas), events, events);
    within(&format!("{what}, view"), counts.of(Table::MyPage), events, events);
}

#[tokio::test(start_paused = true)]
async fn a_line_is_opened_within_its_budget() {
    let mut world = World::new(1);
    let before = begin(&world);
    let answer = world.app.open_line(&customer("kim"), on_plan("lte-light", None), None).await.unwrap();
    let sent = messages(&mut world, before).await;
    saga_within("open a line", &world, &sent, 3, 8);
    let saga = world.app.saga(&saga_of(&answer), None).await.unwrap();
    assert_eq!(serde_json::to_value(saga).unwrap()["status"], "completed");
}

#[tokio::test(start_paused = true)]
async fn a_bill_is_paid_and_the_payment_cancelled_within_their_budgets() {
    let mut world = World::new(1);
    let (_, bill) = world.billed("kim").await;
    let before = begin(&world);
    let answer = world.pay("kim", &bill, None, Card::Approve, None).await.unwrap();
    let sent = messages(&mut world, before).await;
    saga_within("pay a bill", &world, &sent, 3, 7);
    let payment = crate::world::commands::payment_of(&answer);
    let before = begin(&world);
    world.app.cancel_payment(&customer("kim"), &payment, "test", None).await.unwrap();
    let sent = messages(&mut world, before).await;
    saga_within("cancel a payment", &world, &sent, 3, 7);
    begin(&world);
    world.app.my_page(&customer("kim")).await.unwrap();
    within("MyPage", world.counted.counts().total(), 1, 0);
}

/// What a run over some lines with four usage records each costs.
struct Run {
    own: Counts,
    pay: Counts,
    view: Counts,
    messages: usize,
    events: usize,
}

async fn run_over(lines: usize) -> Run {
    let mut world = World::with(1, 1, MemoryTables::default());
    let number = |line: usize| format!("010{:08}", 30_000_000 + line);
    for line in 0..lines {
        let request = on_plan("lte-light", Some(&number(line)));
        world.app.open_line(&customer(&format!("c{line}")), request, None).await.unwrap();
    }
    world.run_until_quiet().await;
    let used = |line: usize| {
        [UsageType::VoiceDay, UsageType::VoiceNight, UsageType::Sms, UsageType::DataMb].map(|kind| {
            UsageRecord {
                line: 2,
                record_id: format!("{line}-{kind}"),
                number: PhoneNumber::parse(&number(line)).unwrap(),
                kind,
                quantity: quantity("120.5"),
                used_at: "2026-10-05T03:00:00Z".parse().unwrap(),
            }
        })
    };
    let usage: Vec<_> = (0..lines).flat_map(used).collect();
    assert_eq!(world.import(&usage).await.accepted, 4 * lines);
    world.at("2026-10-31T16:00:00Z");
    let before = begin(&world);
    world.app.start_billing_run(month("2026-10")).await.unwrap();
    let sent = messages(&mut world, before).await;
    let counts = world.counted.counts();
    let run = serde_json::to_value(world.app.billing_run(month("2026-10")).await.unwrap()).unwrap();
    assert_eq!((run["status"].as_str(), run["issued"].as_u64()), (Some("completed"), Some(lines as u64)));
    Run {
        own: counts.sum(&[
            Table::Bills,
            Table::Runs,
            Table::Numbers,
            Table::Orders,
            Table::Parked,
            Table::Meta,
        ]),
        pay: counts.of(Table::Payments),
        view: counts.of(Table::MyPage),
        messages: sent.len(),
        events: sent_to(&sent, "events"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_more_bills_of_a_run_cost_no_more_than_their_budget() {
    let (one, two) = (run_over(LINES_PER_CHUNK).await, run_over(2 * LINES_PER_CHUNK).await);
    let check = |what: &str, less: usize, more: usize, most: usize| {
        let spent = more - less;
        assert!(
            100 * spent <= most * LINES_PER_CHUNK,
            "{spent} {what} for {LINES_PER_CHUNK} bills, {most} at most a hundred"
        );
    };
    check("reads", one.own.all_reads(), two.own.all_reads(), 3);
    check("writes", one.own.writes, two.own.writes, 5);
    check("messages", one.messages, two.messages, 2);
    assert_eq!(one.events, LINES_PER_CHUNK / BILLS_PER_TRANSACTION);
    for (what, cost) in [("projection into Pay", one.pay), ("projection into the view", one.view)] {
        within(what, cost, one.events, one.events);
    }
}
