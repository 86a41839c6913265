use super::*;
use crate::bus::{ServiceBusClient, ServiceBusClientOptions};
use crate::credential::StaticToken;
use crate::notes::Notes;
use app::ports::Bus;
use azure_core::http::{FixedRetryOptions, RetryOptions, Transport};
use scripted_http::{Server, Step};
use serde_json::{Value, json};
use std::error::Error;
use std::time::Instant;

const NAMESPACE: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/n";

/// A client of the server, which tries again at once, so that a test does not wait.
fn client(server: &Server, deadline: Duration) -> DepthsClient {
    let mut options = DepthsOptions::new(format!("{}{NAMESPACE}", server.url()));
    options.client_options.retry = RetryOptions::fixed(FixedRetryOptions {
        delay: azure_core::time::Duration::ZERO,
        max_retries: RETRIES_MAX,
        ..FixedRetryOptions::default()
    });
    DepthsClient::new(DepthsOptions { deadline, ..options }, Arc::new(StaticToken::new("local"))).unwrap()
}

/// Plays the script, asks once, and gives the outcome and what was requested.
async fn asked(script: impl IntoIterator<Item = Step>) -> (Result<Vec<Depth>, BusError>, Vec<String>) {
    let server = Server::play(script).await.unwrap();
    let depths = client(&server, Duration::from_secs(20)).depths().await;
    let seen = server.seen();
    assert!(seen.iter().all(|seen| seen.header("Authorization") == Some("Bearer local")));
    let target = |target: &str| target.strip_prefix(NAMESPACE).unwrap_or(target).to_owned();
    (depths, seen.iter().map(|seen| format!("{} {}", seen.method, target(&seen.target))).collect())
}

/// What went wrong, without the words that are the same for every failure of the bus.
fn why(outcome: Result<Vec<Depth>, BusError>) -> String {
    let Err(BusError::Unreachable(why)) = outcome else { panic!("it gave {outcome:?}") };
    why.to_string()
}

/// One item of a list, as "Queues - List By Namespace" shows it, shortened.
fn item(name: &str, active: i64, scheduled: i64, dead: i64) -> Value {
    json!({
        "id": format!("{NAMESPACE}/queues/{name}"),
        "name": name,
        "type": "Microsoft.ServiceBus/namespaces/queues",
        "properties": {
            "lockDuration": "PT5M", "messageCount": active + scheduled + dead, "status": "Active",
            "countDetails": {
                "activeMessageCount": active, "scheduledMessageCount": scheduled,
                "deadLetterMessageCount": dead,
                "transferMessageCount": 0, "transferDeadLetterMessageCount": 0
            }
        }
    })
}

fn page(items: &[Value]) -> Step {
    Step::json(200, json!({ "value": items }).to_string())
}

fn depth(entity: &str, active: u64, scheduled: u64, dead_lettered: u64) -> Depth {
    Depth { entity: entity.to_owned(), active, scheduled, dead_lettered }
}

#[tokio::test]
async fn every_queue_and_every_topics_subscriptions_are_asked_for_and_counted() {
    let (depths, requests) = asked([
        page(&[item("billing", 12, 0, 0), item("dead-letters", 0, 0, 3)]),
        page(&[item("events", 0, 0, 0), item("news", 0, 0, 0)]),
        page(&[item("mypage-project", 4, 5, 6)]),
        page(&[]),
    ])
    .await;
    let expected =
        [depth("billing", 12, 0, 0), depth("dead-letters", 0, 0, 3), depth("events/mypage-project", 4, 5, 6)];
    assert_eq!(depths.unwrap(), expected);
    let expected = [
        "GET /queues?api-version=2024-01-01",
        "GET /topics?api-version=2024-01-01",
        "GET /topics/events/subscriptions?api-version=2024-01-01",
        "GET /topics/news/subscriptions?api-version=2024-01-01",
    ];
    assert_eq!(requests, expected);
}

#[tokio::test]
async fn dead_letters_that_could_not_be_forwarded_count_and_nothing_is_below_zero() {
    let mut queue = item("billing", -2, 0, 1);
    queue["properties"]["countDetails"]["transferDeadLetterMessageCount"] = json!(2);
    let mut old = item("old", 7, 0, 0);
    old["properties"]["countDetails"].as_object_mut().unwrap().remove("transferDeadLetterMessageCount");
    let (depths, _) = asked([page(&[queue, old]), page(&[])]).await;
    assert_eq!(depths.unwrap(), [depth("billing", 0, 0, 3), depth("old", 7, 0, 0)]);
}

#[tokio::test]
async fn a_list_goes_on_where_the_answer_says_as_long_as_that_is_the_same_place() {
    let notes = Arc::new(Notes::answering(|url| {
        let next = |skip: &str| format!("https://management.azure.com:443{NAMESPACE}/queues?$skip={skip}");
        match (url.path().rsplit('/').next(), url.query()) {
            (Some("topics"), _) => json!({ "value": [], "nextLink": "" }),
            (_, Some("$skip=1")) => json!({ "value": [item("b", 2, 0, 0)], "nextLink": next("2") }),
            (_, Some("$skip=2")) => json!({ "value": [item("c", 3, 0, 0)], "nextLink": null }),
            _ => json!({ "value": [item("a", 1, 0, 0)], "nextLink": next("1") }),
        }
    }));
    let client = noted("https://management.azure.com", &notes);
    let expected = [depth("a", 1, 0, 0), depth("b", 2, 0, 0), depth("c", 3, 0, 0)];
    assert_eq!(client.depths().await.unwrap(), expected);
    let asked = |rest: &str| format!("https://management.azure.com{NAMESPACE}/{rest} Bearer entra");
    let expected = [
        r#"token for ["https://management.azure.com/.default"]"#.to_owned(),
        asked("queues?api-version=2024-01-01"),
        asked("queues?$skip=1"),
        asked("queues?$skip=2"),
        asked("topics?api-version=2024-01-01"),
    ];
    assert_eq!(notes.all(), expected, "one token serves all");
}

/// A client whose credential and connection are the notes.
fn noted(origin: &str, notes: &Arc<Notes>) -> DepthsClient {
    let mut options = DepthsOptions::new(format!("{origin}{NAMESPACE}"));
    options.client_options.transport = Some(Transport::new(notes.clone()));
    DepthsClient::new(options, notes.clone()).unwrap()
}

#[tokio::test]
async fn the_token_is_for_the_resource_manager_of_the_cloud_that_is_asked() {
    let notes = Arc::new(Notes::answering(|_| json!({ "value": [] })));
    noted("https://management.chinacloudapi.cn", &notes).depths().await.unwrap();
    assert_eq!(notes.all()[0], r#"token for ["https://management.chinacloudapi.cn/.default"]"#);
}

#[tokio::test]
async fn a_next_page_elsewhere_never_sees_the_token() {
    for link in [
        "https://management.azure.com.example.org/queues",
        "https://example.org/queues",
        "http://management.azure.com/queues",
        "https://management.azure.com:8443/queues",
        "/queues?$skip=1",
        "?",
    ] {
        let answer = json!({ "value": [], "nextLink": link });
        let notes = Arc::new(Notes::answering(move |_| answer.clone()));
        let depths = noted("https://management.azure.com", &notes).depths().await;
        assert_eq!(why(depths), "the resource manager names a next page elsewhere", "{link}");
        assert_eq!(notes.all().len(), 2, "{link}: a token and one request");
    }
}

#[tokio::test]
async fn a_list_without_an_end_is_not_read_to_it() {
    let again = format!("https://management.azure.com{NAMESPACE}/queues");
    let notes = Arc::new(Notes::answering(move |_| json!({ "value": [], "nextLink": again })));
    let depths = noted("https://management.azure.com", &notes).depths().await;
    assert_eq!(why(depths), "the list has more than 4 pages");
    assert_eq!(notes.all().len(), 1 + PAGES_MAX);
}

#[tokio::test]
async fn a_missing_right_is_told_by_its_code_and_names_nobody() {
    let refused = json!({ "error": {
        "code": "AuthorizationFailed", "message": "The client 'kim@example.com' may not read over scope '/…'"
    }});
    let (depths, requests) = asked([Step::json(403, refused.to_string())]).await;
    assert_eq!(why(depths), "the resource manager answered 403 AuthorizationFailed");
    assert_eq!(requests.len(), 1, "it would be so again");
}

#[tokio::test]
async fn a_busy_resource_manager_is_asked_once_more_and_then_left_alone() {
    let busy = || Step::json(429, r#"{"error":{"code":"TooManyRequests"}}"#).with_header("Retry-After", "0");
    let (depths, requests) = asked([busy(), page(&[]), page(&[])]).await;
    assert_eq!((depths.unwrap(), requests.len()), (Vec::new(), 3));
    let (depths, requests) = asked([busy(), busy(), busy()]).await;
    assert_eq!(why(depths), "the resource manager answered 429 TooManyRequests");
    assert_eq!(requests.len(), 2);
}

#[tokio::test]
async fn an_answer_of_another_kind_is_no_count_of_zero() {
    let mut uncounted = item("billing", 1, 0, 0);
    uncounted["properties"].as_object_mut().unwrap().remove("countDetails");
    let mut unnamed = item("billing", 1, 0, 0);
    unnamed.as_object_mut().unwrap().remove("name");
    let mut worded = item("billing", 1, 0, 0);
    worded["properties"]["countDetails"]["activeMessageCount"] = json!("many");
    let bodies = ["", "<html>", "{}", "[]", r#"{"value":null}"#].map(str::to_owned);
    let items = [uncounted, unnamed, worded].map(|item| json!({ "value": [item] }).to_string());
    for body in bodies.into_iter().chain(items) {
        let (depths, _) = asked([Step::json(200, body.clone())]).await;
        assert_eq!(why(depths), "the resource manager's answer cannot be read", "{body}");
    }
    for status in [201, 204, 302, 404] {
        let (depths, requests) = asked([Step::status(status)]).await;
        assert_eq!(why(depths).trim_end(), format!("the resource manager answered {status}"));
        assert_eq!(requests.len(), 1);
    }
}

#[tokio::test]
async fn a_failure_in_the_middle_gives_no_half_of_the_counts() {
    let (depths, requests) = asked([
        page(&[item("billing", 1, 0, 0)]),
        page(&[item("events", 0, 0, 0)]),
        Step::json(404, r#"{"error":{"code":"ResourceNotFound"}}"#),
    ])
    .await;
    assert_eq!(why(depths), "the resource manager answered 404 ResourceNotFound");
    assert_eq!(requests.len(), 3);
}

#[tokio::test]
async fn asking_ends_at_its_deadline_whatever_the_resource_manager_does() {
    let patient = Step::status(429).with_header("Retry-After", "3600");
    for step in [patient, Step::Silence] {
        let server = Server::play([step]).await.unwrap();
        let start = Instant::now();
        let depths = client(&server, Duration::from_millis(100)).depths().await;
        assert_eq!(why(depths), "no answer within 100ms");
        assert!(start.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn a_broken_connection_is_opened_again() {
    let (depths, requests) = asked([Step::HangUp, page(&[]), Step::Cut(String::new()), page(&[])]).await;
    assert_eq!((depths.unwrap(), requests.len()), (Vec::new(), 4));
}

fn bus(settings: Vec<(&'static str, String)>) -> Result<ServiceBusClient, ClientError> {
    ServiceBusClient::from_settings(move |key| {
        settings.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone())
    })
}

fn local_bus(resource_url: &str) -> Result<ServiceBusClient, ClientError> {
    bus(vec![
        ("BUS_ENDPOINT", "http://127.0.0.1:1/servicebus".to_owned()),
        ("BUS_TOKEN", "hush".to_owned()),
        ("BUS_RESOURCE_URL", resource_url.to_owned()),
    ])
}

#[tokio::test]
async fn the_setting_says_whom_to_ask_and_without_it_nobody_is() {
    let server = Server::play([page(&[item("billing", 1, 2, 3)]), page(&[])]).await.unwrap();
    let told = local_bus(&format!("{}{NAMESPACE}/", server.url())).unwrap();
    assert_eq!(told.depths().await.unwrap(), Some(vec![depth("billing", 1, 2, 3)]));
    let seen = server.seen().remove(0);
    assert_eq!(seen.target, format!("{NAMESPACE}/queues?api-version=2024-01-01"));
    assert_eq!(seen.header("Authorization"), Some("Bearer hush"));
    assert!(!format!("{told:?}").contains("hush"));
    let azure = "SERVICEBUS__fullyQualifiedNamespace";
    for untold in [local_bus("").unwrap(), bus(vec![(azure, "n.servicebus.windows.net".to_owned())]).unwrap()]
    {
        assert_eq!(untold.depths().await.unwrap(), None);
    }
    let plain = ServiceBusClient::new("http://127.0.0.1:1", Arc::new(StaticToken::new("t")), None).unwrap();
    assert_eq!(plain.depths().await.unwrap(), None);
}

#[test]
fn a_setting_that_is_no_endpoint_is_named() {
    for (url, because) in [
        ("http://management.azure.com/subscriptions/s", "only an endpoint on this machine may be plain http"),
        ("/subscriptions/s", "the endpoint is not a URL of scheme, host, port and path"),
    ] {
        let error = local_bus(url).unwrap_err();
        assert_eq!(error.to_string(), "BUS_RESOURCE_URL cannot be used");
        assert_eq!(error.source().unwrap().to_string(), because);
    }
}

#[tokio::test]
async fn sending_does_not_wait_for_whoever_counts() {
    let manager = Server::play([Step::Silence]).await.unwrap();
    let namespace = Server::play([Step::status(201)]).await.unwrap();
    let options = ServiceBusClientOptions {
        depths: Some(DepthsOptions::new(format!("{}{NAMESPACE}", manager.url()))),
        ..ServiceBusClientOptions::default()
    };
    let token = Arc::new(StaticToken::new("t"));
    let client = ServiceBusClient::new(&namespace.url(), token, Some(options)).unwrap();
    client.send(&crate::bus::tests::message()).await.unwrap();
    assert_eq!(manager.seen(), []);
}
