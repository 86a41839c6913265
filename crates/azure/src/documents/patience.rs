//! Pauses that a call has no time for.

use super::failure::retry_after;
use azure_core::error::ErrorKind;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request};
use std::sync::Arc;
use std::time::Duration;

/// The service asked for a pause that is longer than a call may take.
#[derive(Debug, thiserror::Error)]
#[error("the service asks to wait for {0:?}")]
pub(super) struct LongPause(pub(super) Duration);

/// Ends a call whose next try would come after its deadline: the retry policy would sleep until the caller gives
/// up, and what the service asked for would be lost.
#[derive(Debug)]
pub(super) struct Patience(Duration);

impl Patience {
    /// Pauses as long as this, or longer, end the call.
    pub(super) fn new(deadline: Duration) -> Self {
        Self(deadline)
    }
}

#[async_trait::async_trait]
impl Policy for Patience {
    async fn send(&self, ctx: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let answer = next[0].send(ctx, request, &next[1..]).await?;
        let pause = if answer.status().is_success() { None } else { retry_after(answer.headers()) };
        match pause {
            // Of this kind the retry policy tries nothing again.
            Some(pause) if pause >= self.0 => Err(azure_core::Error::new(ErrorKind::Other, LongPause(pause))),
            Some(_) | None => Ok(answer),
        }
    }
}
