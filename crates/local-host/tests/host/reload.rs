use crate::rig::{Rig, handler_of_tests};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks without pause until told to stop; returns who answered, and how often nobody did.
async fn ask(client: reqwest::Client, url: String, stop: Arc<AtomicBool>) -> (BTreeSet<String>, usize) {
    let (mut workers, mut failures) = (BTreeSet::new(), 0);
    while !stop.load(Ordering::Acquire) {
        match client.get(&url).send().await {
            Ok(response) if response.status() == StatusCode::OK => {
                workers.insert(response.text().await.unwrap());
            }
            Ok(_) | Err(_) => failures += 1,
        }
    }
    (workers, failures)
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_are_replaced_without_a_failed_request() {
    let rig = Rig::start_with(2, json!({})).await;
    rig.host.ready().await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = ["/api/slow", "/api/slow?ms=3", "/api/slow?ms=20", "/api/slow?ms=300"]
        .into_iter()
        .map(|path| tokio::spawn(ask(rig.client.clone(), rig.url(path), Arc::clone(&stop))))
        .collect();
    for _ in 0..3 {
        let reloaded: Value =
            rig.client.post(rig.url("/dev/reload")).send().await.unwrap().json().await.unwrap();
        assert_eq!(reloaded, json!({ "workers": 2, "drained": true }));
    }
    stop.store(true, Ordering::Release);
    let mut workers = BTreeSet::new();
    for caller in callers {
        let (seen, failures) = caller.await.unwrap();
        assert_eq!(failures, 0);
        workers.extend(seen);
    }
    assert!(workers.len() > 4, "{workers:?}");
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_executable_takes_over() {
    let rig = Rig::start().await;
    let copy = rig.folder.path().join("new_handler");
    std::fs::copy(handler_of_tests(), &copy).unwrap();
    let before = rig.worker().await;
    let reloaded = rig.post("/dev/reload", &json!({ "executable": copy })).await;
    assert_eq!(reloaded.status(), StatusCode::OK);
    assert_ne!(rig.worker().await, before);
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_does_not_start_leaves_the_old_one_at_work() {
    let rig = Rig::start().await;
    let before = rig.worker().await;
    for program in ["/bin/false", "/etc/hostname"] {
        let refused = rig.post("/dev/reload", &json!({ "executable": program })).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{program}");
        let body: Value = refused.json().await.unwrap();
        assert_eq!(body["code"], "reload_failed", "{program}");
    }
    assert_eq!(rig.worker().await, before);
    rig.host.stop().await;
}
