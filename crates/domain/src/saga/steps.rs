use crate::event::EventType;
use crate::ids::SagaId;
use serde::{Deserialize, Serialize};

/// The kinds of business transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A customer opens a line.
    OpenLine,
    /// A customer pays a bill.
    PayBill,
    /// A customer wants a payment back.
    CancelPayment,
    /// A customer closes a line.
    CloseLine,
}

/// A compensating command, the Subject of its message on the `compensations` queue.
///
/// The undo of a saga's last step is a fence: it calls the step off if it has not happened yet, and otherwise
/// announces again that it has, whereupon the saga is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Undo {
    /// Let the order come to nothing.
    RejectOrder,
    /// Forget the line.
    CloseAccount,
    /// Call the activation off and free the number.
    StopActivation,
    /// Give the money back, because the saga is undone.
    Refund,
    /// Take the payment off the bill.
    RevertSettlement,
    /// Call the completion off.
    StopCompletion,
    /// Let the payment stand.
    WithdrawCancellation,
    /// Let the payment count on its bill again.
    ResettleBill,
    /// Call the refund off, if it was not tried.
    StopRefund,
    /// Let the line go on.
    WithdrawTermination,
    /// Make the final bill void.
    VoidFinalBill,
    /// Call the closing off.
    StopTermination,
}

impl Undo {
    /// Every compensating command.
    pub const ALL: [Self; 12] = [
        Self::RejectOrder,
        Self::CloseAccount,
        Self::StopActivation,
        Self::Refund,
        Self::RevertSettlement,
        Self::StopCompletion,
        Self::WithdrawCancellation,
        Self::ResettleBill,
        Self::StopRefund,
        Self::WithdrawTermination,
        Self::VoidFinalBill,
        Self::StopTermination,
    ];

    /// The command's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RejectOrder => "order.reject",
            Self::CloseAccount => "bill.close_account",
            Self::StopActivation => "order.stop_activation",
            Self::Refund => "pay.refund",
            Self::RevertSettlement => "bill.revert_settlement",
            Self::StopCompletion => "pay.stop_completion",
            Self::WithdrawCancellation => "pay.withdraw_cancellation",
            Self::ResettleBill => "bill.resettle",
            Self::StopRefund => "pay.stop_refund",
            Self::WithdrawTermination => "order.withdraw_termination",
            Self::VoidFinalBill => "bill.void_final",
            Self::StopTermination => "order.stop_termination",
        }
    }

    /// The command of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|undo| undo.as_str() == name)
    }
}

/// A step: the event that completes it, the command that undoes it, and the event that completes the undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The event that completes the step; its name is the step's name.
    pub done: EventType,
    /// The command that undoes it.
    pub undo: Undo,
    /// The event that completes the undo.
    pub undone: EventType,
}

/// What an event means to a saga.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The step of this index has succeeded.
    Succeeded(usize),
    /// The step has begun and its outcome is not known.
    Started(usize),
    /// The step has failed: it did nothing, and the steps before it must be undone.
    Failed(usize),
    /// The undo of the step has succeeded.
    Undone(usize),
    /// The undo under way cannot be carried out.
    UndoRefused,
    /// Nothing: the event is about something else.
    Foreign,
}

const fn step(done: EventType, undo: Undo, undone: EventType) -> Step {
    Step { done, undo, undone }
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::OpenLine, Self::PayBill, Self::CancelPayment, Self::CloseLine];

    /// The kind that a saga's id begins with.
    pub fn of(saga: &SagaId) -> Self {
        let (kind, _) = saga.as_str().split_once('-').unwrap_or_default();
        match kind {
            "open" => Self::OpenLine,
            "pay" => Self::PayBill,
            "cancel" => Self::CancelPayment,
            _ => Self::CloseLine,
        }
    }

    /// The steps, in the order in which they happen.
    pub const fn steps(self) -> [Step; 3] {
        use EventType as E;
        match self {
            Self::OpenLine => [
                step(E::OrderPlaced, Undo::RejectOrder, E::OrderRejected),
                step(E::BillAccountOpened, Undo::CloseAccount, E::BillAccountClosed),
                step(E::OrderActivated, Undo::StopActivation, E::OrderNumberReleased),
            ],
            Self::PayBill => [
                step(E::PayCaptured, Undo::Refund, E::PayCompensated),
                step(E::BillSettled, Undo::RevertSettlement, E::BillSettlementReverted),
                step(E::PayCompleted, Undo::StopCompletion, E::PayCompletionStopped),
            ],
            Self::CancelPayment => [
                step(E::PayCancellationRequested, Undo::WithdrawCancellation, E::PayCancellationWithdrawn),
                step(E::BillReopened, Undo::ResettleBill, E::BillResettled),
                step(E::PayCancelled, Undo::StopRefund, E::PayRefundStopped),
            ],
            Self::CloseLine => [
                step(E::OrderTerminationRequested, Undo::WithdrawTermination, E::OrderTerminationWithdrawn),
                step(E::BillFinalIssued, Undo::VoidFinalBill, E::BillFinalVoided),
                step(E::OrderTerminated, Undo::StopTermination, E::OrderTerminationStopped),
            ],
        }
    }

    /// What an event means to a saga of this kind.
    pub fn meaning(self, event: EventType) -> Meaning {
        use EventType as E;
        for (index, step) in self.steps().into_iter().enumerate() {
            if step.done == event {
                return Meaning::Succeeded(index);
            }
            if step.undone == event {
                return Meaning::Undone(index);
            }
        }
        match (self, event) {
            (Self::OpenLine, E::OrderActivationRefused) => Meaning::Failed(2),
            (Self::PayBill, E::PayOutcomeUnknown) => Meaning::Started(0),
            (Self::PayBill, E::PayDeclined) => Meaning::Failed(0),
            (Self::PayBill, E::BillSettleRefused) => Meaning::Failed(1),
            (Self::CancelPayment, E::BillReopenRefused) => Meaning::Failed(1),
            (Self::CancelPayment, E::PayRefundRefused) => Meaning::Failed(2),
            (_, E::SagaUndoRefused) => Meaning::UndoRefused,
            (_, _) => Meaning::Foreign,
        }
    }
}
