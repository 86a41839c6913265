//! Payments, and what Pay knows of the bills that can be paid.
//!
//! `pending -> captured -> completed`, `pending -> declined | unknown`, `unknown -> captured | declined`,
//! `captured | completed -> compensated`, `completed -> cancelling -> cancelled | completed`.

mod payable;

pub use payable::{PayRefusal, Payable};

use crate::event::EventType;
use crate::ids::{BillId, CustomerId, PaymentId, PaymentKey};
use crate::money::Won;
use crate::order::{Change, Outcome};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Recorded; the gateway is being asked to charge.
    Pending,
    /// The gateway did not say whether it charged. It is asked until it does; nothing is charged again.
    Unknown,
    /// The gateway refused.
    Declined,
    /// The gateway charged.
    Captured,
    /// Applied to the bill (수납).
    Completed,
    /// Given back, for the bill could not take it.
    Compensated,
    /// The customer asked for the money back.
    Cancelling,
    /// Given back at the customer's request (수납취소).
    Cancelled,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Unknown,
        Self::Declined,
        Self::Captured,
        Self::Completed,
        Self::Compensated,
        Self::Cancelling,
        Self::Cancelled,
    ];

    /// The status's name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Unknown => "unknown",
            Self::Declined => "declined",
            Self::Captured => "captured",
            Self::Completed => "completed",
            Self::Compensated => "compensated",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A payment of one bill, or of a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// The payment's id.
    pub payment_id: PaymentId,
    /// Who pays.
    pub customer_id: CustomerId,
    /// What is paid.
    pub bill_id: BillId,
    /// How much, in won.
    pub amount: Won,
    /// What the gateway calls it.
    pub payment_key: PaymentKey,
    /// The order id of the gateway's form.
    pub gateway_order_id: String,
    /// Where it stands.
    pub status: Status,
    /// Counts changes from 1.
    pub version: u32,
    /// Why it was declined, or why the refund was refused: the gateway's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why the customer wants the money back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<String>,
    /// How often its cancellation was asked for.
    #[serde(default)]
    pub cancellations: u32,
    /// The step under way was called off: a settlement or a refund that arrives late must not happen.
    #[serde(default)]
    pub stopped: bool,
    /// The money must go back as soon as it is known whether it was taken.
    #[serde(default)]
    pub refund_wanted: bool,
    /// A refund was asked for and its outcome is not known.
    #[serde(default)]
    pub refund_unknown: bool,
    /// How often the gateway refused to give the money back because the saga was undone.
    #[serde(default)]
    pub undos_refused: u32,
    /// Every status it had.
    pub history: Vec<Change<Status>>,
}

/// What is asked of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Record that the gateway charged.
    Capture,
    /// Record that the gateway refused, with its code.
    Decline(String),
    /// Record that the gateway did not say.
    LoseTrack,
    /// Record that the bill took it.
    Complete,
    /// Call the completion off, if it has not happened.
    StopCompletion,
    /// Ask that the money goes back as soon as it is known whether it was taken.
    WantRefund,
    /// Record that the money went back because the saga was undone.
    Compensate,
    /// Begin to give the money back.
    RequestCancellation(String),
    /// Record that the money went back at the customer's request.
    Cancel,
    /// Record that the gateway refuses to give the money back for the `n`-th cancellation, with its code.
    RefuseRefund(u32, String),
    /// Call the refund of the `n`-th cancellation off, if it has not been tried.
    StopRefund(u32),
    /// Record that a refund is tried and its outcome is not known. It is written before the gateway is asked: from then
    /// on the refund cannot be called off. Nobody is told, so [`Payment::decide`] has no news of it.
    LoseTrackOfRefund,
    /// Let the payment stand: its `n`-th cancellation is undone.
    WithdrawCancellation(u32),
}

/// The payment is not in a state in which this can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payment is {}, which does not allow this", .0.as_str())]
pub struct Refusal(pub Status);

/// Why [`Payment::decide`] did not answer with a change: used by use cases that must ask the gateway first.
pub type Decision = Result<Outcome, Refusal>;

impl Payment {
    /// Decides what follows from a command, for every pair of status and command.
    pub fn decide(&self, command: &Command) -> Decision {
        use Command as C;
        match command {
            C::Capture => Ok(self.decide_charge(EventType::PayCaptured)),
            C::Decline(_) => Ok(self.decide_charge(EventType::PayDeclined)),
            C::LoseTrack => Ok(self.decide_charge(EventType::PayOutcomeUnknown)),
            C::Complete | C::StopCompletion => self.decide_completion(command),
            C::WantRefund | C::Compensate => self.decide_compensation(command),
            C::RequestCancellation(_)
            | C::Cancel
            | C::RefuseRefund(..)
            | C::StopRefund(_)
            | C::LoseTrackOfRefund
            | C::WithdrawCancellation(_) => self.decide_cancellation(command),
        }
    }

    /// What the gateway said of the charge; it says so once.
    fn decide_charge(&self, news: EventType) -> Outcome {
        use Status as S;
        match self.status {
            S::Pending => Outcome::Changed(news),
            S::Unknown if news != EventType::PayOutcomeUnknown => Outcome::Changed(news),
            S::Unknown
            | S::Declined
            | S::Captured
            | S::Completed
            | S::Compensated
            | S::Cancelling
            | S::Cancelled => Outcome::Nothing,
        }
    }

    fn decide_completion(&self, command: &Command) -> Decision {
        use EventType as E;
        use Outcome::{Again, Changed, Nothing};
        use Status as S;
        let stop = *command == Command::StopCompletion;
        match self.status {
            S::Pending | S::Unknown | S::Captured if stop && self.stopped => {
                Ok(Again(E::PayCompletionStopped))
            }
            // Before the capture too: its outcome may become known, and be settled, while the saga is being undone.
            S::Pending | S::Unknown | S::Captured if stop => Ok(Changed(E::PayCompletionStopped)),
            // What is or may be given back is not completed.
            S::Captured if self.stopped || self.refund_unknown => Ok(Nothing),
            S::Captured => Ok(Changed(E::PayCompleted)),
            // It was completed before it could be called off, so its saga is complete after all.
            S::Completed | S::Cancelling | S::Cancelled if stop => Ok(Again(E::PayCompleted)),
            S::Completed | S::Cancelling | S::Cancelled | S::Compensated if !stop => Ok(Nothing),
            S::Declined | S::Compensated if stop => Ok(Again(E::PayCompletionStopped)),
            S::Pending
            | S::Unknown
            | S::Declined
            | S::Completed
            | S::Compensated
            | S::Cancelling
            | S::Cancelled => Err(Refusal(self.status)),
        }
    }

    fn decide_compensation(&self, command: &Command) -> Decision {
        use EventType as E;
        use Outcome::{Again, Changed, Nothing};
        use Status as S;
        let done = *command == Command::Compensate;
        match self.status {
            S::Pending | S::Unknown if !done && self.refund_wanted => Ok(Nothing),
            S::Pending | S::Unknown if !done => Ok(Changed(E::PayOutcomeUnknown)),
            S::Captured | S::Completed if done => Ok(Changed(E::PayCompensated)),
            S::Captured | S::Completed => Ok(Nothing),
            S::Declined => Ok(Again(E::PayDeclined)),
            S::Compensated => Ok(Again(E::PayCompensated)),
            S::Pending | S::Unknown | S::Cancelling | S::Cancelled => Err(Refusal(self.status)),
        }
    }

    fn decide_cancellation(&self, command: &Command) -> Decision {
        use Command as C;
        use EventType as E;
        use Outcome::{Again, Changed, Nothing};
        use Status as S;
        // A cancellation begins after the one before it was undone and that was announced. What still arrives for the
        // earlier one must not touch the later.
        if let C::RefuseRefund(n, _) | C::StopRefund(n) | C::WithdrawCancellation(n) = command
            && *n != self.cancellations
        {
            return Ok(Nothing);
        }
        match (self.status, command) {
            (S::Completed, C::RequestCancellation(_)) => Ok(Changed(E::PayCancellationRequested)),
            (S::Cancelling, C::Cancel) if self.stopped => Ok(Nothing),
            (S::Cancelling, C::Cancel) => Ok(Changed(E::PayCancelled)),
            (S::Cancelling, C::RefuseRefund(..)) if self.stopped => Ok(Again(E::PayRefundRefused)),
            (S::Cancelling, C::RefuseRefund(..)) => Ok(Changed(E::PayRefundRefused)),
            (S::Cancelling, C::StopRefund(_)) if self.stopped => Ok(Again(E::PayRefundStopped)),
            // The pivot may have been passed: forward only, until the gateway says.
            (S::Cancelling, C::StopRefund(_)) if self.refund_unknown => Ok(Nothing),
            (S::Cancelling, C::StopRefund(_)) => Ok(Changed(E::PayRefundStopped)),
            (S::Cancelling, C::LoseTrackOfRefund) => Ok(Nothing),
            (S::Cancelling, C::WithdrawCancellation(_)) if self.refund_unknown => Err(Refusal(self.status)),
            (S::Cancelling, C::WithdrawCancellation(_)) => Ok(Changed(E::PayCancellationWithdrawn)),
            (S::Completed, C::WithdrawCancellation(_)) => Ok(Again(E::PayCancellationWithdrawn)),
            (S::Completed, C::StopRefund(_)) => Ok(Again(E::PayRefundStopped)),
            (S::Completed, C::Cancel | C::RefuseRefund(..) | C::LoseTrackOfRefund) => Ok(Nothing),
            (S::Cancelled, C::StopRefund(_)) => Ok(Again(E::PayCancelled)),
            (S::Cancelled, C::Cancel | C::RefuseRefund(..) | C::LoseTrackOfRefund) => Ok(Nothing),
            _ => Err(Refusal(self.status)),
        }
    }

    /// The payment after a command that [`Payment::decide`] answered with [`Outcome::Changed`].
    #[must_use]
    pub fn after(mut self, command: &Command, now: Timestamp) -> Self {
        let status = match command {
            Command::Capture => Status::Captured,
            Command::Decline(code) => {
                self.reason = Some(code.clone());
                Status::Declined
            }
            Command::LoseTrack => Status::Unknown,
            Command::Complete => Status::Completed,
            Command::StopCompletion => {
                self.stopped = true;
                self.status
            }
            Command::WantRefund => {
                self.refund_wanted = true;
                self.stopped = true;
                Status::Unknown
            }
            Command::Compensate => {
                self.refund_unknown = false;
                Status::Compensated
            }
            Command::RequestCancellation(reason) => {
                self.cancel_reason = Some(reason.clone());
                self.cancellations += 1;
                self.stopped = false;
                self.reason = None;
                Status::Cancelling
            }
            Command::Cancel => {
                self.refund_unknown = false;
                Status::Cancelled
            }
            Command::RefuseRefund(_, code) => {
                self.reason = Some(code.clone());
                self.refund_unknown = false;
                self.stopped = true;
                Status::Cancelling
            }
            Command::StopRefund(_) => {
                self.stopped = true;
                Status::Cancelling
            }
            Command::LoseTrackOfRefund => {
                self.refund_unknown = true;
                self.status
            }
            Command::WithdrawCancellation(_) => {
                self.stopped = false;
                Status::Completed
            }
        };
        if status != self.status {
            self.history.push(Change { at: now, status });
        }
        self.status = status;
        self.version += 1;
        self
    }

    /// The payment after the gateway refused, with its code, to give the money back because the saga was undone. Nothing
    /// is open at the gateway any more. Only an operator has it asked again, and that is another request, for the
    /// gateway repeats its answer to one that it knows.
    #[must_use]
    pub fn undo_refused(mut self, code: String) -> Self {
        self.reason = Some(code);
        self.refund_wanted = false;
        self.refund_unknown = false;
        self.undos_refused += 1;
        self.version += 1;
        self
    }
}

#[cfg(test)]
mod tests;
