use super::*;
use crate::bus::OpenError;
use rusqlite::Connection;

#[tokio::test]
async fn accepted_messages_survive_a_restart_with_everything_that_was_said() {
    let bench = Bench::new();
    let properties =
        serde_json::json!({"text": "수납", "number": 1.5, "flag": true}).as_object().unwrap().clone();
    let sent = IncomingMessage {
        message_id: Some("m".to_owned()),
        subject: Some("a".to_owned()),
        correlation_id: Some("saga".to_owned()),
        content_type: Some("application/json".to_owned()),
        time_to_live: Some(SignedDuration::from_millis(90_500)),
        body: b"\x00\xff".to_vec().into(),
        properties,
        ..IncomingMessage::default()
    };
    bench.send("events", sent.clone()).await;
    let before = bench.receive("events/subscriptions/first").await;
    let bench = bench.reopen();
    let after = bench.receive("events/subscriptions/first").await;
    assert_eq!(after.message.sequence_number, before.message.sequence_number);
    assert_eq!((after.enqueued_at, after.expires_at), (before.enqueued_at, before.expires_at));
    assert_eq!(after.message.message_id, "m");
    assert_eq!(
        (&after.message.subject, &after.message.correlation_id),
        (&sent.subject, &sent.correlation_id)
    );
    assert_eq!(
        (&after.message.content_type, &after.message.properties),
        (&sent.content_type, &sent.properties)
    );
    assert_eq!(after.message.body, sent.body);
}

#[tokio::test]
async fn whatever_was_accepted_is_there_after_a_kill() {
    let bench = Bench::new();
    for number in 0..200 {
        bench.send("billing", with_id(&format!("{number:03}"))).await;
    }
    bench.send("events", labelled("a")).await;
    let killed = bench.killed();
    for number in 0..200 {
        assert_eq!(killed.receive("billing").await.message.message_id, format!("{number:03}"));
    }
    killed.receive("events/subscriptions/first").await;
    killed.receive("events/subscriptions/second").await;
}

#[tokio::test]
async fn completions_are_on_disk_after_a_moment() {
    let bench = Bench::new();
    bench.send("events", labelled("a")).await;
    let lock = bench.receive("events/subscriptions/first").await.lock;
    bench.broker.complete(&lock).unwrap();
    eventually("the completion is stored", || {
        let killed = bench.killed();
        assert_eq!(killed.count("events/subscriptions/second").active, 1);
        killed.count("events/subscriptions/first").active == 0
    })
    .await;
}

#[tokio::test]
async fn what_was_completed_is_not_delivered_after_a_restart() {
    let bench = Bench::new();
    bench.send("events", labelled("a")).await;
    for source in ["events/subscriptions/first", "events/subscriptions/second"] {
        let lock = bench.receive(source).await.lock;
        bench.broker.complete(&lock).unwrap();
    }
    let bench = bench.reopen();
    assert!(bench.broker.is_idle());
    let file = bench.path();
    bench.broker.close();
    let rows: i64 = Connection::open(file)
        .unwrap()
        .query_row("SELECT count(*) FROM messages", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 0, "nothing is left of it");
}

#[tokio::test]
async fn a_restart_drops_locks_and_keeps_the_count_of_failures() {
    let bench = Bench::new();
    bench.send("billing", with_id("a")).await;
    bench.exhaust("billing", 2).await;
    let before = bench.receive("billing").await.lock;
    let bench = bench.reopen();
    let after = bench.receive("billing").await;
    assert_eq!(after.delivery_count, 3, "two failed, the third was never settled");
    assert_ne!(after.lock.token(), before.token());
    assert!(bench.broker.complete(&before).is_err(), "a lock of before the restart");
    bench.broker.abandon(&after.lock).unwrap();
    bench.receive("dead-letters").await;
}

#[tokio::test]
async fn a_message_that_died_without_a_burial_is_buried_after_the_restart() {
    let bench = Bench::new();
    bench.send("billing", with_id("a")).await;
    bench.broker.close();
    let file = Connection::open(bench.path()).unwrap();
    let failed = file.execute("UPDATE messages SET places = replace(places, ':0', ':3')", []);
    assert_eq!(failed.unwrap(), 1);
    drop(file);
    let bench = bench.reopen();
    let letter = bench.receive("dead-letters").await;
    assert_eq!(letter.message.properties["DeadLetterReason"], "MaxDeliveryCountExceeded");
    bench.check_nothing("billing");
}

#[tokio::test]
async fn at_any_moment_a_dying_message_is_stored_in_exactly_one_queue() {
    let bench = Bench::new();
    for round in 0..20 {
        bench.send("billing", with_id(&round.to_string())).await;
        bench.exhaust("billing", 3).await;
        let killed = bench.killed();
        let stored = ["billing", "dead-letters"].map(|source| killed.broker.try_receive(source).unwrap());
        let stored: Vec<_> = stored.into_iter().flatten().collect();
        assert_eq!(stored.len(), 1, "{stored:?}");
        assert_eq!(stored[0].message.message_id, round.to_string());
        let lock = bench.receive("dead-letters").await.lock;
        bench.broker.complete(&lock).unwrap();
        bench.sync().await;
    }
}

#[tokio::test]
async fn scheduled_messages_and_the_duplicate_window_survive_a_restart() {
    let bench = Bench::new();
    let due = bench.now() + minutes(5);
    bench.send("billing", IncomingMessage { scheduled_at: Some(due), ..with_id("a") }).await;
    let bench = bench.reopen();
    assert_eq!(bench.count("billing").scheduled, 1);
    bench.send("billing", with_id("a")).await;
    bench.check_nothing("billing");
    bench.clock.advance(minutes(6));
    let bench = bench.reopen();
    assert_eq!(bench.receive("billing").await.enqueued_at, bench.now(), "it came due while nobody was there");
}

#[tokio::test]
async fn ids_outside_of_the_window_are_forgotten_on_disk_too() {
    let bench = Bench::new();
    for id in ["a", "b", "c"] {
        bench.send("billing", with_id(id)).await;
        bench.advance(minutes(6)).await;
    }
    bench.send("billing", with_id("d")).await;
    bench.broker.close();
    let file = Connection::open(bench.path()).unwrap();
    let ids: String =
        file.query_row("SELECT group_concat(message_id) FROM history", [], |row| row.get(0)).unwrap();
    assert_eq!(ids, "c,d");
}

#[tokio::test]
async fn sequence_numbers_are_not_used_again_after_a_restart() {
    let bench = Bench::new();
    bench.send("billing", with_id("a")).await;
    let before = bench.receive("billing").await;
    bench.broker.complete(&before.lock).unwrap();
    let bench = bench.reopen();
    bench.send("billing", with_id("b")).await;
    assert!(bench.receive("billing").await.message.sequence_number > before.message.sequence_number);
}

#[tokio::test]
async fn messages_of_a_queue_that_was_taken_away_wait_for_its_return() {
    let bench = Bench::new();
    bench.send("other", with_id("a")).await;
    bench.send("events", labelled("a")).await;
    let smaller = TOPOLOGY
        .replace(r#"{ "name": "other", "function": "f" },"#, "")
        .replace(r#"{ "name": "second", "function": "f", "subjects": ["a", "b"] },"#, "");
    assert!(smaller.len() < TOPOLOGY.len());
    let bench = bench.reopen_with(&smaller);
    assert!(bench.broker.try_receive("other").is_err());
    let lock = bench.receive("events/subscriptions/first").await.lock;
    bench.broker.complete(&lock).unwrap();
    assert!(bench.broker.is_idle());
    let bench = bench.reopen();
    bench.receive("other").await;
    bench.receive("events/subscriptions/second").await;
    bench.check_nothing("events/subscriptions/first");
}

#[tokio::test]
async fn one_process_has_the_bus() {
    let bench = Bench::new();
    let topology = Topology::parse(TOPOLOGY).unwrap();
    let second = Broker::open(&bench.path(), &topology, bench.clock.clone());
    assert!(matches!(second, Err(OpenError::InUse)));
    bench.send("billing", with_id("a")).await;
}

#[track_caller]
fn check_unreadable(damage: &str, expected: impl Fn(&OpenError) -> bool) {
    let bench = Bench::new();
    bench.broker.close();
    Connection::open(bench.path()).unwrap().execute_batch(damage).unwrap();
    let topology = Topology::parse(TOPOLOGY).unwrap();
    let error = Broker::open(&bench.path(), &topology, bench.clock.clone()).err().expect("refused");
    assert!(expected(&error), "{damage}: {error:?}");
}

#[test]
fn a_file_that_this_program_did_not_write_is_refused() {
    check_unreadable("PRAGMA user_version = 7", |error| matches!(error, OpenError::Version(7)));
    for places in ["", "x", "1", "1:x", "1:1:1", "999:0"] {
        let row = format!("INSERT INTO messages VALUES (5,'m',0,0,0,'{{}}',0,0,0,0,x'','{places}')");
        check_unreadable(&row, |error| matches!(error, OpenError::Damaged(5)));
    }
    let row = "INSERT INTO messages VALUES (5,'m',0,0,0,'[',0,0,0,0,x'','1:0')";
    check_unreadable(row, |error| matches!(error, OpenError::Damaged(5)));
    check_unreadable("DROP TABLE history", |error| matches!(error, OpenError::Sqlite(_)));
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("bus.db");
    std::fs::write(&path, "this is no database, but long enough to be looked at".repeat(100)).unwrap();
    let clock = Arc::new(TestClock(AtomicI64::new(0)));
    let topology = Topology::parse(TOPOLOGY).unwrap();
    assert!(matches!(Broker::open(&path, &topology, clock), Err(OpenError::Sqlite(_))));
}
