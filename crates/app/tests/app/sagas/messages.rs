//! What a saga's record tells of its messages, and what it costs.

use super::play::{Course, Play, Stage};
use crate::world::Trying;
use crate::world::commands::customer;
use app::PageRequest;
use app::ports::Table;
use domain::saga::{DEADLINE, Direction, Kind, Saga};
use serde_json::Value;
use std::collections::BTreeSet;

fn saga(stage: &Stage) -> Saga {
    stage.world.books().sagas[&stage.saga].clone()
}

/// Names of the messages on record, each with its direction.
fn names(stage: &Stage) -> Vec<(Direction, String)> {
    saga(stage).messages.into_iter().map(|message| (message.direction, message.name)).collect()
}

/// Ids of the messages of a direction, without deadlines.
fn ids(saga: &Saga, direction: Direction) -> BTreeSet<&str> {
    let wanted = saga.messages.iter().filter(|it| it.direction == direction && it.name != DEADLINE);
    wanted.filter_map(|message| message.message_id.as_deref()).collect()
}

async fn played(kind: Kind, course: Course, twice: bool) -> Stage {
    let mut stage = Play { kind, course }.begin(&[], twice).await;
    stage.rest().await;
    stage
}

#[tokio::test(start_paused = true)]
async fn every_event_and_every_command_of_a_saga_is_on_record_once_however_often_it_comes() {
    for play in Kind::ALL.into_iter().flat_map(Play::all) {
        let _trying = Trying(format!("{play:?}"));
        let mut stage = play.begin(&[], true).await;
        stage.rest().await;
        let sent = stage.world.bus.sent();
        let of = |entity: &str| -> BTreeSet<&str> {
            let own = |id: &Option<String>| id.as_deref() == Some(stage.saga.as_str());
            let sent = sent.iter().filter(|message| message.entity == entity && own(&message.correlation_id));
            sent.map(|message| message.message_id.as_str()).collect()
        };
        let saga = saga(&stage);
        assert_eq!(ids(&saga, Direction::Received), of("events"));
        assert_eq!(ids(&saga, Direction::Sent), of("compensations"));
        assert_eq!(saga.messages_left_out, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_saga_that_goes_well_has_three_messages() {
    let stage = played(Kind::PayBill, Course::Smooth, false).await;
    let expected = ["pay.captured", "bill.settled", "pay.completed"];
    assert_eq!(names(&stage), expected.map(|name| (Direction::Received, name.to_owned())));
}

#[tokio::test(start_paused = true)]
async fn news_that_changes_no_state_is_on_record_as_well() {
    let stage = played(Kind::PayBill, Course::ChargeLost { asked_late: false }, false).await;
    assert_eq!(names(&stage)[0], (Direction::Received, "pay.outcome_unknown".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_stands_in_front_of_the_undo_that_it_leads_to_and_each_retry_behind_its_cause() {
    use Direction::{Operator, Received, Sent};
    let mut stage = played(Kind::PayBill, Course::UndoRefused, false).await;
    stage.world.operate().await;
    let expected = [
        (Received, "pay.captured"),
        (Received, DEADLINE),
        (Sent, "pay.stop_completion"),
        (Received, "pay.completion_stopped"),
        (Sent, "bill.revert_settlement"),
        (Received, "bill.settlement_reverted"),
        (Sent, "pay.refund"),
        (Received, "saga.undo_refused"),
        (Operator, "retry"),
        (Sent, "pay.refund"),
        (Received, "saga.undo_refused"),
    ];
    assert_eq!(names(&stage), expected.map(|(direction, name)| (direction, name.to_owned())));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_saga_that_has_ended_is_not_worth_a_write() {
    let mut stage = Play { kind: Kind::OpenLine, course: Course::Smooth }.begin(&[], false).await;
    stage.world.run_until_quiet().await;
    let before = saga(&stage);
    stage.world.counted.reset();
    let deadline = stage.world.deliveries.next_due().unwrap();
    stage.world.clock.set(deadline);
    stage.world.run_until_quiet().await;
    let cost = stage.world.counted.counts().of(Table::Sagas);
    assert_eq!((cost.all_reads(), cost.writes), (1, 0));
    assert_eq!(saga(&stage), before);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_comes_again_when_the_saga_is_at_rest_costs_one_read_and_no_write() {
    for play in Kind::ALL.into_iter().flat_map(Play::all) {
        let _trying = Trying(format!("{play:?}"));
        let mut stage = play.begin(&[], false).await;
        stage.rest().await;
        let delivered = stage.world.plan.take_delivered();
        let before = saga(&stage);
        for delivery in delivered.iter().filter(|delivery| delivery.function == "saga_track") {
            stage.world.counted.reset();
            stage.world.handle(delivery).await.unwrap().unwrap();
            let cost = stage.world.counted.counts().of(Table::Sagas);
            assert_eq!((cost.all_reads(), cost.writes), (1, 0), "{:?}", delivery.message.subject);
        }
        assert_eq!(saga(&stage), before);
    }
}

async fn shown(stage: &Stage, viewer: Option<&str>) -> Value {
    let viewer = viewer.map(customer);
    let view = stage.world.app.saga(&stage.saga, viewer.as_ref()).await.unwrap();
    serde_json::to_value(view).unwrap()
}

#[tokio::test(start_paused = true)]
async fn operators_see_the_messages_and_everybody_the_history_of_the_steps() {
    let stage = played(Kind::OpenLine, Course::NumberTaken, false).await;
    let (operator, mut own) = (shown(&stage, None).await, shown(&stage, Some("kim")).await);
    let states: Vec<_> = operator["steps"].as_array().unwrap().iter().map(|step| &step["history"]).collect();
    let of = |step: usize| -> Vec<&str> {
        states[step].as_array().unwrap().iter().map(|change| change["state"].as_str().unwrap()).collect()
    };
    assert_eq!(of(0), ["started", "succeeded", "undo_started", "undo_succeeded"]);
    assert_eq!(of(2), ["started", "failed"]);
    let messages = operator["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 7, "{messages:?}");
    let first = &messages[0];
    let of_first = ["direction", "name", "at"].map(|member| first[member].as_str().unwrap());
    assert_eq!(of_first, ["received", "order.placed", operator["startedAt"].as_str().unwrap()]);
    assert!(first["messageId"].is_string());
    assert_eq!(operator["messagesLeftOut"], 0);

    assert!(own.get("messages").is_none() && own.get("messagesLeftOut").is_none(), "{own}");
    own["messages"] = operator["messages"].clone();
    own["messagesLeftOut"] = operator["messagesLeftOut"].clone();
    assert_eq!(own, operator, "all else is the same");
}

#[tokio::test(start_paused = true)]
async fn a_list_of_sagas_shows_where_they_stand_and_nothing_of_their_past() {
    let stage = played(Kind::OpenLine, Course::Smooth, false).await;
    let all = PageRequest { limit: 100, cursor: None };
    let list = stage.world.app.sagas(None, &all).await.unwrap();
    let list = serde_json::to_value(list.items).unwrap();
    let listed = list.as_array().unwrap().iter().find(|saga| saga["sagaId"] == stage.saga.as_str()).unwrap();
    let mut whole = shown(&stage, None).await;
    for member in ["messages", "messagesLeftOut"] {
        whole.as_object_mut().unwrap().remove(member).unwrap();
    }
    for step in whole["steps"].as_array_mut().unwrap() {
        step.as_object_mut().unwrap().remove("history").unwrap();
    }
    assert_eq!(*listed, whole);
}
