//! Invocations by Service Bus and timers.

use crate::edge::Failure;
use crate::edge::body::read;
use axum::extract::{FromRequest, Request};
use contract::envelope::Invocation;
use contract::problem::Code;
use contract::trace::TraceParent;
use domain::limits::MESSAGE_BYTES_MAX;

/// Bytes of an invocation: a message of the largest size, in Base64 and beside it once more in the metadata, with
/// room for the metadata itself.
const ENVELOPE_BYTES_MAX: usize = 4 * MESSAGE_BYTES_MAX;

/// What a trigger delivers. The trace of the message, which the sender put there, goes on in the log.
pub(crate) struct Trigger(pub(crate) Invocation);

impl<S: Send + Sync> FromRequest<S> for Trigger {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let body = read(request, ENVELOPE_BYTES_MAX).await?;
        let invocation = Invocation::parse(&body).map_err(|error| {
            tracing::error!(error = %error, "the host posted something else than an invocation");
            Failure::new(Code::InvalidJson, error.to_string())
        })?;
        let span = tracing::Span::current();
        if let Some(trace) = trace(&invocation) {
            span.record("trace.id", trace.trace_id());
        }
        if let Some(saga) = invocation.correlation_id() {
            span.record("saga.id", saga);
        }
        Ok(Self(invocation))
    }
}

/// The trace that the message's sender worked in.
pub(crate) fn trace(invocation: &Invocation) -> Option<TraceParent> {
    ["traceparent", "Diagnostic-Id"]
        .into_iter()
        .find_map(|name| TraceParent::parse(&invocation.property(name)?))
}
