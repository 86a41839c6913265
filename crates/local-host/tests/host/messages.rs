use crate::rig::{Rig, until};
use app::ports::{Bus, Depth};
use azure::bus::ServiceBusClient;
use local_host::bus::Counts;
use reqwest::StatusCode;
use serde_json::{Value, json};

const NONE: Counts = Counts { active: 0, scheduled: 0, locked: 0, dead_lettered: 0 };
const ONE: Counts = Counts { active: 1, ..NONE };

fn delivery_counts(seen: &[Value]) -> Vec<&str> {
    seen.iter().map(|seen| seen["envelope"]["Metadata"]["DeliveryCount"].as_str().unwrap()).collect()
}

/// Lets the host take no more messages.
async fn drained(rig: &Rig) {
    assert_eq!(rig.post("/admin/host/drain", &json!({})).await.status(), StatusCode::ACCEPTED);
    until("the end of the drain", async || {
        let status = rig.get_json("/admin/host/drain/status").await;
        (status["state"] == "Completed").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_sets_its_function_off_once() {
    let rig = Rig::start().await;
    rig.send("events", &json!({ "do": "ok" })).await;
    let seen = rig.wait_seen(1).await;
    rig.wait_counts("events/Subscriptions/one", NONE).await;
    assert_eq!(rig.seen().len(), 1);
    assert_eq!(seen[0]["function"], "on_event");
    assert_eq!(seen[0]["envelope"]["Data"]["message"], "eyJkbyI6Im9rIn0=");
    assert_eq!(seen[0]["envelope"]["Metadata"]["Subject"], "\"thing.happened\"");
    let headers = &seen[0]["headers"];
    assert_eq!(headers["content-type"], json!(["application/json; charset=utf-8"]));
    assert_eq!(headers["transfer-encoding"], json!(["chunked"]));
    assert_eq!(headers["user-agent"], json!(["Azure-Functions-Host/4.1037.0.0"]));
    assert_eq!(headers["x-azure-functions-invocationid"][0].as_str().unwrap().len(), 36);
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_fails_is_delivered_until_it_is_a_dead_letter() {
    let rig = Rig::start().await;
    for failure in ["fail", "text"] {
        rig.send("jobs", &json!({ "do": failure })).await;
    }
    let two = Counts { active: 2, ..NONE };
    rig.wait_counts("dead-letters", two).await;
    let mut seen = rig.seen();
    seen.sort_by_key(|seen| seen["envelope"]["Data"]["message"].as_str().unwrap().to_owned());
    assert_eq!(delivery_counts(&seen), ["1", "2", "3", "1", "2", "3"]);
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_answer_hangs_until_the_timeout_and_costs_the_process() {
    let rig = Rig::start_with(1, json!({ "functionTimeout": "00:00:01" })).await;
    let before = rig.worker().await;
    rig.send("jobs", &json!({ "do": "empty" })).await;
    let seen = rig.wait_seen(2).await;
    assert_eq!(delivery_counts(&seen[..2]), ["1", "2"]);
    assert_ne!(rig.worker().await, before);
    rig.wait_counts("dead-letters", ONE).await;
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_handler_dies_is_delivered_again() {
    let rig = Rig::start_with(2, json!({})).await;
    rig.host.ready().await.unwrap();
    rig.send("jobs", &json!({ "do": "exit" })).await;
    let seen = rig.wait_seen(2).await;
    assert_eq!(delivery_counts(&seen[..2]), ["1", "2"]);
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_messages_are_worked_on_than_host_json_allows() {
    let rig = Rig::start().await;
    for _ in 0..10 {
        rig.send("jobs", &json!({ "ms": 300 })).await;
    }
    rig.wait_seen(4).await;
    let counts = rig.host.broker().count("jobs").unwrap();
    assert_eq!(counts.locked, 4, "{counts:?}");
    rig.wait_seen(10).await;
    rig.wait_counts("jobs", NONE).await;
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draining_host_takes_no_messages_until_it_resumes() {
    let rig = Rig::start().await;
    rig.send("jobs", &json!({ "ms": 300 })).await;
    rig.wait_seen(1).await;
    drained(&rig).await;
    rig.send("jobs", &json!({})).await;
    rig.wait_counts("jobs", ONE).await;
    assert_eq!(rig.get("/api/slow").await.status(), StatusCode::OK, "requests are answered");
    rig.post("/admin/host/resume", &json!({})).await;
    rig.wait_counts("jobs", NONE).await;
    assert_eq!(rig.seen().len(), 2);
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_settles_what_was_received() {
    let rig = Rig::start().await;
    rig.send("jobs", &json!({ "ms": 300 })).await;
    rig.wait_seen(1).await;
    let rig = rig.restart().await;
    rig.host.ready().await.unwrap();
    rig.wait_counts("jobs", NONE).await;
    assert_eq!(rig.seen().len(), 1);
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_outlive_a_restart() {
    let rig = Rig::start().await;
    rig.post("/admin/host/drain", &json!({})).await;
    rig.send("jobs", &json!({ "do": "ok" })).await;
    let rig = rig.restart().await;
    assert_eq!(rig.wait_seen(1).await.len(), 1);
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_can_be_delivered_by_hand() {
    let rig = Rig::start().await;
    let sent = rig.post("/admin/functions/On_Work", &json!({ "input": "{\"do\":\"ok\"}" })).await;
    assert_eq!(sent.status(), StatusCode::ACCEPTED);
    let seen = rig.wait_seen(1).await;
    assert_eq!(
        (&seen[0]["function"], &seen[0]["envelope"]["Data"]["message"]),
        (&json!("on_work"), &json!("eyJkbyI6Im9rIn0="))
    );
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_can_be_sent_over_rest_with_the_token() {
    let rig = Rig::start().await;
    let send = |token: &str| {
        rig.client.post(rig.url("/servicebus/jobs/messages")).bearer_auth(token).body("{}").send()
    };
    assert_eq!(send("wrong").await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(send(rig.host.bus_token()).await.unwrap().status(), StatusCode::CREATED);
    rig.wait_seen(1).await;
    rig.wait_counts("jobs", NONE).await;
    assert_eq!(rig.get_json("/dev/bus").await["sources"]["jobs"]["active"], 0);
    rig.host.stop().await;
}

/// The bus as a handler with these settings has it.
async fn bus_of_the_handler(rig: &Rig) -> ServiceBusClient {
    let settings = rig.get_json("/api/echo/x").await["settings"].clone();
    ServiceBusClient::from_settings(|name| match name {
        "BUS_TOKEN" => Some(rig.host.bus_token().to_owned()),
        name => settings[name].as_str().map(str::to_owned),
    })
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handler_can_ask_how_many_messages_wait() {
    let rig = Rig::start().await;
    let bus = bus_of_the_handler(&rig).await;
    drained(&rig).await;
    rig.send("jobs", &json!({})).await;
    rig.send("events", &json!({})).await;
    let depths = bus.depths().await.unwrap().unwrap();
    let depth =
        |entity: &str, active| Depth { entity: entity.to_owned(), active, scheduled: 0, dead_lettered: 0 };
    assert_eq!(depths, [depth("jobs", 1), depth("dead-letters", 0), depth("events/one", 1)]);
    rig.post("/admin/host/resume", &json!({})).await;
    rig.wait_counts("jobs", NONE).await;
    assert_eq!(bus.depths().await.unwrap().unwrap()[0], depth("jobs", 0));
    rig.host.stop().await;
}
