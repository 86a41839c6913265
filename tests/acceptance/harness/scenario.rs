//! The six steps, as tests take them.

use super::{Answer, Api, SOON, User, until};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};

/// A line that works.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) order_id: String,
    pub(crate) number: String,
}

/// A bill as it was looked up.
#[derive(Debug, Clone)]
pub(crate) struct Bill {
    pub(crate) id: String,
    pub(crate) due: i64,
    pub(crate) body: Value,
}

/// 10 o'clock in Seoul on a day such as `2026-10-01`.
pub(crate) fn at(day: &str) -> String {
    format!("{day}T10:00:00+09:00")
}

/// A usage file with records of a type, a quantity and a day for one number.
pub(crate) fn month_file(number: &str, usage: &[(&str, &str, &str)]) -> String {
    let record = |(index, (kind, quantity, day)): (usize, &(&str, &str, &str))| {
        format!("{number}-{day}-{index},{number},{kind},{quantity},{}\n", at(day))
    };
    let records: String = usage.iter().enumerate().map(record).collect();
    format!("recordId,number,type,quantity,usedAt\n{records}")
}

/// A text that no other call has, for `Idempotency-Key`s and forms.
fn fresh() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

impl Api {
    /// What the gateway's card form gives.
    pub(crate) async fn payment_key(&self, card: &str, bill: &Bill) -> String {
        self.form(card, bill, bill.due).expect(200).await.text_at("/paymentKey")
    }

    /// A form for a bill; its order id at the gateway is another one each time.
    pub(crate) fn form(&self, card: &str, bill: &Bill, amount: i64) -> super::Request {
        let order = format!("{}-{}", bill.id, fresh());
        let form = json!({ "card": card, "amount": amount, "orderId": order });
        self.post("/dev/payment-keys", &form)
    }

    /// Bills a month, and waits for the end of the run.
    pub(crate) async fn run_month(&self, month: &str) -> Answer {
        let operator = self.operator().await;
        operator.post("/api/billing-runs", &json!({ "usageMonth": month })).expect(202).await;
        operator.run_ends(month).await
    }

    /// What the gateway has charged and given back.
    pub(crate) async fn ledger(&self) -> Answer {
        self.get("/dev/gateway/ledger").expect(200).await
    }

    pub(crate) async fn upload(&self, file: String) -> Answer {
        let operator = self.operator().await;
        operator.request(reqwest::Method::POST, "/api/usage").body(Some("text/csv"), file).expect(200).await
    }
}

impl User {
    /// Opens a line and waits until it works.
    pub(crate) async fn open_line(&self, form: &Value) -> Line {
        let order = self.post("/api/orders", form).key(&fresh()).expect(202).await;
        self.saga_ends(&order.text_at("/sagaId"), "completed").await;
        let order_id = order.text_at("/orderId");
        let line = self.get(&format!("/api/orders/{order_id}")).expect(200).await;
        assert_eq!(line.text_at("/status"), "active");
        Line { order_id, number: line.text_at("/number") }
    }

    /// Waits for the end of a saga, which is to be this one.
    pub(crate) async fn saga_ends(&self, id: &str, ending: &str) -> Answer {
        let path = format!("/api/sagas/{id}");
        let saga = until("the end of a saga", SOON, async || {
            let saga = self.get(&path).send().await.unwrap();
            matches!(saga.body["status"].as_str(), Some("completed" | "compensated" | "stuck"))
                .then_some(saga)
        })
        .await;
        assert_eq!(saga.text_at("/status"), ending, "{}", saga.text);
        saga
    }

    /// Waits for the end of a billing run.
    pub(crate) async fn run_ends(&self, month: &str) -> Answer {
        let path = format!("/api/billing-runs/{month}");
        until("the end of a billing run", 3 * SOON, async || {
            let run = self.get(&path).expect(200).await;
            (run.body["status"] == "completed").then_some(run)
        })
        .await
    }

    /// The one bill that is unpaid.
    pub(crate) async fn unpaid_bill(&self) -> Bill {
        let unpaid = self.get("/api/bills?status=unpaid").expect(200).await;
        assert_eq!(unpaid.list_at("/items").len(), 1, "{}", unpaid.text);
        self.bill(&unpaid.text_at("/items/0/billId")).await
    }

    pub(crate) async fn bill(&self, id: &str) -> Bill {
        let bill = self.get(&format!("/api/bills/{id}")).expect(200).await;
        Bill { id: id.to_owned(), due: bill.number_at("/outstanding"), body: bill.body }
    }

    /// Pays a bill with a test card; the answer may be any.
    pub(crate) async fn pay(&self, bill: &Bill, card: &str) -> Answer {
        let form = json!({ "billId": bill.id, "paymentKey": self.api.payment_key(card, bill).await });
        self.post("/api/payments", &form).key(&fresh()).send().await.unwrap()
    }

    /// Asks for the money back.
    pub(crate) async fn cancel(&self, payment_id: &str, reason: &str) -> Answer {
        let path = format!("/api/payments/{payment_id}/cancellation");
        self.post(&path, &json!({ "reason": reason })).key(&fresh()).expect(202).await
    }

    pub(crate) async fn payment(&self, id: &str) -> Answer {
        self.get(&format!("/api/payments/{id}")).expect(200).await
    }

    /// Waits until the view shows what is expected of it.
    pub(crate) async fn my_page(&self, what: &str, shows: impl Fn(&Value) -> bool) -> Answer {
        until(what, SOON, async || {
            let page = self.get("/api/mypage").expect(200).await;
            shows(&page.body).then_some(page)
        })
        .await
    }
}
