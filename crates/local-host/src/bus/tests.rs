//! What the tests of the bus share: a bus on a temporary file, and a clock that stands still.

mod concurrency;
mod dead_letters;
mod delivery;
mod disk;
mod limits;
mod management;
mod model;
mod rest;
mod restart;
mod time;

use super::broker::{Broker, Limits, SendError};
use super::message::{Delivery, IncomingMessage};
use super::topology::Topology;
use app::ports::Clock;
use jiff::{SignedDuration, Timestamp};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// How long something may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Two queues, the dead-letter queue, and a topic with three subscriptions; three deliveries (five of a dead letter), locks of 60 s,
/// messages of 24 h, duplicates within 10 min.
const TOPOLOGY: &str = r#"{
    "lockSeconds": 60, "maxDeliveryCount": 3, "messageHours": 24, "duplicateDetectionMinutes": 10,
    "deadLetterMaxDeliveryCount": 5, "maxMessageBytes": 1000, "deadLetterQueue": "dead-letters",
    "queues": [
        { "name": "billing", "function": "f" },
        { "name": "other", "function": "f" },
        { "name": "dead-letters", "function": "f" }
    ],
    "topics": [{ "name": "events", "subscriptions": [
        { "name": "first", "function": "f", "subjects": ["a"] },
        { "name": "second", "function": "f", "subjects": ["a", "b"] },
        { "name": "third", "function": "f", "subjects": ["c"] }
    ] }]
}"#;

/// A clock that moves when it is told to.
struct TestClock(AtomicI64);

impl TestClock {
    fn advance(&self, by: SignedDuration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

struct Bench {
    dir: TempDir,
    clock: Arc<TestClock>,
    broker: Arc<Broker>,
}

impl Bench {
    fn new() -> Self {
        Self::with(TOPOLOGY, Limits::default())
    }

    fn with(topology: &str, limits: Limits) -> Self {
        let dir = TempDir::new().unwrap();
        let clock = Arc::new(TestClock(AtomicI64::new(1_800_000_000_000)));
        let path = dir.path().join("bus.db");
        let topology = Topology::parse(topology).unwrap();
        let broker = Broker::open_with(&path, &topology, clock.clone(), limits).unwrap();
        Self { dir, clock, broker }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("bus.db")
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn send(&self, entity: &str, message: IncomingMessage) {
        self.broker.send(entity, message).await.unwrap();
    }

    /// Sends as soon as the bus is not full: the room of a message is free when its completion is on disk.
    async fn send_when_there_is_room(&self, entity: &str, message: IncomingMessage) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while let Err(error) = self.broker.send(entity, message.clone()).await {
            assert!(matches!(error, SendError::Full) && tokio::time::Instant::now() < deadline, "{error}");
            tokio::task::yield_now().await;
        }
    }

    /// Waits for the next message of a source.
    async fn receive(&self, source: &str) -> Delivery {
        let received = tokio::time::timeout(PATIENCE, self.broker.receive(source)).await;
        received.expect("a message in time").unwrap()
    }

    /// There is nothing to receive now.
    #[track_caller]
    fn check_nothing(&self, source: &str) {
        let received = self.broker.try_receive(source).unwrap();
        assert!(received.is_none(), "{received:?}");
    }

    /// Moves the clock, and waits until the bus has done what that asks for.
    async fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
        self.sync().await;
    }

    /// Waits until the writer has done all it has been asked: it takes requests in their order.
    async fn sync(&self) {
        self.broker.clock_changed();
        self.send("events", labelled("nobody wants this")).await;
    }

    /// Delivers a message in vain as often as it takes.
    async fn exhaust(&self, source: &str, deliveries: u32) {
        for count in 1..=deliveries {
            let delivery = self.receive(source).await;
            assert_eq!(delivery.delivery_count, count);
            self.broker.abandon(&delivery.lock).unwrap();
        }
    }

    /// Closes the bus and opens it again.
    fn reopen(self) -> Self {
        self.reopen_with(TOPOLOGY)
    }

    fn reopen_with(self, topology: &str) -> Self {
        self.broker.close();
        let broker =
            Broker::open(&self.path(), &Topology::parse(topology).unwrap(), self.clock.clone()).unwrap();
        Self { broker, ..self }
    }

    /// What would be left if this process were killed now: the files as they are, opened by another bus.
    fn killed(&self) -> Self {
        let dir = TempDir::new().unwrap();
        for file in std::fs::read_dir(self.dir.path()).unwrap().map(Result::unwrap) {
            std::fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
        }
        let topology = Topology::parse(TOPOLOGY).unwrap();
        let broker = Broker::open(&dir.path().join("bus.db"), &topology, self.clock.clone()).unwrap();
        Self { dir, clock: self.clock.clone(), broker }
    }

    fn count(&self, source: &str) -> super::Counts {
        self.broker.count(source).unwrap()
    }
}

fn labelled(subject: &str) -> IncomingMessage {
    IncomingMessage { subject: Some(subject.to_owned()), ..IncomingMessage::default() }
}

fn with_id(id: &str) -> IncomingMessage {
    IncomingMessage { message_id: Some(id.to_owned()), ..IncomingMessage::default() }
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

/// Waits for something that happens on the bus's own thread.
async fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !happened() {
        assert!(tokio::time::Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Collects what several tasks receive.
type Received = Arc<Mutex<Vec<String>>>;
