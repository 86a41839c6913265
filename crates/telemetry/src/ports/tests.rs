use super::*;
use crate::Export;
use contract::trace::TraceParent;
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SpanData};
use testkit::{
    CountingIds, FakeGateway, MemoryBus, MemoryDocuments, MemoryTables, PlainTypesetter, StoppedClock,
};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt;

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Ports in memory whose calls are followed, and the spans that come of it.
struct World {
    ports: Ports,
    bus: Arc<MemoryBus>,
    export: Export,
    spans: InMemorySpanExporter,
    _subscriber: DefaultGuard,
}

impl World {
    fn new() -> Self {
        let spans = InMemorySpanExporter::default();
        let export = Export::to(spans.clone());
        let subscriber = tracing_subscriber::registry().with(export.layer());
        let bus = Arc::new(MemoryBus::default());
        let ports = Ports {
            tables: Arc::new(MemoryTables::default()),
            bus: bus.clone(),
            gateway: Arc::new(FakeGateway::default()),
            documents: Arc::new(MemoryDocuments::default()),
            typesetter: Arc::new(PlainTypesetter),
            clock: Arc::new(StoppedClock::at("2026-10-01T00:00:00+09:00")),
            ids: Arc::new(CountingIds::new(1)),
        };
        let subscriber = tracing::subscriber::set_default(subscriber);
        Self { ports: traced(ports, "sqlite"), bus, export, spans, _subscriber: subscriber }
    }

    fn spans(&self) -> Vec<SpanData> {
        self.export.flush().unwrap();
        self.spans.get_finished_spans().unwrap()
    }

    fn span(&self, name: &str) -> SpanData {
        let spans = self.spans();
        let found = spans.iter().find(|span| span.name == name);
        found.cloned().unwrap_or_else(|| panic!("no {name} in {spans:?}"))
    }
}

fn caller() -> TraceParent {
    TraceParent::parse(CALLER).unwrap()
}

fn attribute(span: &SpanData, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == name);
    found.map(|attribute| attribute.value.to_string())
}

fn message(traceparent: Option<&TraceParent>) -> Message {
    Message {
        entity: "events",
        message_id: "m1".to_owned(),
        subject: "pay.captured".to_owned(),
        correlation_id: Some("pay-1".to_owned()),
        properties: traceparent.iter().map(|trace| ("traceparent", trace.as_str().to_owned())).collect(),
        scheduled_at: None,
        body: "{}".to_owned(),
    }
}

#[tokio::test]
async fn calls_are_spans_below_the_request_that_makes_them() {
    let world = World::new();
    let request = spans::request("POST", Some("/api/payments"), "i1", Some(&caller()));
    let calls = async {
        let ops = [Op::insert("pay|secret", "{}".to_owned()), Op::insert("in|secret", "{}".to_owned())];
        world.ports.tables.commit(Table::Payments, "b01", &ops).await.unwrap();
        let key = Key::new("b01", "pay|secret");
        world.ports.tables.read(Table::Payments, &key).await.unwrap().unwrap();
        let range = Range::prefix("b01", "pay|");
        world.ports.tables.query(Table::Payments, &range, 10, None).await.unwrap();
    };
    calls.instrument(request.clone()).await;
    spans::answered(&request, 201);
    drop(request);
    let request = world.span("POST /api/payments");
    assert_eq!(request.span_kind, SpanKind::Server);
    assert_eq!(request.span_context.trace_id().to_string(), caller().trace_id());
    assert_eq!(request.parent_span_id.to_string(), caller().span_id());
    assert_eq!(attribute(&request, "http.response.status_code").as_deref(), Some("201"));
    assert_eq!(request.status, Status::Unset);
    for (name, field, value) in [
        ("commit payments", "db.operation.batch.size", "2"),
        ("read payments", "db.system.name", "sqlite"),
        ("query payments", "db.response.returned_rows", "1"),
    ] {
        let call = world.span(name);
        assert_eq!(call.span_kind, SpanKind::Client);
        assert_eq!(call.parent_span_id, request.span_context.span_id());
        assert_eq!(attribute(&call, field).as_deref(), Some(value), "{call:?}");
        assert_eq!(attribute(&call, "db.collection.name").as_deref(), Some("payments"));
        assert!(!format!("{call:?}").contains("secret"), "a key stands in {call:?}");
    }
}

#[tokio::test]
async fn a_lost_race_is_noted_and_a_call_without_an_answer_has_failed() {
    let world = World::new();
    let twice = [Op::insert("r", "{}".to_owned())];
    world.ports.tables.commit(Table::Orders, "b01", &twice).await.unwrap();
    world.ports.tables.commit(Table::Orders, "b01", &twice).await.unwrap_err();
    world.ports.tables.commit(Table::Bills, "b01", &[]).await.unwrap_err();
    world.ports.gateway.find(&PaymentKey::parse("pk-nobody-knows".to_owned()).unwrap()).await.unwrap_err();
    let error = |span: &SpanData| attribute(span, "error.type");
    let orders: Vec<SpanData> =
        world.spans().into_iter().filter(|span| span.name == "commit orders").collect();
    assert_eq!((error(&orders[0]), &orders[0].status), (None, &Status::Unset));
    assert_eq!((error(&orders[1]).as_deref(), &orders[1].status), (Some("exists"), &Status::Unset));
    let invalid = world.span("commit bills");
    assert_eq!(error(&invalid).as_deref(), Some("invalid"));
    assert!(matches!(invalid.status, Status::Error { .. }), "{invalid:?}");
    let unknown = world.span("gateway find");
    assert_eq!(error(&unknown).as_deref(), Some("not_found"));
    assert!(!format!("{unknown:?}").contains("pk-nobody"), "a payment key stands in {unknown:?}");
}

#[tokio::test]
async fn a_message_carries_on_the_span_that_sends_it() {
    let world = World::new();
    world.ports.bus.send(&message(Some(&caller()))).await.unwrap();
    let sending = world.span("send events");
    assert_eq!(sending.span_kind, SpanKind::Producer);
    assert_eq!(sending.parent_span_id.to_string(), caller().span_id());
    assert_eq!(attribute(&sending, "messaging.message.id").as_deref(), Some("m1"));
    let sent = &world.bus.sent()[0];
    let expected = format!("00-{}-{}-01", caller().trace_id(), sending.span_context.span_id());
    assert_eq!(sent.properties, [("traceparent", expected)]);
}

#[tokio::test]
async fn a_message_that_another_sender_left_behind_stays_in_its_own_trace() {
    let world = World::new();
    let relay = spans::timer("outbox_relay", "i1", None);
    world.ports.bus.send(&message(Some(&caller()))).instrument(relay.clone()).await.unwrap();
    drop(relay);
    let (relay, send) = (world.span("outbox_relay"), world.span("send events"));
    assert_eq!(send.span_context.trace_id().to_string(), caller().trace_id());
    assert_ne!(relay.span_context.trace_id(), send.span_context.trace_id());
    let links: Vec<_> = send.links.iter().map(|link| link.span_context.span_id()).collect();
    assert_eq!(links, [relay.span_context.span_id()]);
}

#[tokio::test]
async fn what_is_not_recorded_is_carried_on_as_not_recorded() {
    let world = World::new();
    let unsampled = TraceParent::parse(&CALLER.replace("-01", "-00")).unwrap();
    world.ports.bus.send(&message(Some(&unsampled))).await.unwrap();
    assert!(world.spans().is_empty());
    let sent = TraceParent::parse(&world.bus.sent()[0].properties[0].1).unwrap();
    assert_eq!((sent.trace_id(), sent.flags()), (unsampled.trace_id(), "00"));
}

#[tokio::test]
async fn without_an_exporter_messages_are_sent_unchanged() {
    let bus = MemoryBus::default();
    let bus = Arc::new(bus);
    let traced = TracedBus { bus: bus.clone() };
    traced.send(&message(Some(&caller()))).await.unwrap();
    assert_eq!(bus.sent()[0].properties, [("traceparent", CALLER.to_owned())]);
    assert!(!spans::are_exported());
    assert_eq!(spans::traceparent(&spans::timer("cleanup", "i1", None)), None);
}
