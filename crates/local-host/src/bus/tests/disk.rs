//! The writer without its thread, on a disk that can refuse.

use super::*;
use crate::bus::broker::SendError;
use crate::bus::shared::Shared;
use crate::bus::source::Taken;
use crate::bus::writer::{Request, Writer};
use std::sync::mpsc;
use tokio::sync::oneshot::{self, Receiver};

struct Disk {
    _dir: TempDir,
    clock: Arc<TestClock>,
    shared: Arc<Shared>,
    writer: Writer,
    billing: u16,
}

impl Disk {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let clock = Arc::new(TestClock(AtomicI64::new(1_800_000_000_000)));
        let topology = Topology::parse(TOPOLOGY).unwrap();
        let (path, limits) = (dir.path().join("bus.db"), Limits { messages: 1, ..Limits::default() });
        let inbox = mpsc::channel().1;
        let (shared, writer) = Writer::open(&path, &topology, clock.clone(), limits, inbox).unwrap();
        let billing = shared.source("billing").unwrap().id;
        Self { _dir: dir, clock, shared, writer, billing }
    }

    /// Has the writer take a message, without committing it.
    fn send(&mut self, id: &str) -> Receiver<Result<(), SendError>> {
        let (reply, answer) = oneshot::channel();
        self.shared.reserve(0).unwrap();
        let (entity, sources) = (self.billing, vec![self.billing]);
        self.writer.accept(Request::Send { entity, sources, message: Box::new(with_id(id)), reply });
        answer
    }

    fn commit(&mut self, disk_works: bool) {
        self.writer.refuse_writes(!disk_works);
        self.writer.commit();
    }

    fn active(&self, source: &str) -> usize {
        self.shared.source(source).unwrap().queues().counts().active
    }

    /// Takes the first message and completes it.
    fn consume(&self) {
        let source = self.shared.source("billing").unwrap();
        let mut queues = source.queues();
        let now = self.clock.now();
        let Taken::Locked(item) = queues.take(now, now, 1) else { panic!("a message") };
        queues.complete(1).unwrap();
        self.shared.leave(&item.message, source.id);
    }
}

#[test]
fn a_message_is_delivered_and_answered_after_it_is_on_disk() {
    let mut disk = Disk::new();
    let mut answer = disk.send("a");
    assert!(answer.try_recv().is_err());
    assert_eq!(disk.active("billing"), 0);
    disk.commit(true);
    assert!(matches!(answer.try_recv(), Ok(Ok(()))));
    assert_eq!(disk.active("billing"), 1);
}

#[test]
fn a_message_that_cannot_be_stored_is_refused_and_can_be_sent_again() {
    let mut disk = Disk::new();
    let mut answer = disk.send("a");
    disk.commit(false);
    assert!(matches!(answer.try_recv(), Ok(Err(SendError::Store(_)))));
    assert_eq!(disk.active("billing"), 0);
    // There is room for one, and its id is no duplicate.
    let mut again = disk.send("a");
    disk.commit(true);
    assert!(matches!(again.try_recv(), Ok(Ok(()))));
    assert_eq!(disk.active("billing"), 1);
}

#[test]
fn a_completion_that_cannot_be_stored_is_stored_later() {
    let mut disk = Disk::new();
    drop(disk.send("a"));
    disk.commit(true);
    disk.consume();
    disk.writer.tick();
    disk.commit(false);
    assert!(matches!(disk.shared.reserve(0), Err(SendError::Full)), "the message is still stored");
    disk.commit(true);
    drop(disk.send("b"));
}

#[test]
fn a_dead_letter_that_cannot_be_stored_is_stored_later_and_once() {
    let mut disk = Disk::new();
    drop(disk.send("a"));
    disk.commit(true);
    disk.clock.advance(SignedDuration::from_hours(24));
    disk.writer.tick();
    for _ in 0..3 {
        disk.commit(false);
        assert_eq!((disk.active("billing"), disk.active("dead-letters")), (0, 0));
        assert!(!disk.shared.is_idle());
        disk.writer.tick();
    }
    disk.commit(true);
    assert_eq!(disk.active("dead-letters"), 1);
    disk.writer.tick();
    disk.commit(true);
    assert_eq!(disk.active("dead-letters"), 1);
}
