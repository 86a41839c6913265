use super::card::Card;
use super::errors::TossError;
use domain::money::Won;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a form that the customer has filled in can be confirmed.
const FORM_LIVES_FOR: SignedDuration = SignedDuration::from_mins(10);

/// `status` of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// The form is filled in; nothing is charged.
    InProgress,
    /// Charged.
    Done,
    /// Charged, and all of it given back.
    Canceled,
    /// Charged, and a part given back.
    PartialCanceled,
    /// Could not be charged, and never will be.
    Aborted,
    /// The form was not used in time.
    Expired,
}

impl Status {
    const ALL: [Self; 6] =
        [Self::InProgress, Self::Done, Self::Canceled, Self::PartialCanceled, Self::Aborted, Self::Expired];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Done => "DONE",
            Self::Canceled => "CANCELED",
            Self::PartialCanceled => "PARTIAL_CANCELED",
            Self::Aborted => "ABORTED",
            Self::Expired => "EXPIRED",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// One refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cancel {
    pub(super) transaction_key: String,
    pub(super) reason: String,
    pub(super) amount: Won,
    pub(super) at: Timestamp,
    /// What could still be given back after it.
    pub(super) refundable: Won,
}

/// A payment as the gateway keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Payment {
    pub(super) key: String,
    pub(super) order_id: String,
    pub(super) card: Card,
    pub(super) amount: Won,
    pub(super) balance: Won,
    pub(super) status: Status,
    pub(super) requested_at: Timestamp,
    pub(super) approved_at: Option<Timestamp>,
    /// Code of the error that ended it.
    pub(super) failure: Option<String>,
    /// How often the card was charged: never more than once.
    pub(super) confirmations: u32,
    pub(super) cancels: Vec<Cancel>,
}

/// What a caller of `confirm` says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Confirmation {
    pub(super) payment_key: String,
    pub(super) order_id: String,
    pub(super) amount: i64,
}

/// What a caller of `cancel` says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cancellation {
    pub(super) cancel_reason: String,
    pub(super) cancel_amount: Option<i64>,
}

/// What comes of a confirmation that was not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charge {
    /// Charged; the caller is told.
    Answered,
    /// Charged; the caller never hears of it.
    AnswerLost,
    /// Declined: the payment is over.
    Declined,
    /// The caller waits in vain, and nothing is charged.
    NeverAnswered,
}

impl Payment {
    /// The form, just filled in.
    pub(super) fn fresh(key: String, order_id: String, card: Card, amount: Won, now: Timestamp) -> Self {
        Self {
            key,
            order_id,
            card,
            amount,
            balance: amount,
            status: Status::InProgress,
            requested_at: now,
            approved_at: None,
            failure: None,
            confirmations: 0,
            cancels: Vec::new(),
        }
    }

    /// Lets a form that was not used in time expire.
    pub(super) fn expire(&mut self, now: Timestamp) {
        let age = now.duration_since(self.requested_at);
        if self.status == Status::InProgress && age > FORM_LIVES_FOR {
            self.status = Status::Expired;
            self.failure = Some(TossError::ExpiredPayment.code().to_owned());
        }
    }

    /// Charges the card.
    pub(super) fn confirm(&mut self, wish: &Confirmation, now: Timestamp) -> Result<Charge, TossError> {
        if wish.order_id != self.order_id || wish.amount != self.amount.get() {
            return Err(TossError::InvalidRequest);
        }
        match self.status {
            Status::InProgress => Ok(self.charge(now)),
            Status::Expired => Err(TossError::NotFoundPaymentSession),
            Status::Done | Status::Canceled | Status::PartialCanceled | Status::Aborted => {
                Err(TossError::AlreadyProcessedPayment)
            }
        }
    }

    /// Gives back what the caller says, or all that is left.
    pub(super) fn cancel(
        &mut self,
        wish: &Cancellation,
        transaction_key: String,
        now: Timestamp,
    ) -> Result<(), TossError> {
        match self.status {
            Status::Done | Status::PartialCanceled => {}
            Status::Canceled => return Err(TossError::AlreadyCanceledPayment),
            Status::InProgress | Status::Aborted | Status::Expired => {
                return Err(TossError::NotCancelablePayment);
            }
        }
        if self.card == Card::RefundRefused {
            return Err(TossError::NotCancelablePayment);
        }
        let amount = wish.cancel_amount.map_or(self.balance, Won::new);
        let rest = self.balance.minus(amount).filter(|rest| *rest >= Won::ZERO && amount.is_positive());
        let refundable = rest.ok_or(TossError::NotCancelableAmount)?;
        self.balance = refundable;
        self.status = if refundable.is_positive() { Status::PartialCanceled } else { Status::Canceled };
        let reason = wish.cancel_reason.clone();
        self.cancels.push(Cancel { transaction_key, reason, amount, at: now, refundable });
        Ok(())
    }

    fn charge(&mut self, now: Timestamp) -> Charge {
        match self.card {
            Card::Decline => {
                self.abort(TossError::RejectCardPayment);
                Charge::Declined
            }
            Card::Timeout => {
                self.abort(TossError::UnknownPaymentError);
                Charge::NeverAnswered
            }
            Card::Lost => {
                self.approve(now);
                Charge::AnswerLost
            }
            Card::Approve | Card::RefundRefused | Card::Slow => {
                self.approve(now);
                Charge::Answered
            }
        }
    }

    fn approve(&mut self, now: Timestamp) {
        self.status = Status::Done;
        self.approved_at = Some(now);
        self.confirmations += 1;
    }

    fn abort(&mut self, error: TossError) {
        self.status = Status::Aborted;
        self.failure = Some(error.code().to_owned());
    }
}
