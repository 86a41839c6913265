use crate::faults::{Call, Faults};
use app::ports::{Gateway, GatewayError, GatewayPayment, GatewayStatus};
use async_trait::async_trait;
use domain::ids::PaymentKey;
use domain::money::Won;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Toss Payments' code for a card that the bank refuses.
const DECLINED: &str = "REJECT_CARD_PAYMENT";

/// How the card of a payment behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Card {
    /// It is charged, and gives back.
    Approve,
    /// It is refused.
    Decline,
    /// It does not answer and is not charged. The payment stays open until it is [expired](FakeGateway::expire).
    Timeout,
    /// It is charged, and the answer gets lost. When asked again with the same key it answers.
    Lost,
    /// It is charged, and does not give back.
    RefundRefused,
}

/// What the gateway did in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ledger {
    /// The sum that it charged.
    pub charged: Won,
    /// The sum that it gave back.
    pub refunded: Won,
    /// How many payments it charged. Each is charged once.
    pub charges: usize,
    /// How many of them it gave back.
    pub refunds: usize,
}

#[derive(Debug)]
struct Form {
    card: Card,
    payment: GatewayPayment,
    /// The first `Idempotency-Key` that had an answer, and the code when it was a refusal.
    answered: Option<(String, Option<&'static str>)>,
}

/// A payment gateway in memory, after Toss Payments.
#[derive(Debug, Default)]
pub struct FakeGateway {
    faults: Faults,
    forms: Mutex<BTreeMap<String, Form>>,
}

impl FakeGateway {
    /// A gateway whose calls go wrong as `faults` has it, apart from what the cards do.
    pub fn new(faults: &Faults) -> Self {
        Self { faults: faults.clone(), forms: Mutex::default() }
    }

    /// The customer fills in the form of a payment: from now on it can be confirmed.
    pub fn register(&self, key: &PaymentKey, order_id: &str, amount: Won, card: Card) {
        let payment = GatewayPayment { status: GatewayStatus::Open, amount, order_id: order_id.to_owned() };
        self.forms().insert(key.to_string(), Form { card, payment, answered: None });
    }

    /// Changes how a card behaves from now on.
    ///
    /// # Panics
    /// When there is no such payment; so does `expire`.
    pub fn set_card(&self, key: &PaymentKey, card: Card) {
        self.change(key, |form| form.card = card);
    }

    /// The form of an open payment runs out: it is never charged.
    pub fn expire(&self, key: &PaymentKey) {
        self.change(key, |form| {
            if form.payment.status == GatewayStatus::Open {
                form.payment.status = GatewayStatus::Closed;
            }
        });
    }

    /// What the gateway did in all.
    pub fn ledger(&self) -> Ledger {
        let mut ledger = Ledger { charged: Won::ZERO, refunded: Won::ZERO, charges: 0, refunds: 0 };
        let plus = |sum: Won, amount: Won| Won::new(sum.get() + amount.get());
        for Form { payment, .. } in self.forms().values() {
            let cancelled = payment.status == GatewayStatus::Cancelled;
            if cancelled || payment.status == GatewayStatus::Done {
                ledger.charged = plus(ledger.charged, payment.amount);
                ledger.charges += 1;
            }
            if cancelled {
                ledger.refunded = plus(ledger.refunded, payment.amount);
                ledger.refunds += 1;
            }
        }
        ledger
    }

    fn change(&self, key: &PaymentKey, change: impl FnOnce(&mut Form)) {
        match self.forms().get_mut(key.as_str()) {
            Some(form) => change(form),
            None => panic!("no form was registered for {key}"),
        }
    }

    fn charge(&self, key: &PaymentKey, order_id: &str, amount: Won, with: &str) -> Result<(), GatewayError> {
        let mut forms = self.forms();
        let form = forms.get_mut(key.as_str()).ok_or(GatewayError::NotFound)?;
        if let Some((_, code)) = form.answered.as_ref().filter(|(key, _)| key == with) {
            return code.map_or(Ok(()), |code| Err(no(code)));
        }
        if form.payment.order_id != order_id || form.payment.amount != amount {
            return Err(no("INVALID_REQUEST"));
        }
        match form.payment.status {
            GatewayStatus::Open => {}
            GatewayStatus::Closed => return Err(no("NOT_FOUND_PAYMENT_SESSION")),
            GatewayStatus::Done | GatewayStatus::Cancelled | GatewayStatus::PartiallyCancelled => {
                return Err(no("ALREADY_PROCESSED_PAYMENT"));
            }
        }
        match form.card {
            Card::Decline => {
                form.payment.status = GatewayStatus::Closed;
                form.answered = Some((with.to_owned(), Some(DECLINED)));
                Err(no(DECLINED))
            }
            Card::Timeout => Err(unknown()),
            Card::Approve | Card::Lost | Card::RefundRefused => {
                form.payment.status = GatewayStatus::Done;
                form.answered = Some((with.to_owned(), None));
                if form.card == Card::Lost { Err(unknown()) } else { Ok(()) }
            }
        }
    }

    fn give_back(&self, key: &PaymentKey) -> Result<(), GatewayError> {
        let mut forms = self.forms();
        let form = forms.get_mut(key.as_str()).ok_or(GatewayError::NotFound)?;
        match form.payment.status {
            GatewayStatus::Cancelled => Ok(()),
            GatewayStatus::Done if form.card == Card::RefundRefused => Err(no("NOT_CANCELABLE_PAYMENT")),
            GatewayStatus::Done => {
                form.payment.status = GatewayStatus::Cancelled;
                Ok(())
            }
            GatewayStatus::Open | GatewayStatus::Closed | GatewayStatus::PartiallyCancelled => {
                Err(no("NOT_CANCELABLE_PAYMENT"))
            }
        }
    }

    fn forms(&self) -> MutexGuard<'_, BTreeMap<String, Form>> {
        self.forms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no(code: &str) -> GatewayError {
    GatewayError::Refused { code: code.to_owned() }
}

fn refused() -> GatewayError {
    no("FAULT_OF_THE_TEST")
}

fn unknown() -> GatewayError {
    GatewayError::Unknown("a fault of the test".into())
}

#[async_trait]
impl Gateway for FakeGateway {
    async fn confirm(
        &self,
        key: &PaymentKey,
        order_id: &str,
        amount: Won,
        idempotency_key: &str,
    ) -> Result<(), GatewayError> {
        let work = async { self.charge(key, order_id, amount, idempotency_key) };
        self.faults.around(|| Call::Confirm(key.clone()), work, refused, unknown).await
    }

    async fn cancel(&self, key: &PaymentKey, _: &str, _: &str) -> Result<(), GatewayError> {
        let work = async { self.give_back(key) };
        self.faults.around(|| Call::Cancel(key.clone()), work, refused, unknown).await
    }

    async fn find(&self, key: &PaymentKey) -> Result<GatewayPayment, GatewayError> {
        let form = || self.forms().get(key.as_str()).map(|form| form.payment.clone());
        let work = async { form().ok_or(GatewayError::NotFound) };
        self.faults.around(|| Call::Find(key.clone()), work, refused, unknown).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Fault;

    const SUM: Won = Won::new(33_000);

    fn key() -> PaymentKey {
        PaymentKey::parse("key-1").unwrap()
    }

    fn registered(card: Card) -> (FakeGateway, Faults) {
        let faults = Faults::default();
        let gateway = FakeGateway::new(&faults);
        gateway.register(&key(), "order-1", SUM, card);
        (gateway, faults)
    }

    /// Confirms with `with`: "ok", the code of a refusal, or "unknown".
    async fn confirm(gateway: &FakeGateway, with: &str) -> String {
        answer(gateway.confirm(&key(), "order-1", SUM, with).await)
    }

    async fn cancel(gateway: &FakeGateway) -> String {
        answer(gateway.cancel(&key(), "changed my mind", "c-1").await)
    }

    fn answer(result: Result<(), GatewayError>) -> String {
        match result {
            Ok(()) => "ok".to_owned(),
            Err(GatewayError::Refused { code }) => code,
            Err(GatewayError::NotFound) => "not found".to_owned(),
            Err(GatewayError::Unknown(_)) => "unknown".to_owned(),
        }
    }

    async fn status(gateway: &FakeGateway) -> GatewayStatus {
        gateway.find(&key()).await.unwrap().status
    }

    #[track_caller]
    fn check_ledger(gateway: &FakeGateway, charges: usize, refunds: usize) {
        let sum = |count: usize| Won::new(SUM.get() * i64::try_from(count).unwrap());
        let ledger = Ledger { charged: sum(charges), refunded: sum(refunds), charges, refunds };
        assert_eq!(gateway.ledger(), ledger);
    }

    #[tokio::test]
    async fn a_payment_is_charged_once_and_given_back_once() {
        let (gateway, _) = registered(Card::Approve);
        assert_eq!(status(&gateway).await, GatewayStatus::Open);
        assert_eq!(confirm(&gateway, "a").await, "ok");
        assert_eq!(confirm(&gateway, "a").await, "ok");
        assert_eq!(confirm(&gateway, "b").await, "ALREADY_PROCESSED_PAYMENT");
        assert_eq!(status(&gateway).await, GatewayStatus::Done);
        check_ledger(&gateway, 1, 0);
        assert_eq!(cancel(&gateway).await, "ok");
        assert_eq!(cancel(&gateway).await, "ok");
        assert_eq!(status(&gateway).await, GatewayStatus::Cancelled);
        check_ledger(&gateway, 1, 1);
    }

    #[tokio::test]
    async fn each_card_behaves_as_its_name_says() {
        let (gateway, _) = registered(Card::Decline);
        assert_eq!(confirm(&gateway, "a").await, DECLINED);
        assert_eq!(confirm(&gateway, "a").await, DECLINED);
        assert_eq!(cancel(&gateway).await, "NOT_CANCELABLE_PAYMENT");
        check_ledger(&gateway, 0, 0);

        let (gateway, _) = registered(Card::Timeout);
        assert_eq!(confirm(&gateway, "a").await, "unknown");
        assert_eq!(status(&gateway).await, GatewayStatus::Open);
        gateway.expire(&key());
        assert_eq!(status(&gateway).await, GatewayStatus::Closed);
        assert_eq!(confirm(&gateway, "a").await, "NOT_FOUND_PAYMENT_SESSION");
        check_ledger(&gateway, 0, 0);

        let (gateway, _) = registered(Card::Lost);
        assert_eq!(confirm(&gateway, "a").await, "unknown");
        assert_eq!(status(&gateway).await, GatewayStatus::Done);
        assert_eq!(confirm(&gateway, "a").await, "ok");
        check_ledger(&gateway, 1, 0);

        let (gateway, _) = registered(Card::RefundRefused);
        assert_eq!(confirm(&gateway, "a").await, "ok");
        assert_eq!(cancel(&gateway).await, "NOT_CANCELABLE_PAYMENT");
        gateway.set_card(&key(), Card::Approve);
        assert_eq!(cancel(&gateway).await, "ok");
        check_ledger(&gateway, 1, 1);
    }

    #[tokio::test]
    async fn what_was_not_registered_so_is_not_charged() {
        let (gateway, _) = registered(Card::Approve);
        let other = answer(gateway.confirm(&key(), "order-2", SUM, "a").await);
        let more = answer(gateway.confirm(&key(), "order-1", Won::new(33_001), "a").await);
        assert_eq!([other, more], ["INVALID_REQUEST", "INVALID_REQUEST"]);
        let unknown = PaymentKey::parse("key-2").unwrap();
        assert_eq!(answer(gateway.confirm(&unknown, "order-1", SUM, "a").await), "not found");
        assert!(matches!(gateway.find(&unknown).await, Err(GatewayError::NotFound)));
        check_ledger(&gateway, 0, 0);
    }

    #[tokio::test]
    async fn a_lost_answer_does_not_undo_the_charge() {
        let (gateway, faults) = registered(Card::Approve);
        faults.nth(1, |call| matches!(call, Call::Confirm(_)), Fault::LostBefore);
        faults.nth(2, |call| matches!(call, Call::Confirm(_)), Fault::LostAfter);
        assert_eq!(confirm(&gateway, "a").await, "unknown");
        check_ledger(&gateway, 0, 0);
        assert_eq!(confirm(&gateway, "a").await, "unknown");
        check_ledger(&gateway, 1, 0);
        assert_eq!(confirm(&gateway, "a").await, "ok");
    }
}
