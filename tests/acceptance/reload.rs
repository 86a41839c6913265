//! Workers are replaced while customers go on: no request fails.

use crate::harness::{LocalHost, Options, User, at, with_each};
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Customers who call all the time.
const CUSTOMERS: u32 = 8;
/// Times the workers are replaced.
const RELOADS: usize = 3;

/// Opens lines and looks at them until told to stop; how many calls that were.
async fn customer_goes_on(user: User, stop: &AtomicBool) -> u32 {
    let calls = AtomicU32::new(0);
    let count = || calls.fetch_add(1, Ordering::Relaxed);
    while !stop.load(Ordering::Relaxed) {
        let order = user
            .post("/api/orders", &json!({ "plan": "lte-basic" }))
            .key(&format!("k{}", count()))
            .expect(202)
            .await;
        for path in [
            "/api/plans".to_owned(),
            "/api/mypage".to_owned(),
            format!("/api/orders/{}", order.text_at("/orderId")),
        ] {
            user.get(&path).expect(200).await;
            count();
        }
    }
    calls.into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_are_replaced_under_load_and_no_request_fails() {
    let host = LocalHost::start_with(Options { workers: 2, ..Options::default() }).await;
    host.api.set_clock(&at("2026-10-01")).await;
    let mut users = Vec::new();
    for n in 0..CUSTOMERS {
        users.push(host.api.customer(&format!("customer-{n}")).await);
    }
    let stop = &AtomicBool::new(false);
    let reloads = async {
        let mut handlers: BTreeSet<u32> = host.handlers().await.into_iter().collect();
        for _ in 0..RELOADS {
            let done = host.api.request(Method::POST, "/dev/reload").expect(200).await;
            assert_eq!(done.body, json!({ "workers": 2, "drained": true }));
            let now = host.handlers().await;
            assert_eq!(now.len(), 2);
            assert!(now.iter().all(|pid| handlers.insert(*pid)), "a worker was not replaced");
        }
        stop.store(true, Ordering::Relaxed);
    };
    let customers = with_each(users, usize::MAX, |user| customer_goes_on(user, stop));
    let (calls, ()) = tokio::join!(customers, reloads);
    assert!(calls.iter().all(|calls| *calls > 0), "{calls:?}");

    // What was under way on the bus is done, by the old workers or the new.
    host.api.quiet().await;
    let operator = host.api.operator().await;
    for status in ["running", "compensating", "stuck"] {
        let sagas = operator.get(&format!("/api/sagas?status={status}")).expect(200).await;
        assert!(sagas.list_at("/items").is_empty(), "{}", sagas.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_does_not_start_leaves_the_old_one_in_place() {
    let host = LocalHost::start().await;
    let before = host.handlers().await;
    let nothing_that_serves = json!({ "executable": "/bin/sh", "arguments": ["-c", "exit 1"] });
    let refused = host.api.post("/dev/reload", &nothing_that_serves).expect(422).await;
    assert_eq!(refused.code(), "reload_failed");
    assert_eq!(host.handlers().await, before);
    host.api.get("/api/plans").expect(200).await;
}
