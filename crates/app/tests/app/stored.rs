//! Rows and messages of an earlier build, which the build that takes over has to understand.
//!
//! `stored.json` is such a store, with every message that was sent to fill it. A test that fails here means that a
//! store like it would stop working with the next release: give a new field a default, or read both forms. Only where no
//! such store exists any more may the file be written anew: `STORED=write cargo test --package app --test app stored`.

use crate::world::World;
use crate::world::commands::{customer, month, on_plan, payment_of, wish};
use app::bill::BillFilter;
use app::order::OpenLine;
use app::ports::{Message, Op, Table, Tables};
use app::{Once, PageRequest};
use domain::catalogue::UsageType;
use domain::ids::{BillId, OrderId};
use domain::money::Won;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use testkit::{Call, Card, Fault, MemoryTables};

/// Where messages go.
const ENTITIES: [&str; 4] = ["events", "billing", "compensations", "saga-deadlines"];
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/app/stored.json");
const BUCKETS: u32 = 2;
const CUSTOMERS: [&str; 3] = ["kim", "lee", "park"];
/// When the store was left as it is.
const LEFT: &str = "2026-11-20T01:00:00Z";
const OCTOBER_5: &str = "2026-10-05T03:00:00Z";
const TAKEN: &str = "01012345678";

#[derive(Serialize, Deserialize)]
struct Stored {
    rows: Vec<StoredRow>,
    messages: Vec<StoredMessage>,
}

#[derive(Serialize, Deserialize)]
struct StoredRow {
    table: String,
    partition: String,
    row: String,
    body: String,
}

#[derive(Serialize, Deserialize)]
struct StoredMessage {
    entity: String,
    id: String,
    subject: String,
    body: String,
}

/// Every use case, and most of what can be left over.
async fn play() -> World {
    let mut world = World::with(7, BUCKETS, MemoryTables::default());
    let contract = OpenLine { contract_months: Some(12), ..on_plan("lte-light", Some(TAKEN)) };
    let kims = world.open("kim", contract).await;
    let lees = world.open("lee", wish(None)).await;
    let parks = [world.open("park", wish(None)).await, world.open("park", wish(None)).await];
    world.app.open_line(&customer("lee"), wish(Some(TAKEN)), None).await.unwrap();
    world.app.suspend_line(&customer("lee"), &lees, None).await.unwrap();
    world.run_until_quiet().await;
    world.app.resume_line(&customer("lee"), &lees, None).await.unwrap();
    world.run_until_quiet().await;
    october_is_billed(&mut world, [&kims, &lees], &parks).await;
    kim_pays_and_leaves(&mut world, &kims).await;
    let bill = BillId::monthly(month("2026-10"), &lees);
    world.pay("lee", &bill, None, Card::Timeout, None).await.unwrap();
    world.at(LEFT);
    world.run_timers().await;
    world.run_until_quiet().await;
    world.app.fold_tallies().await.unwrap();
    // The last order's messages are still in the outbox.
    world.faults.always(|call| matches!(call, Call::Send(_)), Fault::Refused);
    world.app.open_line(&customer("park"), wish(None), None).await.unwrap();
    world.faults.clear();
    world
}

/// Two lines use too much for a bill; an operator has given up one of them.
async fn october_is_billed(world: &mut World, bills: [&OrderId; 2], on_hold: &[OrderId; 2]) {
    let mut usage: Vec<_> = Vec::new();
    usage.extend(bills.map(|line| world.used(line, line.as_str(), UsageType::Sms, "150", OCTOBER_5)));
    let absurd = |line: &OrderId| world.used(line, line.as_str(), UsageType::DataMb, "99999999", OCTOBER_5);
    usage.extend(on_hold.iter().map(absurd));
    assert_eq!(world.import(&usage).await.accepted, usage.len());
    world.at("2026-10-31T16:00:00Z");
    world.run_month("2026-10").await;
    let parked = world.waiting_parked().await;
    assert_eq!(parked.len(), 2);
    world.app.discard_parked(&parked[0]).await.unwrap();
}

async fn kim_pays_and_leaves(world: &mut World, line: &OrderId) {
    let (kim, bill) = (customer("kim"), BillId::monthly(month("2026-10"), line));
    let once = Once::new("kim", "payments", "once", "{}");
    let paid = world.pay("kim", &bill, None, Card::Approve, Some(&once)).await.unwrap();
    world.run_until_quiet().await;
    world.app.cancel_payment(&kim, &payment_of(&paid), "by mistake", None).await.unwrap();
    world.run_until_quiet().await;
    world.pay("kim", &bill, Some(Won::new(1_000)), Card::Approve, None).await.unwrap();
    world.run_until_quiet().await;
    world.at("2026-11-10T03:00:00Z");
    world.app.terminate_line(&kim, line, None).await.unwrap();
    world.run_until_quiet().await;
    let late = world.used(line, "late", UsageType::Sms, "1", "2026-11-09T03:00:00Z");
    assert_eq!(world.import(&[late]).await.accepted, 1);
}

fn write(world: &World) {
    let rows = world.tables.contents().into_iter().map(|((table, key), body)| StoredRow {
        table: table.name().to_owned(),
        partition: key.partition,
        row: key.row,
        body,
    });
    let messages = world.bus.sent().into_iter().map(|message| StoredMessage {
        entity: message.entity.to_owned(),
        id: message.message_id,
        subject: message.subject,
        body: message.body,
    });
    let stored = Stored { rows: rows.collect(), messages: messages.collect() };
    std::fs::write(FILE, format!("{}\n", serde_json::to_string_pretty(&stored).unwrap())).unwrap();
}

async fn read() -> (World, Vec<Message>) {
    let stored: Stored = serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
    let tables = MemoryTables::default();
    for StoredRow { table, partition, row, body } in stored.rows {
        let table = Table::ALL.into_iter().find(|known| known.name() == table).unwrap();
        tables.commit(table, &partition, &[Op::insert(row, body)]).await.unwrap();
    }
    let messages = stored.messages.into_iter().map(|StoredMessage { entity, id, subject, body }| Message {
        entity: ENTITIES.into_iter().find(|known| *known == entity).unwrap(),
        message_id: id,
        subject,
        correlation_id: None,
        properties: Vec::new(),
        scheduled_at: None,
        body,
    });
    let world = World::with(8, BUCKETS, tables);
    world.at(LEFT);
    (world, messages.collect())
}

#[tokio::test(start_paused = true)]
async fn a_store_that_an_earlier_build_left_is_worked_on() {
    if std::env::var_os("STORED").is_some() {
        write(&play().await);
    }
    let (mut world, messages) = read().await;
    let parked = world.parked().await.len();
    let bills = world.books().bills;
    // The build before may have sent any of them a moment ago, and a retry may bring any of them again.
    for message in messages {
        world.deliveries.accept(message);
    }
    world.run_until_quiet().await;
    assert_eq!(
        (world.parked().await.len(), world.books().bills),
        (parked, bills),
        "all of it was handled before"
    );
    everything_can_be_read(&world).await;
    world.gateway_unasked = true;
    world.rest().await;
    // The order whose messages were left in the outbox has its line by now, and November is billed.
    world.at("2026-11-30T16:00:00Z");
    world.run_month("2026-11").await;
    assert_eq!(view(&world, "park").await["lines"][2]["status"], "active");
    let counts = serde_json::to_value(world.app.billing_run(month("2026-11")).await.unwrap()).unwrap();
    assert_eq!((&counts["issued"], &counts["parked"]), (&5.into(), &0.into()), "{counts}");
    everything_can_be_read(&world).await;
    assert!(world.app.clean_up().await.unwrap() > 0, "what was handled weeks ago is forgotten");
}

async fn view(world: &World, name: &str) -> Value {
    serde_json::to_value(world.app.my_page(&customer(name)).await.unwrap()).unwrap()
}

async fn everything_can_be_read(world: &World) {
    let all = PageRequest { limit: 1_000, cursor: None };
    let app = &world.app;
    for name in CUSTOMERS {
        let who = customer(name);
        assert!(!app.orders(&who, &all).await.unwrap().items.is_empty());
        assert_ne!(view(world, name).await["lines"], json!([]));
        app.bills(&who, BillFilter::All, &all).await.unwrap();
        assert_eq!(app.find_customers(name).await.unwrap().len(), 1);
    }
    for id in world.books().payments.keys() {
        let of = world.books().payments[id].customer_id.clone();
        app.payment(&of, id).await.unwrap();
    }
    assert!(app.sagas(None, &all).await.unwrap().items.len() >= 7);
    assert_eq!(app.parked(true, &all).await.unwrap().items.len(), 1);
    app.billing_run(month("2026-10")).await.unwrap();
    app.figures().await.unwrap();
    app.fold_tallies().await.unwrap();
    app.relay_outbox().await.unwrap();
}
