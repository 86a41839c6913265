use super::message::Message;
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// How many messages a queue or subscription holds, by what can happen to them next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Can be received now.
    pub active: usize,
    /// Become active when the clock reaches their time.
    pub scheduled: usize,
    /// Received, neither completed nor abandoned.
    pub locked: usize,
    /// In the entity's own dead-letter queue. Only the queue that takes everybody's dead letters keeps its own.
    pub dead_lettered: usize,
}

/// Why a message is dead-lettered. Source: "Overview of Service Bus dead-letter queues", reasons and descriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Death {
    /// Delivered as often as allowed.
    Exhausted,
    /// Its time to live is over.
    Expired,
}

/// A queue, or a subscription of a topic: something to receive from.
pub(super) struct Source {
    /// Place of the source in the store and in messages.
    pub(super) id: u16,
    /// `billing` or `events/Subscriptions/saga-track`.
    pub(super) path: String,
    /// The topology has it. Messages of one that it has no more wait for its return, or expire.
    pub(super) in_use: bool,
    /// A message came that somebody may be waiting for.
    pub(super) arrived: Notify,
    queues: Mutex<Queues>,
}

impl Source {
    pub(super) fn new(id: u16, path: String, in_use: bool) -> Self {
        Self { id, path, in_use, arrived: Notify::new(), queues: Mutex::default() }
    }

    pub(super) fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message in one source.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) message: Arc<Message>,
    /// Deliveries that failed.
    pub(super) failed: u32,
    pub(super) enqueued_at: Timestamp,
}

impl Item {
    pub(super) fn expires_at(&self) -> Timestamp {
        self.enqueued_at.checked_add(self.message.time_to_live).unwrap_or(Timestamp::MAX)
    }
}

struct Locked {
    item: Item,
    until: Timestamp,
}

/// What [`Queues::take`] found.
pub(super) enum Taken {
    /// The first message; it is locked now.
    Locked(Item),
    /// The first message, but too late: it is out of the queues and must be dead-lettered.
    Expired(Item),
    /// Nothing to receive.
    Nothing,
}

/// What [`Queues::sweep`] did.
#[derive(Default)]
pub(super) struct Swept {
    /// How many messages can be received that could not before.
    pub(super) activated: usize,
    /// Messages whose lock ran out, with their new number of failures.
    pub(super) returned: Vec<(Arc<Message>, u32)>,
    /// Out of the queues, to be dead-lettered.
    pub(super) dead: Vec<(Item, Death)>,
}

/// The messages of one source. Pure: the time comes in, deaths and wake-ups go out.
#[derive(Default)]
pub(super) struct Queues {
    ready: BTreeMap<i64, Item>,
    scheduled: BTreeMap<(Timestamp, i64), Item>,
    locked: HashMap<u64, Locked>,
    dead: BTreeMap<i64, Item>,
    /// No ready message expires before this.
    next_expiry: Option<Timestamp>,
}

impl Queues {
    /// Adds a message; true when it can be received at once.
    pub(super) fn put(&mut self, message: Arc<Message>, failed: u32, now: Timestamp) -> bool {
        let enqueued_at = message.scheduled_at.map_or(message.accepted_at, |at| at.max(now));
        let (number, waits_until) = (message.sequence_number, message.scheduled_at.filter(|at| *at > now));
        let item = Item { message, failed, enqueued_at };
        if let Some(at) = waits_until {
            self.scheduled.insert((at, number), item);
        } else {
            self.make_ready(item);
        }
        waits_until.is_none()
    }

    /// Locks the first message.
    pub(super) fn take(&mut self, now: Timestamp, until: Timestamp, lock: u64) -> Taken {
        let Some((_, item)) = self.ready.pop_first() else { return Taken::Nothing };
        if item.expires_at() <= now {
            return Taken::Expired(item);
        }
        self.locked.insert(lock, Locked { item: item.clone(), until });
        Taken::Locked(item)
    }

    /// Takes out a message that its receiver is done with.
    pub(super) fn complete(&mut self, lock: u64) -> Option<Item> {
        self.locked.remove(&lock).map(|locked| locked.item)
    }

    /// Gives a message back after a delivery that failed; with a death it is out of the queues.
    pub(super) fn abandon(&mut self, lock: u64, deliveries_max: u32) -> Option<(Item, Option<Death>)> {
        let item = self.locked.remove(&lock)?.item;
        Some(self.give_back(item, deliveries_max))
    }

    /// Extends a lock.
    pub(super) fn renew(&mut self, lock: u64, until: Timestamp) -> bool {
        self.locked.get_mut(&lock).map(|locked| locked.until = until).is_some()
    }

    /// Does what the clock asks for: scheduled messages become active, locks end, messages expire.
    pub(super) fn sweep(&mut self, now: Timestamp, deliveries_max: u32) -> Swept {
        let mut swept = Swept::default();
        self.activate_due(now, &mut swept);
        self.end_locks(now, deliveries_max, &mut swept);
        self.expire(now, &mut swept);
        swept
    }

    /// Keeps a message in the entity's own dead-letter queue.
    pub(super) fn keep_dead(&mut self, item: Item) {
        self.dead.insert(item.message.sequence_number, item);
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            active: self.ready.len(),
            scheduled: self.scheduled.len(),
            locked: self.locked.len(),
            dead_lettered: self.dead.len(),
        }
    }

    fn make_ready(&mut self, item: Item) {
        let expires_at = item.expires_at();
        self.next_expiry = Some(self.next_expiry.map_or(expires_at, |next| next.min(expires_at)));
        self.ready.insert(item.message.sequence_number, item);
    }

    fn give_back(&mut self, mut item: Item, deliveries_max: u32) -> (Item, Option<Death>) {
        item.failed += 1;
        if item.failed >= deliveries_max {
            return (item, Some(Death::Exhausted));
        }
        self.make_ready(item.clone());
        (item, None)
    }

    fn activate_due(&mut self, now: Timestamp, swept: &mut Swept) {
        while let Some(entry) = self.scheduled.first_entry() {
            if entry.key().0 > now {
                return;
            }
            let item = Item { enqueued_at: now, ..entry.remove() };
            self.make_ready(item);
            swept.activated += 1;
        }
    }

    fn end_locks(&mut self, now: Timestamp, deliveries_max: u32, swept: &mut Swept) {
        let ended: Vec<_> = self.locked.extract_if(|_, locked| locked.until <= now).collect();
        for (_, locked) in ended {
            let (item, death) = self.give_back(locked.item, deliveries_max);
            if let Some(death) = death {
                swept.dead.push((item, death));
            } else {
                swept.activated += 1;
                swept.returned.push((item.message, item.failed));
            }
        }
    }

    /// Looks at each message only when one of them can have expired.
    fn expire(&mut self, now: Timestamp, swept: &mut Swept) {
        if self.next_expiry.is_none_or(|next| next > now) {
            return;
        }
        let expired = self.ready.extract_if(.., |_, item| item.expires_at() <= now);
        swept.dead.extend(expired.map(|(_, item)| (item, Death::Expired)));
        self.next_expiry = self.ready.values().map(Item::expires_at).min();
    }
}
