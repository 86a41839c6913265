//! Forwarding of HTTP functions, as `enableProxyingHttpRequest` does it: the request as it came, streamed both ways.

use super::Host;
use super::invoke::{HOST_VERSION, HOST_VERSION_HEADER, INVOCATION_ID_HEADER};
use super::worker::Lease;
use crate::chance;
use crate::problem::{Problem, is_length_limit};
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{StatusCode, Version};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Frame, Incoming, SizeHint};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

/// Bytes of a request body (`ScriptConstants`: 100 MiB).
const BODY_BYTES_MAX: usize = 100 * 1024 * 1024;
/// Workers that are tried before a request is given up.
const WORKERS_TRIED_MAX: usize = 4;
/// The host's own correlation header.
const CORRELATION_HEADER: HeaderName = HeaderName::from_static("x-ms-invocation-id");

/// Headers that are about one connection, not about the request.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    header::EXPECT,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Forwards a request to the handler, if it belongs to a function.
pub(crate) async fn forward(State(host): State<Arc<Host>>, request: Request) -> Response {
    if host.is_stopping() {
        return Problem::unavailable("the host is stopping").into_response();
    }
    let routed = host.routes.find(request.method(), request.uri().path());
    if let Err(unrouted) = routed {
        return unrouted.into_response(request.method(), request.uri().path());
    }
    let (parts, body) = request.into_parts();
    if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
        return Problem::too_large(BODY_BYTES_MAX).into_response();
    }
    let outgoing = Outgoing::new(parts, body);
    match host.function_timeout {
        None => send(&host, &outgoing).await,
        Some(timeout) => match tokio::time::timeout(timeout, send(&host, &outgoing)).await {
            Ok(response) => response,
            Err(_) => timed_out(&outgoing),
        },
    }
}

/// As in the real host, the process that takes too long is killed with everything else it is doing.
fn timed_out(outgoing: &Outgoing) -> Response {
    if let Some(worker) = &*outgoing.worker() {
        worker.condemn();
    }
    let detail = "the function took longer than functionTimeout";
    Problem::new(StatusCode::GATEWAY_TIMEOUT, "function_timeout", detail).into_response()
}

async fn send(host: &Host, outgoing: &Outgoing) -> Response {
    let Ok(mut lease) = host.pool.lease().await else { return no_worker() };
    for _ in 0..WORKERS_TRIED_MAX {
        *outgoing.worker() = Some(lease.shared());
        let error = match lease.send(outgoing.request(&lease)).await {
            Ok(response) => return respond(response, lease),
            Err(error) => error,
        };
        if is_length_limit(&error) {
            return Problem::too_large(BODY_BYTES_MAX).into_response();
        }
        if !error.is_connect() || outgoing.body.touched() {
            tracing::warn!(error = &error as &dyn std::error::Error, "the handler did not answer");
            return broken();
        }
        // Nobody took the connection, so nothing was sent.
        let Ok(another) = host.pool.lease_another(&lease.id).await else { return broken() };
        lease = another;
    }
    broken()
}

fn no_worker() -> Response {
    Problem::unavailable("no handler is ready").into_response()
}

fn broken() -> Response {
    let detail = "the handler broke the connection; it may have done what was asked";
    Problem::new(StatusCode::BAD_GATEWAY, "bad_gateway", detail).into_response()
}

/// The worker is busy with the request until the last byte of its answer.
fn respond(response: Response<Incoming>, lease: Lease) -> Response {
    let (mut parts, body) = response.into_parts();
    remove_hop_by_hop(&mut parts.headers);
    let body = body.map_frame(move |frame| {
        let _until_the_end = &lease;
        frame
    });
    Response::from_parts(parts, Body::new(body))
}

/// A request that can be sent again as long as nobody has read its body.
struct Outgoing {
    parts: Parts,
    path_and_query: PathAndQuery,
    body: SharedBody,
    worker: Mutex<Option<Arc<super::worker::Worker>>>,
}

impl Outgoing {
    fn new(mut parts: Parts, body: Body) -> Self {
        remove_hop_by_hop(&mut parts.headers);
        mark(&mut parts.headers);
        let path_and_query = parts.uri.path_and_query().cloned();
        Self {
            parts,
            path_and_query: path_and_query.unwrap_or(PathAndQuery::from_static("/")),
            body: SharedBody::new(body),
            worker: Mutex::new(None),
        }
    }

    fn request(&self, lease: &Lease) -> Request {
        let mut request = Request::new(self.body.lend());
        *request.method_mut() = self.parts.method.clone();
        *request.uri_mut() = lease.uri(self.path_and_query.clone());
        *request.version_mut() = Version::HTTP_11;
        *request.headers_mut() = self.parts.headers.clone();
        request
    }

    /// Who was asked last.
    fn worker(&self) -> MutexGuard<'_, Option<Arc<super::worker::Worker>>> {
        self.worker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The host's headers override the client's; `Host` stays the client's, as the real proxy leaves it.
fn mark(headers: &mut HeaderMap) {
    let id = chance::uuid().to_string();
    headers.insert(HOST_VERSION_HEADER, HeaderValue::from_static(HOST_VERSION));
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(INVOCATION_ID_HEADER, id.clone());
        headers.insert(CORRELATION_HEADER, id);
    }
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// A body that is lent to one attempt after another, until one of them reads it.
struct SharedBody {
    body: Arc<Mutex<Body>>,
    touched: Arc<AtomicBool>,
}

struct LentBody {
    body: Arc<Mutex<Body>>,
    touched: Arc<AtomicBool>,
}

impl SharedBody {
    fn new(body: Body) -> Self {
        let body = Body::new(Limited::new(body, BODY_BYTES_MAX));
        Self { body: Arc::new(Mutex::new(body)), touched: Arc::default() }
    }

    fn lend(&self) -> Body {
        if lock(&self.body).is_end_stream() {
            return Body::empty();
        }
        Body::new(LentBody { body: Arc::clone(&self.body), touched: Arc::clone(&self.touched) })
    }

    fn touched(&self) -> bool {
        self.touched.load(Ordering::Acquire)
    }
}

fn lock(body: &Mutex<Body>) -> MutexGuard<'_, Body> {
    body.lock().unwrap_or_else(PoisonError::into_inner)
}

impl HttpBody for LentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.touched.store(true, Ordering::Release);
        Pin::new(&mut *lock(&self.body)).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.body).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        lock(&self.body).size_hint()
    }
}
