//! Every answer that is an error: a problem, with the headers that belong to its status.

use axum::Extension;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use contract::problem::{Code, PROBLEM_JSON, Problem};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Seconds after which a caller may try again what is not available for the moment: the least, when nobody knows, and
/// the most that a dependency can make of it.
const RETRY_AFTER_SECONDS: RangeInclusive<u64> = 1..=60;

/// A problem on its way to the caller.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) problem: Box<Problem>,
    /// How long the dependency that is busy asks to wait; passed on with a 503.
    pub(crate) retry_after: Option<Duration>,
    /// How long the layer keeps the answer: the host delivers a message again as soon as it has it.
    pub(crate) held_back: Duration,
}

/// Goes with an answer that the layer keeps for a while.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeldBack(pub(crate) Duration);

impl Failure {
    /// The problem of a code, with a sentence for people.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self::from(Problem::new(code).detail(detail))
    }
}

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Self::from(Problem::new(code))
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), retry_after: None, held_back: Duration::ZERO }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.problem).unwrap_or_default();
        let headers = headers(status, self.retry_after);
        (status, headers, Extension(HeldBack(self.held_back)), body).into_response()
    }
}

/// The answer to a fault of ours.
pub(crate) fn internal() -> Response {
    Failure::from(Code::Internal).into_response()
}

fn headers(status: StatusCode, retry_after: Option<Duration>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(retry_after)));
    }
    headers
}

/// Rounded up, so that nobody comes back too early.
fn whole_seconds(wait: Option<Duration>) -> u64 {
    let seconds = wait.map_or(0, |wait| wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)));
    seconds.clamp(*RETRY_AFTER_SECONDS.start(), *RETRY_AFTER_SECONDS.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_brings_its_headers() {
        let response = Failure::from(Code::Unauthenticated).into_response();
        assert_eq!(response.status(), 401);
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        let response = Failure::from(Code::Unavailable).into_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        assert!(!response.headers().contains_key(WWW_AUTHENTICATE));
    }

    #[test]
    fn the_wait_is_in_whole_seconds_neither_none_nor_for_ever() {
        let waits = [(0, 1), (100, 1), (1_000, 1), (1_001, 2), (30_000, 30), (3_600_000, 60)];
        for (milliseconds, seconds) in waits {
            assert_eq!(whole_seconds(Some(Duration::from_millis(milliseconds))), seconds, "{milliseconds}");
        }
        assert_eq!(whole_seconds(Some(Duration::MAX)), 60);
    }
}
