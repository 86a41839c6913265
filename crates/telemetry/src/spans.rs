//! The spans, and what they carry. Where nothing is exported they are disabled and cost next to nothing.
//!
//! Source: OpenTelemetry, "Semantic conventions" for HTTP server spans, messaging spans (and Azure Service Bus),
//! database client spans and function-as-a-service spans. `url.path` is left out: callers put into it what they like.

use crate::TARGET;
use contract::trace::TraceParent;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// A message as its consumer's span tells of it.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The queue or topic.
    pub destination: &'a str,
    /// The subscription, for a topic.
    pub subscription: Option<&'a str>,
    /// `MessageId`.
    pub message: &'a str,
    /// `CorrelationId`: the saga.
    pub conversation: Option<&'a str>,
    /// Which delivery this is, from 1.
    pub count: u32,
    /// The function that handles it.
    pub function: &'a str,
    /// The host's id of the invocation.
    pub invocation: &'a str,
}

/// Whether anybody takes the spans: for callers to whom it is work to say what is in one.
pub fn are_exported() -> bool {
    tracing::span_enabled!(target: TARGET, tracing::Level::INFO)
}

/// A request over HTTP, by its route; `None` for a path that nothing is at.
pub fn request(method: &str, route: Option<&str>, invocation: &str, parent: Option<&TraceParent>) -> Span {
    let span = tracing::info_span!(
        target: TARGET,
        "request",
        otel.name = route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}")),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        url.scheme = "http",
        faas.trigger = "http",
        faas.invocation_id = invocation,
        "error.type" = Empty,
    );
    continue_from(&span, parent);
    span
}

/// Notes the status that a request was answered with.
pub fn answered(span: &Span, status: u16) {
    span.record("http.response.status_code", status);
    if status >= 500 {
        fail(span, status.to_string().as_str());
    }
}

/// The handling of a message, in the trace of the one that sent it.
pub fn delivery(delivery: &Delivery<'_>, parent: Option<&TraceParent>) -> Span {
    let Delivery { destination, subscription, message, conversation, .. } = *delivery;
    let span = tracing::info_span!(
        target: TARGET,
        "process",
        otel.name = format!("process {}", path(destination, subscription)),
        otel.kind = "consumer",
        otel.status_code = Empty,
        messaging.system = "servicebus",
        messaging.operation.name = "process",
        "messaging.operation.type" = "process",
        messaging.destination.name = destination,
        messaging.destination.subscription.name = subscription,
        messaging.message.id = message,
        messaging.message.conversation_id = conversation,
        messaging.servicebus.message.delivery_count = delivery.count,
        faas.trigger = "pubsub",
        faas.invoked_name = delivery.function,
        faas.invocation_id = delivery.invocation,
        "error.type" = Empty,
    );
    continue_from(&span, parent);
    span
}

/// The tick of a timer.
pub fn timer(function: &str, invocation: &str, parent: Option<&TraceParent>) -> Span {
    let span = tracing::info_span!(
        target: TARGET,
        "timer",
        otel.name = function,
        otel.kind = "internal",
        otel.status_code = Empty,
        faas.trigger = "timer",
        faas.invoked_name = function,
        faas.invocation_id = invocation,
        "error.type" = Empty,
    );
    continue_from(&span, parent);
    span
}

/// The sending of a message, in the trace that the message was written in: not the sender's own when a timer sends
/// what somebody else left in an outbox. That one is linked.
pub(crate) fn sending(message: &app::ports::Message) -> Span {
    let written_in = traceparent_of(message);
    let current = Span::current();
    let span = tracing::info_span!(
        target: TARGET,
        "send",
        otel.name = format!("send {}", message.entity),
        otel.kind = "producer",
        otel.status_code = Empty,
        messaging.system = "servicebus",
        messaging.operation.name = "send",
        "messaging.operation.type" = "send",
        messaging.destination.name = message.entity,
        messaging.message.id = message.message_id,
        messaging.message.conversation_id = message.correlation_id,
        messaging.message.body.size = message.body.len(),
        "error.type" = Empty,
    );
    let (sender, written_in) = (traceparent(&current), written_in.as_ref());
    continue_from(&span, written_in);
    if let (Some(sender), Some(written_in)) = (sender, written_in)
        && sender.trace_id() != written_in.trace_id()
    {
        span.add_link(remote(&sender));
    }
    span
}

/// A call of the tables: `batch` is the number of operations of a transaction.
pub(crate) fn table(system: &str, operation: &str, table: Option<&str>, batch: Option<usize>) -> Span {
    tracing::info_span!(
        target: TARGET,
        "table",
        otel.name = table.map_or_else(|| operation.to_owned(), |table| format!("{operation} {table}")),
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = system,
        db.operation.name = operation,
        db.collection.name = table,
        db.operation.batch.size = batch.filter(|operations| *operations > 1),
        db.response.returned_rows = Empty,
        "error.type" = Empty,
    )
}

/// A call of the payment gateway.
pub(crate) fn gateway(operation: &str) -> Span {
    tracing::info_span!(
        target: TARGET,
        "gateway",
        otel.name = format!("gateway {operation}"),
        otel.kind = "client",
        otel.status_code = Empty,
        peer.service = "payment-gateway",
        "error.type" = Empty,
    )
}

/// Marks a span as failed; `kind` is one of a few words.
pub fn fail(span: &Span, kind: &str) {
    span.record("otel.status_code", "ERROR");
    note(span, kind);
}

/// Notes an outcome that is no success and yet expected, such as losing a race.
pub(crate) fn note(span: &Span, kind: &str) {
    span.record("error.type", kind);
}

/// What is to be handed on to those who work for a span; `None` for one that is disabled.
pub fn traceparent(span: &Span) -> Option<TraceParent> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let own = context.span().span_context().clone();
    let (trace, id, flags) = (own.trace_id(), own.span_id(), own.trace_flags().to_u8());
    TraceParent::parse(&format!("00-{trace}-{id}-{flags:02x}"))
}

/// The property that carries a message's trace.
pub(crate) const PROPERTY: &str = "traceparent";

fn traceparent_of(message: &app::ports::Message) -> Option<TraceParent> {
    let (_, value) = message.properties.iter().find(|(name, _)| *name == PROPERTY)?;
    TraceParent::parse(value)
}

fn path(destination: &str, subscription: Option<&str>) -> String {
    subscription
        .map_or_else(|| destination.to_owned(), |subscription| format!("{destination}/{subscription}"))
}

fn continue_from(span: &Span, parent: Option<&TraceParent>) {
    let Some(parent) = parent.filter(|_| !span.is_disabled()) else { return };
    // It fails for a span that has begun, and this one has not.
    let _ = span.set_parent(Context::new().with_remote_span_context(remote(parent)));
}

fn remote(parent: &TraceParent) -> SpanContext {
    SpanContext::new(
        TraceId::from_hex(parent.trace_id()).unwrap_or(TraceId::INVALID),
        SpanId::from_hex(parent.span_id()).unwrap_or(SpanId::INVALID),
        TraceFlags::new(u8::from_str_radix(parent.flags(), 16).unwrap_or_default()),
        true,
        TraceState::default(),
    )
}
