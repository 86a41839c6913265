use crate::ports::Table;
use crate::store::{Changes, Loaded, retry_on_change};
use crate::{App, Failure, announcement};
use contract::event::{BillFacts, Event, OrderFacts};
use domain::bill::{Bill, Command, Refusal};
use domain::event::EventType;
use domain::ids::{BillId, CustomerId, EventId, SagaId};
use domain::order::Outcome;
use jiff::Timestamp;

/// Why a bill is asked to change.
pub(crate) struct Cause<'a> {
    pub(crate) saga: &'a SagaId,
    pub(crate) customer: &'a CustomerId,
    /// The event; none for a saga's command, which is answered as often as it is asked.
    pub(crate) event: Option<&'a EventId>,
    /// What is announced when the bill refuses; none when an operator must look.
    pub(crate) refused: EventType,
}

impl App {
    /// `pay.captured`: the payment is applied to its bill.
    pub(crate) async fn on_payment_captured(&self, event: &Event) -> Result<(), Failure> {
        let payment = event.payment()?;
        let command = Command::Settle(payment.payment_id.clone(), payment.amount);
        self.change_bill_for(event, &payment.bill_id, &command, EventType::BillSettleRefused).await
    }

    /// `pay.cancellation_requested`: the payment is taken off its bill, which is due again.
    pub(crate) async fn on_cancellation_requested(&self, event: &Event) -> Result<(), Failure> {
        let payment = event.payment()?;
        let command = Command::Reopen(payment.payment_id.clone(), payment.cancellations);
        self.change_bill_for(event, &payment.bill_id, &command, EventType::BillReopenRefused).await
    }

    async fn change_bill_for(
        &self,
        event: &Event,
        bill: &BillId,
        command: &Command,
        refused: EventType,
    ) -> Result<(), Failure> {
        let cause =
            Cause { saga: event.saga()?, customer: event.customer()?, event: Some(&event.event_id), refused };
        self.change_bill(&cause, bill, command).await
    }

    /// A compensating command of a saga.
    pub(crate) async fn undo_bill(
        &self,
        saga: &SagaId,
        customer: &CustomerId,
        bill: &BillId,
        command: &Command,
    ) -> Result<(), Failure> {
        let cause = Cause { saga, customer, event: None, refused: EventType::SagaUndoRefused };
        self.change_bill(&cause, bill, command).await
    }

    async fn change_bill(&self, cause: &Cause<'_>, bill: &BillId, command: &Command) -> Result<(), Failure> {
        retry_on_change!(self.try_change_bill(cause, bill, command).await)
    }

    async fn try_change_bill(
        &self,
        cause: &Cause<'_>,
        bill: &BillId,
        command: &Command,
    ) -> Result<(), Failure> {
        let now = self.now();
        let key = self.buckets.customer(cause.customer);
        let Loaded { row, value: bill, etag } = self.load_bill(&key, bill).await?;
        let mut changes = Changes::new(Table::Bills, key.partition);
        if let Some(event) = cause.event {
            changes.inbox(event, now)?;
        }
        let event = match bill.decide(command) {
            Ok(Outcome::Nothing) => return Ok(()),
            Ok(Outcome::Again(kind)) => self.bill_event(kind, cause, &bill, now)?,
            Ok(Outcome::Changed(kind)) => {
                let bill = bill.after(command, now);
                changes.replace(row, etag, &bill)?;
                self.bill_event(kind, cause, &bill, now)?
            }
            Err(refusal) => self.refusal_event(cause, &bill, refusal, now)?,
        };
        changes.send(announcement(&event, now)?);
        self.commit(changes).await.map(|_| ())
    }

    fn bill_event(
        &self,
        kind: EventType,
        cause: &Cause<'_>,
        bill: &Bill,
        now: Timestamp,
    ) -> Result<Event, Failure> {
        let event = self.saga_event(kind, cause.saga, cause.customer, now)?;
        Ok(Event { bills: vec![BillFacts::from(bill)], ..event })
    }

    fn refusal_event(
        &self,
        cause: &Cause<'_>,
        bill: &Bill,
        refusal: Refusal,
        now: Timestamp,
    ) -> Result<Event, Failure> {
        let event = self.bill_event(cause.refused, cause, bill, now)?;
        Ok(Event { reason: Some(refusal.code().to_owned()), ..event })
    }

    /// The event of a final bill, with the order that it closes.
    pub(super) fn final_event(
        &self,
        kind: EventType,
        saga: &SagaId,
        bill: &Bill,
        order: Option<&OrderFacts>,
        now: Timestamp,
    ) -> Result<Event, Failure> {
        let event = self.saga_event(kind, saga, &bill.customer_id, now)?;
        Ok(Event { bills: vec![BillFacts::from(bill)], order: order.cloned(), ..event })
    }
}
