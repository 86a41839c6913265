//! Customers who pay at the same time, and try again until they are answered.

use crate::harness::{Answer, Api, Bill, Request, User, at, until, with_each};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::watch;

/// Customers, each with a line and a bill.
const CUSTOMERS: usize = 200;
/// Callers at a time while nothing is at stake.
const CALLERS: usize = 16;
/// How long a customer tries.
const PATIENCE: Duration = Duration::from_mins(3);
/// What they pay with, in turn: some charges are under way, or without an outcome, whenever the blow falls.
const CARDS: [&str; 5] = ["approve", "slow", "approve", "lost", "approve"];
/// The month whose bills are paid, and the one that is billed meanwhile.
const PAID_MONTH: &str = "2026-10";
const BILLED_MONTH: &str = "2026-11";

/// A customer with a bill.
pub(super) struct Customer {
    pub(super) user: User,
    pub(super) bill: Bill,
    card: &'static str,
}

/// What customers were answered.
#[derive(Default)]
pub(super) struct Answers {
    /// Payments, by customer.
    pub(super) payments: HashMap<String, Vec<String>>,
}

/// All customers, and what they know.
pub(super) struct Shop {
    api: Api,
    operator: User,
    pub(super) customers: Vec<Customer>,
    pub(super) answers: Mutex<Answers>,
    answered: watch::Sender<usize>,
}

pub(super) fn customers() -> impl Iterator<Item = String> {
    (0..CUSTOMERS).map(|n| format!("customer-{n:03}"))
}

impl Shop {
    /// Everybody opens a line on October 1 and has a bill on December 2.
    pub(super) async fn open(api: &Api) -> Self {
        api.set_clock(&at("2026-10-01")).await;
        with_each(customers(), CALLERS, async |id| {
            api.customer(&id).await.open_line(&json!({ "plan": "lte-basic" })).await;
        })
        .await;
        api.set_clock(&at("2026-12-02")).await;
        let run = api.run_month(PAID_MONTH).await;
        assert_eq!(run.number_at("/issued"), i64::try_from(CUSTOMERS).unwrap());
        let customers = with_each(customers().zip(CARDS.into_iter().cycle()), CALLERS, async |(id, card)| {
            let user = api.customer(&id).await;
            let bill = user.unpaid_bill().await;
            Customer { user, bill, card }
        })
        .await;
        api.quiet().await;
        let (answers, answered) = (Mutex::default(), watch::Sender::new(0));
        Self { api: api.clone(), operator: api.operator().await, customers, answers, answered }
    }

    /// What all first bills come to.
    pub(super) fn due(&self) -> i64 {
        self.customers.iter().map(|customer| customer.bill.due).sum()
    }

    /// Everybody pays, all at once.
    pub(super) async fn everybody_pays(&self) {
        with_each(&self.customers, CUSTOMERS, async |customer| {
            self.pay(customer, customer.card, "first").await;
        })
        .await;
    }

    /// Waits until so many payments are answered.
    pub(super) async fn answers(&self, answered: usize) {
        let mut watch = self.answered.subscribe();
        let enough = watch.wait_for(|so_far| *so_far >= answered);
        tokio::time::timeout(PATIENCE, enough).await.expect("answers in time").unwrap();
    }

    /// Starts the run while customers pay.
    pub(super) async fn start_billing_run(&self) {
        self.answers(1).await;
        let run =
            || self.operator.post("/api/billing-runs", &json!({ "usageMonth": BILLED_MONTH })).key("run");
        let answer = answered(run).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
    }

    pub(super) async fn billing_run(&self) -> Answer {
        self.operator.run_ends(BILLED_MONTH).await
    }

    /// Those whose payment came to nothing pay anew.
    pub(super) async fn pay_what_is_due(&self) {
        with_each(&self.customers, CALLERS, async |customer| {
            if customer.user.bill(&customer.bill.id).await.due > 0 {
                self.pay(customer, "approve", "second").await;
            }
        })
        .await;
    }

    async fn pay(&self, customer: &Customer, card: &str, attempt: &str) {
        let Customer { user, bill, .. } = customer;
        let form = answered(|| self.api.form(card, bill, bill.due)).await.text_at("/paymentKey");
        let payment = json!({ "billId": bill.id, "paymentKey": form });
        let answer = answered(|| user.post("/api/payments", &payment).key(attempt)).await;
        assert!(matches!(answer.status, 201 | 402), "{}", answer.text);
        let id = answer.text_at("/paymentId");
        self.answers.lock().unwrap().payments.entry(user.id.clone()).or_default().push(id);
        self.answered.send_modify(|answered| *answered += 1);
    }
}

/// The answer to a call, which is made again as long as nobody can say what became of it.
async fn answered(call: impl Fn() -> Request) -> Answer {
    until("an answer", PATIENCE, async || {
        let answer = call().send().await.ok()?;
        let unclear = matches!(answer.status, 502..=504) || answer.code() == "idempotency_key_in_flight";
        (!unclear).then_some(answer)
    })
    .await
}
