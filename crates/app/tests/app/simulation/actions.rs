//! What happens.

use super::{Ended, Line, Simulation, once};
use crate::world::commands::{customer, month, wish};
use app::App;
use app::pay::Pay;
use domain::ids::{BillId, CustomerId, OrderId, PaymentId, PaymentKey};
use domain::limits::IDEMPOTENCY_HOURS;
use domain::money::Won;
use domain::order::Status as OrderStatus;
use domain::pay::Status as PaymentStatus;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use testkit::Card;

const CUSTOMERS: [&str; 3] = ["kim", "lee", "park"];
const WISHES: [&str; 2] = ["010-5555-0001", "010-5555-0002"];
const CARDS: [Card; 8] = [
    Card::Approve,
    Card::Approve,
    Card::Approve,
    Card::Approve,
    Card::Decline,
    Card::Timeout,
    Card::Lost,
    Card::RefundRefused,
];
/// Lines of all customers.
const LINES_MAX: usize = 8;

/// What a customer asks for.
#[derive(Debug, Clone)]
pub(super) enum What {
    Open(Option<&'static str>),
    Pay(BillId, Option<Won>, PaymentKey),
    Cancel(PaymentId),
    Close(OrderId),
    Suspend(OrderId),
    Resume(OrderId),
}

/// A request and the things that its answers were about.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) who: CustomerId,
    pub(super) what: What,
    pub(super) n: usize,
    at: Timestamp,
    pub(super) answers: Vec<(u16, String)>,
}

impl Request {
    async fn send(self, app: App) -> (usize, Result<app::Answer, app::Failure>) {
        let Self { who, what, n, .. } = self;
        let key = once(n);
        let answer = match what {
            What::Open(number) => app.open_line(&who, wish(number), Some(&key)).await,
            What::Pay(bill, amount, payment_key) => {
                app.pay(&who, Pay { bill, amount, payment_key }, Some(&key)).await
            }
            What::Cancel(payment) => app.cancel_payment(&who, &payment, "random", Some(&key)).await,
            What::Close(line) => app.terminate_line(&who, &line, Some(&key)).await,
            What::Suspend(line) => app.suspend_line(&who, &line, Some(&key)).await,
            What::Resume(line) => app.resume_line(&who, &line, Some(&key)).await,
        };
        (n, answer)
    }
}

impl Simulation {
    /// Some deliveries at once, in one process.
    pub(super) async fn deliver(&mut self) {
        let count = 1 + self.chance.below(4);
        for (delivery, done) in self.world.deliver_together(count).await {
            self.note(|| format!("{} {}: {done}", delivery.function, delivery.message.subject));
            if done && self.chance.percent(10) {
                self.world.deliveries.again(&delivery);
            }
        }
    }

    /// Makes some requests at once, in one process, and remembers what they were answered.
    async fn send(&mut self, requests: Vec<Request>) {
        let sent = requests.iter().map(|request| request.clone().send(self.world.app.clone()));
        let answers = self.world.faults.survives(join_all(sent)).await;
        for request in &requests {
            let answer: Ended = answers
                .as_ref()
                .and_then(|all| all.iter().find(|(n, _)| *n == request.n))
                .map(|(_, a)| match a {
                    Ok(answer) => Ok(answer.clone()),
                    Err(failure) => Err(app::Failure::Malformed(failure.code().to_owned())),
                });
            self.note(|| format!("{request:?}: {answer:?}"));
            if let Some(Ok(answer)) = answer {
                let id = ["orderId", "paymentId"].iter().find_map(|id| answer.body[id].as_str());
                let id = id.unwrap_or_default().to_owned();
                self.requests[request.n].answers.push((answer.status, id));
            }
        }
    }

    fn request(&mut self, who: CustomerId, what: What) -> Request {
        let request =
            Request { who, what, n: self.requests.len(), at: self.world.now(), answers: Vec::new() };
        self.requests.push(request.clone());
        request
    }

    pub(super) async fn open_line(&mut self) {
        if self.world.books().orders.len() >= LINES_MAX {
            return;
        }
        let mut requests = Vec::new();
        for _ in 0..=self.chance.below(2) {
            let name = *self.chance.pick(&CUSTOMERS);
            let who = customer(name);
            let number = self.chance.percent(40).then(|| *self.chance.pick(&WISHES));
            requests.push(self.request(who, What::Open(number)));
        }
        self.send(requests).await;
    }

    /// One of the lines that are as wanted.
    pub(super) fn some_line(&mut self, wanted: fn(OrderStatus) -> bool) -> Option<Line> {
        let orders = self.world.books().orders;
        let lines: Vec<Line> = orders
            .into_values()
            .filter(|order| wanted(order.status))
            .map(|order| (order.customer_id, order.order_id))
            .collect();
        (!lines.is_empty()).then(|| self.chance.pick(&lines).clone())
    }

    pub(super) async fn pay(&mut self) {
        let payables: Vec<_> = self.world.books().payables.into_values().collect();
        if payables.is_empty() {
            return;
        }
        let mut requests = Vec::new();
        for _ in 0..=self.chance.below(2) {
            let payable = self.chance.pick(&payables).clone();
            let part = payable.outstanding.get() / 3;
            let amount = self.chance.percent(30).then_some(Won::new(part));
            let card = *self.chance.pick(&CARDS);
            let key = self.world.form(&payable.bill_id, amount.unwrap_or(payable.outstanding), card);
            requests.push(self.request(payable.customer_id, What::Pay(payable.bill_id, amount, key)));
        }
        self.send(requests).await;
    }

    pub(super) async fn cancel(&mut self) {
        let payments = self.world.books().payments;
        let paid: Vec<_> =
            payments.into_values().filter(|payment| payment.status == PaymentStatus::Completed).collect();
        if paid.is_empty() {
            return;
        }
        let payment = self.chance.pick(&paid).clone();
        let request = self.request(payment.customer_id, What::Cancel(payment.payment_id));
        self.send(vec![request]).await;
    }

    pub(super) async fn close_line(&mut self) {
        let Some((who, line)) = self.some_line(|status| status == OrderStatus::Active) else { return };
        let request = self.request(who, What::Close(line));
        self.send(vec![request]).await;
    }

    pub(super) async fn block_or_unblock(&mut self) {
        let blockable = |status| matches!(status, OrderStatus::Active | OrderStatus::Suspended);
        let Some((who, line)) = self.some_line(blockable) else { return };
        let what = if self.chance.percent(50) { What::Suspend(line) } else { What::Resume(line) };
        let request = self.request(who, what);
        self.send(vec![request]).await;
    }

    /// Customers who did not hear of an answer, or press the button twice, ask again.
    pub(super) async fn ask_again(&mut self) {
        let oldest = self.world.now() - SignedDuration::from_hours(IDEMPOTENCY_HOURS);
        let known: Vec<Request> =
            self.requests.iter().filter(|request| request.at > oldest).cloned().collect();
        if !known.is_empty() {
            let request = self.chance.pick(&known).clone();
            self.send(vec![request]).await;
        }
    }

    pub(super) async fn timers(&mut self) {
        let app = self.world.app.clone();
        let last = domain::calendar::UsageMonth::of(self.world.now()).previous();
        let timer = self.chance.below(7);
        let work = async {
            match timer {
                0 | 1 => app.relay_outbox().await.map(|_| ()),
                2 => app.resolve_payments().await.map(|_| ()),
                3 => app.clean_up().await.map(|_| ()),
                4 => app.run_ended_months().await,
                5 => app.fold_tallies().await.map(|_| ()),
                _ if last < month("2026-10") => Ok(()),
                _ => app.start_billing_run(last).await.map(|_| ()),
            }
        };
        let done = self.world.faults.survives(work).await.map(|done| done.map_err(|failure| failure.code()));
        self.note(|| format!("timer {timer}: {done:?}"));
    }

    /// An operator looks at what waits, and may do the wrong thing too early.
    pub(super) async fn operate(&mut self) {
        let app = self.world.app.clone();
        let page = app::PageRequest { limit: 50, cursor: None };
        let work = async {
            let Ok(parked) = app.parked(false, &page).await else { return };
            for item in parked.items {
                let item = serde_json::to_value(item).unwrap();
                let _ = app.replay_parked(item["parkedId"].as_str().unwrap()).await;
            }
            if let Ok(stuck) = app.sagas(Some(domain::saga::Status::Stuck), &page).await {
                for saga in stuck.items {
                    let saga = serde_json::to_value(saga).unwrap();
                    let id = domain::ids::SagaId::parse(saga["sagaId"].as_str().unwrap()).unwrap();
                    let _ = app.retry_saga(&id).await;
                }
            }
        };
        let done = self.world.faults.survives(work).await;
        self.note(|| format!("operator: {done:?}"));
    }
}
