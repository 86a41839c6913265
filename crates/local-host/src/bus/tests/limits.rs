use super::*;
use crate::bus::{MESSAGE_ID_CHARS_MAX, SendError};

#[tokio::test]
async fn an_entity_that_does_not_exist_takes_nothing() {
    let bench = Bench::new();
    for entity in ["nothing", "", "events/subscriptions/first"] {
        let refused = bench.broker.send(entity, with_id("a")).await;
        assert!(matches!(refused, Err(SendError::UnknownEntity(name)) if name == entity));
    }
}

#[tokio::test]
async fn a_message_may_be_as_large_as_the_topology_says_with_its_properties() {
    let bench = Bench::new();
    let of_size = |body: usize| {
        let properties = serde_json::json!({"abcd": "efgh", "n": 1}).as_object().unwrap().clone();
        IncomingMessage { properties, body: vec![b'x'; body].into(), ..with_id("0123456789") }
    };
    // 10 for the id, 8 for the first property, 9 for the second.
    let refused = bench.broker.send("billing", of_size(974)).await;
    assert!(matches!(refused, Err(SendError::TooLarge { size: 1001, max: 1000 })), "{refused:?}");
    bench.send("billing", of_size(973)).await;
}

#[tokio::test]
async fn a_message_that_breaks_a_rule_is_refused() {
    let bench = Bench::new();
    let mut bad = vec![with_id(""), with_id(&"x".repeat(MESSAGE_ID_CHARS_MAX + 1))];
    for time_to_live in [SignedDuration::ZERO, minutes(-1)] {
        bad.push(IncomingMessage { time_to_live: Some(time_to_live), ..with_id("a") });
    }
    for message in bad {
        let refused = bench.broker.send("billing", message.clone()).await;
        assert!(matches!(refused, Err(SendError::Invalid(_))), "{message:?}");
    }
    bench.send("billing", with_id(&"한".repeat(MESSAGE_ID_CHARS_MAX))).await;
}

#[tokio::test]
async fn a_bus_that_is_full_refuses_until_something_is_completed() {
    let limits = [Limits { messages: 2, ..Limits::default() }, Limits { bytes: 20, ..Limits::default() }];
    for limits in limits {
        let bench = Bench::with(TOPOLOGY, limits);
        let message = |id: &str| IncomingMessage { body: "ten bytes.".into(), ..with_id(id) };
        bench.send("billing", message("a")).await;
        bench.send("billing", message("a")).await;
        bench.send("billing", message("b")).await;
        let refused = bench.broker.send("billing", message("c")).await;
        assert!(matches!(refused, Err(SendError::Full)), "{refused:?}");
        let lock = bench.receive("billing").await.lock;
        bench.broker.complete(&lock).unwrap();
        bench.send_when_there_is_room("billing", message("c")).await;
    }
}

#[tokio::test]
async fn what_nobody_wants_and_what_is_dropped_takes_no_room() {
    let bench = Bench::with(TOPOLOGY, Limits { messages: 1, ..Limits::default() });
    for _ in 0..10 {
        bench.send("events", labelled("nobody wants this")).await;
    }
    bench.send("billing", with_id("a")).await;
    let lock = bench.receive("billing").await.lock;
    bench.broker.complete(&lock).unwrap();
    bench.send_when_there_is_room("billing", with_id("a")).await;
    for _ in 0..10 {
        bench.send("billing", with_id("a")).await;
    }
}

#[tokio::test]
async fn a_bus_that_is_closed_takes_nothing() {
    let bench = Bench::new();
    bench.broker.close();
    bench.broker.close();
    assert!(matches!(bench.broker.send("billing", with_id("a")).await, Err(SendError::Closed)));
}
