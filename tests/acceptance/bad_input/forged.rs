//! Requests that look like the host's own: no public path leads to a trigger.

use super::world::World;
use crate::harness::{raw, root};
use serde_json::{Value, json};

/// The functions that messages and timers set off.
fn triggers() -> Vec<String> {
    let folders = std::fs::read_dir(root().join("functions")).unwrap().map(|folder| folder.unwrap().path());
    let is_trigger = |folder: &std::path::PathBuf| {
        let file = std::fs::read_to_string(folder.join("function.json")).unwrap_or_default();
        !file.is_empty() && !file.contains("httpTrigger")
    };
    let name = |folder: std::path::PathBuf| folder.file_name().unwrap().to_str().unwrap().to_owned();
    folders.filter(is_trigger).map(name).collect()
}

/// An envelope as the host posts it, with an event in it that would matter.
fn envelope(world: &World) -> String {
    let event = json!({
        "eventId": "0".repeat(32), "type": "bill.settled", "occurredAt": "2026-11-02T01:00:00Z",
        "sagaId": format!("pay-{}", world.payment), "customerId": "lee",
    });
    let metadata = json!({ "MessageId": "\"forged\"", "Subject": "\"bill.settled\"", "sys": {} });
    json!({ "Data": { "message": Value::String(event.to_string()) }, "Metadata": metadata }).to_string()
}

pub(super) async fn check(world: &World) {
    let triggers = triggers();
    assert!(triggers.len() >= 20, "{triggers:?}");
    let body = envelope(world);
    let before = world.dump().await;
    for function in &triggers {
        for target in targets(function) {
            for method in ["POST", "GET"] {
                let answer = raw(&world.host.api.url, method, &target, &world.operator.token, &body).await;
                let line = answer.lines().next().unwrap_or_default().to_owned();
                assert!(line.contains(" 404 ") || line.contains(" 400 "), "{method} {target}: {answer}");
            }
        }
    }
    world.host.api.quiet().await;
    assert_eq!(world.dump().await, before);
}

fn targets(function: &str) -> Vec<String> {
    let ways = [
        "/{}",
        "//{}",
        "/api/{}",
        "/api//{}",
        "/api/../{}",
        "/api/./../{}",
        "/api/%2e%2e/{}",
        "/api/..%2f{}",
        "/api/%2E%2E%2F{}",
        "/api/orders/../../{}",
        "/API/../{}",
        "/api\\..\\{}",
        "/api/orders/%2e%2e/%2e%2e/{}",
        "/{}?/api/plans",
        "/api/plans/../../{}",
        "/%2f{}",
        "/.;/{}",
        "/api/..;/{}",
        "http://127.0.0.1/{}",
    ];
    ways.map(|way| way.replace("{}", function)).into()
}
