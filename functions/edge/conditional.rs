//! Conditional requests: an answer of JSON has an `ETag`, and who holds that version is told so with 304 and no body.
//!
//! Pages that watch something ask again and again; most answers are the one that they have.

use crate::edge::site::has;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};

/// Bytes of an answer that is held to make its tag; larger ones go out without one.
const BODY_BYTES_MAX: u64 = 1 << 20;

/// Tags the answers to GET and HEAD requests. Those to HEAD still have their bodies here: the router, which is further
/// out, takes them off and leaves their lengths.
pub(crate) async fn layer(request: Request, next: Next) -> Response {
    let asked = matches!(*request.method(), Method::GET | Method::HEAD);
    // Nothing else of the request is kept: almost always one value or none.
    let held: Vec<HeaderValue> = request.headers().get_all(IF_NONE_MATCH).iter().cloned().collect();
    let response = next.run(request).await;
    let response = if asked && can_be_tagged(&response) { tagged(&held, response).await } else { response };
    let unchanged = response.status() == StatusCode::NOT_MODIFIED;
    if unchanged { response.map(|_| no_body()) } else { response }
}

fn can_be_tagged(response: &Response) -> bool {
    let json = response.headers().get(CONTENT_TYPE).is_some_and(|value| value == "application/json");
    let size = response.body().size_hint().exact();
    let small = size.is_some_and(|bytes| bytes <= BODY_BYTES_MAX);
    response.status() == StatusCode::OK && json && small && !response.headers().contains_key(ETAG)
}

async fn tagged(held: &[HeaderValue], response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let limit = usize::try_from(BODY_BYTES_MAX).unwrap_or(usize::MAX);
    let Ok(bytes) = axum::body::to_bytes(body, limit).await else {
        return crate::edge::failure::internal();
    };
    let tag = format!("\"{}\"", app::keys::digest(&[&bytes]));
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(ETAG, value);
    }
    if !has(held, &tag) {
        return Response::from_parts(parts, Body::from(bytes));
    }
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(CONTENT_TYPE);
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::empty())
}

/// The body of 304: nothing, of a length that is not known. One that is sent would be taken for that of the whole answer
/// (RFC 9110, 8.6), and the router sends every one that it knows.
fn no_body() -> Body {
    Body::new(Empty::<Bytes>::new().map_frame(|frame| frame))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use axum::{Json, Router};
    use tower::ServiceExt;

    async fn ask(method: Method, path: &str, held: &[&str]) -> (u16, Option<String>, usize) {
        let router = Router::new()
            .route("/json", get(async || Json([1, 2])).post(async || Json([1, 2])))
            .route("/text", get(async || "text"))
            .route("/refused", get(async || (StatusCode::NOT_FOUND, Json([1]))))
            .layer(axum::middleware::from_fn(layer));
        let mut request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        for held in held {
            request.headers_mut().append(IF_NONE_MATCH, held.parse().unwrap());
        }
        let response = router.oneshot(request).await.unwrap();
        let tag = response.headers().get(ETAG).map(|tag| tag.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        (status, tag, axum::body::to_bytes(response.into_body(), 1024).await.unwrap().len())
    }

    #[tokio::test]
    async fn who_has_the_version_gets_no_body() {
        let (status, tag, bytes) = ask(Method::GET, "/json", &[]).await;
        let tag = tag.unwrap();
        assert_eq!((status, bytes), (200, 5));
        for held in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            assert_eq!(ask(Method::GET, "/json", &[&held]).await, (304, Some(tag.clone()), 0), "{held}");
        }
        assert_eq!(ask(Method::GET, "/json", &["\"other\""]).await, (200, Some(tag), 5));
    }

    #[tokio::test]
    async fn a_version_is_looked_for_in_every_line_of_the_header() {
        let tag = ask(Method::GET, "/json", &[]).await.1.unwrap();
        let held = ["\"one\"", "\"two\"", &tag];
        assert_eq!(ask(Method::GET, "/json", &held).await, (304, Some(tag.clone()), 0));
        assert_eq!(ask(Method::GET, "/json", &held[..2]).await, (200, Some(tag), 5));
    }

    #[tokio::test]
    async fn only_good_answers_of_json_to_get_have_a_tag() {
        for (method, path) in [(Method::POST, "/json"), (Method::GET, "/text"), (Method::GET, "/refused")] {
            let (_, tag, bytes) = ask(method, path, &["*"]).await;
            assert_eq!(tag, None, "{path}");
            assert!(bytes > 0, "{path}");
        }
    }
}
