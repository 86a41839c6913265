//! Every endpoint, with a request that would be all right.

use super::world::World;
use crate::harness::{Request, User};
use reqwest::Method;
use serde_json::{Value, json};

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Anybody,
    /// A customer, for itself; an operator, who names one.
    Customer,
    /// A customer, for itself; an operator, for everybody.
    CustomerOrOperator,
    Operator,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    Nothing,
    Json(Value),
    UsageFile,
}

/// Whether an `Idempotency-Key` is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Ignored,
    Honoured,
    Required,
}

/// An endpoint with a good request of kim's, of lee's where it is about a payment, or of the operator's.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) who: Who,
    pub(super) body: Body,
    pub(super) key: Key,
    /// Takes `limit` and `cursor`.
    pub(super) pages: bool,
    /// The id in the path.
    pub(super) id: Option<String>,
}

fn get(path: &str, who: Who) -> Endpoint {
    let (method, path) = (Method::GET, path.to_owned());
    Endpoint { method, path, who, body: Body::Nothing, key: Key::Ignored, pages: false, id: None }
}

fn post(path: &str, who: Who, body: Body, key: Key) -> Endpoint {
    Endpoint { method: Method::POST, body, key, ..get(path, who) }
}

impl Endpoint {
    fn in_pages(self) -> Self {
        Self { pages: true, ..self }
    }

    fn of(self, id: &str) -> Self {
        Self { path: self.path.replace("{id}", id), id: Some(id.to_owned()), ..self }
    }

    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whose request it is.
    pub(super) fn caller<'a>(&self, world: &'a World) -> &'a User {
        match self.who {
            Who::Operator => &world.operator,
            _ if self.path.contains(&world.payment) => &world.lee,
            _ => &world.kim,
        }
    }

    /// The good request without caller, key and body.
    pub(super) fn bare(&self, world: &World) -> Request {
        world.host.api.request(self.method.clone(), &self.path)
    }

    /// Completes a request with the good body and key.
    pub(super) fn fill(&self, request: Request) -> Request {
        let request = match &self.body {
            Body::Nothing => request,
            Body::Json(body) => request.json(body),
            Body::UsageFile => request.body(Some("text/csv"), "recordId,number,type,quantity,usedAt\n"),
        };
        if self.key == Key::Ignored { request } else { request.key("some-key") }
    }

    /// A request by the right caller with the right key, whose body is still to come.
    pub(super) fn with_caller(&self, world: &World) -> Request {
        let request = self.bare(world).token(&self.caller(world).token);
        if self.key == Key::Ignored { request } else { request.key("some-key") }
    }

    pub(super) fn takes_json(&self) -> bool {
        matches!(self.body, Body::Json(_))
    }
}

pub(super) fn all(world: &World) -> Vec<Endpoint> {
    use Who::{Anybody, Customer, CustomerOrOperator, Operator};
    let payment = json!({ "billId": world.kims.bill.id, "paymentKey": "tgen_unknown" });
    vec![
        get("/api/plans", Anybody),
        get("/api/health", Anybody),
        get("/api/ready", Anybody),
        get("/api/openapi.json", Anybody),
        post("/api/orders", Customer, Body::Json(json!({ "plan": "lte-basic" })), Key::Honoured),
        get("/api/orders", Customer).in_pages(),
        get("/api/orders/{id}", Customer).of(&world.kims.order),
        post("/api/orders/{id}/termination", Customer, Body::Nothing, Key::Honoured).of(&world.kims.order),
        post("/api/usage", Operator, Body::UsageFile, Key::Honoured),
        post("/api/billing-runs", Operator, Body::Json(json!({ "usageMonth": "2026-10" })), Key::Honoured),
        get("/api/billing-runs/{id}", Operator).of("2026-10"),
        get("/api/bills", Customer).in_pages(),
        get("/api/bills/{id}", Customer).of(&world.kims.bill.id),
        post("/api/payments", Customer, Body::Json(payment), Key::Required),
        get("/api/payments/{id}", Customer).of(&world.payment),
        post("/api/payments/{id}/cancellation", Customer, Body::Json(json!({ "reason": "x" })), Key::Required)
            .of(&world.payment),
        get("/api/mypage", Customer),
        get("/api/sagas", Operator).in_pages(),
        get("/api/sagas/{id}", CustomerOrOperator).of(&world.kims.saga),
        post("/api/sagas/{id}/retry", Operator, Body::Nothing, Key::Honoured).of(&world.kims.saga),
        get("/api/parked", Operator).in_pages(),
        post("/api/parked/{id}/replay", Operator, Body::Nothing, Key::Honoured).of(&world.parked),
        post("/api/parked/{id}/discard", Operator, Body::Nothing, Key::Honoured).of(&world.parked),
    ]
}
