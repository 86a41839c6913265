use super::message::{Delivery, IncomingMessage, Lock};
use super::shared::{Route, Shared};
use super::source::{Counts, Death, Source, Taken};
use super::store::OpenError;
use super::topology::Topology;
use super::writer::{Request, Writer};
use app::ports::Clock;
use jiff::Timestamp;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Characters of a `MessageId` (Service Bus quotas).
pub const MESSAGE_ID_CHARS_MAX: usize = 128;

/// How much the bus keeps before it refuses more.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Messages. One that several subscriptions have to deliver counts once.
    pub messages: usize,
    /// Bytes of their bodies and application properties, which the bus holds in memory.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { messages: 500_000, bytes: 256 * 1024 * 1024 }
    }
}

/// Why the bus does not take a message.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No queue or topic has this name.
    #[error("the messaging entity '{0}' could not be found")]
    UnknownEntity(String),
    /// The message is larger than the topology's `maxMessageBytes`.
    #[error("the message has {size} bytes, the entity allows {max}")]
    TooLarge {
        /// Bytes of the message.
        size: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// The message breaks a rule of Service Bus.
    #[error("the message is not valid: {0}")]
    Invalid(&'static str),
    /// The limit of stored messages is reached: send it again when some have been delivered.
    #[error("the bus is full")]
    Full,
    /// It could not be written to disk, and is not accepted.
    #[error("the bus could not store the message")]
    Store(#[source] Arc<rusqlite::Error>),
    /// The bus has been closed. The message may have been accepted.
    #[error("the bus is closed")]
    Closed,
}

/// Why there is nothing to receive, ever.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// No queue or subscription has this name.
    #[error("there is no queue or subscription '{0}'")]
    UnknownSource(String),
    /// The bus has been closed.
    #[error("the bus is closed")]
    Closed,
}

/// The lock is not held (any more): the message was settled, or is being delivered again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lock is lost")]
pub struct LockLost;

/// Service Bus for one machine: queues, topics with correlation filters, peek-lock, dead letters, scheduled
/// messages and duplicate detection.
///
/// What [`send`](Self::send) has accepted is on disk and survives `kill -9`. What was completed may be delivered
/// again after one, if it was completed less than a moment before.
pub struct Broker {
    shared: Arc<Shared>,
    requests: mpsc::Sender<Request>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Broker {
    /// Opens the bus in the file at `path`, which is created when it is not there, with the usual limits.
    pub fn open(path: &Path, topology: &Topology, clock: Arc<dyn Clock>) -> Result<Arc<Self>, OpenError> {
        Self::open_with(path, topology, clock, Limits::default())
    }

    /// Opens the bus with limits of the caller's.
    pub fn open_with(
        path: &Path,
        topology: &Topology,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> Result<Arc<Self>, OpenError> {
        let (requests, inbox) = mpsc::channel();
        let (shared, writer) = Writer::open(path, topology, clock, limits, inbox)?;
        let thread = std::thread::Builder::new().name("bus".to_owned());
        let thread = thread.spawn(move || writer.run()).map_err(OpenError::Thread)?;
        Ok(Arc::new(Self { shared, requests, thread: Mutex::new(Some(thread)) }))
    }

    /// Sends a message to a queue or topic. It is on disk when this returns. A duplicate, and a message that no
    /// subscription wants, is accepted and dropped.
    pub async fn send(&self, entity: &str, message: IncomingMessage) -> Result<(), SendError> {
        let route = self.shared.route(entity).ok_or_else(|| SendError::UnknownEntity(entity.to_owned()))?;
        self.check(&message)?;
        let (entity, sources) = match route {
            Route::Queue(id) => (*id, vec![*id]),
            Route::Topic { id, by_subject } => {
                let sources = message.subject.as_ref().and_then(|subject| by_subject.get(subject));
                (*id, sources.cloned().unwrap_or_default())
            }
        };
        self.shared.reserve(message.stored_size())?;
        let (reply, answer) = oneshot::channel();
        let request = Request::Send { entity, sources, message: Box::new(message), reply };
        self.requests.send(request).map_err(|_| SendError::Closed)?;
        answer.await.map_err(|_| SendError::Closed)?
    }

    /// Waits for a message of a queue (`billing`) or subscription (`events/subscriptions/saga-track`) and locks it.
    /// The case of the name does not matter. Dropping the future loses nothing.
    pub async fn receive(&self, source: &str) -> Result<Delivery, ReceiveError> {
        let source = self.source(source)?;
        loop {
            let mut arrived = pin!(source.arrived.notified());
            // From here on an arrival wakes this receiver, also one between the look and the wait.
            arrived.as_mut().enable();
            if self.shared.closed.load(Ordering::Acquire) {
                return Err(ReceiveError::Closed);
            }
            if let Some(delivery) = self.take(source) {
                return Ok(delivery);
            }
            arrived.await;
        }
    }

    /// Locks a message if there is one to receive now.
    pub fn try_receive(&self, source: &str) -> Result<Option<Delivery>, ReceiveError> {
        let source = self.source(source)?;
        if self.shared.closed.load(Ordering::Acquire) {
            return Err(ReceiveError::Closed);
        }
        Ok(self.take(source))
    }

    /// The receiver is done with the message.
    pub fn complete(&self, lock: &Lock) -> Result<(), LockLost> {
        let source = self.holder(lock)?;
        let item = source.queues().complete(lock.number).ok_or(LockLost)?;
        self.shared.leave(&item.message, source.id);
        Ok(())
    }

    /// The receiver failed: the message can be received again at once, or is dead-lettered.
    pub fn abandon(&self, lock: &Lock) -> Result<(), LockLost> {
        let source = self.holder(lock)?;
        let burial = {
            let mut queues = source.queues();
            let most = self.shared.deliveries_max(source.id);
            let (item, death) = queues.abandon(lock.number, most).ok_or(LockLost)?;
            self.shared.record_failures(&item.message, source.id, item.failed);
            death.and_then(|death| self.shared.lay_out(source, &mut queues, item, death))
        };
        match burial {
            // A bus that is closed keeps the message where it is, with its number of failures.
            Some(burial) => drop(self.requests.send(Request::Bury(burial))),
            None => source.arrived.notify_one(),
        }
        Ok(())
    }

    /// Holds the message for another `lockSeconds`, and tells until when.
    pub fn renew(&self, lock: &Lock) -> Result<Timestamp, LockLost> {
        let until = self.shared.lock_until(self.shared.clock.now());
        if self.holder(lock)?.queues().renew(lock.number, until) { Ok(until) } else { Err(LockLost) }
    }

    /// The clock was set: scheduled messages, locks and times to live are looked at now instead of in a moment.
    pub fn clock_changed(&self) {
        // Nothing is due on a bus that is closed.
        drop(self.requests.send(Request::ClockChanged));
    }

    /// What every queue and subscription of the topology holds, by path.
    pub fn counts(&self) -> Vec<(String, Counts)> {
        let in_use = self.shared.sources.iter().filter(|source| source.in_use);
        in_use.map(|source| (source.path.clone(), source.queues().counts())).collect()
    }

    /// What one queue or subscription holds.
    pub fn count(&self, source: &str) -> Result<Counts, ReceiveError> {
        Ok(self.source(source)?.queues().counts())
    }

    /// Nothing can be received and nothing is being worked on. Scheduled and dead messages do not count.
    pub fn is_idle(&self) -> bool {
        self.shared.is_idle()
    }

    /// Waits until the bus [is idle](Self::is_idle); false when that took too long.
    pub async fn wait_idle(&self, at_most: Duration) -> bool {
        let deadline = Instant::now() + at_most;
        while !self.is_idle() {
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        true
    }

    /// Writes what is left to write and closes the file; blocks for the moment it takes. Receivers get
    /// [`ReceiveError::Closed`].
    pub fn close(&self) {
        drop(self.requests.send(Request::Close));
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the bus ended with a panic");
        }
    }

    /// Tells whether there is a queue or topic of this name to send to.
    pub fn has_entity(&self, entity: &str) -> bool {
        self.shared.route(entity).is_some()
    }

    /// Bytes that a message may have with its properties.
    pub fn message_bytes_max(&self) -> usize {
        self.shared.message_bytes_max
    }

    fn check(&self, message: &IncomingMessage) -> Result<(), SendError> {
        let (size, max) = (message.size(), self.shared.message_bytes_max);
        if size > max {
            return Err(SendError::TooLarge { size, max });
        }
        let id = message.message_id.as_deref();
        if id.is_some_and(|id| id.is_empty() || id.chars().count() > MESSAGE_ID_CHARS_MAX) {
            return Err(SendError::Invalid("a MessageId has 1 to 128 characters"));
        }
        let time_to_live = message.time_to_live;
        if time_to_live.is_some_and(|time| !time.is_positive()) {
            return Err(SendError::Invalid("TimeToLive must be positive"));
        }
        Ok(())
    }

    fn source(&self, name: &str) -> Result<&Source, ReceiveError> {
        self.shared.source(name).ok_or_else(|| ReceiveError::UnknownSource(name.to_owned()))
    }

    /// The source that gave a lock out in this process.
    fn holder(&self, lock: &Lock) -> Result<&Source, LockLost> {
        let source = self.shared.sources.get(usize::from(lock.source));
        source.filter(|_| lock.epoch == self.shared.epoch).ok_or(LockLost)
    }

    fn take(&self, source: &Source) -> Option<Delivery> {
        let now = self.shared.clock.now();
        let (number, locked_until) = (self.shared.next_lock(), self.shared.lock_until(now));
        loop {
            let mut queues = source.queues();
            match queues.take(now, locked_until, number) {
                Taken::Locked(item) => {
                    let lock = Lock { source: source.id, number, epoch: self.shared.epoch };
                    return Some(Delivery {
                        delivery_count: item.failed + 1,
                        enqueued_at: item.enqueued_at,
                        expires_at: item.expires_at(),
                        message: item.message,
                        locked_until,
                        lock,
                    });
                }
                Taken::Expired(item) => {
                    let burial = self.shared.lay_out(source, &mut queues, item, Death::Expired);
                    drop(burial.map(|burial| self.requests.send(Request::Bury(burial))));
                }
                Taken::Nothing => return None,
            }
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.close();
    }
}
