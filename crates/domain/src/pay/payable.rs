//! The bills as Pay knows them.

use crate::ids::{BillId, CustomerId, PaymentId};
use crate::money::Won;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What Pay knows of a bill: a projection of Bill's events, and the payment that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payable {
    /// The bill.
    pub bill_id: BillId,
    /// Whose bill.
    pub customer_id: CustomerId,
    /// Its amount, in won.
    pub amount: Won,
    /// What is still due, in won.
    pub outstanding: Won,
    /// When it is due.
    pub due_date: Date,
    /// The version of the bill that this was taken from: older news is passed over.
    pub bill_version: u32,
    /// Payments that were tried so far.
    pub attempts: u32,
    /// The payment that is under way. No other may begin until it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<PaymentId>,
    /// The bill is void.
    #[serde(default)]
    pub voided: bool,
}

/// Why a bill cannot be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayRefusal {
    /// It is settled or void.
    #[error("nothing is due on the bill")]
    NothingDue,
    /// Another payment of it is under way, or its outcome is not known.
    #[error("another payment of the bill is under way")]
    UnderWay,
    /// More than is due, or nothing at all.
    #[error("the amount must be between 1 won and what is due")]
    AmountOutOfRange,
}

impl Payable {
    /// The amount that a payment takes: what is asked for, or all that is due.
    pub fn payment_amount(&self, asked: Option<Won>) -> Result<Won, PayRefusal> {
        if self.held_by.is_some() {
            return Err(PayRefusal::UnderWay);
        }
        if self.voided || !self.outstanding.is_positive() {
            return Err(PayRefusal::NothingDue);
        }
        let amount = asked.unwrap_or(self.outstanding);
        if amount.is_positive() && amount <= self.outstanding {
            Ok(amount)
        } else {
            Err(PayRefusal::AmountOutOfRange)
        }
    }

    /// The bill held by its next payment.
    #[must_use]
    pub fn held(mut self) -> Self {
        self.attempts += 1;
        self.held_by = Some(PaymentId::nth(&self.bill_id, self.attempts));
        self
    }

    /// The bill free for another payment, if `payment` holds it.
    #[must_use]
    pub fn released_by(mut self, payment: &PaymentId) -> Self {
        if self.held_by.as_ref() == Some(payment) {
            self.held_by = None;
        }
        self
    }

    /// The bill after `amount` of a payment went back to the customer: due again unless it is void, and free for another
    /// payment. News of Bill that comes later carries a higher version and agrees.
    #[must_use]
    pub fn given_back(mut self, payment: &PaymentId, amount: Won) -> Self {
        if !self.voided {
            let due = self.outstanding.plus(amount).unwrap_or(self.amount);
            self.outstanding = due.min(self.amount);
        }
        self.released_by(payment)
    }

    /// The bill as an event of Bill tells it; unchanged when the event is older than what is known.
    #[must_use]
    pub fn updated(mut self, bill_version: u32, outstanding: Won, voided: bool) -> Self {
        if bill_version > self.bill_version {
            self.bill_version = bill_version;
            self.outstanding = outstanding;
            self.voided = voided;
        }
        self
    }
}
