//! What may be tried again.
//!
//! The SDK's retry policy repeats a request after a lost connection, a timeout, 408, 429, 500, 502, 503 and 504. That
//! is right for a read. A commit may have been applied all the same, and its repetition would be told that the row
//! exists, or has changed: by itself. So a commit is repeated only after an answer, or the lack of a connection, that
//! shows that nothing was applied.

use super::answer::{Refusal, TablesAnswered};
use app::ports::TableError;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{AsyncRawResponse, Context, Request};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// One call of the client with all its tries.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    idempotent: bool,
    deadline: Instant,
    last: Arc<Mutex<Last>>,
}

/// How the last try ended, as far as is known.
#[derive(Debug, Clone, Copy)]
enum Last {
    /// It is under way, or nobody knows.
    Open,
    /// The tables were busy; nothing was applied.
    Busy { retry_after: Option<Duration> },
}

impl Attempt {
    /// A call that ends after `time`; `idempotent` when a second application does no harm.
    pub(super) fn new(idempotent: bool, time: Duration) -> Self {
        Self { idempotent, deadline: Instant::now() + time, last: Arc::new(Mutex::new(Last::Open)) }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The fate of a call that ended with `error`.
    pub(super) fn failed(&self, error: Box<dyn std::error::Error + Send + Sync>) -> TableError {
        match *self.last.lock().unwrap_or_else(PoisonError::into_inner) {
            Last::Open => TableError::Unknown(error),
            Last::Busy { retry_after } => TableError::Throttled { retry_after },
        }
    }

    fn note(&self, last: Last) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = last;
    }

    /// Lets the SDK's retry policy see what it may repeat, and an error that it does not repeat otherwise.
    async fn judge(&self, answer: AsyncRawResponse) -> PolicyResult {
        if answer.status().is_success() || answer.status().is_client_error() && !may_be_busy(&answer) {
            return Ok(answer);
        }
        let (status, headers, body) = answer.deconstruct();
        let body = body.collect().await?;
        let refusal = Refusal::of(status, &headers, &body);
        if refusal.is_busy() {
            self.note(Last::Busy { retry_after: refusal.retry_after });
            let wait = refusal.retry_after.unwrap_or_default();
            if Instant::now() + wait >= self.deadline {
                return Err(last_word(TablesAnswered(refusal)));
            }
        } else if !self.idempotent {
            return Err(last_word(TablesAnswered(refusal)));
        }
        Ok(AsyncRawResponse::from_bytes(status, headers, body))
    }
}

/// 408 says that the service gave up waiting for the request, 429 that there are too many.
fn may_be_busy(answer: &AsyncRawResponse) -> bool {
    matches!(u16::from(answer.status()), 408 | 429)
}

/// An error of a kind that the SDK's retry policy does not repeat.
fn last_word(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::with_error(ErrorKind::Other, error, "the request is not repeated")
}

/// Stands behind the SDK's retry policy, and keeps it from repeating what must not be repeated.
#[derive(Debug)]
pub(super) struct OnlySafeRetries;

#[async_trait::async_trait]
impl Policy for OnlySafeRetries {
    async fn send(&self, ctx: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let answer = next[0].send(ctx, request, &next[1..]);
        let Some(attempt) = ctx.value::<Attempt>() else { return answer.await };
        attempt.note(Last::Open);
        match answer.await {
            Ok(answer) => attempt.judge(answer).await,
            // "The request was never sent, so it is safe to retry both reads and writes."
            Err(error) if attempt.idempotent || matches!(error.kind(), ErrorKind::Connection) => Err(error),
            Err(error) => Err(last_word(error)),
        }
    }
}
