//! An OpenTelemetry collector: takes spans by OTLP over HTTP and keeps them.

use crate::harness::{SOON, until};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span as Wire;
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// How a collector treats those who send it spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Taking,
    Hanging,
    Refusing,
}

/// A collector; it ends with the test.
pub(crate) struct Collector {
    pub(crate) endpoint: String,
    kept: Arc<Kept>,
}

struct Kept {
    mood: Mood,
    spans: Mutex<Vec<Span>>,
    batches: Mutex<usize>,
}

/// A span as it was sent, with its ids in hexadecimal digits.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) name: String,
    pub(crate) kind: i32,
    pub(crate) trace: String,
    pub(crate) id: String,
    /// Empty for the first one of a trace.
    pub(crate) parent: String,
    pub(crate) attributes: BTreeMap<String, String>,
    /// What is said of the process that it comes from.
    pub(crate) resource: BTreeMap<String, String>,
}

impl Collector {
    pub(crate) async fn start(mood: Mood) -> Self {
        let kept = Arc::new(Kept { mood, spans: Mutex::default(), batches: Mutex::default() });
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&kept));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { endpoint, kept }
    }

    /// All spans of a trace so far.
    pub(crate) fn trace(&self, id: &str) -> Vec<Span> {
        self.all().into_iter().filter(|span| span.trace == id).collect()
    }

    /// All spans so far.
    pub(crate) fn all(&self) -> Vec<Span> {
        self.kept.spans.lock().unwrap().clone()
    }

    /// How often somebody has tried to send spans.
    pub(crate) fn batches(&self) -> usize {
        *self.kept.batches.lock().unwrap()
    }

    /// Waits until a trace has as many spans of these names.
    pub(crate) async fn has(&self, trace: &str, wanted: &[(&str, usize)]) -> Vec<Span> {
        let missing = |spans: &[Span]| {
            let count = |name: &str| spans.iter().filter(|span| span.name == name).count();
            let missing = wanted.iter().filter(|(name, least)| count(name) < *least);
            missing.map(|(name, _)| (*name).to_owned()).collect::<BTreeSet<_>>()
        };
        until(&format!("{wanted:?} in a trace"), SOON, async || {
            let spans = self.trace(trace);
            missing(&spans).is_empty().then_some(spans)
        })
        .await
    }
}

impl Span {
    pub(crate) fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map(String::as_str).unwrap_or_default()
    }
}

async fn take(State(kept): State<Arc<Kept>>, headers: HeaderMap, body: Bytes) -> (StatusCode, Vec<u8>) {
    *kept.batches.lock().unwrap() += 1;
    match kept.mood {
        Mood::Hanging => std::future::pending().await,
        Mood::Refusing => (StatusCode::SERVICE_UNAVAILABLE, Vec::new()),
        Mood::Taking => {
            assert_eq!(headers["content-type"], "application/x-protobuf");
            let request = ExportTraceServiceRequest::decode(body).unwrap();
            for process in request.resource_spans {
                let resource = attributes(process.resource.unwrap_or_default().attributes);
                let spans = process.scope_spans.into_iter().flat_map(|scope| scope.spans);
                kept.spans.lock().unwrap().extend(spans.map(|span| read(span, &resource)));
            }
            (StatusCode::OK, ExportTraceServiceResponse::default().encode_to_vec())
        }
    }
}

fn read(span: Wire, resource: &BTreeMap<String, String>) -> Span {
    Span {
        name: span.name,
        kind: span.kind,
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        attributes: attributes(span.attributes),
        resource: resource.clone(),
    }
}

fn attributes(all: Vec<KeyValue>) -> BTreeMap<String, String> {
    all.into_iter().map(|attribute| (attribute.key, text(attribute.value))).collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
