//! Every endpoint, with a request that would be all right.

use super::world::World;
use crate::harness::{Request, User};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

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
    /// The path with `{id}` in it, and without the query.
    pub(super) template: String,
}

fn get(path: &str, who: Who) -> Endpoint {
    let (template, _) = path.split_once('?').unwrap_or((path, ""));
    let (method, path, template) = (Method::GET, path.to_owned(), template.to_owned());
    Endpoint { method, path, who, body: Body::Nothing, key: Key::Ignored, pages: false, id: None, template }
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
            Who::Customer if self.path.contains(&world.payment) => &world.lee,
            Who::Anybody | Who::Customer | Who::CustomerOrOperator => &world.kim,
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

    /// Method and path as the API's own description has them, but for the name of the id.
    pub(super) fn key_in_description(&self) -> (String, String) {
        (self.method.to_string(), self.template.clone())
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
        get("/api/web/mypage", Anybody),
        get("/api/web/console", Anybody),
        get("/api/web/settings", Anybody),
        Endpoint { path: world.asset.clone(), ..get("/api/web/assets/{id}/{id}", Anybody) },
        post("/api/orders", Customer, Body::Json(json!({ "plan": "lte-basic" })), Key::Honoured),
        get("/api/orders", Customer).in_pages(),
        get("/api/orders/{id}", Customer).of(&world.kims.order),
        post("/api/orders/{id}/termination", Customer, Body::Nothing, Key::Honoured).of(&world.kims.order),
        post("/api/orders/{id}/suspension?customerId=kim", Operator, Body::Nothing, Key::Honoured)
            .of(&world.kims.order),
        post("/api/orders/{id}/resumption?customerId=kim", Operator, Body::Nothing, Key::Honoured)
            .of(&world.kims.order),
        post("/api/usage", Operator, Body::UsageFile, Key::Honoured),
        post("/api/billing-runs", Operator, Body::Json(json!({ "usageMonth": "2026-10" })), Key::Honoured),
        get("/api/billing-runs/{id}", Operator).of("2026-10"),
        get("/api/bills", Customer).in_pages(),
        get("/api/bills/{id}", Customer).of(&world.kims.bill.id),
        get("/api/bills/{id}/document", Customer).of(&world.kims.bill.id),
        post("/api/payments", Customer, Body::Json(payment), Key::Required),
        get("/api/payments/{id}", Customer).of(&world.payment),
        post(
            "/api/payments/{id}/cancellation",
            Customer,
            Body::Json(json!({ "reason": "x" })),
            Key::Required,
        )
        .of(&world.payment),
        get("/api/mypage", Customer),
        get("/api/sagas", Operator).in_pages(),
        get("/api/sagas/{id}", CustomerOrOperator).of(&world.kims.saga),
        post("/api/sagas/{id}/retry", Operator, Body::Nothing, Key::Honoured).of(&world.kims.saga),
        get("/api/figures", Operator),
        post("/api/customers/search", Operator, Body::Json(json!({ "query": "kim" })), Key::Ignored),
        get("/api/parked", Operator).in_pages(),
        post("/api/parked/{id}/replay", Operator, Body::Nothing, Key::Honoured).of(&world.parked),
        post("/api/parked/{id}/discard", Operator, Body::Nothing, Key::Honoured).of(&world.parked),
    ]
}

/// What the API's own description says of each endpoint: the descriptions of its answers, by status.
pub(super) type Described = BTreeMap<(String, String), BTreeMap<String, String>>;

/// Reads the description.
pub(super) fn described(document: &Value) -> Described {
    let operation = |path: &str, (method, operation): (&String, &Value)| {
        let parts = path.split('/').map(|part| if part.starts_with('{') { "{id}" } else { part });
        let endpoint = (method.to_uppercase(), parts.collect::<Vec<_>>().join("/"));
        let responses = operation["responses"].as_object()?.iter();
        let told = |response: &Value| match response["$ref"].as_str() {
            Some(reference) => document.pointer(&reference[1..]).unwrap()["description"].clone(),
            None => response["description"].clone(),
        };
        let responses = responses.map(|(status, response)| (status.clone(), told(response).to_string()));
        Some((endpoint, responses.collect()))
    };
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, operations)| {
            operations.as_object().unwrap().iter().filter_map(move |it| operation(path, it))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_is_tried() {
    let world = World::open().await;
    let tried: BTreeSet<_> = all(&world).iter().map(Endpoint::key_in_description).collect();
    assert_eq!(tried, world.described.keys().cloned().collect());
}
