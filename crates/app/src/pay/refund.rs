//! Giving money back because the payment's own saga is undone.

use super::cancel::refund_outcome;
use super::{Account, open_business, open_row};
use crate::ports::Table;
use crate::store::{Changes, retry_on_change};
use crate::{App, Failure};
use domain::event::EventType;
use domain::ids::{CustomerId, PaymentId};
use domain::order::Outcome;
use domain::pay::{Command, Payment, Status};

impl App {
    /// Undo of the capture. A payment whose outcome is not known is marked, and given back once it is.
    pub(crate) async fn undo_capture(
        &self,
        customer: &CustomerId,
        payment: &PaymentId,
    ) -> Result<(), Failure> {
        let account = self.load_payment(customer, payment).await?;
        match account.payment.value.status {
            Status::Captured => self.refund_for_undo(account).await,
            // Its bill counts it: the completion was to be called off first.
            Status::Completed => self.refuse_undo(account, "payment_completed".to_owned()).await,
            Status::Pending | Status::Unknown => {
                retry_on_change!(self.try_want_refund(customer, payment).await)
            }
            Status::Declined | Status::Compensated | Status::Cancelling | Status::Cancelled => {
                self.stop_payment(customer, payment, &Command::WantRefund).await
            }
        }
    }

    async fn try_want_refund(&self, customer: &CustomerId, payment: &PaymentId) -> Result<(), Failure> {
        let now = self.now();
        let Account { key, payment, .. } = self.load_payment(customer, payment).await?;
        let wanted = match payment.value.decide(&Command::WantRefund)? {
            // It was captured or declined meanwhile: the command is delivered again and sees that.
            Outcome::Nothing if payment.value.status == Status::Captured => return Err(Failure::Changed),
            Outcome::Nothing | Outcome::Again(_) => return Ok(()),
            Outcome::Changed(_) => payment.value.after(&Command::WantRefund, now),
        };
        let mut changes = Changes::new(Table::Payments, key.partition);
        changes.replace(payment.row, payment.etag, &wanted)?;
        changes.upsert(open_row(&wanted.payment_id), &open_business(&wanted, now))?;
        self.commit(changes).await.map(|_| ())
    }

    /// Asks the gateway for the refund and records what it said; when it does not say, the timer asks again.
    pub(super) async fn refund_for_undo(&self, account: Account) -> Result<(), Failure> {
        let payment = &account.payment.value;
        // The gateway repeats its first answer to a key, a refusal too: what an operator asks for again has another.
        let idempotency_key = format!("{}-undo{}", payment.payment_id, payment.undos_refused + 1);
        let refund =
            self.ports.gateway.cancel(&payment.payment_key, "the payment was undone", &idempotency_key).await;
        match refund_outcome(refund, payment) {
            Some(Ok(())) => self.end_refund(account, &Command::Compensate).await,
            Some(Err(code)) => self.refuse_undo(account, code).await,
            None => self.ask_later(account).await,
        }
    }

    async fn refuse_undo(&self, account: Account, code: String) -> Result<(), Failure> {
        let now = self.now();
        let Account { key, payment, .. } = account;
        let was_open = payment.value.refund_unknown || payment.value.refund_wanted;
        let refused = payment.value.undo_refused(code);
        let mut changes = Changes::new(Table::Payments, key.partition);
        changes.replace(payment.row, payment.etag, &refused)?;
        if was_open {
            changes.delete(open_row(&refused.payment_id), None);
        }
        self.announce_payment(&mut changes, EventType::SagaUndoRefused, &refused, now)?;
        self.commit(changes).await.map(|_| ())
    }

    async fn ask_later(&self, account: Account) -> Result<(), Failure> {
        let now = self.now();
        let Account { key, payment, .. } = account;
        let unknown = Payment { refund_unknown: true, version: payment.value.version + 1, ..payment.value };
        let mut changes = Changes::new(Table::Payments, key.partition);
        changes.replace(payment.row, payment.etag, &unknown)?;
        changes.upsert(open_row(&unknown.payment_id), &open_business(&unknown, now))?;
        self.commit(changes).await.map(|_| ())
    }
}
