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
