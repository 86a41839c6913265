use super::{key_row, open_business, open_row};
use crate::failure::chain;
use crate::idempotency::Earlier;
use crate::keys::CustomerKey;
use crate::ports::{ETag, GatewayError, GatewayPayment, GatewayStatus, Table};
use crate::store::{Changes, Committed, Loaded};
use crate::{Answer, App, Failure, Once};
use contract::problem::{Code, Problem};
use domain::event::EventType;
use domain::ids::{BillId, CustomerId, PaymentId, PaymentKey, SagaId};
use domain::money::Won;
use domain::order::{Change, Outcome};
use domain::pay::{Command, PayRefusal, Payable, Payment, Status};
use jiff::Timestamp;
use serde_json::json;
use std::time::Duration;

/// Times a bill is looked for before it does not exist: Pay hears of a bill a moment after it was issued.
const PROJECTION_READS: u32 = 8;
/// Between two of those.
const PROJECTION_WAIT: Duration = Duration::from_millis(150);

/// What a customer pays.
#[derive(Debug, Clone)]
pub struct Pay {
    /// The bill.
    pub bill: BillId,
    /// How much of it, in won; all that is due when left out.
    pub amount: Option<Won>,
    /// What the gateway's form answered.
    pub payment_key: PaymentKey,
}

/// A payment that is written, with the versions under which its outcome is to be written.
struct Begun {
    payment: Payment,
    payable: Payable,
    idempotency: Option<ETag>,
    payment_etag: ETag,
    payable_etag: ETag,
}

impl App {
    /// Charges a bill: records the payment and holds the bill, asks the gateway, and records what it said.
    pub async fn pay(&self, customer: &CustomerId, pay: Pay, once: Option<&Once>) -> Result<Answer, Failure> {
        let now = self.now();
        let key = self.buckets.customer(customer);
        let ended = match self.begin_payment(customer, &key, pay, once, now).await {
            Ok(Some(begun)) => self.charge(&key, begun, once).await.map(Some),
            Ok(None) => Ok(None),
            Err(failure) => Err(failure),
        };
        match ended {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => self.earlier_payment(customer, &key, once, Failure::Changed, now).await,
            Err(failure @ Failure::Refused(_)) => {
                self.earlier_payment(customer, &key, once, failure, now).await
            }
            // Another payment of the bill was written first.
            Err(Failure::Changed) => {
                self.earlier_payment(customer, &key, once, PayRefusal::UnderWay.into(), now).await
            }
            Err(failure) => Err(failure),
        }
    }

    /// The answer of the first request with the same key; for one that was killed before it answered, how its payment
    /// stands. Without one, the failure stands.
    async fn earlier_payment(
        &self,
        customer: &CustomerId,
        key: &CustomerKey,
        once: Option<&Once>,
        failure: Failure,
        now: Timestamp,
    ) -> Result<Answer, Failure> {
        let Some(once) = once else { return Err(failure) };
        match self.earlier(Table::Payments, &key.partition, once, now).await? {
            Earlier::Answered(answer) => Ok(answer),
            Earlier::Abandoned { about: Some(payment), .. } => {
                let id = PaymentId::parse(payment).map_err(|error| Failure::Fault(Box::new(error)))?;
                charge_answer(&self.load_payment(customer, &id).await?.payment.value)
            }
            Earlier::None | Earlier::Abandoned { about: None, .. } => Err(failure),
        }
    }

    async fn begin_payment(
        &self,
        customer: &CustomerId,
        key: &CustomerKey,
        pay: Pay,
        once: Option<&Once>,
        now: Timestamp,
    ) -> Result<Option<Begun>, Failure> {
        let loaded = self.find_payable(key, &pay.bill).await?;
        let amount = loaded.value.payment_amount(pay.amount)?;
        let form = self.form(&pay, amount).await?;
        let payable = loaded.value.held();
        let payment = Payment {
            payment_id: PaymentId::nth(&pay.bill, payable.attempts),
            customer_id: customer.clone(),
            bill_id: pay.bill,
            amount,
            payment_key: pay.payment_key,
            gateway_order_id: form.order_id,
            status: Status::Pending,
            version: 1,
            reason: None,
            cancel_reason: None,
            cancellations: 0,
            stopped: false,
            refund_wanted: false,
            refund_unknown: false,
            undos_refused: 0,
            history: vec![Change { at: now, status: Status::Pending }],
        };
        let mut changes = Changes::new(Table::Payments, key.partition.clone());
        changes.replace(loaded.row, loaded.etag, &payable)?;
        changes.insert(key.payment(&payment.payment_id).row, &payment)?;
        changes.insert(key_row(&payment), &json!({ "paymentId": payment.payment_id }))?;
        changes.insert(open_row(&payment.payment_id), &open_business(&payment, now))?;
        changes.once_begun(once, payment.payment_id.as_str(), now)?;
        let Committed::Applied(etags) = self.commit(changes).await? else { return Ok(None) };
        let etag = |index: usize| etags.get(index).cloned().flatten().ok_or(Failure::Changed);
        Ok(Some(Begun {
            payable_etag: etag(0)?,
            payment_etag: etag(1)?,
            idempotency: etags.get(4).cloned().flatten(),
            payment,
            payable,
        }))
    }

    /// Pay's own record of a bill. A bill that was issued a moment ago may still be on its way here.
    async fn find_payable(&self, key: &CustomerKey, bill: &BillId) -> Result<Loaded<Payable>, Failure> {
        for read in 1..=PROJECTION_READS {
            if let Some(payable) = self.load(Table::Payments, &key.payable(bill)).await? {
                return Ok(payable);
            }
            if read < PROJECTION_READS {
                tokio::time::sleep(PROJECTION_WAIT).await;
            }
        }
        Err(Failure::not_found("bill"))
    }

    /// The gateway's record of the form that the customer filled in: its order id is needed to charge it.
    async fn form(&self, pay: &Pay, amount: Won) -> Result<GatewayPayment, Failure> {
        let form = match self.ports.gateway.find(&pay.payment_key).await {
            Ok(form) => form,
            Err(GatewayError::NotFound | GatewayError::Refused { .. }) => {
                return Err(Failure::refused(
                    Code::PaymentKeyInvalid,
                    "the gateway knows no such payment key",
                ));
            }
            Err(error @ GatewayError::Unknown(_)) => return Err(error.into()),
        };
        if !pay.bill.is_of_form(&form.order_id) {
            return Err(Failure::refused(Code::PaymentKeyInvalid, "the payment form is for another order"));
        }
        match form.status {
            GatewayStatus::Open if form.amount == amount => Ok(form),
            GatewayStatus::Open => Err(Failure::refused(
                Code::InvalidAmount,
                format!("the payment form is for {} won and the payment for {amount} won", form.amount),
            )),
            GatewayStatus::Done | GatewayStatus::Cancelled | GatewayStatus::PartiallyCancelled => {
                Err(Failure::refused(Code::PaymentKeyInvalid, "the payment key was used before"))
            }
            GatewayStatus::Closed => {
                Err(Failure::refused(Code::PaymentKeyInvalid, "the payment key has expired"))
            }
        }
    }

    async fn charge(&self, key: &CustomerKey, begun: Begun, once: Option<&Once>) -> Result<Answer, Failure> {
        let Payment { payment_id, payment_key, gateway_order_id, amount, .. } = &begun.payment;
        let charged =
            self.ports.gateway.confirm(payment_key, gateway_order_id, *amount, payment_id.as_str()).await;
        let command = match charged {
            Ok(()) => Command::Capture,
            Err(GatewayError::Refused { code }) => Command::Decline(code),
            Err(GatewayError::NotFound) => Command::Decline("NOT_FOUND_PAYMENT".to_owned()),
            Err(GatewayError::Unknown(error)) => {
                tracing::warn!(payment.id = %payment_id, error = chain(&*error), "a charge has no outcome");
                Command::LoseTrack
            }
        };
        self.record_charge(key, begun, &command, once).await
    }

    async fn record_charge(
        &self,
        key: &CustomerKey,
        begun: Begun,
        command: &Command,
        once: Option<&Once>,
    ) -> Result<Answer, Failure> {
        let now = self.now();
        let Outcome::Changed(kind) = begun.payment.decide(command)? else { return Err(Failure::Changed) };
        let payment = begun.payment.after(command, now);
        let answer = charge_answer(&payment)?;
        let mut changes = Changes::new(Table::Payments, key.partition.clone());
        changes.replace(key.payment(&payment.payment_id).row, begun.payment_etag, &payment)?;
        if kind != EventType::PayOutcomeUnknown {
            changes.delete(open_row(&payment.payment_id), None);
        }
        if kind == EventType::PayDeclined {
            let free = begun.payable.released_by(&payment.payment_id);
            changes.replace(key.payable(&payment.bill_id).row, begun.payable_etag, &free)?;
        }
        if let (Some(once), Some(etag)) = (once, begun.idempotency) {
            once.answered(&mut changes, etag, &answer, now)?;
        }
        self.announce_payment(&mut changes, kind, &payment, now)?;
        match self.commit(changes).await {
            Ok(_) => Ok(answer),
            // The timer that asks the gateway was first, or a saga: what they wrote is how it is.
            Err(Failure::Changed) => charge_answer(
                &self.load_payment(&payment.customer_id, &payment.payment_id).await?.payment.value,
            ),
            Err(failure) => Err(failure),
        }
    }
}

/// What the customer is told: 201 with the payment, or 402 when the gateway declined.
fn charge_answer(payment: &Payment) -> Result<Answer, Failure> {
    let saga = SagaId::pay(&payment.payment_id);
    if payment.status != Status::Declined {
        let body = json!({ "paymentId": payment.payment_id, "status": payment.status, "sagaId": saga });
        return Ok(Answer { status: 201, body });
    }
    let reason = payment.reason.clone().unwrap_or_default();
    let problem = Problem::new(Code::PaymentDeclined)
        .detail("the gateway declined the charge; nothing was charged")
        .with("paymentId", payment.payment_id.as_str())
        .with("reason", reason);
    Answer::new(problem.status(), &problem)
}
