use super::Account;
use crate::ports::Table;
use crate::store::{Changes, Loaded, retry_on_change};
use crate::{App, Failure};
use contract::event::{BillFacts, Event};
use domain::bill;
use domain::ids::{CustomerId, PaymentId};
use domain::order::Outcome;
use domain::pay::{Command, Payable};

impl App {
    /// `bill.issued`, `bill.final_issued`, `bill.final_voided`: Pay gets to know the bills.
    pub(crate) async fn on_bills(&self, event: &Event) -> Result<(), Failure> {
        let Some(first) = event.bills.first() else { return Ok(()) };
        let mut changes = Changes::new(Table::Payments, self.buckets.customer(&first.customer_id).partition);
        for bill in &event.bills {
            let key = self.buckets.customer(&bill.customer_id);
            changes.insert(key.payable(&bill.bill_id).row, &payable(bill))?;
        }
        match self.commit(changes).await {
            Ok(_) => Ok(()),
            // Some are known: from another delivery, or from an event that overtook this one.
            Err(Failure::Changed) => {
                for bill in &event.bills {
                    retry_on_change!(self.try_project_bill(bill).await)?;
                }
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }

    async fn try_project_bill(&self, bill: &BillFacts) -> Result<(), Failure> {
        let key = self.buckets.customer(&bill.customer_id);
        let row = key.payable(&bill.bill_id);
        let mut changes = Changes::new(Table::Payments, key.partition);
        match self.load::<Payable>(Table::Payments, &row).await? {
            None => changes.insert(row.row, &payable(bill))?,
            Some(known) if known.value.bill_version >= bill.version => return Ok(()),
            Some(Loaded { row, value, etag }) => {
                let voided = bill.status == bill::Status::Voided;
                changes.replace(row, etag, &value.updated(bill.version, bill.outstanding, voided))?
            }
        };
        self.commit(changes).await.map(|_| ())
    }

    /// `bill.settled`: the payment is complete.
    pub(crate) async fn on_bill_settled(&self, event: &Event) -> Result<(), Failure> {
        let payment = payment_of(event)?;
        retry_on_change!(self.try_complete(event, &payment).await)
    }

    async fn try_complete(&self, event: &Event, payment: &PaymentId) -> Result<(), Failure> {
        let now = self.now();
        let bill = event.bill()?;
        let Account { key, payable, payment } = self.load_payment(event.customer()?, payment).await?;
        let Outcome::Changed(kind) = payment.value.decide(&Command::Complete)? else { return Ok(()) };
        let completed = payment.value.after(&Command::Complete, now);
        let free =
            payable.value.updated(bill.version, bill.outstanding, false).released_by(&completed.payment_id);
        let mut changes = Changes::new(Table::Payments, key.partition);
        changes.inbox(&event.event_id, now)?.replace(payment.row, payment.etag, &completed)?;
        changes.replace(payable.row, payable.etag, &free)?;
        self.announce_payment(&mut changes, kind, &completed, now)?;
        self.commit(changes).await.map(|_| ())
    }

    /// A compensating command that needs no gateway: the completion or the refund is called off, or the payment is let
    /// stand.
    pub(crate) async fn stop_payment(
        &self,
        customer: &CustomerId,
        payment: &PaymentId,
        command: &Command,
    ) -> Result<(), Failure> {
        retry_on_change!(self.try_stop_payment(customer, payment, command).await)
    }

    async fn try_stop_payment(
        &self,
        customer: &CustomerId,
        payment: &PaymentId,
        command: &Command,
    ) -> Result<(), Failure> {
        let now = self.now();
        let Account { key, payable, payment } = self.load_payment(customer, payment).await?;
        let mut changes = Changes::new(Table::Payments, key.partition);
        match payment.value.decide(command)? {
            Outcome::Nothing => return Ok(()),
            Outcome::Again(kind) => self.announce_payment(&mut changes, kind, &payment.value, now)?,
            Outcome::Changed(kind) => {
                let stopped = payment.value.after(command, now);
                changes.replace(payment.row, payment.etag, &stopped)?;
                if matches!(command, Command::WithdrawCancellation(_)) {
                    let free = payable.value.released_by(&stopped.payment_id);
                    changes.replace(payable.row, payable.etag, &free)?;
                }
                self.announce_payment(&mut changes, kind, &stopped, now)?;
            }
        }
        self.commit(changes).await.map(|_| ())
    }
}

fn payable(bill: &BillFacts) -> Payable {
    Payable {
        bill_id: bill.bill_id.clone(),
        customer_id: bill.customer_id.clone(),
        amount: bill.amount,
        outstanding: bill.outstanding,
        due_date: bill.due_date,
        bill_version: bill.version,
        attempts: 0,
        held_by: None,
        voided: bill.status == bill::Status::Voided,
    }
}

/// The payment that an event of Bill is about: the one that its saga is named after.
pub(super) fn payment_of(event: &Event) -> Result<PaymentId, Failure> {
    event.saga()?.payment().ok_or_else(|| Failure::Malformed("the saga is about no payment".to_owned()))
}
