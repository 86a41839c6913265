//! Invocations by Service Bus and timers.

use crate::edge::Failure;
use crate::edge::body::read;
use app::keys::digest;
use app::{App, Consumer, Incoming};
use axum::Json;
use axum::extract::{FromRequest, Request};
use contract::envelope::{Invocation, Reply};
use contract::problem::Code;
use contract::trace::TraceParent;
use domain::limits::MESSAGE_BYTES_MAX;

/// Bytes of an invocation: a message of the largest size, in Base64 and beside it once more in the metadata, with
/// room for the metadata itself.
const ENVELOPE_BYTES_MAX: usize = 4 * MESSAGE_BYTES_MAX;
/// The binding of a message in every `function.json`.
const MESSAGE: &str = "message";

/// What a trigger delivers.
pub(crate) struct Trigger {
    /// As the host posted it.
    pub(crate) invocation: Invocation,
    trace: Option<TraceParent>,
}

impl<S: Send + Sync> FromRequest<S> for Trigger {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let body = read(request, ENVELOPE_BYTES_MAX).await?;
        let invocation = Invocation::parse(&body).map_err(|error| {
            tracing::error!(error = %error, "the host posted something else than an invocation");
            Failure::new(Code::InvalidJson, error.to_string())
        })?;
        let span = tracing::Span::current();
        let trace = trace(&invocation);
        if let Some(trace) = &trace {
            span.record("trace.id", trace.trace_id());
        }
        if let Some(saga) = invocation.correlation_id() {
            span.record("saga.id", saga);
        }
        Ok(Self { invocation, trace })
    }
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
    /// deliver the message again.
    pub(crate) async fn run<T>(
        &self,
        work: impl Future<Output = Result<T, app::Failure>>,
    ) -> Result<Json<Reply>, Failure> {
        match &self.trace {
            Some(trace) => app::trace::within(trace.as_str().to_owned(), work).await?,
            None => work.await?,
        };
        Ok(Json(Reply::default()))
    }
}

fn trace(invocation: &Invocation) -> Option<TraceParent> {
    ["traceparent", "Diagnostic-Id"]
        .into_iter()
        .find_map(|name| TraceParent::parse(&invocation.property(name)?))
}
