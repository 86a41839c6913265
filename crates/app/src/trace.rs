//! The trace that the work at hand belongs to, so that the messages it causes carry it on.

use std::future::Future;

tokio::task_local! {
    static TRACEPARENT: String;
}

/// Runs work as part of a trace, given as a W3C `traceparent`.
pub async fn within<F: Future>(traceparent: String, work: F) -> F::Output {
    TRACEPARENT.scope(traceparent, work).await
}

/// Runs work as part of the trace that somebody left it in, or else of the one at hand.
pub(crate) async fn within_or_here<F: Future>(left_in: Option<String>, work: F) -> F::Output {
    match left_in {
        Some(traceparent) => within(traceparent, work).await,
        None => work.await,
    }
}

/// The trace of the work at hand.
pub(crate) fn current() -> Option<String> {
    TRACEPARENT.try_with(Clone::clone).ok()
}
