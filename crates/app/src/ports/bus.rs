use async_trait::async_trait;
use jiff::Timestamp;

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

/// Why a message was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The bus will never take this message (too large, unknown entity).
    #[error("the bus refuses the message: {0}")]
    Refused(String),
    /// The bus did not accept it in time; it may have. Send it again with the same id.
    #[error("the bus did not accept the message")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The message bus. At least once: a message that was accepted is delivered, perhaps twice, in any order.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Sends one message; done when the bus has accepted it.
    async fn send(&self, message: &Message) -> Result<(), BusError>;

    /// Answers when the bus can be reached: readiness.
    async fn ping(&self) -> Result<(), BusError>;
}
