use super::*;
use crate::bus::{Counts, LockLost, Message};

#[track_caller]
fn check_obituary(letter: &Message, source: &str, reason: &str, description: &str) {
    assert_eq!(letter.dead_letter_source.as_deref(), Some(source));
    assert_eq!(letter.properties["DeadLetterReason"], reason);
    assert_eq!(letter.properties["DeadLetterErrorDescription"], description);
}

const EXHAUSTED: (&str, &str) =
    ("MaxDeliveryCountExceeded", "Message could not be consumed after 3 delivery attempts.");
const EXPIRED: (&str, &str) = ("TTLExpiredException", "The message expired and was dead lettered.");

#[tokio::test]
async fn a_message_that_fails_too_often_goes_to_the_dead_letter_queue() {
    let bench = Bench::new();
    let properties = serde_json::json!({"traceparent": "00"}).as_object().unwrap().clone();
    let sent = IncomingMessage {
        message_id: Some("m".to_owned()),
        correlation_id: Some("saga".to_owned()),
        body: "poison".into(),
        properties,
        ..labelled("a")
    };
    bench.send("events", sent).await;
    bench.exhaust("events/subscriptions/first", 3).await;
    let letter = bench.receive("dead-letters").await;
    check_obituary(&letter.message, "events/Subscriptions/first", EXHAUSTED.0, EXHAUSTED.1);
    assert_eq!(letter.delivery_count, 1);
    assert_eq!((letter.message.message_id.as_str(), &letter.message.body[..]), ("m", &b"poison"[..]));
    assert_eq!(letter.message.correlation_id.as_deref(), Some("saga"));
    assert_eq!(letter.message.subject.as_deref(), Some("a"));
    assert_eq!(letter.message.properties["traceparent"], "00");
    assert_eq!(bench.count("events/subscriptions/first"), Counts::default());
    assert_eq!(bench.count("events/subscriptions/second").active, 1, "nobody else's delivery is touched");
}

#[tokio::test]
async fn two_subscriptions_that_fail_make_two_dead_letters() {
    let bench = Bench::new();
    bench.send("events", IncomingMessage { message_id: Some("m".to_owned()), ..labelled("a") }).await;
    bench.exhaust("events/subscriptions/first", 3).await;
    bench.exhaust("events/subscriptions/second", 3).await;
    let mut sources = Vec::new();
    for _ in 0..2 {
        sources.extend(bench.receive("dead-letters").await.message.dead_letter_source.clone());
    }
    assert_eq!(sources, ["events/Subscriptions/first", "events/Subscriptions/second"]);
}

#[tokio::test]
async fn a_message_that_expires_goes_to_the_dead_letter_queue() {
    let bench = Bench::new();
    let short = IncomingMessage { time_to_live: Some(minutes(5)), ..with_id("short") };
    let long = IncomingMessage { time_to_live: Some(minutes(100_000)), ..with_id("capped") };
    bench.send("billing", short).await;
    bench.send("billing", long).await;
    bench.advance(minutes(5)).await;
    let letter = bench.receive("dead-letters").await;
    check_obituary(&letter.message, "billing", EXPIRED.0, EXPIRED.1);
    assert_eq!(letter.message.message_id, "short");
    bench.broker.complete(&letter.lock).unwrap();
    bench.advance(minutes(24 * 60)).await;
    assert_eq!(bench.receive("dead-letters").await.message.message_id, "capped", "the queue's own limit");
    bench.check_nothing("billing");
}

#[tokio::test]
async fn an_expired_message_is_not_received_even_before_the_bus_has_noticed() {
    let bench = Bench::new();
    bench.send("billing", IncomingMessage { time_to_live: Some(minutes(5)), ..with_id("late") }).await;
    bench.send("billing", with_id("in time")).await;
    bench.clock.advance(minutes(5));
    assert_eq!(bench.receive("billing").await.message.message_id, "in time");
    assert_eq!(bench.receive("dead-letters").await.message.message_id, "late");
}

#[tokio::test]
async fn a_locked_message_does_not_expire() {
    let bench = Bench::new();
    bench
        .send("billing", IncomingMessage { time_to_live: Some(SignedDuration::from_secs(1)), ..with_id("a") })
        .await;
    let lock = bench.receive("billing").await.lock;
    bench.advance(SignedDuration::from_secs(30)).await;
    bench.broker.complete(&lock).unwrap();
    assert!(bench.broker.is_idle());
}

#[tokio::test]
async fn a_lock_that_ends_too_often_kills_too() {
    let bench = Bench::new();
    bench.send("billing", with_id("a")).await;
    for count in 1..=3 {
        let delivery = bench.receive("billing").await;
        assert_eq!(delivery.delivery_count, count);
        bench.advance(minutes(1)).await;
        assert_eq!(bench.broker.complete(&delivery.lock), Err(LockLost));
    }
    let letter = bench.receive("dead-letters").await;
    check_obituary(&letter.message, "billing", EXHAUSTED.0, EXHAUSTED.1);
}

#[tokio::test]
async fn a_dead_letter_that_dies_stays_where_it_is() {
    let bench = Bench::new();
    for id in ["exhausted", "expired"] {
        bench.send("dead-letters", with_id(id)).await;
    }
    bench.exhaust("dead-letters", 5).await;
    bench.advance(minutes(24 * 60)).await;
    bench.check_nothing("dead-letters");
    let buried = Counts { dead_lettered: 2, ..Counts::default() };
    assert_eq!(bench.count("dead-letters"), buried);
    assert!(bench.broker.is_idle());
    assert_eq!(bench.killed().count("dead-letters"), buried);
    let bench = bench.reopen();
    assert_eq!(bench.count("dead-letters"), buried);
    bench.check_nothing("dead-letters");
}

#[tokio::test]
async fn the_bus_is_not_idle_while_a_message_is_on_its_way_to_the_dead_letters() {
    let bench = Bench::new();
    for round in 0..50 {
        bench.send("billing", with_id(&round.to_string())).await;
        bench.exhaust("billing", 3).await;
        assert!(!bench.broker.is_idle());
        let letter = bench.receive("dead-letters").await;
        bench.broker.complete(&letter.lock).unwrap();
        assert!(bench.broker.wait_idle(PATIENCE).await);
    }
}

#[tokio::test]
async fn a_dead_letter_is_taken_by_a_bus_that_is_full() {
    let bench = Bench::with(TOPOLOGY, Limits { messages: 1, ..Limits::default() });
    bench.send("billing", with_id("a")).await;
    bench.exhaust("billing", 3).await;
    let letter = bench.receive("dead-letters").await;
    bench.broker.complete(&letter.lock).unwrap();
    bench.send_when_there_is_room("billing", with_id("b")).await;
}
