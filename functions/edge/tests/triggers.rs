use super::*;
use app::Consumer;
use std::collections::BTreeSet;

#[test]
fn every_consumer_has_its_function() {
    let consumers: BTreeSet<&str> = Consumer::ALL.iter().map(|consumer| consumer.name()).collect();
    let timers = ["outbox_relay", "payments_resolve", "cleanup", "billing_monthly", "tally_fold"];
    let triggers = crate::table().into_iter().filter(|(_, path, _)| !path.starts_with("/api/"));
    let functions: BTreeSet<&str> =
        triggers.map(|(folder, ..)| folder).filter(|folder| !timers.contains(folder)).collect();
    assert_eq!(functions, consumers.into_iter().chain(["dead_letters"]).collect());
}

#[tokio::test]
async fn an_answer_to_a_trigger_is_never_empty() {
    let world = World::new();
    for timer in ["outbox_relay", "payments_resolve", "cleanup", "billing_monthly", "tally_fold"] {
        let reply = world.tick(timer).await;
        assert_eq!(reply.headers["content-type"], "application/json");
        assert_eq!(reply.expect(200), json!({ "Outputs": {}, "ReturnValue": null }), "{timer}");
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_understood_is_parked_and_done_with() {
    let world = World::new();
    for (data, id) in
        [(STANDARD.encode("no json"), "m1"), ("not Base64!".to_owned(), "m2"), (STANDARD.encode("{}"), "m3")]
    {
        let envelope = json!({ "Data": { "message": data }, "Metadata": { "MessageId": format!("{id:?}") } });
        let call = world.call(Who::Nobody, Method::POST, "/saga_track").json(&envelope);
        assert_eq!(call.send().await.status, 200, "{id}");
    }
    let parked = world.get(Who::Operator, "/api/parked").await.expect(200);
    assert_eq!(parked["items"].as_array().unwrap().len(), 3);
    assert_eq!(parked["items"][0]["reason"], "malformed");
    let path = format!("/api/parked/{}/replay", parked["items"][0]["parkedId"].as_str().unwrap());
    let replayed = world.post(Who::Operator, path, "again", &json!({})).await;
    assert_eq!(replayed.problem(), (409, "wrong_state"), "it is no better the second time");
}

#[tokio::test]
async fn what_is_no_invocation_is_an_error() {
    let world = World::new();
    for body in ["", "{}", "[]", "{\"Data\":7}"] {
        let call = world.call(Who::Nobody, Method::POST, "/saga_track").body("application/json", body);
        assert_eq!(call.send().await.problem(), (400, "invalid_json"), "{body}");
    }
}

#[tokio::test]
async fn a_dead_letter_is_recorded_with_its_source_and_reason() {
    let world = World::new();
    let envelope = json!({
        "Data": { "message": STANDARD.encode("{}") },
        "Metadata": {
            "MessageId": "\"m1\"", "DeadLetterSource": "\"events/Subscriptions/saga-track\"",
            "ApplicationProperties": { "DeadLetterReason": "MaxDeliveryCountExceeded" }
        }
    });
    let call = world.call(Who::Nobody, Method::POST, "/dead_letters").json(&envelope);
    assert_eq!(call.send().await.status, 200);
    let parked = world.get(Who::Operator, "/api/parked").await.expect(200)["items"][0].clone();
    assert_eq!(
        (&parked["reason"], &parked["function"]),
        (&json!("MaxDeliveryCountExceeded"), &json!("saga_track"))
    );
    let path = format!("/api/parked/{}/discard", parked["parkedId"].as_str().unwrap());
    world.post(Who::Operator, path, "1", &json!({})).await.expect(200);
    assert_eq!(world.get(Who::Operator, "/api/parked").await.expect(200)["items"], json!([]));
    let done = world.get(Who::Operator, "/api/parked?status=done").await.expect(200);
    assert_eq!(done["items"][0]["state"], "discarded");
}

#[tokio::test]
async fn messages_carry_on_the_trace_of_the_request_or_the_one_that_starts_with_it() {
    let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for header in [Some(given), None] {
        let world = World::new();
        let call = world.call(KIM, Method::POST, "/api/orders").json(&json!({ "plan": "lte-light" }));
        let call = if let Some(trace) = header { call.header("traceparent", trace) } else { call };
        call.send().await.expect(202);
        world.settle().await;
        let sent = world.bus.sent();
        assert!(sent.len() >= 3, "{}", sent.len());
        let traces: Vec<&str> = sent.iter().map(trace_of).collect();
        let expected = header.unwrap_or(traces[0]);
        assert!(traces.iter().all(|trace| trace[3..35] == expected[3..35]), "{traces:?}");
    }
}

fn trace_of(message: &app::ports::Message) -> &str {
    let found = message.properties.iter().find(|(name, _)| *name == "traceparent");
    found.map_or_else(|| panic!("no trace in {message:?}"), |(_, value)| value.as_str())
}
