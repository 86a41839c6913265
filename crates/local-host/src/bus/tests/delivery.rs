use super::*;
use crate::bus::{LockLost, ReceiveError};
use serde_json::json;

#[tokio::test]
async fn a_delivery_carries_everything_its_sender_said() {
    let bench = Bench::new();
    let sent = IncomingMessage {
        message_id: Some("m-1".to_owned()),
        subject: Some("a".to_owned()),
        correlation_id: Some("saga-1".to_owned()),
        content_type: Some("application/json".to_owned()),
        properties: json!({"traceparent": "00-ab-cd-01", "attempt": 2}).as_object().unwrap().clone(),
        body: b"\x00{}\xff".to_vec().into(),
        ..IncomingMessage::default()
    };
    bench.send("billing", sent.clone()).await;
    let delivery = bench.receive("billing").await;
    let message = &delivery.message;
    assert_eq!(Some(&message.message_id), sent.message_id.as_ref());
    assert_eq!((&message.subject, &message.correlation_id), (&sent.subject, &sent.correlation_id));
    assert_eq!((&message.content_type, &message.properties), (&sent.content_type, &sent.properties));
    assert_eq!(message.body, sent.body);
    assert_eq!(message.dead_letter_source, None);
    assert_eq!((delivery.delivery_count, delivery.enqueued_at), (1, bench.now()));
    assert_eq!(delivery.locked_until, bench.now() + minutes(1));
    assert_eq!(delivery.expires_at, bench.now() + SignedDuration::from_hours(24));
}

#[tokio::test]
async fn the_subject_decides_which_subscriptions_get_a_message() {
    let bench = Bench::new();
    for subject in ["a", "b", "A"] {
        bench.send("events", labelled(subject)).await;
    }
    bench.send("events", IncomingMessage::default()).await;
    let subjects = |source: &str| {
        let received = std::iter::from_fn(|| bench.broker.try_receive(source).unwrap());
        received.map(|delivery| delivery.message.subject.clone().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(subjects("events/subscriptions/first"), ["a"]);
    assert_eq!(subjects("events/subscriptions/second"), ["a", "b"]);
    assert!(subjects("events/subscriptions/third").is_empty());
}

#[tokio::test]
async fn names_of_entities_have_no_case() {
    let bench = Bench::new();
    bench.send("EVENTS", labelled("c")).await;
    bench.receive("Events/Subscriptions/Third").await;
    bench.send("Billing", labelled("c")).await;
    bench.receive("billing").await;
}

#[tokio::test]
async fn messages_come_in_the_order_of_their_sequence_numbers() {
    let bench = Bench::new();
    for number in 0..100 {
        bench.send("billing", with_id(&number.to_string())).await;
    }
    let mut last = 0;
    for number in 0..100 {
        let message = bench.receive("billing").await.message;
        assert_eq!(message.message_id, number.to_string());
        assert!(message.sequence_number > last);
        last = message.sequence_number;
    }
}

#[tokio::test]
async fn a_message_without_an_id_gets_one_of_its_own() {
    let bench = Bench::new();
    bench.send("billing", IncomingMessage::default()).await;
    bench.send("billing", IncomingMessage::default()).await;
    let (one, other) = (bench.receive("billing").await, bench.receive("billing").await);
    assert_ne!(one.message.message_id, other.message.message_id);
    assert_ne!(one.lock.token(), other.lock.token());
}

#[tokio::test]
async fn a_locked_message_is_nobody_elses() {
    let bench = Bench::new();
    bench.send("billing", with_id("a")).await;
    bench.receive("billing").await;
    bench.check_nothing("billing");
    assert_eq!(bench.count("billing").locked, 1);
}

#[tokio::test]
async fn a_completed_message_is_gone_and_its_lock_is_lost() {
    let bench = Bench::new();
    bench.send("billing", with_id("a")).await;
    let lock = bench.receive("billing").await.lock;
    bench.broker.complete(&lock).unwrap();
    bench.check_nothing("billing");
    assert_eq!(bench.broker.complete(&lock), Err(LockLost));
    assert_eq!(bench.broker.abandon(&lock), Err(LockLost));
    assert_eq!(bench.broker.renew(&lock), Err(LockLost));
    assert_eq!(bench.count("billing"), crate::bus::Counts::default());
}

#[tokio::test]
async fn subscriptions_complete_a_message_each_for_itself() {
    let bench = Bench::new();
    bench.send("events", labelled("a")).await;
    let lock = bench.receive("events/subscriptions/first").await.lock;
    bench.broker.complete(&lock).unwrap();
    assert_eq!(bench.count("events/subscriptions/second").active, 1);
    bench.receive("events/subscriptions/second").await;
}

#[tokio::test]
async fn an_abandoned_message_is_back_at_once_and_first() {
    let bench = Bench::new();
    for id in ["a", "b"] {
        bench.send("billing", with_id(id)).await;
    }
    let lock = bench.receive("billing").await.lock;
    bench.broker.abandon(&lock).unwrap();
    assert_eq!(bench.broker.complete(&lock), Err(LockLost));
    let again = bench.receive("billing").await;
    assert_eq!((again.message.message_id.as_str(), again.delivery_count), ("a", 2));
}

#[tokio::test]
async fn a_waiting_receiver_wakes_for_a_message_and_for_an_abandoned_one() {
    let bench = Bench::new();
    let receiver = || {
        let broker = bench.broker.clone();
        tokio::spawn(async move { tokio::time::timeout(PATIENCE, broker.receive("billing")).await })
    };
    let waiting = receiver();
    tokio::task::yield_now().await;
    bench.send("billing", with_id("a")).await;
    let first = waiting.await.unwrap().expect("woken by the message").unwrap();
    let waiting = receiver();
    tokio::task::yield_now().await;
    bench.broker.abandon(&first.lock).unwrap();
    let second = waiting.await.unwrap().expect("woken by the abandoned message").unwrap();
    assert_eq!(second.delivery_count, 2);
}

#[tokio::test]
async fn a_receiver_that_gives_up_takes_nothing_with_it() {
    let bench = Bench::new();
    for round in 0..50 {
        let broker = bench.broker.clone();
        let given_up = tokio::spawn(async move { broker.receive("billing").await.map(drop) });
        tokio::task::yield_now().await;
        let broker = bench.broker.clone();
        let patient = tokio::spawn(async move { broker.receive("billing").await.unwrap() });
        tokio::task::yield_now().await;
        given_up.abort();
        bench.send("billing", with_id(&format!("a{round}"))).await;
        let gave_up = given_up.await.is_err();
        assert!(gave_up, "aborted before the message came");
        let delivery = tokio::time::timeout(PATIENCE, patient).await.expect("not lost").unwrap();
        bench.broker.complete(&delivery.lock).unwrap();
    }
}

#[tokio::test]
async fn there_is_nothing_to_receive_from_what_is_no_queue_or_subscription() {
    let bench = Bench::new();
    for source in ["events", "events/subscriptions/nobody", "nothing", ""] {
        assert!(
            matches!(bench.broker.receive(source).await, Err(ReceiveError::UnknownSource(_))),
            "{source}"
        );
        assert!(matches!(bench.broker.try_receive(source), Err(ReceiveError::UnknownSource(_))), "{source}");
    }
}

#[tokio::test]
async fn receivers_hear_when_the_bus_closes() {
    let bench = Bench::new();
    let broker = bench.broker.clone();
    let waiting = tokio::spawn(async move { broker.receive("billing").await });
    tokio::task::yield_now().await;
    bench.broker.close();
    let heard = tokio::time::timeout(PATIENCE, waiting).await.expect("an end").unwrap();
    assert!(matches!(heard, Err(ReceiveError::Closed)));
    assert!(matches!(bench.broker.try_receive("billing"), Err(ReceiveError::Closed)));
}

#[tokio::test]
async fn the_bus_is_idle_when_nothing_is_active_or_locked() {
    let bench = Bench::new();
    assert!(bench.broker.is_idle());
    let later = IncomingMessage { scheduled_at: Some(bench.now() + minutes(1)), ..with_id("later") };
    bench.send("billing", later).await;
    assert!(bench.broker.is_idle(), "what is scheduled does not count");
    bench.send("billing", with_id("now")).await;
    assert!(!bench.broker.wait_idle(Duration::from_millis(5)).await);
    let lock = bench.receive("billing").await.lock;
    assert!(!bench.broker.is_idle(), "what is locked counts");
    bench.broker.complete(&lock).unwrap();
    assert!(bench.broker.wait_idle(PATIENCE).await);
    assert_eq!(bench.broker.counts().len(), 6, "queues and subscriptions of the topology");
}
