use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// A message as its sender gives it to the bus.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IncomingMessage {
    /// `MessageId`, for duplicate detection. Without one the bus gives the message an id of its own.
    pub message_id: Option<String>,
    /// `Subject`, `Label` on the REST surface: subscriptions filter on it.
    pub subject: Option<String>,
    /// `CorrelationId`.
    pub correlation_id: Option<String>,
    /// `ContentType`.
    pub content_type: Option<String>,
    /// Application properties: strings, numbers and booleans.
    pub properties: Map<String, Value>,
    /// `ScheduledEnqueueTimeUtc`: nobody receives it before; at once when `None` or past.
    pub scheduled_at: Option<Timestamp>,
    /// `TimeToLive`, counted from when it can be received; the topology's `messageHours` is the most.
    pub time_to_live: Option<SignedDuration>,
    /// The body.
    pub body: Bytes,
}

impl IncomingMessage {
    /// Bytes of the body and of everything that is said about it.
    pub fn size(&self) -> usize {
        let texts = [&self.message_id, &self.subject, &self.correlation_id, &self.content_type];
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        self.body.len() + texts + properties_size(&self.properties)
    }

    /// Bytes it will count for against the limit of the bus, as [`Message::size`] counts.
    pub(super) fn stored_size(&self) -> usize {
        self.body.len() + properties_size(&self.properties)
    }
}

/// Numbers and booleans take eight bytes at most on the wire.
fn properties_size(properties: &Map<String, Value>) -> usize {
    properties.iter().map(|(name, value)| name.len() + value.as_str().map_or(8, str::len)).sum()
}

/// A message that the bus has accepted. All subscriptions that have to deliver it share it.
#[derive(Debug)]
pub struct Message {
    /// `SequenceNumber`: unique and ascending over the whole bus (Service Bus counts in each entity).
    pub sequence_number: i64,
    /// `MessageId`.
    pub message_id: String,
    /// `Subject`.
    pub subject: Option<String>,
    /// `CorrelationId`.
    pub correlation_id: Option<String>,
    /// `ContentType`.
    pub content_type: Option<String>,
    /// Application properties; a dead letter has `DeadLetterReason` and `DeadLetterErrorDescription` too.
    pub properties: Map<String, Value>,
    /// `DeadLetterSource`: the queue or subscription that a dead letter comes from.
    pub dead_letter_source: Option<String>,
    /// When the bus accepted it.
    pub accepted_at: Timestamp,
    /// When it can be received, if that is later.
    pub scheduled_at: Option<Timestamp>,
    /// How long it lives from when it can be received.
    pub time_to_live: SignedDuration,
    /// The body.
    pub body: Bytes,
    /// The queue or subscriptions that have not completed it yet.
    pub(super) places: Mutex<Places>,
}

/// Where a message still has to be delivered, and whether the store has to be told.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Open deliveries.
    pub list: Vec<Place>,
    /// In the list of messages whose stored places are out of date.
    pub changed: bool,
}

/// One open delivery of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The queue or subscription.
    pub source: u16,
    /// Deliveries that failed.
    pub failed: u32,
    /// Stays in the entity's own dead-letter queue.
    pub dead: bool,
}

impl Place {
    /// A delivery nobody has tried yet.
    pub(super) const fn fresh(source: u16) -> Self {
        Self { source, failed: 0, dead: false }
    }
}

impl Message {
    /// Bytes it counts for against the limit of the bus: the large parts, and the same after a restart.
    pub(super) fn size(&self) -> usize {
        self.body.len() + properties_size(&self.properties)
    }

    /// Changes the places. Tells whether the caller has to put the message on the list of changed ones.
    pub(super) fn change_places(&self, change: impl FnOnce(&mut Vec<Place>)) -> bool {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut places.list);
        !std::mem::replace(&mut places.changed, true)
    }

    /// The places as the store keeps them, `None` when all are done; from now on later changes count as new.
    pub(super) fn settled_places(&self) -> Option<String> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.changed = false;
        (!places.list.is_empty()).then(|| encode_places(&places.list))
    }

    /// The open deliveries at this moment.
    pub(super) fn open_places(&self) -> Vec<Place> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).list.clone()
    }
}

/// `source:failed`, with a `!` for one that stays dead, separated by spaces: readable with any `SQLite` shell.
pub(super) fn encode_places(places: &[Place]) -> String {
    let mut text = String::with_capacity(places.len() * 5);
    for place in places {
        let space = if text.is_empty() { "" } else { " " };
        let dead = if place.dead { "!" } else { "" };
        // Writing to a String does not fail.
        let _ = write!(text, "{space}{}:{}{dead}", place.source, place.failed);
    }
    text
}

/// The reverse of [`encode_places`]; `None` when the text is not of that form.
pub(super) fn decode_places(text: &str) -> Option<Vec<Place>> {
    let place = |part: &str| {
        let (source, failed) = part.split_once(':')?;
        let count = failed.strip_suffix('!');
        let dead = count.is_some();
        Some(Place { source: source.parse().ok()?, failed: count.unwrap_or(failed).parse().ok()?, dead })
    };
    text.split(' ').map(place).collect()
}

/// The right to settle one delivery, while it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lock {
    pub(super) source: u16,
    pub(super) number: u64,
    pub(super) epoch: u64,
}

impl Lock {
    /// `LockToken`: no two deliveries have the same, before or after a restart.
    pub fn token(&self) -> Uuid {
        Uuid::from_u64_pair(self.epoch, self.number)
    }
}

/// A message that its receiver has locked, and must complete or abandon.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The message.
    pub message: Arc<Message>,
    /// `DeliveryCount`: 1 at the first delivery.
    pub delivery_count: u32,
    /// `EnqueuedTimeUtc`: when it could be received first.
    pub enqueued_at: Timestamp,
    /// `ExpiresAtUtc`.
    pub expires_at: Timestamp,
    /// When the lock ends, unless it is renewed.
    pub locked_until: Timestamp,
    /// What settles it.
    pub lock: Lock,
}
