//! The types of events that the services announce. The name is the message's Subject, on which subscriptions filter.

use serde::{Deserialize, Serialize};

/// There is no event type of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no event type")]
pub struct NotAnEventType(String);

impl TryFrom<String> for EventType {
    type Error = NotAnEventType;

    fn try_from(name: String) -> Result<Self, NotAnEventType> {
        Self::parse(&name).ok_or(NotAnEventType(name))
    }
}

impl From<EventType> for &'static str {
    fn from(event: EventType) -> Self {
        event.as_str()
    }
}

macro_rules! event_types {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// The type of an event: `{service}.{what happened}`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum EventType { $($(#[$doc])* $variant,)+ }

        impl EventType {
            /// Every type.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The type's name, the Subject of its messages.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The type of a name.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

event_types! {
    /// A customer asked for a line.
    OrderPlaced = "order.placed",
    /// The line has its number and works.
    OrderActivated = "order.activated",
    /// No number could be assigned.
    OrderActivationRefused = "order.activation_refused",
    /// The number, if there was one, is free again, and the order can no longer be activated.
    OrderNumberReleased = "order.number_released",
    /// The order came to nothing.
    OrderRejected = "order.rejected",
    /// The line is blocked for a while.
    OrderSuspended = "order.suspended",
    /// The line works again.
    OrderResumed = "order.resumed",
    /// The customer asked to close the line.
    OrderTerminationRequested = "order.termination_requested",
    /// The line is closed.
    OrderTerminated = "order.terminated",
    /// The line will not be closed by the request that was under way.
    OrderTerminationStopped = "order.termination_stopped",
    /// The line goes on as before.
    OrderTerminationWithdrawn = "order.termination_withdrawn",
    /// Billing knows the customer's order.
    BillAccountOpened = "bill.account_opened",
    /// Billing has forgotten the order.
    BillAccountClosed = "bill.account_closed",
    /// Bills of a usage month, many in one event.
    BillIssued = "bill.issued",
    /// The last bill of a line that is being closed.
    BillFinalIssued = "bill.final_issued",
    /// The last bill is void, for the line goes on.
    BillFinalVoided = "bill.final_voided",
    /// A payment was applied to the bill.
    BillSettled = "bill.settled",
    /// A payment cannot be applied to the bill.
    BillSettleRefused = "bill.settle_refused",
    /// A payment that was applied is taken off again, for its saga was undone.
    BillSettlementReverted = "bill.settlement_reverted",
    /// A payment that is being cancelled is taken off the bill, which is due again.
    BillReopened = "bill.reopened",
    /// The bill cannot be reopened.
    BillReopenRefused = "bill.reopen_refused",
    /// The payment counts again, for its cancellation was undone.
    BillResettled = "bill.resettled",
    /// The gateway charged the customer.
    PayCaptured = "pay.captured",
    /// The gateway refused.
    PayDeclined = "pay.declined",
    /// The gateway did not say; it will be asked.
    PayOutcomeUnknown = "pay.outcome_unknown",
    /// The payment is applied to its bill.
    PayCompleted = "pay.completed",
    /// The payment will not be completed by the settlement that was under way.
    PayCompletionStopped = "pay.completion_stopped",
    /// The money is back with the customer, for the payment's saga was undone.
    PayCompensated = "pay.compensated",
    /// The customer asked for the money back.
    PayCancellationRequested = "pay.cancellation_requested",
    /// The money is back with the customer.
    PayCancelled = "pay.cancelled",
    /// The gateway refuses to give the money back.
    PayRefundRefused = "pay.refund_refused",
    /// The refund will not be made by the cancellation that was under way.
    PayRefundStopped = "pay.refund_stopped",
    /// The payment stands, for its cancellation was undone.
    PayCancellationWithdrawn = "pay.cancellation_withdrawn",
    /// A compensation cannot be carried out: an operator must act.
    SagaUndoRefused = "saga.undo_refused",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_as_it_is_written() {
        for event in EventType::ALL {
            assert_eq!(EventType::parse(event.as_str()), Some(*event));
        }
        assert_eq!(EventType::parse("bill.paid"), None);
    }
}
