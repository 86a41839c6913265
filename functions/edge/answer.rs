//! What use cases answer, on its way to the caller.

use crate::edge::Failure;
use crate::edge::request::IdempotencyKey;
use app::failure::chain;
use app::{Answer, Once};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use contract::problem::{Code, PROBLEM_JSON};
use domain::ids::CustomerId;
use serde::Serialize;

/// An answer with its status, given for the first time or again.
pub(crate) struct Answered(pub(crate) Answer);

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let refused = status.is_client_error() || status.is_server_error();
        let content_type = if refused { PROBLEM_JSON } else { "application/json" };
        (status, [(CONTENT_TYPE, content_type)], self.0.body.to_string()).into_response()
    }
}

/// What makes a request one that has its effect once: who asks, for whom, for what, and the key. Without a key, each
/// request is another one.
pub(crate) fn once(
    route: &str,
    caller: &CustomerId,
    customer: Option<&CustomerId>,
    key: Option<&IdempotencyKey>,
    body: &impl Serialize,
) -> Result<Option<Once>, Failure> {
    let Some(key) = key else { return Ok(None) };
    let body = serde_json::to_string(&(customer, body)).map_err(app::Failure::from)?;
    Ok(Some(Once::new(caller.as_str(), route, &key.0, &body)))
}

/// The one place where a failed use case becomes an answer. What the caller cannot help is logged, once, here.
impl From<app::Failure> for Failure {
    fn from(failure: app::Failure) -> Self {
        use app::Failure as F;
        let retry_after = failure.retry_after();
        match failure {
            F::Refused(problem) => Self::from(*problem),
            F::Malformed(detail) => Self::new(Code::InvalidField, detail),
            F::Changed => {
                tracing::warn!("gave up a change that others kept making at the same time");
                Self::from(Code::Unavailable)
            }
            F::Unavailable(cause) => {
                tracing::warn!(error = chain(cause.as_ref()), "a dependency is not available");
                Self { retry_after, ..Self::from(Code::Unavailable) }
            }
            F::Fault(cause) => {
                tracing::error!(error = chain(cause.as_ref()), "a fault");
                Self::from(Code::Internal)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::ports::{DocumentError, TableError};
    use axum::http::header::RETRY_AFTER;
    use std::time::Duration;

    #[test]
    fn each_failure_has_its_status() {
        let cause = || "the cause".into();
        for (failure, code) in [
            (app::Failure::not_found("order"), Code::NotFound),
            (app::Failure::Changed, Code::Unavailable),
            (app::Failure::Unavailable(cause()), Code::Unavailable),
            (app::Failure::Fault(cause()), Code::Internal),
        ] {
            let Failure { problem, .. } = failure.into();
            assert_eq!(problem.code(), code);
            assert!(!serde_json::to_string(&problem).unwrap().contains("the cause"));
        }
    }

    #[test]
    fn a_caller_is_told_how_long_a_busy_store_asks_to_wait() {
        let wait = Some(Duration::from_millis(2_500));
        let busy: [app::Failure; 2] = [
            TableError::Throttled { retry_after: wait }.into(),
            DocumentError::Busy { retry_after: wait }.into(),
        ];
        for failure in busy {
            let response = Failure::from(failure).into_response();
            assert_eq!(
                (response.status().as_u16(), &response.headers()[RETRY_AFTER]),
                (503, &"3".parse().unwrap())
            );
        }
    }
}
