//! `cargo run -- demo`, as a person types it.

use crate::harness::{LocalHost, at, executable, root};
use serde_json::json;
use std::process::{Command, Output};

fn demo(arguments: &[&str]) -> Output {
    let mut command = Command::new(executable());
    command.arg("demo").args(arguments).current_dir(root()).output().unwrap()
}

#[track_caller]
fn expect_success(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    for part in
        ["open_line: completed", "pay_bill: completed", "cancel_payment: completed", "open_line: compensated"]
    {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_plays_on_a_running_host_twice_and_leaves_the_rest_alone() {
    let host = LocalHost::start_at(&at("2026-11-22")).await;
    let kim = host.api.customer("kim").await;
    kim.open_line(&json!({ "plan": "lte-basic" })).await;
    let before = kim.my_page("the line on MyPage", |page| page["lines"][0]["status"] == "active").await;
    for _ in 0..2 {
        let url = host.api.url.clone();
        let output = tokio::task::spawn_blocking(move || demo(&["--url", &url])).await.unwrap();
        let text = expect_success(&output);
        assert!(text.contains("total"), "{text}");
    }
    let now = host.api.now().await.to_string();
    assert!(now.starts_with("2026-11-22T01:0"), "the clock was not given back: {now}");
    assert_eq!(kim.get("/api/mypage").expect(200).await.body, before.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_bills_others_only_when_it_may() {
    let host = LocalHost::start_at(&at("2026-10-30")).await;
    host.api.customer("kim").await.open_line(&json!({ "plan": "lte-basic" })).await;
    host.api.set_clock(&at("2026-11-22")).await;
    let (kim, operator) = (host.api.customer("kim").await, host.api.operator().await);
    let play = async |more: &'static [&'static str]| {
        let url = host.api.url.clone();
        tokio::task::spawn_blocking(move || demo(&[&["--url", &url], more].concat())).await.unwrap()
    };
    let bills = async || kim.get("/api/bills").expect(200).await.list_at("/items").len();

    let refused = play(&[]).await;
    assert_eq!(refused.status.code(), Some(1));
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(text.contains("nobody has billed for 2026-10 yet") && text.contains("--yes"), "{text}");
    operator.get("/api/billing-runs/2026-10").expect(404).await;
    assert_eq!(bills().await, 0);

    expect_success(&play(&["--yes"]).await);
    assert_eq!(bills().await, 1);
    // Now that the month is billed there is nothing to ask.
    expect_success(&play(&[]).await);
    assert_eq!(bills().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_says_when_there_is_nothing_to_play_against() {
    let output = tokio::task::spawn_blocking(|| demo(&["--url", "http://127.0.0.1:9"])).await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("no local host answers at http://127.0.0.1:9"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_plays_alone() {
    let output = tokio::task::spawn_blocking(|| demo(&[])).await.unwrap();
    expect_success(&output);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_plays_on_azurite() {
    let output = tokio::task::spawn_blocking(|| demo(&["--store", "azurite"])).await.unwrap();
    expect_success(&output);
}
