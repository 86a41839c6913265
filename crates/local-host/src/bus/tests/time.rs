use super::*;
use crate::bus::LockLost;

fn scheduled(id: &str, at: Timestamp) -> IncomingMessage {
    IncomingMessage { scheduled_at: Some(at), ..with_id(id) }
}

#[tokio::test]
async fn a_scheduled_message_comes_when_the_clock_says_so() {
    let bench = Bench::new();
    let due = bench.now() + minutes(10);
    bench.send("billing", scheduled("a", due)).await;
    assert_eq!(bench.count("billing").scheduled, 1);
    bench.advance(minutes(9)).await;
    bench.check_nothing("billing");
    bench.advance(minutes(1)).await;
    let delivery = bench.receive("billing").await;
    assert_eq!((delivery.enqueued_at, delivery.message.scheduled_at), (due, Some(due)));
    assert_eq!(bench.count("billing").scheduled, 0);
}

#[tokio::test]
async fn a_scheduled_message_wakes_a_receiver_without_being_announced() {
    let bench = Bench::new();
    bench.send("billing", scheduled("a", bench.now() + minutes(10))).await;
    let broker = bench.broker.clone();
    let waiting = tokio::spawn(async move { broker.receive("billing").await.unwrap() });
    bench.clock.advance(minutes(10));
    let delivery = tokio::time::timeout(PATIENCE, waiting).await.expect("in time").unwrap();
    assert_eq!(delivery.message.message_id, "a");
}

#[tokio::test]
async fn scheduled_messages_come_in_the_order_of_their_times() {
    let bench = Bench::new();
    for (id, wait) in [("c", 3), ("a", 1), ("b", 2)] {
        bench.send("billing", scheduled(id, bench.now() + minutes(wait))).await;
    }
    for id in ["a", "b", "c"] {
        bench.advance(minutes(1)).await;
        let delivery = bench.receive("billing").await;
        assert_eq!(delivery.message.message_id, id);
        bench.broker.complete(&delivery.lock).unwrap();
    }
}

#[tokio::test]
async fn a_time_that_is_past_is_now() {
    let bench = Bench::new();
    bench.send("billing", scheduled("a", bench.now() - minutes(10))).await;
    let delivery = bench.receive("billing").await;
    assert_eq!((delivery.enqueued_at, delivery.message.scheduled_at), (bench.now(), None));
}

#[tokio::test]
async fn a_jump_of_the_clock_over_a_months_worth_of_schedule_kills_nothing() {
    let bench = Bench::new();
    bench.send("billing", scheduled("a", bench.now() + minutes(10))).await;
    bench.advance(minutes(31 * 24 * 60)).await;
    let delivery = bench.receive("billing").await;
    assert_eq!(delivery.enqueued_at, bench.now(), "its life begins when it can be received");
}

#[tokio::test]
async fn a_lock_that_ends_gives_the_message_to_somebody_else() {
    let bench = Bench::new();
    bench.send("billing", with_id("a")).await;
    let slow = bench.receive("billing").await;
    bench.advance(SignedDuration::from_secs(59)).await;
    bench.check_nothing("billing");
    bench.advance(SignedDuration::from_secs(1)).await;
    let again = bench.receive("billing").await;
    assert_eq!((again.message.message_id.as_str(), again.delivery_count), ("a", 2));
    assert_ne!(slow.lock.token(), again.lock.token());
    assert_eq!(bench.broker.complete(&slow.lock), Err(LockLost));
    bench.broker.complete(&again.lock).unwrap();
}

#[tokio::test]
async fn a_renewed_lock_holds_longer() {
    let bench = Bench::new();
    bench.send("billing", with_id("a")).await;
    let delivery = bench.receive("billing").await;
    for _ in 0..5 {
        bench.advance(SignedDuration::from_secs(45)).await;
        assert_eq!(bench.broker.renew(&delivery.lock), Ok(bench.now() + minutes(1)));
    }
    bench.broker.complete(&delivery.lock).unwrap();
}

#[tokio::test]
async fn a_duplicate_inside_the_window_is_accepted_and_dropped() {
    let bench = Bench::new();
    bench.send("billing", with_id("a")).await;
    let lock = bench.receive("billing").await.lock;
    bench.broker.complete(&lock).unwrap();
    bench.advance(SignedDuration::from_secs(599)).await;
    bench.send("billing", with_id("a")).await;
    bench.check_nothing("billing");
    bench.advance(SignedDuration::from_secs(1)).await;
    bench.send("billing", with_id("a")).await;
    bench.receive("billing").await;
}

#[tokio::test]
async fn duplicates_are_looked_for_in_each_entity() {
    let bench = Bench::new();
    for entity in ["billing", "other"] {
        bench.send(entity, with_id("a")).await;
        bench.receive(entity).await;
    }
}

#[tokio::test]
async fn the_dead_letter_queue_takes_one_message_id_twice() {
    let bench = Bench::new();
    for _ in 0..2 {
        bench.send("dead-letters", with_id("a")).await;
    }
    let bench = bench.reopen();
    bench.send("dead-letters", with_id("a")).await;
    assert_eq!(bench.count("dead-letters").active, 3);
}

#[tokio::test]
async fn of_two_duplicates_in_one_transaction_one_is_delivered() {
    let bench = Bench::new();
    let sends = (0..20).map(|_| {
        let broker = bench.broker.clone();
        tokio::spawn(async move { broker.send("billing", with_id("a")).await })
    });
    for send in sends.collect::<Vec<_>>() {
        send.await.unwrap().unwrap();
    }
    bench.receive("billing").await;
    bench.check_nothing("billing");
}

#[tokio::test]
async fn the_duplicate_of_a_scheduled_message_is_dropped() {
    let bench = Bench::new();
    let due = bench.now() + minutes(5);
    bench.send("billing", scheduled("a", due)).await;
    bench.send("billing", scheduled("a", due)).await;
    assert_eq!(bench.count("billing").scheduled, 1);
}
