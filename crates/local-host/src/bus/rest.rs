//! The REST surface of Service Bus, as far as sending goes.
//!
//! Sources: Microsoft Learn, "Send Message" (address, headers, codes) and "Message headers and properties" (what is in
//! `BrokerProperties`, application properties as headers of their own).

mod headers;

use super::broker::{Broker, SendError};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use headers::BadHeader;
use std::sync::Arc;

pub use headers::is_standard;

/// Seconds after which a sender may try again on a bus that is full.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("1");

struct Rest {
    broker: Arc<Broker>,
    token: String,
}

/// `POST /{entity}/messages` for callers with `Authorization: Bearer {token}`. 201 means that the message is on disk.
pub fn router(broker: Arc<Broker>, token: impl Into<String>) -> Router {
    Router::new()
        .route("/{entity}/messages", post(send).fallback(no_such_method))
        .fallback(no_such_path)
        .with_state(Arc::new(Rest { broker, token: token.into() }))
}

async fn send(
    State(rest): State<Arc<Rest>>,
    Path(entity): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    if !presents(&parts.headers, &rest.token) {
        return Err(Refusal::Unauthorized);
    }
    if !rest.broker.has_entity(&entity) {
        return Err(SendError::UnknownEntity(entity).into());
    }
    let mut message = headers::message(&parts.headers)?;
    message.body = read(&parts.headers, body, rest.broker.message_bytes_max()).await?;
    rest.broker.send(&entity, message).await?;
    let mut response = StatusCode::CREATED.into_response();
    if let Some(content_type) = parts.headers.get(CONTENT_TYPE) {
        response.headers_mut().insert(CONTENT_TYPE, content_type.clone());
    }
    Ok(response)
}

async fn no_such_method() -> Refusal {
    Refusal::Method
}

async fn no_such_path() -> Refusal {
    Refusal::Path
}

/// Tells whether a caller presents `token` as its bearer token.
pub(super) fn presents(headers: &HeaderMap, token: &str) -> bool {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let presented = value.and_then(|value| value.split_once(' '));
    presented
        .is_some_and(|(scheme, presented)| scheme.eq_ignore_ascii_case("bearer") && presented.trim() == token)
}

/// Reads no more than the bus would take.
async fn read(headers: &HeaderMap, body: Body, max: usize) -> Result<bytes::Bytes, Refusal> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if let Some(size) = announced.filter(|size| *size > max) {
        return Err(SendError::TooLarge { size, max }.into());
    }
    to_bytes(body, max).await.map_err(|error| Refusal::Body(max, error))
}

/// Why a request is not answered with 201.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the request needs the bearer token of this bus")]
    Unauthorized,
    #[error("only POST is supported here")]
    Method,
    #[error("messages are sent to /{{entity}}/messages")]
    Path,
    #[error(transparent)]
    Header(#[from] BadHeader),
    #[error("the body has more than {0} bytes, or broke off")]
    Body(usize, #[source] axum::Error),
    #[error(transparent)]
    Send(#[from] SendError),
}

impl Refusal {
    /// The codes of "Send Message": 403 stands for a message that is too large, 410 for an unknown entity. A stand-in
    /// that is full behaves as the service does when it is busy.
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Path => StatusCode::NOT_FOUND,
            Self::Header(_) | Self::Send(SendError::Invalid(_)) => StatusCode::BAD_REQUEST,
            Self::Body(..) | Self::Send(SendError::TooLarge { .. }) => StatusCode::FORBIDDEN,
            Self::Send(SendError::UnknownEntity(_)) => StatusCode::GONE,
            Self::Send(SendError::Full | SendError::Closed) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Send(SendError::Store(_)) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Refusal {
    /// Service Bus answers in XML.
    fn into_response(self) -> Response {
        let status = self.status();
        let detail = self.to_string().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let xml = format!("<Error><Code>{}</Code><Detail>{detail}</Detail></Error>", status.as_u16());
        let content_type = [(CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=utf-8"))];
        let mut response = (status, content_type, xml).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
        }
        response
    }
}
