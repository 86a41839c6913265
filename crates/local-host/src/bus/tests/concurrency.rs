use super::*;

const SENDERS: usize = 8;
const MESSAGES: usize = 250;
/// Few enough for the log never to be copied back into the database, which could not be copied at the same time.
const BEFORE_A_KILL: usize = 100;
const SOURCES: [&str; 3] = ["billing", "events/subscriptions/first", "events/subscriptions/second"];

/// Sends to the queue and to the topic, from many tasks.
async fn send_everything(bench: &Bench) {
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let broker = bench.broker.clone();
            tokio::spawn(async move {
                for number in 0..MESSAGES {
                    let id = with_id(&format!("{sender}/{number}"));
                    broker.send("billing", id.clone()).await.unwrap();
                    broker
                        .send("events", IncomingMessage { subject: Some("a".to_owned()), ..id })
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
}

/// Starts receivers of a source; `settle` says for each delivery whether it is completed (else it is abandoned).
fn receive_everything(bench: &Bench, source: &'static str, settle: fn(&Delivery) -> bool) -> Received {
    let received = Received::default();
    for _ in 0..4 {
        let (broker, received) = (bench.broker.clone(), received.clone());
        tokio::spawn(async move {
            while let Ok(delivery) = broker.receive(source).await {
                tokio::task::yield_now().await;
                if settle(&delivery) {
                    received.lock().unwrap().push(delivery.message.message_id.clone());
                    broker.complete(&delivery.lock).unwrap();
                } else {
                    broker.abandon(&delivery.lock).unwrap();
                }
            }
        });
    }
    received
}

#[track_caller]
fn check_each_once(source: &str, received: &Received) {
    let mut ids = received.lock().unwrap().clone();
    let deliveries = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!((deliveries, ids.len()), (SENDERS * MESSAGES, SENDERS * MESSAGES), "{source}");
}

async fn run(settle: fn(&Delivery) -> bool) {
    let bench = Bench::new();
    let received = SOURCES.map(|source| receive_everything(&bench, source, settle));
    send_everything(&bench).await;
    assert!(bench.broker.wait_idle(PATIENCE).await, "{:?}", bench.broker.counts());
    for (source, received) in SOURCES.iter().zip(&received) {
        check_each_once(source, received);
    }
    let bench = bench.reopen();
    assert!(bench.broker.is_idle(), "every completion is stored: {:?}", bench.broker.counts());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn when_nothing_fails_everything_is_delivered_once() {
    run(|_| true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deliveries_that_fail_are_repeated_until_they_succeed() {
    run(|delivery| delivery.delivery_count > 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_kill_in_the_middle_loses_nothing_that_was_answered() {
    let bench = Bench::new();
    let answered = Received::default();
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (broker, answered) = (bench.broker.clone(), answered.clone());
            tokio::spawn(async move {
                for number in 0..BEFORE_A_KILL {
                    let id = format!("{sender}/{number}");
                    broker.send("billing", with_id(&id)).await.unwrap();
                    answered.lock().unwrap().push(id);
                }
            })
        })
        .collect();
    eventually("half of it is sent", || answered.lock().unwrap().len() > SENDERS * BEFORE_A_KILL / 2).await;
    let before = answered.lock().unwrap().clone();
    let killed = bench.killed();
    let stored: Vec<_> = std::iter::from_fn(|| killed.broker.try_receive("billing").unwrap())
        .map(|delivery| delivery.message.message_id.clone())
        .collect();
    let lost: Vec<_> = before.iter().filter(|id| !stored.contains(id)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    for sender in senders {
        sender.await.unwrap();
    }
}
