//! The log's levels change while a handler runs, by a document.

use crate::harness::{LocalHost, Options, SOON, User, until};
use serde_json::Value;
use std::path::PathBuf;

/// Both are known, so that a line tells whether its service may speak.
const PAY: &str = "/api/payments/{paymentId}";
const ORDER: &str = "/api/orders/{orderId}";

/// A host whose handler looks often, and somebody who calls.
async fn start() -> (LocalHost, User) {
    let settings = Vec::leak(vec![("RUNTIME_POLL_MS", "50".to_owned())]);
    let log = "warn,app=info,functions=info";
    let host = LocalHost::start_with(Options { log, settings, ..Options::default() }).await;
    let user = host.api.customer("kim").await;
    (host, user)
}

fn document(host: &LocalHost) -> PathBuf {
    host.data().join("documents/config/runtime.json")
}

/// Puts a document in its place as a whole, as a blob store does.
fn write(host: &LocalHost, content: &str) {
    let beside = host.data().join("new-levels");
    std::fs::write(&beside, content).unwrap();
    std::fs::rename(&beside, document(host)).unwrap();
}

fn lines(host: &LocalHost) -> Vec<Value> {
    host.log().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The routes that have said something at level DEBUG, one entry for each line.
fn spoken(host: &LocalHost) -> Vec<String> {
    let debug = lines(host).into_iter().filter(|line| line["level"] == "DEBUG");
    debug.map(|line| line["http.route"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn says(host: &LocalHost, message: &str) {
    until(message, SOON, async || lines(host).iter().any(|line| line["message"] == message).then_some(()))
        .await;
}

async fn call(user: &User) {
    user.get("/api/orders/nothing").expect(404).await;
    user.get("/api/payments/nothing").expect(404).await;
}

/// Calls until a route has said something.
async fn speaks(host: &LocalHost, user: &User, route: &str) {
    until(route, SOON, async || {
        call(user).await;
        spoken(host).iter().any(|spoken| spoken == route).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_logs_more_while_the_document_says_so_without_a_restart() {
    let (host, user) = start().await;
    let handlers = host.handlers().await;
    call(&user).await;
    write(&host, r#"{"services":{"pay":"debug"}}"#);
    speaks(&host, &user, PAY).await;
    assert!(spoken(&host).iter().all(|route| route == PAY), "{:?}", spoken(&host));
    std::fs::remove_file(document(&host)).unwrap();
    says(&host, "the log levels are those of the start again").await;
    let before = spoken(&host).iter().filter(|route| *route == PAY).count();
    call(&user).await;
    // What would have been said before this is in the log when this is.
    write(&host, r#"{"logLevel":"info","services":{"order":"debug"}}"#);
    speaks(&host, &user, ORDER).await;
    assert_eq!(spoken(&host).iter().filter(|route| *route == PAY).count(), before);
    assert_eq!(host.handlers().await, handlers, "no handler was started anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_cannot_be_used_changes_nothing() {
    let (host, user) = start().await;
    write(&host, r#"{"services":{"pay":"debug"}}"#);
    speaks(&host, &user, PAY).await;
    write(&host, r#"{"services":{"pay":"loud"}}"#);
    says(&host, "log levels that cannot be used change nothing").await;
    let before = spoken(&host).len();
    until("another line", SOON, async || {
        call(&user).await;
        (spoken(&host).len() > before).then_some(())
    })
    .await;
    assert!(spoken(&host).iter().all(|route| route == PAY), "{:?}", spoken(&host));
    let refusals = lines(&host)
        .into_iter()
        .filter(|line| line["message"] == "log levels that cannot be used change nothing");
    assert_eq!(refusals.count(), 1, "it is told of once");
}
