//! The whole handler in one process: real routes and use cases, on ports in memory. Messages come to the functions as
//! the host would post them.

mod bad_input;
mod console;
mod documents;
mod idempotency;
mod openapi;
mod owners;
mod routes;
mod six_steps;
mod traces;
mod triggers;

use crate::Handler;
use crate::edge::auth::tests::{AUDIENCE, ISSUER, SigningKey, verifier};
use crate::edge::serve::router;
use crate::edge::site::{Site, WebSettings};
use app::ports::{Clock, Ids};
use app::{App, Buckets, Ports};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::catalogue::Catalogue;
use domain::ids::PaymentKey;
use domain::money::Won;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use testkit::{
    Card, CountingIds, Deliveries, Delivery, FakeGateway, MemoryBus, MemoryDocuments, MemoryTables,
    PlainTypesetter, StoppedClock, Topology,
};
use tower::ServiceExt;

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Nobody,
    Customer(&'static str),
    Operator,
}

const KIM: Who = Who::Customer("customer-kim");
const LEE: Who = Who::Customer("customer-lee");

/// An answer.
#[derive(Debug)]
struct Reply {
    status: u16,
    headers: HeaderMap,
    /// `null` when it is no JSON.
    body: Value,
    /// How long the body is.
    bytes: usize,
}

impl Reply {
    /// The status, and the problem's code.
    fn problem(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }

    #[track_caller]
    fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }
}

/// The handler and the ports behind it.
struct World {
    router: Router,
    tables: Arc<MemoryTables>,
    bus: Arc<MemoryBus>,
    gateway: Arc<FakeGateway>,
    documents: Arc<MemoryDocuments>,
    clock: Arc<StoppedClock>,
    key: SigningKey,
    deliveries: Mutex<Deliveries>,
}

/// A request in the making.
struct Call<'a> {
    world: &'a World,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl World {
    fn new() -> Self {
        Self::wired().0
    }

    fn wired() -> (Self, Handler) {
        let clock = Arc::new(StoppedClock::at("2026-10-01T00:00:00+09:00"));
        let (tables, bus) = (Arc::new(MemoryTables::default()), Arc::new(MemoryBus::default()));
        let (gateway, key) = (Arc::new(FakeGateway::default()), SigningKey::elliptic("k1"));
        let documents = Arc::new(MemoryDocuments::default());
        let ids: Arc<dyn Ids> = Arc::new(CountingIds::new(1));
        let ports = Ports {
            tables: tables.clone(),
            bus: bus.clone(),
            gateway: gateway.clone(),
            documents: documents.clone(),
            typesetter: Arc::new(PlainTypesetter),
            clock: clock.clone(),
            ids: Arc::clone(&ids),
        };
        let app = App::new(ports, Arc::new(Catalogue::builtin()), Buckets::new(4).unwrap());
        let tokens = Arc::new(verifier(&key, clock.clone()));
        let site = Arc::new(Site::new(WebSettings::default()));
        let (app, redelivery_pause) = (Arc::new(app), std::time::Duration::ZERO);
        let handler = Handler { app, tokens, clock: clock.clone(), ids, site, redelivery_pause };
        let router = router(crate::table(), handler.clone());
        let deliveries = Mutex::new(Deliveries::new(Topology::of_the_project(), 1).dropping_repeats());
        (Self { router, tables, bus, gateway, documents, clock, key, deliveries }, handler)
    }

    fn token(&self, who: Who) -> Option<String> {
        let (sub, role) = match who {
            Who::Nobody => return None,
            Who::Customer(id) => (id, "customer"),
            Who::Operator => ("operator-park", "operator"),
        };
        let now = self.clock.now().as_second();
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": sub, "roles": [role], "nbf": now, "exp": now + 600
        });
        Some(format!("Bearer {}", self.key.sign(&claims)))
    }

    fn call(&self, who: Who, method: Method, path: impl Into<String>) -> Call<'_> {
        let headers = self.token(who).map(|token| ("Authorization", token)).into_iter().collect();
        Call { world: self, method, path: path.into(), headers, body: Vec::new() }
    }

    async fn get(&self, who: Who, path: impl Into<String>) -> Reply {
        self.call(who, Method::GET, path).send().await
    }

    async fn post(&self, who: Who, path: impl Into<String>, key: &str, body: &Value) -> Reply {
        self.call(who, Method::POST, path).json(body).header("Idempotency-Key", key).send().await
    }

    /// Delivers messages until none is due, and their consequences.
    async fn settle(&self) {
        while let Some(delivery) = self.next() {
            let reply = self.deliver(&delivery).await;
            if reply.status != 200 {
                self.deliveries.lock().unwrap().abandon(delivery);
            }
        }
    }

    fn next(&self) -> Option<Delivery> {
        let mut deliveries = self.deliveries.lock().unwrap();
        deliveries.collect(&self.bus);
        deliveries.first(self.clock.now())
    }

    async fn deliver(&self, delivery: &Delivery) -> Reply {
        let message = &delivery.message;
        let properties: serde_json::Map<String, Value> =
            message.properties.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let mut metadata = json!({
            "MessageId": format!("{:?}", message.message_id),
            "Subject": format!("{:?}", message.subject),
            "DeliveryCount": delivery.count.to_string(),
            "ApplicationProperties": properties
        });
        if let Some(saga) = &message.correlation_id {
            metadata["CorrelationId"] = json!(format!("{saga:?}"));
        }
        if let Some(source) = &delivery.dead_letter_source {
            metadata["DeadLetterSource"] = json!(format!("{source:?}"));
        }
        let envelope = json!({ "Data": { "message": STANDARD.encode(&message.body) }, "Metadata": metadata });
        self.call(Who::Nobody, Method::POST, format!("/{}", delivery.function)).json(&envelope).send().await
    }

    async fn tick(&self, timer: &str) -> Reply {
        let envelope = json!({
            "Data": { "timer": { "Schedule": { "AdjustForDST": true }, "ScheduleStatus": null, "IsPastDue": false } },
            "Metadata": {}
        });
        self.call(Who::Nobody, Method::POST, format!("/{timer}")).json(&envelope).send().await
    }

    fn set_clock(&self, text: &str) {
        self.clock.set(text.parse::<Timestamp>().unwrap());
    }

    /// A form at the gateway that the customer has filled in, for a bill.
    fn payment_key(&self, name: &str, bill: &Value, amount: i64, card: Card) -> String {
        let order = format!("{}-{name}", bill["billId"].as_str().unwrap());
        self.gateway.register(&PaymentKey::parse(name).unwrap(), &order, Won::new(amount), card);
        name.to_owned()
    }

    /// Kim's line with its October used and billed.
    async fn with_bill() -> (Self, Value) {
        let world = Self::new();
        let order = json!({ "plan": "lte-light", "wishNumber": "010-5555-0001" });
        world.post(KIM, "/api/orders", "open", &order).await.expect(202);
        world.settle().await;
        world.set_clock("2026-11-01T00:00:00+09:00");
        let usage =
            "recordId,number,type,quantity,usedAt\nr1,01055550001,voice_day,400,2026-10-20T12:00:00+09:00\n";
        let taken =
            world.call(Who::Operator, Method::POST, "/api/usage").body("text/csv", usage).send().await;
        assert_eq!(taken.expect(200)["accepted"], 1);
        let month = json!({ "usageMonth": "2026-10" });
        world.post(Who::Operator, "/api/billing-runs", "run", &month).await.expect(202);
        world.settle().await;
        let bill = world.get(KIM, "/api/bills?status=unpaid").await.expect(200)["items"][0].clone();
        (world, bill)
    }
}

impl Call<'_> {
    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", content_type)
    }

    fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    async fn send(self) -> Reply {
        let mut request = Request::builder().method(self.method).uri(self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(self.body)).unwrap();
        let response = self.world.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Reply {
            status,
            headers,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
            bytes: bytes.len(),
        }
    }
}

/// A handler that is never asked to do anything.
pub(super) fn handler() -> Handler {
    World::wired().1
}
