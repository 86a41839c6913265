use crate::rig::{Rig, handler_of_tests, host_json, until, write_app};
use reqwest::StatusCode;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

/// Has the handler end with an exit code; its caller gets no answer from it.
async fn exit(rig: &Rig, code: i32) {
    let response = rig.client.post(rig.url(&format!("/api/exit?code={code}"))).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_go_round_the_workers() {
    let rig = Rig::start_with(3, json!({})).await;
    rig.host.ready().await.unwrap();
    let mut workers = BTreeSet::new();
    for _ in 0..6 {
        workers.insert(rig.worker().await);
    }
    assert_eq!(workers.len(), 3);
    let status = rig.get_json("/admin/host/status").await;
    assert_eq!((&status["state"], status["workers"].as_array().unwrap().len()), (&json!("Running"), 3));
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_crashes_is_replaced_twice_and_then_the_host_gives_up() {
    let rig = Rig::start().await;
    for code in [1, 101] {
        let before = rig.worker().await;
        exit(&rig, code).await;
        assert_ne!(rig.worker().await, before);
    }
    exit(&rig, 1).await;
    let reason = tokio::time::timeout(Duration::from_secs(20), rig.host.failed()).await.unwrap();
    assert!(reason.contains("three times"), "{reason}");
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_code_200_is_a_restart_that_does_not_count() {
    let rig = Rig::start().await;
    for _ in 0..4 {
        exit(&rig, 200).await;
        assert!(!rig.worker().await.is_empty());
    }
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_ends_with_zero_is_not_started_again() {
    let rig = Rig::start().await;
    exit(&rig, 0).await;
    for _ in 0..2 {
        assert_eq!(rig.get("/api/slow").await.status(), StatusCode::BAD_GATEWAY);
    }
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_leaves_its_requests_to_the_others() {
    let rig = Rig::start_with(2, json!({})).await;
    rig.host.ready().await.unwrap();
    let status = rig.get_json("/admin/host/status").await;
    let pid = status["workers"][0]["processId"].as_u64().unwrap();
    let killed = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
    assert!(killed.success());
    until("its end", async || {
        let status = rig.get_json("/admin/host/status").await;
        status["workers"].as_array().unwrap().iter().all(|worker| worker["processId"] != pid).then_some(())
    })
    .await;
    for _ in 0..50 {
        assert_eq!(rig.get("/api/slow").await.status(), StatusCode::OK);
    }
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_takes_too_long_costs_its_process() {
    let rig = Rig::start_with(1, json!({ "functionTimeout": "00:00:01" })).await;
    let before = rig.worker().await;
    assert_eq!(rig.get("/api/slow?ms=60000").await.status(), StatusCode::GATEWAY_TIMEOUT);
    let after = until("another worker", async || Some(rig.worker().await).filter(|id| *id != before)).await;
    assert_ne!(after, before);
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_never_listens_stops_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let slow = json!({ "customHandler": {
        "description": { "defaultExecutablePath": "handler" }, "enableProxyingHttpRequest": true,
        "initializationTimeout": "00:00:00.3"
    } });
    write_app(folder.path(), &host_json(&slow));
    let settings = json!({ "Values": { "TEST_NEVER_LISTEN": "1" } });
    std::fs::write(folder.path().join("local.settings.json"), settings.to_string()).unwrap();
    let rig = Rig::open(folder, 1, handler_of_tests()).await;
    assert!(rig.host.ready().await.unwrap_err().contains("three times"));
    // An invocation waits four times as long as a handler may take to start.
    assert_eq!(rig.get("/api/slow").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_cannot_be_started_is_named() {
    let folder = tempfile::tempdir().unwrap();
    write_app(folder.path(), &host_json(&json!({})));
    let missing = folder.path().join("no-such-handler");
    let rig = Rig::open(folder, 1, missing).await;
    assert!(rig.host.ready().await.unwrap_err().contains("no-such-handler"));
    assert!(rig.host.failed().await.contains("no-such-handler"));
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_requests_finish() {
    let rig = Rig::start().await;
    rig.host.ready().await.unwrap();
    let slow = tokio::spawn(rig.client.get(rig.url("/api/slow?ms=500")).send());
    until("the request", async || {
        let status = rig.get_json("/admin/host/status").await;
        (status["workers"][0]["inFlight"] == 1).then_some(())
    })
    .await;
    rig.host.stop().await;
    assert_eq!(slow.await.unwrap().unwrap().status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_reaches_the_handler() {
    let rig = Rig::start().await;
    rig.host.ready().await.unwrap();
    assert_eq!(rig.get("/admin/host/ping").await.status(), StatusCode::OK);
    assert_eq!(rig.post("/admin/host/ping", &json!({})).await.status(), StatusCode::OK);
    rig.host.stop().await;
}
