//! Invocations by Service Bus and timers.

use crate::Handler;
use crate::edge::Failure;
use crate::edge::body::read;
use crate::edge::layer::Invoked;
use app::keys::digest;
use app::{App, Consumer, Incoming};
use axum::Json;
use axum::extract::{FromRequest, Request};
use contract::envelope::{Invocation, Reply};
use contract::problem::Code;
use contract::trace::TraceParent;
use domain::limits::{MESSAGE_BYTES_MAX, REDELIVERY_PAUSE_SECONDS_MAX};
use std::time::Duration;
use telemetry::spans::{self, Delivery};
use tracing::{Instrument, Span};

/// Bytes of an invocation: a message of the largest size, in Base64 and beside it once more in the metadata, with
/// room for the metadata itself.
const ENVELOPE_BYTES_MAX: usize = 4 * MESSAGE_BYTES_MAX;
/// The binding of a message in every `function.json`.
const MESSAGE: &str = "message";

/// What a trigger delivers.
pub(crate) struct Trigger {
    /// As the host posted it.
    pub(crate) invocation: Invocation,
    /// What is exported of its handling.
    span: Span,
    /// The trace that the message's sender worked in, as it is handed on.
    trace: Option<TraceParent>,
    /// How long to wait before a message is given back; a timer comes again by itself.
    pause: Duration,
}

impl FromRequest<Handler> for Trigger {
    type Rejection = Failure;

    async fn from_request(request: Request, handler: &Handler) -> Result<Self, Failure> {
        let invoked = request.extensions().get::<Invoked>().cloned().unwrap_or_default();
        let function = request.uri().path().trim_matches('/').to_owned();
        let body = read(request, ENVELOPE_BYTES_MAX).await?;
        let invocation = Invocation::parse(&body).map_err(|error| {
            tracing::error!(error = %error, "the host posted something else than an invocation");
            Failure::new(Code::InvalidJson, error.to_string())
        })?;
        let sender = sender(&invocation);
        let span = exported(&function, &invocation, &invoked, sender.as_ref());
        let trace = spans::traceparent(&span).or_else(|| handed_on(sender.as_ref(), invoked.trace));
        let log = Span::current();
        if let Some(trace) = &trace {
            log.record("trace.id", trace.trace_id());
            log.record("span.id", trace.span_id());
        }
        if let Some(saga) = invocation.correlation_id() {
            log.record("saga.id", saga);
        }
        let pause = match invocation.message_id() {
            Some(_) => pause(invocation.delivery_count(), handler.redelivery_pause),
            None => Duration::ZERO,
        };
        Ok(Self { invocation, span, trace, pause })
    }
}

/// The sender's trace under a span of our own; without a sender, as for a timer, the invocation's.
fn handed_on(sender: Option<&TraceParent>, invocation: Option<TraceParent>) -> Option<TraceParent> {
    let own = invocation.as_ref().zip(sender).and_then(|(own, sender)| sender.child(own.span_id()));
    own.or_else(|| sender.cloned()).or(invocation)
}

/// How long to wait before a message is given back after so many deliveries.
fn pause(deliveries: u32, first: Duration) -> Duration {
    let doubled = first.saturating_mul(1_u32.checked_shl(deliveries.saturating_sub(1)).unwrap_or(u32::MAX));
    doubled.min(Duration::from_secs(REDELIVERY_PAUSE_SECONDS_MAX))
}

/// The span for the collector: of a message, when there is one, or else of a timer.
fn exported(
    function: &str,
    invocation: &Invocation,
    invoked: &Invoked,
    sender: Option<&TraceParent>,
) -> Span {
    if !spans::are_exported() {
        return Span::none();
    }
    let Some(message) = invocation.message_id() else {
        return spans::timer(function, &invoked.id, invoked.caller.as_ref());
    };
    let (destination, subscription) = source(function);
    let saga = invocation.correlation_id();
    let delivery = Delivery {
        destination,
        subscription: subscription.as_deref(),
        message: &message,
        conversation: saga.as_deref(),
        count: invocation.delivery_count(),
        function,
        invocation: &invoked.id,
    };
    spans::delivery(&delivery, sender.or(invoked.caller.as_ref()))
}

/// Where a function's messages come from: a queue, or a topic and a subscription.
fn source(function: &str) -> (&'static str, Option<String>) {
    // What is no consumer is what takes the dead letters of all of them.
    Consumer::named(function).map_or(("dead-letters", None), Consumer::source)
}

impl Trigger {
    /// The message. One in an unknown encoding is handed on as it stands, to be parked as what cannot be understood.
    pub(crate) fn incoming(&self) -> Incoming {
        let bytes = self.invocation.bytes(MESSAGE);
        let body = bytes
            .map_or_else(|error| error.to_string(), |bytes| String::from_utf8_lossy(&bytes).into_owned());
        let message_id = self.invocation.message_id().unwrap_or_else(|| digest(&[&body]));
        Incoming { message_id, subject: self.invocation.subject(), body }
    }

    /// Lets a consumer handle the message.
    pub(crate) async fn hand_to(&self, consumer: Consumer, app: &App) -> Result<Json<Reply>, Failure> {
        // The future holds those of all consumers: too large for the stack of every call that leads to it.
        self.run(Box::pin(app.consume(consumer, &self.incoming()))).await
    }

    /// Does what the trigger asks for, in the trace that the message's sender worked in. An error makes the host
    /// deliver the message again, at once: what fails because something is not there now would use up its deliveries
    /// within seconds, so the answer is held back, longer each time.
    pub(crate) async fn run<T>(
        &self,
        work: impl Future<Output = Result<T, app::Failure>>,
    ) -> Result<Json<Reply>, Failure> {
        let work = work.instrument(self.span.clone());
        let ended = match &self.trace {
            Some(trace) => app::trace::within(trace.as_str().to_owned(), work).await,
            None => work.await,
        };
        match ended {
            Ok(_) => Ok(Json(Reply::default())),
            Err(failure) => {
                spans::fail(&self.span, failure.code());
                Err(Failure { held_back: self.pause, ..failure.into() })
            }
        }
    }
}

fn sender(invocation: &Invocation) -> Option<TraceParent> {
    ["traceparent", "Diagnostic-Id"]
        .into_iter()
        .find_map(|name| TraceParent::parse(&invocation.property(name)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::limits::{DELIVERIES_MAX, REDELIVERY_PAUSE_MS};
    use serde_json::{Value, json};

    #[test]
    fn messages_come_from_where_the_topology_says() {
        let topology: Value = serde_json::from_str(include_str!("../../infra/topology.json")).unwrap();
        let name = |entity: &Value, field: &str| entity[field].as_str().unwrap().to_owned();
        for queue in topology["queues"].as_array().unwrap() {
            let (destination, subscription) = source(&name(queue, "function"));
            assert_eq!((destination.to_owned(), subscription), (name(queue, "name"), None));
        }
        for topic in topology["topics"].as_array().unwrap() {
            for subscription in topic["subscriptions"].as_array().unwrap() {
                let (destination, found) = source(&name(subscription, "function"));
                assert_eq!(destination, name(topic, "name"));
                assert_eq!(found, Some(name(subscription, "name")));
            }
        }
    }

    #[test]
    fn each_further_delivery_is_held_back_longer_and_ten_outlast_a_short_outage() {
        let first = Duration::from_millis(REDELIVERY_PAUSE_MS);
        let pauses: Vec<_> = (1..DELIVERIES_MAX).map(|deliveries| pause(deliveries, first)).collect();
        assert_eq!(pauses[0], first);
        assert!(pauses.is_sorted() && pauses.iter().sum::<Duration>() > Duration::from_mins(2), "{pauses:?}");
        let longest = Duration::from_secs(REDELIVERY_PAUSE_SECONDS_MAX);
        assert_eq!([64, 2_000, u32::MAX].map(|deliveries| pause(deliveries, first)), [longest; 3]);
        assert_eq!(pause(9, Duration::ZERO), Duration::ZERO);
        assert_eq!(pause(0, first), first, "a host that does not count");
    }

    async fn waits(metadata: Value, ended: Result<(), app::Failure>) -> Duration {
        let envelope = json!({ "Data": {}, "Metadata": metadata });
        let handler = Handler { redelivery_pause: Duration::from_secs(1), ..crate::edge::tests::handler() };
        let request = Request::post("/").body(envelope.to_string().into()).unwrap();
        let trigger = Trigger::from_request(request, &handler).await.unwrap();
        let failed = ended.is_err();
        let answer = trigger.run(std::future::ready(ended)).await;
        assert_eq!(answer.is_err(), failed);
        answer.map_or_else(|failure| failure.held_back, |_| Duration::ZERO)
    }

    #[tokio::test]
    async fn only_a_message_that_comes_again_is_held_back() {
        let third = json!({ "MessageId": "\"m1\"", "DeliveryCount": "3" });
        assert_eq!(waits(third.clone(), Err(app::Failure::Changed)).await, Duration::from_secs(4));
        assert_eq!(waits(third, Ok(())).await, Duration::ZERO);
        assert_eq!(waits(json!({}), Err(app::Failure::Changed)).await, Duration::ZERO, "a timer");
    }

    #[test]
    fn a_message_is_handled_in_its_senders_trace_under_a_span_of_its_own() {
        let trace = |text: &str| TraceParent::parse(text).unwrap();
        let sender = trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
        let own = trace("00-0192f0c1a2b37c4d8e9f0123456789ab-8e9f0123456789ab-01");
        let handled = handed_on(Some(&sender), Some(own.clone())).unwrap();
        assert_eq!(handled.as_str(), "00-4bf92f3577b34da6a3ce929d0e0e4736-8e9f0123456789ab-00");
        assert_eq!(handed_on(Some(&sender), None), Some(sender));
        assert_eq!(handed_on(None, Some(own.clone())), Some(own));
    }
}
