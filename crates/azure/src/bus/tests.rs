use super::*;
use crate::notes::Notes;
use azure_core::http::{FixedRetryOptions, Transport};
use scripted_http::{Server, Step};
use std::time::Instant;

pub(super) fn message() -> Message {
    Message {
        entity: "events",
        message_id: "0192f0c1a2b37c4d8e9f0123456789ab".to_owned(),
        subject: "pay.captured".to_owned(),
        correlation_id: Some("pay-202610-x-p1".to_owned()),
        properties: vec![("traceparent", "00-4bf9-00f0-01".to_owned())],
        scheduled_at: Some("2026-11-01T00:00:00.5Z".parse().unwrap()),
        body: r#"{"amount":12340}"#.to_owned(),
    }
}

/// Retries at once, so that a test does not wait.
fn options() -> ServiceBusClientOptions {
    let mut options = ServiceBusClientOptions::default();
    options.client_options.retry = RetryOptions::fixed(FixedRetryOptions {
        delay: azure_core::time::Duration::ZERO,
        max_retries: RETRIES_MAX,
        ..FixedRetryOptions::default()
    });
    options
}

async fn played(script: impl IntoIterator<Item = Step>) -> (Server, ServiceBusClient) {
    let server = Server::play(script).await.unwrap();
    let endpoint = format!("{}/servicebus", server.url());
    let client =
        ServiceBusClient::new(&endpoint, Arc::new(StaticToken::new("local")), Some(options())).unwrap();
    (server, client)
}

/// Plays the script, sends once, and gives the outcome and the number of tries.
async fn outcome(script: impl IntoIterator<Item = Step>) -> (Result<(), BusError>, usize) {
    let (server, client) = played(script).await;
    let outcome = client.send(&message()).await;
    (outcome, server.seen().len())
}

#[tokio::test]
async fn a_message_is_sent_as_the_rest_api_documents_it() {
    let (server, client) = played([Step::status(201)]).await;
    client.send(&message()).await.unwrap();
    let seen = server.seen().remove(0);
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/servicebus/events/messages"));
    assert_eq!(seen.header("Content-Type"), Some("application/json"));
    assert_eq!(seen.header("Authorization"), Some("Bearer local"));
    assert_eq!(
        seen.header("BrokerProperties"),
        Some(concat!(
            r#"{"MessageId":"0192f0c1a2b37c4d8e9f0123456789ab","Label":"pay.captured","#,
            r#""CorrelationId":"pay-202610-x-p1","#,
            r#""ScheduledEnqueueTimeUtc":"Sun, 01 Nov 2026 00:00:01 GMT"}"#
        ))
    );
    assert_eq!(seen.header("traceparent"), Some(r#""00-4bf9-00f0-01""#));
    assert_eq!(seen.body, r#"{"amount":12340}"#);
}

#[tokio::test]
async fn a_message_for_now_says_nothing_of_a_time_or_a_saga() {
    let (server, client) = played([Step::status(201)]).await;
    let plain = Message { correlation_id: None, scheduled_at: None, properties: Vec::new(), ..message() };
    client.send(&plain).await.unwrap();
    let seen = server.seen().remove(0);
    let broker = r#"{"MessageId":"0192f0c1a2b37c4d8e9f0123456789ab","Label":"pay.captured"}"#;
    assert_eq!(seen.header("BrokerProperties"), Some(broker));
    let mut names: Vec<_> = seen.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
    names.sort();
    // What the client adds besides becomes an application property of the message, so it is held here.
    let expected = [
        "accept",
        "authorization",
        "brokerproperties",
        "content-length",
        "content-type",
        "host",
        "user-agent",
        "x-ms-client-request-id",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn one_connection_serves_many_sends() {
    let (server, client) = played(vec![Step::status(201); 20]).await;
    for _ in 0..20 {
        client.send(&message()).await.unwrap();
    }
    assert!(server.seen().iter().all(|seen| seen.connection == 0));
}

#[tokio::test]
async fn a_passing_trouble_is_tried_again_with_the_same_id() {
    let throttled = Step::status(429).with_header("Retry-After", "0");
    let script = [throttled, Step::status(503), Step::status(500), Step::status(201)];
    let (server, client) = played(script).await;
    client.send(&message()).await.unwrap();
    let ids: Vec<_> =
        server.seen().iter().map(|seen| seen.header("BrokerProperties").map(str::to_owned)).collect();
    assert_eq!(ids.len(), 4);
    assert!(ids.iter().all(|id| *id == ids[0]));
}

#[tokio::test]
async fn a_dropped_connection_is_opened_again() {
    let (sent, tries) = outcome([Step::HangUp, Step::Cut(String::new()), Step::status(201)]).await;
    sent.unwrap();
    assert_eq!(tries, 3);
}

#[tokio::test]
async fn lasting_trouble_is_given_up_after_the_last_retry() {
    let (sent, tries) = outcome(vec![Step::status(503); 9]).await;
    assert!(matches!(sent, Err(BusError::Unreachable(_))));
    assert_eq!(tries, 1 + RETRIES_MAX as usize);
}

#[tokio::test]
async fn what_the_bus_will_never_take_is_refused_at_once() {
    for status in [400, 404, 410, 413] {
        let (sent, tries) = outcome([Step::json(status, "<Detail>no\nsuch entity</Detail>")]).await;
        let Err(BusError::Refused(why)) = sent else { panic!("{status} gave {sent:?}") };
        assert_eq!(why, format!("{status} <Detail>nosuch entity</Detail>"));
        assert_eq!(tries, 1);
    }
}

#[tokio::test]
async fn a_missing_right_or_a_strange_answer_may_pass() {
    for status in [200, 302, 401, 403, 409, 418, 501] {
        let (sent, tries) = outcome([Step::status(status)]).await;
        assert!(matches!(sent, Err(BusError::Unreachable(_))), "{status} gave {sent:?}");
        assert_eq!(tries, 1);
    }
}

#[tokio::test]
async fn a_send_ends_at_its_deadline_whatever_the_bus_does() {
    let server = Server::play([Step::status(503).with_header("Retry-After", "3600")]).await.unwrap();
    let silent = Server::play([Step::Silence]).await.unwrap();
    for url in [server.url(), silent.url()] {
        let options = ServiceBusClientOptions { send_deadline: Duration::from_millis(100), ..options() };
        let client = ServiceBusClient::new(&url, Arc::new(StaticToken::new("t")), Some(options)).unwrap();
        let start = Instant::now();
        let Err(BusError::Unreachable(why)) = client.send(&message()).await else { panic!("it was sent") };
        assert_eq!(why.to_string(), "no answer within 100ms");
        assert!(start.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn a_message_that_is_too_large_or_badly_named_never_leaves() {
    let (server, client) = played([]).await;
    let large = Message { body: "x".repeat(domain::limits::MESSAGE_BYTES_MAX + 1), ..message() };
    let unnamed = Message { message_id: String::new(), ..message() };
    let long = Message { message_id: "x".repeat(129), ..message() };
    let property = Message { properties: vec![("Authorization", "x".to_owned())], ..message() };
    for message in [large, unnamed, long, property] {
        assert!(matches!(client.send(&message).await, Err(BusError::Refused(_))));
    }
    assert_eq!(server.seen(), []);
}

#[tokio::test]
async fn ping_takes_any_answer_but_a_5xx_and_shows_no_token() {
    for (status, up) in [(200, true), (401, true), (404, true), (405, true), (503, false)] {
        let (server, client) = played([Step::status(status)]).await;
        assert_eq!(client.ping().await.is_ok(), up, "{status}");
        let seen = server.seen().remove(0);
        assert_eq!((seen.method.as_str(), seen.target.as_str()), ("HEAD", "/servicebus"));
        assert_eq!(seen.header("Authorization"), None);
    }
    let client = {
        let (_stopped, client) = played([Step::HangUp]).await;
        client
    };
    assert!(matches!(client.ping().await, Err(BusError::Unreachable(_))));
}

#[test]
fn the_settings_choose_the_local_host_or_the_namespace() {
    let from = |settings: &'static [(&str, &str)]| {
        ServiceBusClient::from_settings(move |key| {
            settings.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned())
        })
    };
    let local = from(&[("BUS_ENDPOINT", "http://127.0.0.1:7071/servicebus"), ("BUS_TOKEN", "hush")]).unwrap();
    assert_eq!(local.endpoint.root().as_str(), "http://127.0.0.1:7071/servicebus");
    assert!(!format!("{local:?}").contains("hush"));
    let azure = from(&[("SERVICEBUS__fullyQualifiedNamespace", "n.servicebus.windows.net")]).unwrap();
    assert_eq!(azure.endpoint.root().as_str(), "https://n.servicebus.windows.net/");
    assert!(matches!(from(&[]), Err(ClientError::NoEndpoint)));
    assert!(matches!(
        from(&[("BUS_ENDPOINT", "http://example.com"), ("BUS_TOKEN", "t")]),
        Err(ClientError::Insecure)
    ));
}

#[tokio::test]
async fn azure_gets_a_token_for_service_bus_that_is_fetched_once() {
    let notes = Arc::new(Notes::default());
    let mut options = options();
    options.client_options.transport = Some(Transport::new(notes.clone()));
    let endpoint = "https://n.servicebus.windows.net";
    let client = ServiceBusClient::new(endpoint, notes.clone(), Some(options)).unwrap();
    client.send(&message()).await.unwrap();
    client.send(&message()).await.unwrap();
    let sent = "https://n.servicebus.windows.net/events/messages Bearer entra";
    let expected = [r#"token for ["https://servicebus.azure.net/.default"]"#, sent, sent];
    assert_eq!(notes.all(), expected);
}
