use async_trait::async_trait;
use domain::ids::PaymentKey;
use domain::money::Won;

/// What the gateway says of a payment. Source: Toss Payments, Payment object, `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayStatus {
    /// The customer has filled in the form; nothing is charged yet (`READY`, `IN_PROGRESS`,
    /// `WAITING_FOR_DEPOSIT`).
    Open,
    /// Charged (`DONE`).
    Done,
    /// Charged and all of it given back (`CANCELED`).
    Cancelled,
    /// Charged and a part given back (`PARTIAL_CANCELED`).
    PartiallyCancelled,
    /// Never charged, and never will be (`ABORTED`, `EXPIRED`).
    Closed,
}

/// The gateway's own record of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayPayment {
    /// How far it is.
    pub status: GatewayStatus,
    /// The sum of the form, in won.
    pub amount: Won,
    /// The order id that the form was opened with.
    pub order_id: String,
}

/// Why the gateway did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// A definite no: nothing was charged or given back, and asking again changes nothing.
    #[error("the gateway refused: {code}")]
    Refused {
        /// The gateway's code, such as `REJECT_CARD_PAYMENT`.
        code: String,
    },
    /// The gateway knows no such payment.
    #[error("the gateway knows no such payment")]
    NotFound,
    /// No answer, or one that says nothing: it may have happened. Ask, never charge again.
    #[error("the gateway's answer is not known")]
    Unknown(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A payment gateway (PG), after Toss Payments' API.
#[async_trait]
pub trait Gateway: Send + Sync {
    /// Charges a payment that the customer has authorised. The same `idempotency_key` charges once.
    async fn confirm(
        &self,
        key: &PaymentKey,
        order_id: &str,
        amount: Won,
        idempotency_key: &str,
    ) -> Result<(), GatewayError>;

    /// Gives back all that was charged. The same `idempotency_key` gives back once; one that was given back before
    /// is a success.
    async fn cancel(&self, key: &PaymentKey, reason: &str, idempotency_key: &str)
    -> Result<(), GatewayError>;

    /// What the gateway knows of a payment.
    async fn find(&self, key: &PaymentKey) -> Result<GatewayPayment, GatewayError>;
}
