//! Everything works again, and operators and timers do what is left to do.

use super::Simulation;
use super::actions::What;
use domain::calendar::UsageMonth;
use domain::catalogue::Catalogue;
use domain::ids::SagaId;
use domain::pay::Status as PaymentStatus;
use domain::saga::Kind;
use jiff::SignedDuration;
use testkit::Card;

/// Rounds of operators.
const ROUNDS: usize = 8;
/// Months that are billed after the last request, so that late usage is on a bill too.
const MONTHS: usize = 3;

impl Simulation {
    pub(super) async fn heal(&mut self) {
        self.note(|| "everything works again".to_owned());
        self.world.release(Catalogue::builtin());
        self.world.rest().await;
        let keys: Vec<_> =
            self.world.books().payments.into_values().map(|payment| payment.payment_key).collect();
        for key in keys {
            self.world.gateway.set_card(&key, Card::Approve);
        }
        for _ in 0..ROUNDS {
            let stuck = self.world.stuck_sagas();
            let waiting = self.world.waiting_parked().await;
            self.note(|| format!("stuck {stuck:?}, parked {waiting:?}"));
            if stuck.is_empty() && waiting.is_empty() {
                return;
            }
            for saga in stuck {
                self.give_final_payment_back(&saga).await;
            }
            self.world.operate().await;
        }
        panic!("operators do not come to an end: {:?}", self.world.stuck_sagas());
    }

    /// A final bill that was paid cannot be made void before the money is back.
    async fn give_final_payment_back(&mut self, saga: &SagaId) {
        if Kind::of(saga) != Kind::CloseLine {
            return;
        }
        let books = self.world.books();
        let bill = saga.order().and_then(|line| books.accounts[&line].final_bill.clone());
        let Some(bill) = bill else { return };
        for payment in books.payments_of(&bill) {
            if payment.status == PaymentStatus::Completed {
                let (who, id) = (&payment.customer_id, &payment.payment_id);
                self.world.app.cancel_payment(who, id, "the line goes on", None).await.unwrap();
                self.world.rest().await;
            }
        }
    }

    /// The months go by, and each is billed at its end.
    pub(super) async fn bill_the_rest(&mut self) {
        for _ in 0..MONTHS {
            let month = UsageMonth::of(self.world.now());
            while UsageMonth::of(self.world.now()) == month {
                self.world.advance(SignedDuration::from_hours(24));
            }
            self.world.app.run_ended_months().await.unwrap();
            self.world.rest().await;
            self.note(|| format!("{month} is billed"));
        }
        self.heal().await;
    }

    /// A request that was made again was answered about the same thing, and had its effect once.
    pub(super) fn check_requests(&self) {
        let books = self.world.books();
        for request in &self.requests {
            let mut about: Vec<&String> = request.answers.iter().map(|(_, id)| id).collect();
            about.dedup();
            assert!(about.len() <= 1, "{request:?}");
            if let (What::Open(_), Some(id)) = (&request.what, about.first()) {
                assert!(books.orders.keys().any(|order| order.as_str() == id.as_str()), "{request:?}");
            }
        }
        let opens = self.requests.iter().filter(|request| matches!(request.what, What::Open(_)));
        assert!(books.orders.len() <= opens.count(), "each order was asked for");
        let pays = self.requests.iter().filter(|request| matches!(request.what, What::Pay(..)));
        assert!(books.payments.len() <= pays.count(), "each payment was asked for");
    }
}
