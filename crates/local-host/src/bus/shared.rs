use super::broker::{Limits, SendError};
use super::message::{Message, Place};
use super::source::{Death, Item, Queues, Source};
use super::topology::Topology;
use app::ports::Clock;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Where a message that is sent to an entity goes.
pub(super) enum Route {
    /// To the queue itself.
    Queue(u16),
    /// To the subscriptions that want its subject.
    Topic { id: u16, by_subject: HashMap<String, Vec<u16>> },
}

/// A message on its way to the dead-letter queue: out of its source's queues, but not out of its places.
pub(super) struct Burial {
    pub(super) message: Arc<Message>,
    pub(super) source: u16,
    pub(super) death: Death,
}

/// What senders and receivers share with the writer's thread.
pub(super) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    /// By number of the entity; those of topics stay empty.
    pub(super) sources: Vec<Source>,
    pub(super) message_bytes_max: usize,
    deliveries_max: u32,
    dead_letter_deliveries_max: u32,
    pub(super) message_life: SignedDuration,
    pub(super) dead_letter_queue: u16,
    pub(super) closed: AtomicBool,
    /// How often the bus has been opened: tells its locks from those before a restart.
    pub(super) epoch: u64,
    lock_duration: SignedDuration,
    limits: Limits,
    routes: HashMap<String, Route>,
    by_path: HashMap<String, u16>,
    changed: Mutex<Vec<Arc<Message>>>,
    burials: AtomicUsize,
    stored: AtomicUsize,
    stored_bytes: AtomicUsize,
    locks: AtomicU64,
}

impl Shared {
    /// `entities` are the numbers and paths of everything the store knows, which includes the whole topology.
    pub(super) fn new(
        topology: &Topology,
        entities: &[(u16, String)],
        epoch: u32,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> Self {
        let numbers: HashMap<_, _> = entities.iter().map(|(id, path)| (key(path), *id)).collect();
        let number = |path: &str| numbers.get(&key(path)).copied().unwrap_or_default();
        let by_path: HashMap<_, _> = source_paths(topology).map(|path| (key(&path), number(&path))).collect();
        let sources = sources(entities, &by_path);
        Self {
            sources,
            message_bytes_max: topology.max_message_bytes,
            deliveries_max: topology.max_delivery_count,
            dead_letter_deliveries_max: topology.dead_letter_max_delivery_count,
            message_life: SignedDuration::from_hours(topology.message_hours.into()),
            dead_letter_queue: number(&topology.dead_letter_queue),
            closed: AtomicBool::new(false),
            epoch: epoch.into(),
            lock_duration: SignedDuration::from_secs(topology.lock_seconds.into()),
            limits,
            routes: routes(topology, &number),
            by_path,
            changed: Mutex::default(),
            burials: AtomicUsize::new(0),
            stored: AtomicUsize::new(0),
            stored_bytes: AtomicUsize::new(0),
            locks: AtomicU64::new(1),
            clock,
        }
    }

    pub(super) fn route(&self, entity: &str) -> Option<&Route> {
        self.routes.get(&key(entity))
    }

    pub(super) fn source(&self, path: &str) -> Option<&Source> {
        self.by_path.get(&key(path)).map(|id| self.source_at(*id))
    }

    /// # Panics
    /// When there is no source of that number, which only a damaged store can bring about; see `Writer::open`.
    pub(super) fn source_at(&self, id: u16) -> &Source {
        &self.sources[usize::from(id)]
    }

    /// Deliveries before a source gives a message up.
    pub(super) fn deliveries_max(&self, source: u16) -> u32 {
        if source == self.dead_letter_queue { self.dead_letter_deliveries_max } else { self.deliveries_max }
    }

    pub(super) fn next_lock(&self) -> u64 {
        self.locks.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn lock_until(&self, now: Timestamp) -> Timestamp {
        now.checked_add(self.lock_duration).unwrap_or(Timestamp::MAX)
    }

    /// Makes room for a message; [`release`](Self::release) frees it when the message is gone.
    pub(super) fn reserve(&self, bytes: usize) -> Result<(), SendError> {
        self.hold(bytes);
        let full = self.stored.load(Ordering::Relaxed) > self.limits.messages
            || self.stored_bytes.load(Ordering::Relaxed) > self.limits.bytes;
        if full {
            self.release(bytes);
            return Err(SendError::Full);
        }
        Ok(())
    }

    /// Counts a message that is stored whatever the limits say.
    pub(super) fn hold(&self, bytes: usize) {
        self.stored.fetch_add(1, Ordering::Relaxed);
        self.stored_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Frees the room of a message.
    pub(super) fn release(&self, bytes: usize) {
        self.stored.fetch_sub(1, Ordering::Relaxed);
        self.stored_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// The message has nothing more to do at a source.
    pub(super) fn leave(&self, message: &Arc<Message>, source: u16) {
        if message.change_places(|places| places.retain(|place| place.source != source)) {
            self.mark_changed(message.clone());
        }
    }

    /// Remembers over a restart how often a delivery failed.
    pub(super) fn record_failures(&self, message: &Arc<Message>, source: u16, failed: u32) {
        self.change_place(message, source, |place| place.failed = failed);
    }

    /// Messages whose stored places are out of date. Each is in it once, so it is never longer than the store.
    pub(super) fn take_changed(&self) -> Vec<Arc<Message>> {
        std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn mark_changed(&self, message: Arc<Message>) {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).push(message);
    }

    /// Decides what happens to a message that is dead. It goes to the dead-letter queue, but one that dies there
    /// stays in that queue's own dead-letter queue. The caller holds the source's lock, so that
    /// [`is_idle`](Self::is_idle) sees the message either in the source or among the burials.
    pub(super) fn lay_out(
        &self,
        source: &Source,
        queues: &mut Queues,
        item: Item,
        death: Death,
    ) -> Option<Burial> {
        if source.id == self.dead_letter_queue {
            self.change_place(&item.message, source.id, |place| place.dead = true);
            queues.keep_dead(item);
            return None;
        }
        self.burials.fetch_add(1, Ordering::AcqRel);
        Some(Burial { message: item.message, source: source.id, death })
    }

    /// A burial is over: the message can be received from the dead-letter queue.
    pub(super) fn buried(&self) {
        self.burials.fetch_sub(1, Ordering::AcqRel);
    }

    /// Looks at all sources at one moment: a message that moves from one to another is seen in one of them.
    pub(super) fn is_idle(&self) -> bool {
        let queues: Vec<_> = self.sources.iter().filter(|source| source.in_use).map(Source::queues).collect();
        let busy = |queues: &Queues| {
            let counts = queues.counts();
            counts.active + counts.locked > 0
        };
        self.burials.load(Ordering::Acquire) == 0 && !queues.iter().any(|queues| busy(queues))
    }

    fn change_place(&self, message: &Arc<Message>, source: u16, change: impl FnOnce(&mut Place)) {
        let new = message.change_places(|places| {
            if let Some(place) = places.iter_mut().find(|place| place.source == source) {
                change(place);
            }
        });
        if new {
            self.mark_changed(message.clone());
        }
    }
}

/// Every entity of a topology, topics included: the store numbers them.
pub(super) fn entity_paths(topology: &Topology) -> Vec<String> {
    source_paths(topology).chain(topology.topics.iter().map(|topic| topic.name.clone())).collect()
}

/// Everything that can be received from.
fn source_paths(topology: &Topology) -> impl Iterator<Item = String> {
    let queues = topology.queues.iter().map(|queue| queue.name.clone());
    let subscriptions = topology.topics.iter().flat_map(|topic| {
        topic.subscriptions.iter().map(|s| Topology::subscription_path(&topic.name, &s.name))
    });
    queues.chain(subscriptions)
}

/// One source for every number up to the highest, so that a number is an index.
fn sources(entities: &[(u16, String)], by_path: &HashMap<String, u16>) -> Vec<Source> {
    let highest = entities.iter().map(|(id, _)| *id).max().unwrap_or_default();
    let mut sources: Vec<_> = (0..=highest).map(|id| Source::new(id, String::new(), false)).collect();
    for (id, path) in entities {
        let in_use = by_path.get(&key(path)) == Some(id);
        sources[usize::from(*id)] = Source::new(*id, path.clone(), in_use);
    }
    sources
}

fn routes(topology: &Topology, number: &impl Fn(&str) -> u16) -> HashMap<String, Route> {
    let queues = topology.queues.iter().map(|queue| (key(&queue.name), Route::Queue(number(&queue.name))));
    let topics = topology.topics.iter().map(|topic| {
        let mut by_subject: HashMap<String, Vec<u16>> = HashMap::new();
        for subscription in &topic.subscriptions {
            let id = number(&Topology::subscription_path(&topic.name, &subscription.name));
            for subject in &subscription.subjects {
                by_subject.entry(subject.clone()).or_default().push(id);
            }
        }
        (key(&topic.name), Route::Topic { id: number(&topic.name), by_subject })
    });
    queues.chain(topics).collect()
}

/// Names of entities do not differ by case.
fn key(path: &str) -> String {
    path.to_ascii_lowercase()
}
