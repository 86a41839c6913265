use super::*;
use crate::bus::management::{NAMESPACE, router};
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;

const TOKEN: &str = "the-token";
const VERSION: &str = "?api-version=2024-01-01";

async fn answer(bench: &Bench, request: Request<Body>) -> (StatusCode, Value) {
    let routes = router(bench.broker.clone(), Topology::parse(TOPOLOGY).unwrap(), TOKEN);
    let answer = routes.oneshot(request).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 100_000).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn request(target: &str) -> Request<Body> {
    let request = Request::get(target).header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    request.body(Body::empty()).unwrap()
}

/// The items of a list: name, active, scheduled and dead-lettered.
async fn list(bench: &Bench, path: &str) -> Vec<(String, [u64; 3])> {
    let (status, body) = answer(bench, request(&format!("{NAMESPACE}/{path}{VERSION}"))).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let counted = |item: &Value| {
        let counts = &item["properties"]["countDetails"];
        let count = |name: &str| counts[name].as_u64().unwrap();
        let counts = ["activeMessageCount", "scheduledMessageCount", "deadLetterMessageCount"].map(count);
        (item["name"].as_str().unwrap().to_owned(), counts)
    };
    body["value"].as_array().unwrap().iter().map(counted).collect()
}

/// What the queues hold: `billing`, `other` and the dead letters.
async fn queues(bench: &Bench) -> [[u64; 3]; 3] {
    let list = list(bench, "queues").await;
    let names: Vec<_> = list.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["billing", "other", "dead-letters"], "in the order of the topology");
    [list[0].1, list[1].1, list[2].1]
}

const NONE: [u64; 3] = [0, 0, 0];

#[tokio::test]
async fn a_message_counts_where_it_waits_until_it_is_done_with() {
    let bench = Bench::new();
    assert_eq!(queues(&bench).await, [NONE, NONE, NONE]);
    bench.send("billing", with_id("1")).await;
    bench.send("billing", with_id("2")).await;
    assert_eq!(queues(&bench).await, [[2, 0, 0], NONE, NONE]);
    let delivery = bench.receive("billing").await;
    assert_eq!(queues(&bench).await, [[2, 0, 0], NONE, NONE], "one of them is with its receiver");
    bench.broker.complete(&delivery.lock).unwrap();
    assert_eq!(queues(&bench).await, [[1, 0, 0], NONE, NONE]);
}

#[tokio::test]
async fn a_message_is_scheduled_until_its_time_comes() {
    let bench = Bench::new();
    let later = IncomingMessage { scheduled_at: Some(bench.now() + minutes(5)), ..with_id("1") };
    bench.send("other", later).await;
    assert_eq!(queues(&bench).await, [NONE, [0, 1, 0], NONE]);
    bench.advance(minutes(5)).await;
    assert_eq!(queues(&bench).await, [NONE, [1, 0, 0], NONE]);
}

#[tokio::test]
async fn dead_letters_wait_on_their_queue_and_are_dead_when_that_gives_up_too() {
    let bench = Bench::new();
    bench.send("billing", with_id("1")).await;
    bench.exhaust("billing", 3).await;
    bench.sync().await;
    assert_eq!(queues(&bench).await, [NONE, NONE, [1, 0, 0]]);
    bench.exhaust("dead-letters", 5).await;
    bench.sync().await;
    assert_eq!(queues(&bench).await, [NONE, NONE, [0, 0, 1]]);
}

#[tokio::test]
async fn every_subscription_counts_its_own_copy() {
    let bench = Bench::new();
    bench.send("events", labelled("a")).await;
    bench.send("events", labelled("b")).await;
    let expected = [("first", [1, 0, 0]), ("second", [2, 0, 0]), ("third", NONE)];
    let expected = expected.map(|(name, counts)| (name.to_owned(), counts));
    assert_eq!(list(&bench, "topics/events/subscriptions").await, expected);
    assert_eq!(list(&bench, "topics").await, [("events".to_owned(), NONE)]);
    let delivery = bench.receive("events/subscriptions/first").await;
    bench.broker.complete(&delivery.lock).unwrap();
    assert_eq!(list(&bench, "topics/EVENTS/subscriptions").await[0].1, NONE);
}

#[tokio::test]
async fn an_item_says_what_it_is_as_the_resource_manager_does() {
    let bench = Bench::new();
    for (path, id, kind) in [
        ("queues", "queues/billing", "queues"),
        ("topics", "topics/events", "topics"),
        ("topics/events/subscriptions", "topics/events/subscriptions/first", "topics/subscriptions"),
    ] {
        let (_, body) = answer(&bench, request(&format!("{NAMESPACE}/{path}{VERSION}"))).await;
        let first = &body["value"][0];
        assert_eq!(first["id"], format!("{NAMESPACE}/{id}"));
        assert_eq!(first["type"], format!("Microsoft.ServiceBus/namespaces/{kind}"));
    }
}

#[tokio::test]
async fn nobody_counts_without_the_token() {
    let bench = Bench::new();
    let targets =
        [format!("{NAMESPACE}/queues{VERSION}"), format!("{NAMESPACE}/queues"), "/nothing".to_owned()];
    for target in targets {
        for token in ["", "Bearer", "Bearer wrong", "Basic the-token", "the-token"] {
            let asked = Request::get(&target).header(header::AUTHORIZATION, token);
            let (status, body) = answer(&bench, asked.body(Body::empty()).unwrap()).await;
            let code = &body["error"]["code"];
            assert_eq!((status, code), (StatusCode::UNAUTHORIZED, &json!("AuthenticationFailed")), "{token}");
        }
    }
}

#[tokio::test]
async fn a_request_names_the_version_and_a_list_that_is_there() {
    let bench = Bench::new();
    let elsewhere = NAMESPACE.replace("namespaces/local", "namespaces/other");
    for (target, status, code) in [
        (format!("{NAMESPACE}/queues"), 400, "MissingApiVersionParameter"),
        (format!("{NAMESPACE}/queues?api-version=2021-11-01"), 400, "InvalidApiVersionParameter"),
        (format!("{NAMESPACE}{VERSION}"), 404, "ResourceNotFound"),
        (format!("{NAMESPACE}/topics/nothing/subscriptions{VERSION}"), 404, "ResourceNotFound"),
        (format!("{NAMESPACE}/queues/billing{VERSION}"), 404, "ResourceNotFound"),
        (format!("{elsewhere}/queues{VERSION}"), 404, "ResourceNotFound"),
        (format!("/{VERSION}"), 404, "ResourceNotFound"),
    ] {
        let (answered, body) = answer(&bench, request(&target)).await;
        assert_eq!((answered.as_u16(), &body["error"]["code"]), (status, &json!(code)), "{target}");
    }
}

#[tokio::test]
async fn nothing_can_be_changed_here() {
    let bench = Bench::new();
    for method in ["PUT", "POST", "PATCH", "DELETE"] {
        let asked = Request::builder().method(method).uri(format!("{NAMESPACE}/queues{VERSION}"));
        let asked = asked.header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
        let (status, _) = answer(&bench, asked.body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
}
