//! Invocations of triggers: `POST /{function}`, and what the host makes of the answer.

use super::Host;
use super::pool::NoWorker;
use super::worker::Lease;
use crate::chance;
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use axum::http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::Value;
use std::convert::Infallible;

/// The version of the real host that host-protocol was read from.
pub(crate) const HOST_VERSION: &str = "4.1037.0.0";
/// `HttpWorkerConstants`.
pub(crate) const HOST_VERSION_HEADER: HeaderName = HeaderName::from_static("x-azure-functions-hostversion");
/// Ditto.
pub(crate) const INVOCATION_ID_HEADER: HeaderName = HeaderName::from_static("x-azure-functions-invocationid");
/// Bytes of an answer that the host reads.
const ANSWER_BYTES_MAX: usize = 100 * 1024 * 1024;

/// Why an invocation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    #[error("no handler was ready in time")]
    NoWorker,
    /// Nobody took the connection, so nothing was sent.
    #[error("nobody listens at the handler's port")]
    Unreachable,
    #[error("the handler broke the connection")]
    Broken,
    #[error("the handler answered {0}")]
    Status(StatusCode),
    #[error("the handler's answer is not JSON of the right form")]
    NotJson,
    #[error("the function took longer than functionTimeout")]
    TimedOut,
}

/// What the host makes of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Success(Vec<String>),
    Failed(Failure),
    /// An answer without content never completes the invocation.
    Hangs,
}

impl Host {
    /// Invokes a function. The worker counts as busy until the lease is dropped.
    pub(crate) async fn invoke(&self, function: &str, envelope: &Value) -> Result<Lease, Failure> {
        let lease = self.pool.lease().await.map_err(|_| Failure::NoWorker)?;
        let id = lease.id.clone();
        match self.invoke_on(lease, function, envelope).await {
            // Its process ended a moment ago. A message that is delivered again at once would meet the same dead
            // process, and use up its deliveries before the next process listens.
            Err(Failure::Unreachable) => match self.pool.lease_another(&id).await {
                Ok(another) => self.invoke_on(another, function, envelope).await,
                Err(NoWorker) => Err(Failure::Unreachable),
            },
            ended => ended,
        }
    }

    async fn invoke_on(&self, lease: Lease, function: &str, envelope: &Value) -> Result<Lease, Failure> {
        let Some(timeout) = self.function_timeout else {
            return ask(&lease, function, envelope).await.map(|()| lease);
        };
        let answer = tokio::time::timeout(timeout, ask(&lease, function, envelope)).await;
        if answer.is_err() {
            lease.condemn();
        }
        answer.unwrap_or(Err(Failure::TimedOut)).map(|()| lease)
    }
}

async fn ask(lease: &Lease, function: &str, envelope: &Value) -> Result<(), Failure> {
    let request = request(lease, function, envelope).ok_or(Failure::Broken)?;
    let response = lease.send(request).await.map_err(|error| {
        tracing::warn!(function, error = &error as &dyn std::error::Error, "the handler did not answer");
        if error.is_connect() { Failure::Unreachable } else { Failure::Broken }
    })?;
    match judge(response).await? {
        Verdict::Success(logs) => {
            for line in logs {
                tracing::info!(function, "{line}");
            }
            Ok(())
        }
        Verdict::Failed(failure) => Err(failure),
        Verdict::Hangs => {
            tracing::error!(
                function,
                "the handler answered with nothing: the host waits for more until functionTimeout, then kills it"
            );
            std::future::pending().await
        }
    }
}

/// The real host sends the body in chunks, for it does not know the length beforehand.
fn request(lease: &Lease, function: &str, envelope: &Value) -> Option<Request<Body>> {
    let body = Bytes::from(serde_json::to_vec(envelope).ok()?);
    let body = futures::stream::once(std::future::ready(Ok::<_, Infallible>(body)));
    let id = HeaderValue::from_str(&chance::uuid().to_string()).ok()?;
    Request::builder()
        .method(Method::POST)
        .uri(lease.uri(format!("/{function}").parse().ok()?))
        .header(CONTENT_TYPE, "application/json; charset=utf-8")
        .header(USER_AGENT, format!("Azure-Functions-Host/{HOST_VERSION}"))
        .header(HOST_VERSION_HEADER, HOST_VERSION)
        .header(INVOCATION_ID_HEADER, id)
        .body(Body::from_stream(body))
        .ok()
}

async fn judge(response: Response<Incoming>) -> Result<Verdict, Failure> {
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|_| Failure::Broken)?;
    let media_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    Ok(verdict(parts.status, media_type.unwrap_or_default(), &body.to_bytes()))
}

fn verdict(status: StatusCode, media_type: &str, body: &[u8]) -> Verdict {
    if !status.is_success() {
        return Verdict::Failed(Failure::Status(status));
    }
    let body = body.trim_ascii();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let json = matches!(media_type.as_str(), "application/json" | "text/json");
    if status == StatusCode::NO_CONTENT || body.is_empty() || (json && body == b"null") {
        return Verdict::Hangs;
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(answer)) if json => {
            let logs = answer.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("logs"));
            let lines = logs.and_then(|(_, lines)| serde_json::from_value(lines).ok());
            Verdict::Success(lines.unwrap_or_default())
        }
        Ok(_) | Err(_) => Verdict::Failed(Failure::NotJson),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: StatusCode = StatusCode::OK;

    #[test]
    fn a_json_object_with_a_success_status_completes_the_invocation() {
        for (media_type, body) in [
            ("application/json", "{}"),
            ("text/json; charset=utf-8", r#"{"Outputs":{},"Logs":null,"ReturnValue":null}"#),
            ("Application/JSON", " {\"x\":1} "),
        ] {
            assert_eq!(verdict(OK, media_type, body.as_bytes()), Verdict::Success(vec![]), "{body}");
        }
        let logs = verdict(StatusCode::CREATED, "application/json", br#"{"logs":["a","b"]}"#);
        assert_eq!(logs, Verdict::Success(vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn an_answer_without_content_hangs() {
        for (status, media_type, body) in [
            (OK, "application/json", ""),
            (OK, "", ""),
            (OK, "application/json", "null"),
            (StatusCode::NO_CONTENT, "", ""),
        ] {
            assert_eq!(verdict(status, media_type, body.as_bytes()), Verdict::Hangs, "{status} {body}");
        }
    }

    #[test]
    fn other_answers_fail_the_invocation() {
        for (media_type, body) in [
            ("text/plain", "{}"),
            ("", "{}"),
            ("application/json", "{"),
            ("application/json", "[]"),
            ("text/plain", "null"),
        ] {
            let expected = Verdict::Failed(Failure::NotJson);
            assert_eq!(verdict(OK, media_type, body.as_bytes()), expected, "{media_type} {body}");
        }
        for status in
            [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::SERVICE_UNAVAILABLE, StatusCode::NOT_FOUND]
        {
            let expected = Verdict::Failed(Failure::Status(status));
            assert_eq!(verdict(status, "application/json", b"{}"), expected, "{status}");
        }
    }
}
