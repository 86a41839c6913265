use super::*;
use crate::bus::rest;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use tower::ServiceExt as _;

const TOKEN: &str = "the-token";

fn request(path: &str) -> axum::http::request::Builder {
    Request::post(path).header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
}

async fn answer(bench: &Bench, request: Request<Body>) -> Response {
    rest::router(bench.broker.clone(), TOKEN).oneshot(request).await.unwrap()
}

/// Nothing is accepted, and the answer is the XML of Service Bus.
async fn check_refused(bench: &Bench, request: Request<Body>, status: StatusCode) {
    let what = format!("{} {:?}", request.uri(), request.headers());
    let answer = answer(bench, request).await;
    assert_eq!(answer.status(), status, "{what}");
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/xml; charset=utf-8");
    let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
    let start = format!("<Error><Code>{}</Code><Detail>", status.as_u16());
    assert!(String::from_utf8(body.to_vec()).unwrap().starts_with(&start), "{body:?}");
    assert!(bench.broker.is_idle(), "{what}");
}

#[tokio::test]
async fn a_message_that_is_sent_as_documented_is_delivered() {
    let bench = Bench::new();
    let sent = request("/events/messages?timeout=60&api-version=2015-01")
        .header("BrokerProperties", r#"{"MessageId":"m","Label":"c","CorrelationId":"saga"}"#)
        .header("Content-Type", "application/json")
        .header("Priority", "\"High\"")
        .header("User-Agent", "test")
        .body(Body::from(r#"{"n":1}"#))
        .unwrap();
    let answer = answer(&bench, sent).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
    let message = bench.receive("events/subscriptions/third").await.message;
    assert_eq!((message.message_id.as_str(), message.subject.as_deref()), ("m", Some("c")));
    assert_eq!(message.correlation_id.as_deref(), Some("saga"));
    assert_eq!(message.content_type.as_deref(), Some("application/json"));
    assert_eq!(serde_json::Value::from(message.properties.clone()), serde_json::json!({"priority": "High"}));
    assert_eq!(&message.body[..], br#"{"n":1}"#);
}

#[tokio::test]
async fn a_message_needs_no_headers_but_the_token() {
    let bench = Bench::new();
    let answer = answer(&bench, request("/billing/messages").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert!(bench.receive("billing").await.message.properties.is_empty());
}

#[tokio::test]
async fn a_message_can_be_scheduled() {
    let bench = Bench::new();
    let at = bench.now() + minutes(90);
    let broker = format!(r#"{{"ScheduledEnqueueTimeUtc":"{}"}}"#, at.strftime("%a, %d %b %Y %H:%M:%S GMT"));
    let sent = request("/billing/messages").header("BrokerProperties", broker).body(Body::empty()).unwrap();
    assert_eq!(answer(&bench, sent).await.status(), StatusCode::CREATED);
    bench.check_nothing("billing");
    bench.advance(minutes(90)).await;
    assert_eq!(bench.receive("billing").await.enqueued_at, at);
}

#[tokio::test]
async fn nobody_sends_without_the_token() {
    let bench = Bench::new();
    let tokens =
        ["", "Bearer", "Bearer ", "Bearer wrong", "Bearer the-token-2", "Basic the-token", "the-token"];
    for token in tokens {
        let sent = Request::post("/billing/messages").header(header::AUTHORIZATION, token);
        check_refused(&bench, sent.body(Body::empty()).unwrap(), StatusCode::UNAUTHORIZED).await;
    }
    let sent = Request::post("/billing/messages").body(Body::empty()).unwrap();
    check_refused(&bench, sent, StatusCode::UNAUTHORIZED).await;
    let unknown = Request::post("/nothing/messages").body(Body::empty()).unwrap();
    check_refused(&bench, unknown, StatusCode::UNAUTHORIZED).await;
}

#[tokio::test]
async fn an_unknown_entity_is_gone_and_an_unknown_path_is_not_found() {
    let bench = Bench::new();
    let sent = |path: &str| request(path).body(Body::empty()).unwrap();
    check_refused(&bench, sent("/no%3Cthing/messages"), StatusCode::GONE).await;
    for path in ["/", "/billing", "/billing/messages/head", "/events/subscriptions/first/messages"] {
        check_refused(&bench, sent(path), StatusCode::NOT_FOUND).await;
    }
    let read = Request::get("/billing/messages").body(Body::empty()).unwrap();
    check_refused(&bench, read, StatusCode::METHOD_NOT_ALLOWED).await;
}

#[tokio::test]
async fn headers_that_cannot_be_read_are_a_bad_request() {
    let bench = Bench::new();
    let long = format!(r#"{{"MessageId":"{}"}}"#, "x".repeat(129));
    let bad = ["nonsense", "[]", r#"{"MessageId":7}"#, r#"{"TimeToLive":0}"#, r#"{"TimeToLive":-1}"#, &long];
    for broker in bad.into_iter().chain([r#"{"ScheduledEnqueueTimeUtc":"tomorrow"}"#]) {
        let sent = request("/billing/messages").header("BrokerProperties", broker);
        check_refused(&bench, sent.body(Body::empty()).unwrap(), StatusCode::BAD_REQUEST).await;
    }
    let sent = request("/billing/messages").header("Priority", &b"\xff"[..]).body(Body::empty()).unwrap();
    check_refused(&bench, sent, StatusCode::BAD_REQUEST).await;
}

#[tokio::test]
async fn a_message_that_is_too_large_is_forbidden_and_not_read_to_its_end() {
    let bench = Bench::new();
    let sent = |body: Body| request("/billing/messages").body(body).unwrap();
    check_refused(&bench, sent(Body::from(vec![b'x'; 1001])), StatusCode::FORBIDDEN).await;
    check_refused(&bench, sent(endless()), StatusCode::FORBIDDEN).await;
    let announced =
        request("/billing/messages").header(header::CONTENT_LENGTH, "1001").body(endless()).unwrap();
    check_refused(&bench, announced, StatusCode::FORBIDDEN).await;
    let with_properties = request("/billing/messages").header("Priority", "\"High\"");
    let body = Body::from(vec![b'x'; 990]);
    check_refused(&bench, with_properties.body(body).unwrap(), StatusCode::FORBIDDEN).await;
}

#[tokio::test]
async fn a_bus_that_is_full_or_closed_asks_to_come_back() {
    let bench = Bench::with(TOPOLOGY, Limits { messages: 0, ..Limits::default() });
    for _ in 0..2 {
        let answer = answer(&bench, request("/billing/messages").body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[header::RETRY_AFTER], "1");
        bench.broker.close();
    }
}

/// A body without an end.
fn endless() -> Body {
    let chunk = || Ok::<_, std::convert::Infallible>(vec![b'x'; 100]);
    Body::from_stream(futures::stream::repeat_with(chunk))
}
