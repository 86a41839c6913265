//! A company with something of everything in it.

use super::endpoints::{Described, described};
use crate::harness::{Bill, LocalHost, SOON, Store, User, at, until};
use serde_json::json;

/// The time at which everything is tried.
const NOW: &str = "2026-11-02";

/// Everything that bad input could change.
pub(super) struct World {
    pub(super) host: LocalHost,
    pub(super) kim: User,
    pub(super) lee: User,
    pub(super) operator: User,
    /// A customer's token that was good for a second, minutes ago.
    pub(super) expired: String,
    pub(super) kims: Things,
    pub(super) lees: Things,
    /// Lee's payment, which is completed, and what it was paid with.
    pub(super) payment: String,
    pub(super) used_payment_key: String,
    /// A message that nobody understands.
    pub(super) parked: String,
    /// A file of the pages.
    pub(super) asset: String,
    /// What the API says of itself.
    pub(super) described: Described,
    store: Store,
}

/// What a customer has.
pub(super) struct Things {
    pub(super) order: String,
    /// The saga that opened the line.
    pub(super) saga: String,
    pub(super) bill: Bill,
}

impl World {
    pub(super) async fn open() -> Self {
        let host = LocalHost::start_at(&at("2026-10-01")).await;
        for id in ["kim", "lee"] {
            host.api.customer(id).await.open_line(&json!({ "plan": "lte-basic" })).await;
        }
        host.api.set_clock(&at(NOW)).await;
        host.api.run_month("2026-10").await;
        let expired = host.api.token("kim", "customer", 1).await;
        let (kim, lee) = (host.api.customer("kim").await, host.api.customer("lee").await);
        let (kims, lees) = (things(&kim).await, things(&lee).await);
        let used_payment_key = host.api.payment_key("approve", &lees.bill).await;
        let form = json!({ "billId": lees.bill.id, "paymentKey": used_payment_key });
        let paid = lee.post("/api/payments", &form).key("first").expect(201).await;
        lee.saga_ends(&paid.text_at("/sagaId"), "completed").await;
        let operator = host.api.operator().await;
        let parked = park(&host, &operator).await;
        // Clocks may differ by a minute, so a token is good for that much longer.
        host.api.advance_clock(120).await;
        host.api.quiet().await;
        let (store, payment) = (host.store(), paid.text_at("/paymentId"));
        let page = host.api.get("/api/web/mypage").expect(200).await.text;
        let asset = page.split('"').find(|text| text.starts_with("/api/web/assets/")).unwrap().to_owned();
        let described = described(&host.api.get("/api/openapi.json").expect(200).await.body);
        Self {
            host,
            kim,
            lee,
            operator,
            expired,
            kims,
            lees,
            payment,
            used_payment_key,
            parked,
            asset,
            described,
            store,
        }
    }

    /// Everything that is stored, by the handler and at the gateway, and that is on its way.
    pub(super) async fn dump(&self) -> Vec<String> {
        let mut dump = self.store.dump();
        dump.push(self.host.api.ledger().await.text);
        dump.push(self.host.api.get("/dev/bus").expect(200).await.text);
        dump
    }
}

async fn things(user: &User) -> Things {
    let orders = user.get("/api/orders").expect(200).await;
    let order = orders.text_at("/items/0/orderId");
    Things { saga: format!("open-{order}"), order, bill: user.unpaid_bill().await }
}

async fn park(host: &LocalHost, operator: &User) -> String {
    let message = json!({ "input": "this is no message" });
    host.api.post("/admin/functions/billing_chunk", &message).expect(202).await;
    until("something parked", SOON, async || {
        let parked = operator.get("/api/parked").expect(200).await;
        let first = parked.list_at("/items").into_iter().next()?;
        Some(first["parkedId"].as_str()?.to_owned())
    })
    .await
}
