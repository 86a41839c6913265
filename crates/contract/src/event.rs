//! Events as they travel: what happened, to what, as part of which saga.
//!
//! An event carries the state that it led to, with its version, so that a consumer needs no other service's table and
//! can tell older news from newer whatever the order in which they arrive.

use domain::bill::{self, Bill};
use domain::calendar::UsageMonth;
use domain::event::EventType;
use domain::ids::{BillId, CustomerId, EventId, OrderId, PaymentId, PhoneNumber, PlanCode, SagaId};
use domain::money::Won;
use domain::order::{self, Order};
use domain::pay::{self, Payment};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The event's id, its message's `MessageId`.
    pub event_id: EventId,
    /// What happened; its message's `Subject`.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// When.
    pub occurred_at: Timestamp,
    /// The saga that it belongs to, its message's `CorrelationId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saga_id: Option<SagaId>,
    /// Whom it is about, when it is about one customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    /// The order, after what happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderFacts>,
    /// The bills, after what happened: one, or those that a billing run issued together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bills: Vec<BillFacts>,
    /// The payment, after what happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentFacts>,
    /// Why, when something was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What others may know of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderFacts {
    /// The order, and its line.
    pub order_id: OrderId,
    /// The plan.
    pub plan: PlanCode,
    /// Months of the discount contract, if there is one.
    #[serde(default)]
    pub contract_months: Option<u8>,
    /// The number, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<PhoneNumber>,
    /// Where it stands.
    pub status: order::Status,
    /// Which change of the order this is.
    pub version: u32,
    /// How often its termination was asked for.
    #[serde(default)]
    pub closings: u32,
    /// Since when the line works, once it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_since: Option<Timestamp>,
}

/// What others may know of a bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BillFacts {
    /// The bill.
    pub bill_id: BillId,
    /// Whose bill.
    pub customer_id: CustomerId,
    /// The line.
    pub order_id: OrderId,
    /// The usage month.
    pub usage_month: UsageMonth,
    /// The line's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<PhoneNumber>,
    /// The amount, in won.
    pub amount: Won,
    /// What is paid of it, in won.
    pub paid: Won,
    /// What is still due, in won.
    pub outstanding: Won,
    /// Where it stands.
    pub status: bill::Status,
    /// When it is due.
    pub due_date: Date,
    /// Which change of the bill this is.
    pub version: u32,
}

/// What others may know of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentFacts {
    /// The payment.
    pub payment_id: PaymentId,
    /// The bill that it pays.
    pub bill_id: BillId,
    /// The amount, in won.
    pub amount: Won,
    /// Where it stands.
    pub status: pay::Status,
    /// Which change of the payment this is.
    pub version: u32,
    /// How often its cancellation was asked for.
    #[serde(default)]
    pub cancellations: u32,
}

impl From<&Order> for OrderFacts {
    fn from(order: &Order) -> Self {
        Self {
            order_id: order.order_id.clone(),
            plan: order.plan.clone(),
            contract_months: order.contract_months,
            number: order.number.clone(),
            status: order.status,
            version: order.version,
            closings: order.closings,
            active_since: order.active_since(),
        }
    }
}

impl From<&Bill> for BillFacts {
    fn from(bill: &Bill) -> Self {
        Self {
            bill_id: bill.bill_id.clone(),
            customer_id: bill.customer_id.clone(),
            order_id: bill.order_id.clone(),
            usage_month: bill.usage_month,
            number: bill.number.clone(),
            amount: bill.amount,
            paid: bill.paid,
            outstanding: bill.outstanding(),
            status: bill.status,
            due_date: bill.due_date,
            version: bill.version,
        }
    }
}

impl From<&Payment> for PaymentFacts {
    fn from(payment: &Payment) -> Self {
        Self {
            payment_id: payment.payment_id.clone(),
            bill_id: payment.bill_id.clone(),
            amount: payment.amount,
            status: payment.status,
            version: payment.version,
            cancellations: payment.cancellations,
        }
    }
}

/// A message is not what its Subject promises; it would be so again the next time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event carries no {0}")]
pub struct Missing(pub &'static str);

impl Event {
    /// The order that the event is about.
    pub fn order(&self) -> Result<&OrderFacts, Missing> {
        self.order.as_ref().ok_or(Missing("order"))
    }

    /// The one bill that the event is about.
    pub fn bill(&self) -> Result<&BillFacts, Missing> {
        self.bills.first().ok_or(Missing("bill"))
    }

    /// The payment that the event is about.
    pub fn payment(&self) -> Result<&PaymentFacts, Missing> {
        self.payment.as_ref().ok_or(Missing("payment"))
    }

    /// The customer whom the event is about.
    pub fn customer(&self) -> Result<&CustomerId, Missing> {
        self.customer_id.as_ref().ok_or(Missing("customerId"))
    }

    /// The saga that the event belongs to.
    pub fn saga(&self) -> Result<&SagaId, Missing> {
        self.saga_id.as_ref().ok_or(Missing("sagaId"))
    }
}

/// A compensating command on the `compensations` queue; its Subject is the command's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Compensation {
    /// The saga that asks. Its id names the order or the payment.
    pub saga_id: SagaId,
    /// Whose saga.
    pub customer_id: CustomerId,
    /// The command's name.
    pub undo: String,
}

/// The message that wakes a saga at its deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deadline {
    /// The saga.
    pub saga_id: SagaId,
}

/// A message of the `billing` queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BillingChunk {
    /// The month to bill.
    pub usage_month: UsageMonth,
    /// Which pass over the month this is, from 1.
    pub pass: u32,
    /// The bucket to bill, or `None` to send a message for each bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<u32>,
    /// The last line that was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<OrderId>,
    /// What was counted in the bucket so far.
    #[serde(default)]
    pub counts: BillingCounts,
}

/// What a billing run counts. `lines` is the sum of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BillingCounts {
    /// Lines that were looked at.
    pub lines: u64,
    /// Lines that have their bill.
    pub issued: u64,
    /// Lines with nothing to bill, or whose bill an operator has discarded.
    pub skipped: u64,
    /// Lines that a person must look at.
    pub parked: u64,
}

impl BillingCounts {
    /// The sums.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            lines: self.lines + other.lines,
            issued: self.issued + other.issued,
            skipped: self.skipped + other.skipped,
            parked: self.parked + other.parked,
        }
    }
}
