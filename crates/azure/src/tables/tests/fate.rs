//! What is tried again, and what is not.

use super::*;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::{AsyncRawResponse, HttpClient};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::task::JoinSet;

const SECOND: Duration = Duration::from_secs(1);

fn busy(status: u16) -> Step {
    failure(status, if status == 429 { "TooManyRequests" } else { "ServerBusy" })
}

fn committed() -> Step {
    batch(&[done("W/\"1\"")])
}

/// What leaves it open whether a request was carried out.
fn troubles() -> Vec<Step> {
    vec![
        Step::HangUp,
        Step::Cut(r#"{"odata.etag":"W/"#.to_owned()),
        Step::status(408),
        Step::status(500),
        failure(500, "OperationTimedOut"),
        Step::status(502),
        Step::json(503, "<html>from something in between</html>"),
        Step::status(504),
    ]
}

#[tokio::test]
async fn a_commit_of_unknown_fate_is_not_tried_again() {
    for trouble in troubles() {
        let (server, client) = played([trouble.clone(), committed()]).await;
        let answer = client.commit(Table::Orders, "b0001", &[insert("a")]).await;
        assert_eq!(word(&answer.unwrap_err()), "unknown", "{trouble:?}");
        assert_eq!(server.seen().len(), 1, "{trouble:?}");
    }
}

#[tokio::test]
async fn a_read_is_tried_again_whatever_went_wrong() {
    let mut reads = JoinSet::new();
    for trouble in troubles() {
        reads.spawn(async move {
            let row = Step::json(200, entity("a", "1"));
            let (server, client) = played([trouble.clone(), trouble.clone(), row]).await;
            assert!(client.read(Table::Orders, &key("a")).await.unwrap().is_some(), "{trouble:?}");
            assert_eq!(server.seen().len(), 3, "{trouble:?}");
            let (_server, client) = played([trouble.clone(), entities(&["a"])]).await;
            let page = client.query(Table::Orders, &Range::prefix("b0001", ""), 1, None).await.unwrap();
            assert_eq!(page.rows.len(), 1, "{trouble:?}");
        });
    }
    reads.join_all().await;
}

#[tokio::test]
async fn a_read_is_given_up_after_the_last_retry() {
    let (server, client) = played(vec![Step::status(500); 9]).await;
    assert_eq!(word(&client.read(Table::Orders, &key("a")).await.unwrap_err()), "unknown");
    assert_eq!(server.seen().len(), 1 + RETRIES_MAX as usize);
}

#[tokio::test]
async fn busy_tables_are_asked_again_for_nothing_was_done() {
    let script = [busy(503), busy(429).with_header("Retry-After", "0"), committed()];
    let (server, client) = played(script).await;
    client.commit(Table::Orders, "b0001", &[insert("a")]).await.unwrap();
    let bodies: Vec<String> = server.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies.len(), 3);
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    let (server, client) = played([busy(429), busy(503), Step::json(200, entity("a", "1"))]).await;
    assert!(client.read(Table::Orders, &key("a")).await.unwrap().is_some());
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn the_code_of_a_refusal_may_stand_in_a_header() {
    let busy = Step::status(503).with_header("x-ms-error-code", "ServerBusy");
    let (server, client) = played([busy, committed()]).await;
    client.commit(Table::Orders, "b0001", &[insert("a")]).await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn the_time_that_the_tables_ask_for_is_waited() {
    for header in ["x-ms-retry-after-ms", "retry-after-ms"] {
        let (_server, client) = played([busy(503).with_header(header, "120"), committed()]).await;
        let start = Instant::now();
        client.commit(Table::Orders, "b0001", &[insert("a")]).await.unwrap();
        assert!(start.elapsed() >= Duration::from_millis(120), "{header}");
    }
}

#[tokio::test]
async fn who_is_asked_to_wait_longer_than_there_is_time_hears_it_at_once() {
    let script = || [busy(503).with_header("Retry-After", "3600"), committed()];
    let start = Instant::now();
    let (server, client) = played(script()).await;
    let answer = client.commit(Table::Orders, "b0001", &[insert("a")]).await;
    assert_eq!(word(&answer.unwrap_err()), "throttled Some(3600s)");
    assert_eq!(server.seen().len(), 1);
    let (_server, client) = played(script()).await;
    let answer = client.read(Table::Orders, &key("a")).await;
    assert_eq!(word(&answer.unwrap_err()), "throttled Some(3600s)");
    assert!(start.elapsed() < SECOND * 5);
}

#[tokio::test]
async fn tables_that_stay_busy_throttle_the_caller() {
    let script = (0..9).map(|_| busy(503).with_header("x-ms-retry-after-ms", "7"));
    let (server, client) = played(script).await;
    let answer = client.commit(Table::Orders, "b0001", &[insert("a")]).await;
    assert_eq!(word(&answer.unwrap_err()), "throttled Some(7ms)");
    assert_eq!(server.seen().len(), 1 + RETRIES_MAX as usize);
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_whatever_the_tables_do() {
    let hasty = || TablesClientOptions { call_deadline: Duration::from_millis(100), ..options() };
    let start = Instant::now();
    let (_silent, client) = played_with([Step::Silence], hasty()).await;
    let answer = client.commit(Table::Orders, "b0001", &[insert("a")]).await;
    assert_eq!(word(&answer.unwrap_err()), "unknown");
    let (_silent, client) = played_with([Step::Silence], hasty()).await;
    assert_eq!(word(&client.read(Table::Orders, &key("a")).await.unwrap_err()), "unknown");
    // Nothing was done, and then nobody knows. The second try has to begin within the deadline, on a busy machine too.
    let patient = TablesClientOptions { call_deadline: SECOND, ..options() };
    let (_silent, client) = played_with([busy(503), Step::Silence], patient).await;
    let answer = client.commit(Table::Orders, "b0001", &[insert("a")]).await;
    assert_eq!(word(&answer.unwrap_err()), "unknown");
    assert!(start.elapsed() < SECOND * 5);
}

#[tokio::test]
async fn a_deadline_between_two_tries_leaves_nothing_done() {
    let mut options = TablesClientOptions { call_deadline: Duration::from_millis(100), ..options() };
    options.client_options.retry = RetryOptions::fixed(FixedRetryOptions {
        delay: azure_core::time::Duration::hours(1),
        ..FixedRetryOptions::default()
    });
    let (_server, client) = played_with([busy(503), committed()], options).await;
    let answer = client.commit(Table::Orders, "b0001", &[insert("a")]).await;
    assert_eq!(word(&answer.unwrap_err()), "throttled None");
}

/// The answer is cut after the transaction was applied; the row shows it.
#[tokio::test]
async fn a_commit_of_unknown_fate_is_resolved_by_reading() {
    let Step::Answer { body, .. } = committed() else { panic!("it is an answer") };
    let cut = Step::Cut(body[..body.len() / 2].to_owned());
    let (_server, client) = played([cut, Step::json(200, entity("a", "{}"))]).await;
    let answer = client.commit(Table::Orders, "b0001", &[insert("a")]).await;
    assert_eq!(word(&answer.unwrap_err()), "unknown");
    assert_eq!(client.read(Table::Orders, &key("a")).await.unwrap().unwrap().body, "{}");
}

/// Refuses two connections, and then is a server.
#[derive(Debug)]
struct Unreachable(AtomicUsize, Arc<dyn HttpClient>);

#[async_trait]
impl HttpClient for Unreachable {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        if self.0.fetch_add(1, Ordering::Relaxed) < 2 {
            return Err(Error::with_message(ErrorKind::Connection, "refused"));
        }
        self.1.execute_request(request).await
    }
}

#[tokio::test]
async fn a_commit_that_never_left_is_tried_again() {
    let real = Arc::new(reqwest::Client::builder().no_proxy().build().unwrap());
    let transport = Arc::new(Unreachable(AtomicUsize::new(0), real));
    let mut options = options();
    options.client_options.transport = Some(Transport::new(transport.clone()));
    let (server, client) = played_with([committed()], options).await;
    client.commit(Table::Orders, "b0001", &[insert("a")]).await.unwrap();
    assert_eq!((transport.0.load(Ordering::Relaxed), server.seen().len()), (3, 1));
}
