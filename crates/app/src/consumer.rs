//! The consumers of messages: one for each service and step, each with its own subscription or queue.

use crate::App;
use crate::failure::{Failure, Fate, chain};
use crate::parked::Parked;
use crate::store::Entity;
use contract::event::{BillingChunk, Compensation, Deadline, Event};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A message as a consumer gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Incoming {
    /// `MessageId`.
    pub message_id: String,
    /// `Subject`.
    #[serde(default)]
    pub subject: Option<String>,
    /// The body.
    pub body: String,
}

macro_rules! consumers {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// A consumer of messages; its name is its function's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Consumer { $($(#[$doc])* $variant,)+ }

        impl Consumer {
            /// Every consumer.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name of the consumer's function.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

consumers! {
    /// Bill opens the account of an order.
    BillOnOrderPlaced = "bill_on_order_placed",
    /// Order assigns the number.
    OrderOnAccountOpened = "order_on_account_opened",
    /// Bill begins to bill the line.
    BillOnOrderActivated = "bill_on_order_activated",
    /// Bill issues the final bill, and hears when the line is closed for good.
    BillOnTerminationRequested = "bill_on_termination_requested",
    /// Order closes the line.
    OrderOnFinalIssued = "order_on_final_issued",
    /// Pay gets to know the bills.
    PayOnBillIssued = "pay_on_bill_issued",
    /// Bill applies a payment.
    BillOnPaymentCaptured = "bill_on_payment_captured",
    /// Pay completes the payment.
    PayOnBillSettled = "pay_on_bill_settled",
    /// Bill takes a payment off.
    BillOnCancellationRequested = "bill_on_cancellation_requested",
    /// Pay gives the money back.
    PayOnBillReopened = "pay_on_bill_reopened",
    /// The view behind MyPage.
    MyPageProject = "mypage_project",
    /// The saga table.
    SagaTrack = "saga_track",
    /// The saga's compensating commands.
    SagaCompensate = "saga_compensate",
    /// The saga's deadlines.
    SagaDeadline = "saga_deadline",
    /// A share of a billing run.
    BillingChunk = "billing_chunk",
}

/// The consumers that have a queue of their own; every other one has a subscription, which is called like it.
const QUEUES: [(Consumer, Entity); 3] = [
    (Consumer::BillingChunk, Entity::Billing),
    (Consumer::SagaCompensate, Entity::Compensations),
    (Consumer::SagaDeadline, Entity::SagaDeadlines),
];

impl Consumer {
    /// The consumer of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|consumer| consumer.name() == name)
    }

    /// Where its messages come from: a queue, or a topic and a subscription.
    pub fn source(self) -> (&'static str, Option<String>) {
        match QUEUES.iter().find(|(consumer, _)| *consumer == self) {
            Some((_, queue)) => (queue.name(), None),
            None => (Entity::Events.name(), Some(self.name().replace('_', "-"))),
        }
    }

    /// The consumer of a queue or subscription, `billing` or `events/Subscriptions/saga-track`.
    pub(crate) fn of_source(source: &str) -> Option<Self> {
        let last = source.rsplit('/').next().unwrap_or(source);
        Self::ALL.iter().copied().find(|consumer| {
            let (entity, subscription) = consumer.source();
            subscription.as_deref().unwrap_or(entity).eq_ignore_ascii_case(last)
        })
    }
}

impl App {
    /// Handles a message. What would fail again is parked for an operator, and so is done with; what may succeed
    /// later is an error, so that the bus delivers it again.
    pub async fn consume(&self, consumer: Consumer, message: &Incoming) -> Result<(), Failure> {
        match self.handle(consumer, message).await {
            Err(failure) if failure.fate() == Fate::Park => {
                let error = chain(&failure);
                tracing::error!(consumer.name = consumer.name(), error, "a message cannot be handled");
                self.park(Parked::message(consumer, message, &failure, self.now())).await
            }
            ended => ended,
        }
    }

    /// Handles a message, without parking it when that fails.
    pub(crate) async fn handle(&self, consumer: Consumer, message: &Incoming) -> Result<(), Failure> {
        match consumer {
            Consumer::SagaCompensate => self.compensate(&parse::<Compensation>(message)?).await,
            Consumer::SagaDeadline => {
                self.on_deadline(&parse::<Deadline>(message)?.saga_id, &message.message_id).await
            }
            Consumer::BillingChunk => self.on_billing_chunk(&parse::<BillingChunk>(message)?).await,
            Consumer::BillOnOrderPlaced => self.on_order_placed(&parse(message)?).await,
            Consumer::OrderOnAccountOpened => self.on_account_opened(&parse(message)?).await,
            Consumer::BillOnOrderActivated => self.on_order_activated(&parse(message)?).await,
            Consumer::BillOnTerminationRequested => self.on_termination(&parse(message)?).await,
            Consumer::OrderOnFinalIssued => self.on_final_issued(&parse(message)?).await,
            Consumer::PayOnBillIssued => self.on_bills(&parse(message)?).await,
            Consumer::BillOnPaymentCaptured => self.on_payment_captured(&parse(message)?).await,
            Consumer::PayOnBillSettled => self.on_bill_settled(&parse(message)?).await,
            Consumer::BillOnCancellationRequested => self.on_cancellation_requested(&parse(message)?).await,
            Consumer::PayOnBillReopened => self.on_bill_reopened(&parse(message)?).await,
            Consumer::MyPageProject => self.project(&parse::<Event>(message)?).await,
            Consumer::SagaTrack => self.track(&parse::<Event>(message)?).await,
        }
    }
}

fn parse<T: DeserializeOwned>(message: &Incoming) -> Result<T, Failure> {
    serde_json::from_str(&message.body).map_err(|error| Failure::Malformed(error.to_string()))
}
