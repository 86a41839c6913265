//! Pay: charging bills at the gateway, completing payments, and giving money back.
//!
//! Before the gateway is asked for anything, the intent is written; so whatever happens in between, somebody asks the
//! gateway what became of it, and nothing is charged twice.

mod cancel;
mod charge;
mod complete;
mod refund;
mod resolve;

pub use charge::Pay;

use crate::keys::{self, CustomerKey, digest};
use crate::order::{HistoryEntry, history};
use crate::ports::{Range, Table};
use crate::store::{Changes, Loaded};
use crate::{App, Failure, announcement, trace};
use contract::event::{Event, PaymentFacts};
use domain::event::EventType;
use domain::ids::{BillId, CustomerId, PaymentId, SagaId};
use domain::money::Won;
use domain::pay::{Payable, Payment, Status};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A payment as the API shows it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentView {
    payment_id: PaymentId,
    customer_id: CustomerId,
    bill_id: BillId,
    amount: Won,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_reason: Option<String>,
    saga_id: SagaId,
    history: Vec<HistoryEntry<Status>>,
}

impl From<Payment> for PaymentView {
    fn from(payment: Payment) -> Self {
        Self {
            saga_id: SagaId::pay(&payment.payment_id),
            history: history(&payment.history),
            payment_id: payment.payment_id,
            customer_id: payment.customer_id,
            bill_id: payment.bill_id,
            amount: payment.amount,
            status: payment.status,
            reason: payment.reason,
            cancel_reason: payment.cancel_reason,
        }
    }
}

/// A payable bill and one of its payments, read together.
pub(crate) struct Account {
    key: CustomerKey,
    pub(crate) payable: Loaded<Payable>,
    pub(crate) payment: Loaded<Payment>,
}

/// A payment that has business open at the gateway.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OpenBusiness {
    payment_id: PaymentId,
    customer_id: CustomerId,
    since: Timestamp,
    /// The trace of the request that left it open: what comes of it belongs there, whoever settles it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
}

fn open_row(payment: &PaymentId) -> String {
    format!("{}{payment}", keys::OPEN)
}

/// A payment key pays once: its row is inserted with the payment.
fn key_row(payment: &Payment) -> String {
    format!("key|{}", digest(&["payment-key", payment.payment_key.as_str()]))
}

fn open_business(payment: &Payment, now: Timestamp) -> OpenBusiness {
    let (payment_id, customer_id) = (payment.payment_id.clone(), payment.customer_id.clone());
    OpenBusiness { payment_id, customer_id, since: now, traceparent: trace::current() }
}

/// The saga of which a change of a payment is a part.
fn saga_of(payment: &Payment, kind: EventType) -> SagaId {
    let cancelling = matches!(
        kind,
        EventType::PayCancellationRequested
            | EventType::PayCancelled
            | EventType::PayRefundRefused
            | EventType::PayRefundStopped
            | EventType::PayCancellationWithdrawn
    );
    if cancelling {
        SagaId::cancel(&payment.payment_id, payment.cancellations)
    } else {
        SagaId::pay(&payment.payment_id)
    }
}

impl App {
    /// One of a customer's payments.
    pub async fn payment(&self, customer: &CustomerId, id: &PaymentId) -> Result<PaymentView, Failure> {
        let key = self.buckets.customer(customer).payment(id);
        let payment: Option<Loaded<Payment>> = self.load(Table::Payments, &key).await?;
        payment.map(|payment| payment.value.into()).ok_or_else(|| Failure::not_found("payment"))
    }

    /// Reads a payment and its bill: one query.
    async fn load_payment(&self, customer: &CustomerId, id: &PaymentId) -> Result<Account, Failure> {
        let key = self.buckets.customer(customer);
        let bill = id.bill();
        let range = Range::prefix(key.partition.clone(), &key.payable_prefix(&bill));
        let (payable_row, payment_row) = (key.payable(&bill).row, key.payment(id).row);
        let (mut payable, mut payment) = (None, None);
        for row in self.load_all(Table::Payments, &range).await? {
            if row.row == payable_row {
                payable = Some(Loaded::of(row)?);
            } else if row.row == payment_row {
                payment = Some(Loaded::of(row)?);
            }
        }
        match (payable, payment) {
            (Some(payable), Some(payment)) => Ok(Account { key, payable, payment }),
            _ => Err(Failure::not_found("payment")),
        }
    }

    fn payment_event(&self, kind: EventType, payment: &Payment, now: Timestamp) -> Result<Event, Failure> {
        let event = self.saga_event(kind, &saga_of(payment, kind), &payment.customer_id, now)?;
        Ok(Event { payment: Some(PaymentFacts::from(payment)), reason: payment.reason.clone(), ..event })
    }

    fn announce_payment(
        &self,
        changes: &mut Changes,
        kind: EventType,
        payment: &Payment,
        now: Timestamp,
    ) -> Result<(), Failure> {
        changes.send(announcement(&self.payment_event(kind, payment, now)?, now)?);
        Ok(())
    }
}
