//! Bills, and the lines that billing knows.
//!
//! `issued -> partially_paid -> settled`, back again when a payment is taken off, `on_hold` while a person must
//! look, `voided` for a final bill whose line goes on.

mod account;

pub use account::{Account, AccountStatus, ContractTerm};

use crate::calendar::{UsageMonth, seoul_date};
use crate::event::EventType;
use crate::ids::{BillId, CustomerId, OrderId, PaymentId, PhoneNumber, PlanCode};
use crate::limits::DUE_DAYS_MIN;
use crate::money::Won;
use crate::order::Outcome;
use crate::rating::{ChargeLine, RatedBill};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// Where a bill stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Issued, nothing paid (미납).
    Issued,
    /// A part is paid.
    PartiallyPaid,
    /// Nothing is due any more (수납완료).
    Settled,
    /// It could not be made out; a person must look.
    OnHold,
    /// It does not count: the line that it closed goes on.
    Voided,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Issued, Self::PartiallyPaid, Self::Settled, Self::OnHold, Self::Voided];

    /// The status's name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::PartiallyPaid => "partially_paid",
            Self::Settled => "settled",
            Self::OnHold => "on_hold",
            Self::Voided => "voided",
        }
    }
}

/// How a payment counts on a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Applied {
    /// It counts.
    Counted,
    /// It was taken off, or kept from counting, because its saga was undone.
    Reverted,
    /// It was taken off by its cancellation.
    Cancelled,
}

/// A payment on a bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Allocation {
    /// The payment.
    pub payment_id: PaymentId,
    /// What it brings, in won.
    pub amount: Won,
    /// How it counts.
    pub applied: Applied,
    /// The last of its cancellations that was undone: an earlier or equal one that arrives late must not happen.
    #[serde(default)]
    pub cancellations_undone: u32,
}

/// A bill of one line for one usage month, or for the last part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bill {
    /// The bill's id.
    pub bill_id: BillId,
    /// Whose bill.
    pub customer_id: CustomerId,
    /// The line.
    pub order_id: OrderId,
    /// The usage month (사용월).
    pub usage_month: UsageMonth,
    /// The line's number.
    pub number: Option<PhoneNumber>,
    /// The line's plan.
    pub plan: PlanCode,
    /// The discount contract of the month; none when there is none, or it ended before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<ContractTerm>,
    /// What is charged; the lines add up to the amount.
    pub lines: Vec<ChargeLine>,
    /// The amount, in won.
    pub amount: Won,
    /// What is paid of it, in won.
    pub paid: Won,
    /// Where it stands.
    pub status: Status,
    /// When it is due (납기일).
    pub due_date: Date,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Counts changes from 1.
    pub version: u32,
    /// Why it is on hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// It was on hold before it was issued.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_on_hold: bool,
    /// The payments that were applied to it.
    #[serde(default)]
    pub allocations: Vec<Allocation>,
}

/// What is asked of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Apply a payment.
    Settle(PaymentId, Won),
    /// Take a payment off, or keep it from being applied later: its saga is undone.
    RevertSettlement(PaymentId),
    /// Take a payment off: it is being cancelled for the `n`-th time.
    Reopen(PaymentId, u32),
    /// Let a payment count again: its `n`-th cancellation is undone.
    Resettle(PaymentId, u32),
    /// Make the bill void: the line that it closed goes on.
    Void,
    /// Issue the bill that was on hold.
    Release(RatedBill),
}

/// Why a bill does not do what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is on hold or void.
    #[error("the bill is {}, which does not allow this", .0.as_str())]
    Status(Status),
    /// The payment brings more than is due.
    #[error("the payment is more than what is due")]
    TooMuch,
    /// The payment does not count on this bill.
    #[error("the payment does not count on the bill")]
    NotApplied,
    /// Money was received on it.
    #[error("money was received on the bill")]
    Paid,
}

impl Refusal {
    /// The refusal's stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Status(_) => "bill_status",
            Self::TooMuch => "amount_over_outstanding",
            Self::NotApplied => "payment_not_applied",
            Self::Paid => "bill_paid",
        }
    }
}

/// The day of the month after the usage month on which a bill is due that was issued in time.
const DUE_DAY: i32 = 25;

/// When the bill of a usage month is due that is issued at an instant: the 25th of the next month, or
/// [`DUE_DAYS_MIN`] days after the day of issue in Seoul where that is later.
pub fn due_date(month: UsageMonth, issued_at: Timestamp) -> Date {
    let usual = month.next().first_day().saturating_add((DUE_DAY - 1).days());
    usual.max(seoul_date(issued_at).saturating_add(DUE_DAYS_MIN.days()))
}

impl Bill {
    /// A new bill of a line.
    pub fn issue(
        bill_id: BillId,
        account: &Account,
        month: UsageMonth,
        rated: RatedBill,
        now: Timestamp,
    ) -> Self {
        let status = if rated.total.is_positive() { Status::Issued } else { Status::Settled };
        Self {
            bill_id,
            customer_id: account.customer_id.clone(),
            order_id: account.order_id.clone(),
            usage_month: month,
            number: account.number.clone(),
            plan: account.plan.clone(),
            contract: account.contract().filter(|contract| contract.to >= month.first_day()),
            lines: rated.lines,
            amount: rated.total,
            paid: Won::ZERO,
            status,
            due_date: due_date(month, now),
            issued_at: now,
            version: 1,
            reason: None,
            was_on_hold: false,
            allocations: Vec::new(),
        }
    }

    /// A bill that could not be made out: it takes the month's place until a person has looked.
    pub fn hold(bill_id: BillId, account: &Account, month: UsageMonth, reason: &str, now: Timestamp) -> Self {
        let nothing = RatedBill { lines: Vec::new(), total: Won::ZERO };
        let bill = Self::issue(bill_id, account, month, nothing, now);
        Self { status: Status::OnHold, reason: Some(reason.to_owned()), ..bill }
    }

    /// What is still due, in won.
    pub fn outstanding(&self) -> Won {
        match self.status {
            Status::Issued | Status::PartiallyPaid | Status::Settled => {
                Won::new(self.amount.get() - self.paid.get())
            }
            Status::OnHold | Status::Voided => Won::ZERO,
        }
    }

    fn allocation(&self, payment: &PaymentId) -> Option<&Allocation> {
        self.allocations.iter().find(|allocation| allocation.payment_id == *payment)
    }

    /// Decides what follows from a command, for every pair of status and command.
    pub fn decide(&self, command: &Command) -> Result<Outcome, Refusal> {
        use EventType as E;
        use Outcome::{Again, Changed, Nothing};
        match (self.status, command) {
            (Status::OnHold, Command::Release(_)) => Ok(Changed(E::BillIssued)),
            (
                Status::Issued | Status::PartiallyPaid | Status::Settled | Status::Voided,
                Command::Release(_),
            ) => Ok(Nothing),
            (Status::Voided, Command::Void) => Ok(Again(E::BillFinalVoided)),
            (Status::OnHold, Command::Void) => Ok(Changed(E::BillFinalVoided)),
            (Status::Issued | Status::PartiallyPaid | Status::Settled, Command::Void) => {
                if self.paid.is_positive() { Err(Refusal::Paid) } else { Ok(Changed(E::BillFinalVoided)) }
            }
            (_, Command::RevertSettlement(payment)) => {
                let reverted = self.allocation(payment).is_some_and(|a| a.applied != Applied::Counted);
                Ok(if reverted {
                    Again(E::BillSettlementReverted)
                } else {
                    Changed(E::BillSettlementReverted)
                })
            }
            (Status::OnHold, Command::Settle(..) | Command::Reopen(..) | Command::Resettle(..))
            | (Status::Voided, Command::Settle(..)) => Err(Refusal::Status(self.status)),
            (Status::Issued | Status::PartiallyPaid | Status::Settled, Command::Settle(payment, amount)) => {
                self.decide_settle(payment, *amount)
            }
            // A bill may become void while a payment of it is being cancelled. If that is undone the payment stands, and
            // the customer may cancel it again.
            (
                Status::Issued | Status::PartiallyPaid | Status::Settled | Status::Voided,
                Command::Reopen(payment, attempt),
            ) => self.decide_reopen(payment, *attempt),
            (
                Status::Issued | Status::PartiallyPaid | Status::Settled | Status::Voided,
                Command::Resettle(payment, attempt),
            ) => self.decide_resettle(payment, *attempt),
        }
    }

    fn decide_settle(&self, payment: &PaymentId, amount: Won) -> Result<Outcome, Refusal> {
        match self.allocation(payment) {
            Some(_) => Ok(Outcome::Nothing),
            None if amount.is_positive() && amount <= self.outstanding() => {
                Ok(Outcome::Changed(EventType::BillSettled))
            }
            None => Err(Refusal::TooMuch),
        }
    }

    fn decide_reopen(&self, payment: &PaymentId, attempt: u32) -> Result<Outcome, Refusal> {
        match self.allocation(payment) {
            Some(a) if attempt <= a.cancellations_undone => Ok(Outcome::Nothing),
            Some(a) => match a.applied {
                Applied::Counted => Ok(Outcome::Changed(EventType::BillReopened)),
                Applied::Cancelled => Ok(Outcome::Nothing),
                Applied::Reverted => Err(Refusal::NotApplied),
            },
            None => Err(Refusal::NotApplied),
        }
    }

    fn decide_resettle(&self, payment: &PaymentId, attempt: u32) -> Result<Outcome, Refusal> {
        match self.allocation(payment) {
            // Undone before. If it does not count now, then for a later cancellation, which this must not touch.
            Some(a) if a.applied != Applied::Reverted && attempt <= a.cancellations_undone => {
                Ok(Outcome::Again(EventType::BillResettled))
            }
            // Another payment may have taken its place in the meantime.
            Some(a)
                if a.applied == Applied::Cancelled
                    && a.amount.get() > self.amount.get() - self.paid.get() =>
            {
                Err(Refusal::TooMuch)
            }
            Some(a) if a.applied != Applied::Reverted => Ok(Outcome::Changed(EventType::BillResettled)),
            Some(_) | None => Err(Refusal::NotApplied),
        }
    }

    /// The bill after a command that [`Bill::decide`] answered with [`Outcome::Changed`].
    #[must_use]
    pub fn after(mut self, command: &Command, now: Timestamp) -> Self {
        match command {
            Command::Settle(payment, amount) => self.allocate(payment, *amount, Applied::Counted),
            Command::RevertSettlement(payment) => self.allocate(payment, Won::ZERO, Applied::Reverted),
            Command::Reopen(payment, _) => self.allocate(payment, Won::ZERO, Applied::Cancelled),
            Command::Resettle(payment, attempt) => {
                self.allocate(payment, Won::ZERO, Applied::Counted);
                if let Some(a) = self.allocations.iter_mut().find(|a| a.payment_id == *payment) {
                    a.cancellations_undone = *attempt;
                }
            }
            Command::Void => self.status = Status::Voided,
            Command::Release(rated) => {
                self.lines.clone_from(&rated.lines);
                self.amount = rated.total;
                self.issued_at = now;
                self.due_date = due_date(self.usage_month, now);
                self.reason = None;
                self.was_on_hold = true;
                self.status = Status::Issued;
            }
        }
        self.recount();
        self.version += 1;
        self
    }

    /// Sets how a payment counts; its amount is kept from when it was first applied.
    fn allocate(&mut self, payment: &PaymentId, amount: Won, applied: Applied) {
        match self.allocations.iter_mut().find(|a| a.payment_id == *payment) {
            Some(allocation) => allocation.applied = applied,
            None => self.allocations.push(Allocation {
                payment_id: payment.clone(),
                amount,
                applied,
                cancellations_undone: 0,
            }),
        }
    }

    fn recount(&mut self) {
        let counted = self.allocations.iter().filter(|a| a.applied == Applied::Counted);
        self.paid = Won::new(counted.map(|a| a.amount.get()).sum());
        assert!(self.paid <= self.amount, "a bill never takes more than its amount");
        self.status = match self.status {
            Status::OnHold | Status::Voided => self.status,
            Status::Issued | Status::PartiallyPaid | Status::Settled => {
                if self.paid == self.amount {
                    Status::Settled
                } else if self.paid.is_positive() {
                    Status::PartiallyPaid
                } else {
                    Status::Issued
                }
            }
        };
    }
}

#[cfg(test)]
mod tests;
