use super::complete::payment_of;
use super::{Account, open_business, open_row, saga_of};
use crate::failure::chain;
use crate::ports::{GatewayError, Table};
use crate::store::{Changes, Committed, Loaded, retry_on_change};
use crate::{Answer, App, Failure, Once};
use contract::event::Event;
use domain::event::EventType;
use domain::ids::{CustomerId, PaymentId};
use domain::money::Won;
use domain::order::Outcome;
use domain::pay::{Command, PayRefusal, Payable, Payment, Status};
use jiff::Timestamp;
use serde_json::json;

impl App {
    /// Begins to cancel a payment. The bill is held until the money is back, so that nobody pays it meanwhile.
    pub async fn cancel_payment(
        &self,
        customer: &CustomerId,
        payment: &PaymentId,
        reason: &str,
        once: Option<&Once>,
    ) -> Result<Answer, Failure> {
        let now = self.now();
        let key = self.buckets.customer(customer);
        let ended =
            retry_on_change!(self.try_request_cancellation(customer, payment, reason, once, now).await);
        self.replayed(Table::Payments, &key, once, ended, now).await
    }

    async fn try_request_cancellation(
        &self,
        customer: &CustomerId,
        payment: &PaymentId,
        reason: &str,
        once: Option<&Once>,
        now: Timestamp,
    ) -> Result<Option<Answer>, Failure> {
        let Account { key, payable, payment } = self.load_payment(customer, payment).await?;
        let command = Command::RequestCancellation(reason.to_owned());
        let Outcome::Changed(kind) = payment.value.decide(&command)? else { return Err(Failure::Changed) };
        if payable.value.held_by.is_some() {
            return Err(PayRefusal::UnderWay.into());
        }
        let cancelling = payment.value.after(&command, now);
        let held = Payable { held_by: Some(cancelling.payment_id.clone()), ..payable.value };
        let body = json!({
            "paymentId": cancelling.payment_id, "status": cancelling.status, "sagaId": saga_of(&cancelling, kind)
        });
        let answer = Answer { status: 202, body };
        let mut changes = Changes::new(Table::Payments, key.partition);
        changes.once(once, Some(&answer), now)?.replace(payment.row, payment.etag, &cancelling)?;
        changes.replace(payable.row, payable.etag, &held)?;
        self.announce_payment(&mut changes, kind, &cancelling, now)?;
        Ok(matches!(self.commit(changes).await?, Committed::Applied(_)).then_some(answer))
    }

    /// `bill.reopened`: the money goes back. That it is tried is written first: from then on the saga goes forward
    /// only, for the gateway may have done it.
    pub(crate) async fn on_bill_reopened(&self, event: &Event) -> Result<(), Failure> {
        let payment = payment_of(event)?;
        let begun = retry_on_change!(self.try_begin_refund(event, &payment).await)?;
        match begun {
            Some(account) => self.refund_for_cancellation(account).await,
            None => Ok(()),
        }
    }

    async fn try_begin_refund(&self, event: &Event, payment: &PaymentId) -> Result<Option<Account>, Failure> {
        let now = self.now();
        let account = self.load_payment(event.customer()?, payment).await?;
        let payment = &account.payment.value;
        let outdated = payment.cancellations != event.saga()?.attempt();
        if outdated || payment.decide(&Command::Cancel)? == Outcome::Nothing {
            return Ok(None);
        }
        if payment.refund_unknown {
            return Ok(Some(account));
        }
        let trying = payment.clone().after(&Command::LoseTrackOfRefund, now);
        let mut changes = Changes::new(Table::Payments, account.key.partition.clone());
        changes.replace(account.payment.row.clone(), account.payment.etag, &trying)?;
        changes.upsert(open_row(&trying.payment_id), &open_business(&trying, now))?;
        let Committed::Applied(etags) = self.commit(changes).await? else { return Ok(None) };
        let etag = etags.into_iter().next().flatten().ok_or(Failure::Changed)?;
        Ok(Some(Account { payment: Loaded { row: account.payment.row, value: trying, etag }, ..account }))
    }

    /// Asks the gateway for the refund and records what it said; when it does not say, the timer asks again.
    pub(super) async fn refund_for_cancellation(&self, account: Account) -> Result<(), Failure> {
        let payment = &account.payment.value;
        let idempotency_key = format!("{}-cancel{}", payment.payment_id, payment.cancellations);
        let reason = payment.cancel_reason.as_deref().unwrap_or("customer request");
        let refund = self.ports.gateway.cancel(&payment.payment_key, reason, &idempotency_key).await;
        let command = match refund_outcome(refund, payment) {
            Some(Ok(())) => Command::Cancel,
            Some(Err(code)) => Command::RefuseRefund(payment.cancellations, code),
            None => return Ok(()),
        };
        self.end_refund(account, &command).await
    }

    /// Records how a refund ended, deciding again if somebody else wrote meanwhile.
    pub(super) async fn end_refund(&self, account: Account, command: &Command) -> Result<(), Failure> {
        let (customer, id) =
            (account.payment.value.customer_id.clone(), account.payment.value.payment_id.clone());
        match self.record_refund(account, command).await {
            Err(Failure::Changed) => retry_on_change!(self.try_record_refund(&customer, &id, command).await),
            ended => ended,
        }
    }

    async fn try_record_refund(
        &self,
        customer: &CustomerId,
        payment: &PaymentId,
        command: &Command,
    ) -> Result<(), Failure> {
        self.record_refund(self.load_payment(customer, payment).await?, command).await
    }

    async fn record_refund(&self, account: Account, command: &Command) -> Result<(), Failure> {
        let now = self.now();
        let Account { key, payable, payment } = account;
        let Outcome::Changed(kind) = payment.value.decide(command)? else { return Ok(()) };
        let counted = matches!(payment.value.status, Status::Completed | Status::Cancelling);
        let after = payment.value.clone().after(command, now);
        let mut changes = Changes::new(Table::Payments, key.partition);
        changes.replace(payment.row, payment.etag, &after)?;
        if kind != EventType::PayRefundRefused {
            let free =
                payable.value.given_back(&after.payment_id, if counted { after.amount } else { Won::ZERO });
            changes.replace(payable.row, payable.etag, &free)?;
        }
        if payment.value.refund_unknown {
            changes.delete(open_row(&after.payment_id), None);
        }
        self.announce_payment(&mut changes, kind, &after, now)?;
        self.commit(changes).await.map(|_| ())
    }
}

/// What the gateway said of a refund: done, refused with its code, or nothing.
pub(super) fn refund_outcome(
    refund: Result<(), GatewayError>,
    payment: &Payment,
) -> Option<Result<(), String>> {
    match refund {
        Ok(()) => Some(Ok(())),
        Err(GatewayError::Refused { code }) => Some(Err(code)),
        Err(GatewayError::NotFound) => Some(Err("NOT_FOUND_PAYMENT".to_owned())),
        Err(GatewayError::Unknown(error)) => {
            tracing::warn!(payment.id = %payment.payment_id, error = chain(&*error), "a refund has no outcome");
            None
        }
    }
}
