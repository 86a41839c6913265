use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

/// A message for Service Bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The queue or topic.
    pub entity: &'static str,
    /// `MessageId`: the same for every attempt to send the same thing, so that the bus can drop repeats.
    pub message_id: String,
    /// `Subject` (`Label` on the REST surface): the event's type; subscriptions filter on it.
    pub subject: String,
    /// `CorrelationId`: the saga's id.
    pub correlation_id: Option<String>,
    /// Application properties, such as `traceparent`.
    pub properties: Vec<(&'static str, String)>,
    /// When the bus is to deliver it; at once when `None`.
    pub scheduled_at: Option<Timestamp>,
    /// The body, JSON.
    pub body: String,
}

/// How many messages a queue or subscription holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Depth {
    /// The queue (`billing`), or topic and subscription (`events/mypage-project`).
    pub entity: String,
    /// Messages that wait for their consumer or are with it.
    pub active: u64,
    /// Messages whose time has not come.
    pub scheduled: u64,
    /// Messages that were given up and are still here: the product forwards them to a queue of its own, whose depth
    /// is that of all dead letters.
    pub dead_lettered: u64,
}

/// Why the bus did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The bus will never take this message (too large, unknown entity).
    #[error("the bus refuses the message: {0}")]
    Refused(String),
    /// No answer in time, or none that says so: a message may have been accepted. Send it again with the same id.
    #[error("the bus did not answer as expected")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The message bus. At least once: a message that was accepted is delivered, perhaps twice, in any order.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Sends one message; done when the bus has accepted it.
    async fn send(&self, message: &Message) -> Result<(), BusError>;

    /// Answers when the bus can be reached: readiness.
    async fn ping(&self) -> Result<(), BusError>;

    /// How many messages wait, for each queue and subscription; `None` when this deployment was not told where to ask.
    /// The counts may be some seconds old.
    async fn depths(&self) -> Result<Option<Vec<Depth>>, BusError>;
}
