use super::broker::{Limits, SendError};
use super::message::{IncomingMessage, Message, Place, Places};
use super::shared::{Burial, Shared, entity_paths};
use super::source::{Death, Item};
use super::store::{Changes, OpenError, Seen, Store};
use super::topology::Topology;
use super::window::{IDS_MAX, Window};
use app::ports::Clock;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long a change of the clock, a lock that ends or a completion can go unnoticed.
const TICK: Duration = Duration::from_millis(25);
/// Requests that one transaction takes at most.
const BATCH_MAX: usize = 1_024;

type Reply = oneshot::Sender<Result<(), SendError>>;

/// What the writer's thread is asked to do.
pub(super) enum Request {
    /// Stores a message and hands it out.
    Send { entity: u16, sources: Vec<u16>, message: Box<IncomingMessage>, reply: Reply },
    /// Moves a message to the dead-letter queue.
    Bury(Burial),
    /// Looks at everything that depends on the time.
    ClockChanged,
    /// Writes what is left and ends.
    Close,
}

/// A send that waits for its transaction.
struct Pending {
    reply: Reply,
    /// Room to release when the transaction fails.
    reserved: Option<usize>,
}

/// The one thread that writes. It takes all requests that are waiting and commits them together, so that the cost
/// of reaching the disk is shared; completions go along with the next transaction.
pub(super) struct Writer {
    shared: Arc<Shared>,
    store: Store,
    window: Window,
    inbox: Receiver<Request>,
    next_sequence_number: i64,
    pending: Vec<Pending>,
    changes: Changes,
    ticked_at: Instant,
    closing: bool,
    failing: bool,
}

impl Writer {
    /// Opens the store and puts its messages where they can be received.
    pub(super) fn open(
        path: &Path,
        topology: &Topology,
        clock: Arc<dyn Clock>,
        limits: Limits,
        inbox: Receiver<Request>,
    ) -> Result<(Arc<Shared>, Self), OpenError> {
        let store = Store::open(path)?;
        let entities = store.number_entities(&entity_paths(topology))?;
        let (next_sequence_number, epoch) = store.counters()?;
        let shared = Arc::new(Shared::new(topology, &entities, epoch, clock, limits));
        let window_length = SignedDuration::from_mins(topology.duplicate_detection_minutes.into());
        let mut window = Window::new(window_length, IDS_MAX);
        for seen in store.load_history()? {
            window.admit(seen.entity, &seen.message_id, seen.sequence_number, seen.at);
        }
        let burials = restore(&shared, store.load()?)?;
        let mut writer = Self {
            shared: shared.clone(),
            store,
            window,
            inbox,
            next_sequence_number,
            pending: Vec::new(),
            changes: Changes::default(),
            ticked_at: Instant::now(),
            closing: false,
            failing: false,
        };
        for burial in &burials {
            writer.bury(burial);
        }
        Ok((shared, writer))
    }

    /// Works until the bus is closed.
    pub(super) fn run(mut self) {
        while !self.closing {
            let due = self.collect();
            if due || self.closing {
                self.tick();
            }
            self.commit();
        }
    }

    /// Takes the requests that are waiting, or waits for one. True when it is time to look at the clock.
    fn collect(&mut self) -> bool {
        let mut due = false;
        let wait = TICK.saturating_sub(self.ticked_at.elapsed());
        match self.inbox.recv_timeout(wait) {
            Ok(request) => due |= self.accept(request),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.closing = true,
        }
        while self.pending.len() < BATCH_MAX && !self.closing {
            let Ok(request) = self.inbox.try_recv() else { break };
            due |= self.accept(request);
        }
        due || self.ticked_at.elapsed() >= TICK
    }

    #[cfg(test)]
    pub(super) fn refuse_writes(&self, refuse: bool) {
        self.store.refuse_writes(refuse);
    }

    pub(super) fn accept(&mut self, request: Request) -> bool {
        match request {
            Request::Send { entity, sources, message, reply } => {
                self.admit(entity, &sources, *message, reply);
                false
            }
            Request::Bury(burial) => {
                self.bury(&burial);
                false
            }
            Request::ClockChanged => true,
            Request::Close => {
                self.closing = true;
                true
            }
        }
    }

    fn admit(&mut self, entity: u16, sources: &[u16], message: IncomingMessage, reply: Reply) {
        let (now, bytes) = (self.shared.clock.now(), message.stored_size());
        let sequence_number = self.next_sequence_number;
        let looks_for_duplicates = entity != self.shared.dead_letter_queue;
        if let Some(id) = message.message_id.as_ref().filter(|_| looks_for_duplicates) {
            if !self.window.admit(entity, id, sequence_number, now) {
                self.shared.release(bytes);
                self.pending.push(Pending { reply, reserved: None });
                return;
            }
            let message_id = id.clone();
            self.changes.seen.push(Seen { sequence_number, entity, message_id, at: now });
        }
        self.next_sequence_number += 1;
        if sources.is_empty() {
            self.shared.release(bytes);
            self.pending.push(Pending { reply, reserved: None });
            return;
        }
        let places = sources.iter().copied().map(Place::fresh).collect();
        let message = self.accepted(sequence_number, message, places, now);
        self.changes.inserted.push(Arc::new(message));
        self.pending.push(Pending { reply, reserved: Some(bytes) });
    }

    fn accepted(&self, number: i64, message: IncomingMessage, places: Vec<Place>, now: Timestamp) -> Message {
        let life = self.shared.message_life;
        Message {
            sequence_number: number,
            message_id: message.message_id.unwrap_or_else(|| format!("{number:032x}")),
            subject: message.subject,
            correlation_id: message.correlation_id,
            content_type: message.content_type,
            properties: message.properties,
            dead_letter_source: None,
            accepted_at: now,
            scheduled_at: message.scheduled_at.filter(|at| *at > now),
            time_to_live: message.time_to_live.map_or(life, |time| time.min(life)),
            body: message.body,
            places: Mutex::new(Places { list: places, changed: false }),
        }
    }

    /// Prepares a dead letter. Leaving the source and arriving in the dead-letter queue is one transaction.
    fn bury(&mut self, burial: &Burial) {
        let (dead, now) = (&burial.message, self.shared.clock.now());
        let mut properties = dead.properties.clone();
        let (reason, description) = obituary(burial.death, self.shared.deliveries_max(burial.source));
        properties.insert("DeadLetterReason".to_owned(), Value::from(reason));
        properties.insert("DeadLetterErrorDescription".to_owned(), Value::from(description));
        let letter = Message {
            sequence_number: self.next_sequence_number,
            message_id: dead.message_id.clone(),
            subject: dead.subject.clone(),
            correlation_id: dead.correlation_id.clone(),
            content_type: dead.content_type.clone(),
            properties,
            dead_letter_source: Some(self.shared.source_at(burial.source).path.clone()),
            accepted_at: now,
            scheduled_at: None,
            time_to_live: self.shared.message_life,
            body: dead.body.clone(),
            places: Mutex::new(Places {
                list: vec![Place::fresh(self.shared.dead_letter_queue)],
                changed: false,
            }),
        };
        self.next_sequence_number += 1;
        // A dead letter is never refused: it is a message that was accepted.
        self.shared.hold(letter.size());
        self.shared.leave(dead, burial.source);
        self.changes.letters.push(Arc::new(letter));
    }

    /// Looks at everything that depends on the time.
    pub(super) fn tick(&mut self) {
        self.ticked_at = Instant::now();
        let (shared, now) = (self.shared.clone(), self.shared.clock.now());
        for source in &shared.sources {
            let mut queues = source.queues();
            let swept = queues.sweep(now, shared.deliveries_max(source.id));
            let lay_out = |(item, death): (Item, Death)| {
                shared.record_failures(&item.message, source.id, item.failed);
                shared.lay_out(source, &mut queues, item, death)
            };
            let burials: Vec<_> = swept.dead.into_iter().filter_map(lay_out).collect();
            drop(queues);
            for (message, failed) in &swept.returned {
                shared.record_failures(message, source.id, *failed);
            }
            for _ in 0..swept.activated {
                source.arrived.notify_one();
            }
            for burial in &burials {
                self.bury(burial);
            }
        }
        self.settle();
    }

    /// Takes the changed places into the next transaction.
    fn settle(&mut self) {
        let settled = self.shared.take_changed().into_iter().map(|message| {
            let places = message.settled_places();
            (message, places)
        });
        self.changes.settled.extend(settled);
    }

    pub(super) fn commit(&mut self) {
        if !self.changes.letters.is_empty() {
            // A dead letter and its leaving the place where it died are one.
            self.settle();
        }
        let result = if self.changes.is_empty() { Ok(()) } else { self.store_changes() };
        match result {
            Ok(()) => self.publish(),
            Err(error) => self.refuse(error),
        }
    }

    fn store_changes(&mut self) -> rusqlite::Result<()> {
        self.changes.next_sequence_number = self.next_sequence_number;
        self.changes.forget_through = self.changes.forget_through.max(self.window.take_pruned());
        self.store.commit(&self.changes)
    }

    /// The transaction is on disk: messages can be received, senders hear of it.
    fn publish(&mut self) {
        self.failing = false;
        let (shared, now) = (&self.shared, self.shared.clock.now());
        for (message, _) in self.changes.settled.drain(..).filter(|(_, places)| places.is_none()) {
            shared.release(message.size());
        }
        for message in self.changes.inserted.drain(..) {
            hand_out(shared, &message, now);
        }
        for letter in self.changes.letters.drain(..) {
            hand_out(shared, &letter, now);
            shared.buried();
        }
        for pending in self.pending.drain(..) {
            // A sender that has gone away does not want to know.
            drop(pending.reply.send(Ok(())));
        }
        self.changes.seen.clear();
        self.changes.forget_through = None;
    }

    /// The transaction failed: nothing new is accepted; dead letters and changed places go into the next one.
    fn refuse(&mut self, error: rusqlite::Error) {
        if !std::mem::replace(&mut self.failing, true) {
            tracing::error!(%error, "the bus cannot write to disk");
        }
        if let Some(first) = self.changes.seen.first() {
            self.window.retract(first.sequence_number);
        }
        self.changes.seen.clear();
        self.changes.inserted.clear();
        let error = Arc::new(error);
        for pending in self.pending.drain(..) {
            if let Some(bytes) = pending.reserved {
                self.shared.release(bytes);
            }
            drop(pending.reply.send(Err(SendError::Store(error.clone()))));
        }
    }
}

impl Drop for Writer {
    /// Also when the thread panics: nobody waits for ever.
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        for source in &self.shared.sources {
            source.arrived.notify_waiters();
        }
    }
}

/// Puts a message into every place that has to deliver it, and wakes a receiver for each.
fn hand_out(shared: &Shared, message: &Arc<Message>, now: Timestamp) {
    for place in message.open_places() {
        let source = shared.source_at(place.source);
        let ready = source.queues().put(message.clone(), 0, now);
        if ready {
            source.arrived.notify_one();
        }
    }
}

/// Puts the messages of the store back where they were. Those that died without a burial are returned.
fn restore(shared: &Shared, messages: Vec<Message>) -> Result<Vec<Burial>, OpenError> {
    let (mut burials, now) = (Vec::new(), shared.clock.now());
    for message in messages.into_iter().map(Arc::new) {
        shared.hold(message.size());
        for place in message.open_places() {
            let known = shared.sources.get(usize::from(place.source));
            let source = known.ok_or(OpenError::Damaged(message.sequence_number))?;
            let mut queues = source.queues();
            if place.dead || place.failed >= shared.deliveries_max(place.source) {
                let item = Item { message: message.clone(), failed: place.failed, enqueued_at: now };
                burials.extend(shared.lay_out(source, &mut queues, item, Death::Exhausted));
            } else {
                queues.put(message.clone(), place.failed, now);
            }
        }
    }
    Ok(burials)
}

/// `DeadLetterReason` and `DeadLetterErrorDescription`, in the words of Service Bus.
fn obituary(death: Death, deliveries_max: u32) -> (&'static str, String) {
    match death {
        Death::Exhausted => (
            "MaxDeliveryCountExceeded",
            format!("Message could not be consumed after {deliveries_max} delivery attempts."),
        ),
        Death::Expired => ("TTLExpiredException", "The message expired and was dead lettered.".to_owned()),
    }
}
