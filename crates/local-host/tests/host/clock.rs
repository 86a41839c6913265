use crate::rig::{Rig, until};
use app::ports::Clock;
use reqwest::StatusCode;
use serde_json::{Value, json};

fn ticks(rig: &Rig) -> Vec<Value> {
    rig.seen().into_iter().filter(|seen| seen["function"] == "tick").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_fires_when_the_running_clock_passes_its_time_and_not_when_it_is_set_over_it() {
    let rig = Rig::start().await;
    rig.host.ready().await.unwrap();
    rig.put("/dev/clock", &json!({ "now": "2026-10-31T14:59:58.5Z" })).await;
    until("the tick", async || (ticks(&rig).len() == 1).then_some(())).await;
    let timer = &ticks(&rig)[0]["envelope"]["Data"]["timer"];
    assert_eq!(timer["ScheduleStatus"]["Next"], "2026-10-31T15:00:00+00:00");
    assert_eq!(timer["IsPastDue"], false);
    // Over a year of occurrences, then up to one again.
    rig.put("/dev/clock", &json!({ "now": "2027-12-31T14:59:58.5Z" })).await;
    until("the second tick", async || (ticks(&rig).len() >= 2).then_some(())).await;
    let ticks = ticks(&rig);
    assert_eq!(ticks.len(), 2);
    let status = &ticks[1]["envelope"]["Data"]["timer"]["ScheduleStatus"];
    assert_eq!(
        (&status["Last"], &status["Next"]),
        (&json!("2026-10-31T15:00:00+00:00"), &json!("2027-12-31T15:00:00+00:00"))
    );
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_can_be_fired_by_hand() {
    let rig = Rig::start().await;
    let fired = rig.client.post(rig.url("/admin/functions/tick")).send().await.unwrap();
    assert_eq!(fired.status(), StatusCode::ACCEPTED);
    assert_eq!(rig.wait_seen(1).await[0]["function"], "tick");
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_clock_runs_on_and_outlives_a_restart() {
    let rig = Rig::start().await;
    let set: Value =
        rig.put("/dev/clock", &json!({ "now": "2030-01-01T00:00:00+09:00" })).await.json().await.unwrap();
    assert!(set["now"].as_str().unwrap().starts_with("2029-12-31T15:00:0"), "{set}");
    let file = rig.host.clock().file().to_owned();
    let stored: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(stored["offsetMs"], set["offsetMs"]);
    let rig = rig.restart().await;
    assert_eq!(rig.get_json("/dev/clock").await["offsetMs"], set["offsetMs"]);
    let reset: Value = rig.put("/dev/clock", &json!({ "now": null })).await.json().await.unwrap();
    assert_eq!(reset["offsetMs"], 0);
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_processes_follow_the_clock() {
    let rig = Rig::start().await;
    let follower = embedded::FileClock::new(rig.host.clock().file());
    for now in [json!("2030-01-01T00:00:00Z"), json!("2020-01-01T00:00:00Z"), Value::Null] {
        rig.put("/dev/clock", &json!({ "now": now })).await;
        let apart = follower.now().duration_since(rig.host.clock().now());
        assert!(apart.abs().as_secs() < 5, "{now}: {apart:?}");
    }
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_is_none_leaves_the_clock_alone() {
    let rig = Rig::start().await;
    for body in [
        json!({ "now": "tomorrow" }),
        json!({}),
        json!({ "now": "1969-12-31T23:59:59Z" }),
        json!({ "then": null }),
    ] {
        assert_eq!(rig.put("/dev/clock", &body).await.status(), StatusCode::BAD_REQUEST, "{body}");
    }
    assert_eq!(rig.get_json("/dev/clock").await["offsetMs"], 0);
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scheduled_messages_follow_the_clock() {
    let rig = Rig::start().await;
    let message = local_host::bus::IncomingMessage {
        scheduled_at: Some(rig.host.clock().now() + jiff::SignedDuration::from_hours(1)),
        body: "{}".into(),
        ..Default::default()
    };
    rig.host.broker().send("jobs", message).await.unwrap();
    assert!(rig.seen().is_empty());
    let later = rig.host.clock().now() + jiff::SignedDuration::from_mins(61);
    rig.put("/dev/clock", &json!({ "now": later })).await;
    rig.wait_seen(1).await;
    rig.host.stop().await;
}
