use super::World;
use app::PageRequest;
use app::ports::{Gateway, GatewayStatus};
use domain::ids::SagaId;
use jiff::SignedDuration;
use serde_json::Value;
use std::sync::Arc;

/// Rounds in which everything comes to rest, or never.
const ROUNDS: usize = 400;
/// Between two looks of the timers.
const TICK: SignedDuration = SignedDuration::from_secs(31);
/// For so long a customer's payment form can be confirmed.
const FORM_LIFE: SignedDuration = SignedDuration::from_mins(15);

impl World {
    /// Lets time pass until nothing is on its way, no message is left to publish and nothing is open at the gateway.
    pub(crate) async fn rest(&mut self) {
        for _ in 0..ROUNDS {
            self.run_until_quiet().await;
            self.advance(TICK);
            self.expire_forms();
            self.run_timers().await;
            self.run_until_quiet().await;
            let books = self.books();
            match self.deliveries.next_due() {
                Some(due) => self.clock.set(due.max(self.now())),
                None if !books.outbox.is_empty() => {}
                None if !books.open.is_empty() && !self.gateway_unasked => {
                    self.advance(SignedDuration::from_mins(5));
                }
                None => return,
            }
        }
        let books = self.books();
        let sagas: Vec<_> = books.sagas.values().filter(|saga| !saga.status.has_ended()).collect();
        let next = self.deliveries.waiting().first();
        panic!("it never comes to rest: {:?} {:?} {sagas:?} {next:?}", books.outbox, books.open);
    }

    /// Relays what was left behind and asks the gateway about what is open.
    pub(crate) async fn run_timers(&mut self) {
        self.app.relay_outbox().await.unwrap();
        if !self.gateway_unasked {
            self.app.resolve_payments().await.unwrap();
        }
    }

    fn expire_forms(&mut self) {
        let now = self.now();
        for (key, since) in &self.forms {
            if now.duration_since(*since) > FORM_LIFE {
                self.gateway.expire(key);
            }
        }
    }

    /// An operator looks after everything that waits: replays what is parked, retries what is stuck, and gives up
    /// what cannot be handled again.
    pub(crate) async fn operate(&mut self) {
        for id in self.waiting_parked().await {
            if self.app.replay_parked(&id).await.is_err() {
                let _ = self.app.discard_parked(&id).await;
            }
        }
        for saga in self.stuck_sagas() {
            self.app.retry_saga(&saga).await.unwrap();
        }
        self.rest().await;
    }

    /// Ids of what waits for an operator.
    pub(crate) async fn waiting_parked(&self) -> Vec<String> {
        self.parked().await.iter().map(|item| item["parkedId"].as_str().unwrap().to_owned()).collect()
    }

    /// What waits for an operator, as the API shows it.
    pub(crate) async fn parked(&self) -> Vec<Value> {
        let all = PageRequest { limit: 1_000, cursor: None };
        let items = self.app.parked(false, &all).await.unwrap().items;
        items.iter().map(|item| serde_json::to_value(item).unwrap()).collect()
    }

    pub(crate) fn stuck_sagas(&self) -> Vec<SagaId> {
        let stuck = |saga: &domain::saga::Saga| saga.status == domain::saga::Status::Stuck;
        self.books().sagas.into_values().filter(stuck).map(|saga| saga.saga_id).collect()
    }

    /// How far the gateway is with a payment.
    pub(crate) async fn gateway_status(&self, key: &domain::ids::PaymentKey) -> GatewayStatus {
        Arc::clone(&self.gateway).find(key).await.unwrap().status
    }
}
