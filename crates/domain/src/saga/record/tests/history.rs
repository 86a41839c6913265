//! What a saga remembers: the states of its steps, and its messages.

use super::*;
use crate::ids::EventId;
use crate::saga::Direction;
use StepState as S;
use proptest::prelude::*;
use proptest::sample::select;

fn event_id(n: usize) -> EventId {
    EventId::parse(format!("{n:032x}")).unwrap()
}

/// That an event came, the `n`th of its saga.
fn news(n: usize) -> Exchange {
    Exchange::event(EventType::PayCaptured, &event_id(n), at(n.cast_signed() as i64))
}

fn history(saga: &Saga, step: usize) -> Vec<StepState> {
    saga.steps[step].history.iter().map(|change| change.state).collect()
}

/// A saga whose last step's undo failed and was tried again so many times.
fn retried(times: usize) -> Saga {
    let mut saga = begin(Kind::PayBill);
    saga.on_deadline(at(600));
    for _ in 0..times {
        saga.on_event(EventType::SagaUndoRefused, None, at(700));
        saga.retry(at(800)).unwrap();
    }
    saga
}

#[test]
fn a_step_remembers_every_state_and_when_it_came_to_it() {
    let mut saga = begin(Kind::PayBill);
    saga.on_event(EventType::PayCaptured, None, at(1));
    saga.on_deadline(at(600));
    saga.on_event(EventType::PayCompletionStopped, None, at(601));
    saga.on_event(EventType::SagaUndoRefused, None, at(602));
    saga.retry(at(700)).unwrap();
    saga.on_event(EventType::BillSettlementReverted, None, at(701));
    let of = |step: usize| -> Vec<_> {
        let seconds = |change: &StepChange| change.at.as_second() - at(0).as_second();
        saga.steps[step].history.iter().map(|change| (change.state, seconds(change))).collect()
    };
    assert_eq!(of(0), [(S::Started, 0), (S::Succeeded, 1), (S::UndoStarted, 701)]);
    let undone = [S::Started, S::Failed, S::UndoStarted, S::UndoFailed, S::UndoStarted, S::UndoSucceeded];
    assert_eq!(of(1), undone.into_iter().zip([1, 600, 601, 602, 700, 701]).collect::<Vec<_>>());
    assert_eq!(of(2), [(S::UndoStarted, 600), (S::UndoSucceeded, 601)]);
}

#[test]
fn a_step_that_is_tried_again_for_ever_remembers_its_first_and_last_attempts() {
    for times in [14, 15, 16, 17, 100] {
        let states = history(&retried(times), 2);
        assert!(states.len() <= SAGA_STEP_CHANGES_MAX, "{times}: {}", states.len());
        for (index, state) in states.iter().enumerate() {
            let expected = if index % 2 == 0 { StepState::UndoStarted } else { StepState::UndoFailed };
            assert_eq!(*state, expected, "{times}: every attempt that is left is whole");
        }
        assert_eq!(states.last(), Some(&StepState::UndoStarted), "{times}");
    }
    assert_eq!(history(&retried(15), 2).len(), 31);
    assert_eq!(retried(100).steps[2].history[0].at, at(600));
}

#[test]
fn a_message_that_comes_again_is_on_record_once() {
    let mut saga = begin(Kind::PayBill);
    for message in [news(1), news(2), news(1), Exchange { at: at(99), ..news(2) }] {
        saga.note(message);
    }
    assert_eq!(saga.messages, [news(1), news(2)]);
    assert_eq!(saga.messages_left_out, 0);
}

#[test]
fn a_message_that_is_sent_is_not_taken_for_one_that_came() {
    let mut saga = begin(Kind::PayBill);
    saga.note(Exchange::deadline("one", at(1)));
    saga.note(Exchange::command(Undo::Refund, "one", at(1)));
    let directions: Vec<_> = saga.messages.iter().map(|message| message.direction).collect();
    assert_eq!(directions, [Direction::Received, Direction::Sent]);
}

#[test]
fn an_operator_who_asks_twice_is_on_record_twice() {
    let mut saga = begin(Kind::PayBill);
    saga.note(Exchange::retry(at(1)));
    saga.note(Exchange::retry(at(1)));
    assert_eq!(saga.messages, [Exchange::retry(at(1)), Exchange::retry(at(1))]);
}

#[test]
fn of_too_many_messages_the_first_and_the_last_are_kept_and_the_others_counted() {
    let half = SAGA_MESSAGES_MAX / 2;
    for count in [SAGA_MESSAGES_MAX, SAGA_MESSAGES_MAX + 1, SAGA_MESSAGES_MAX + 2, 500] {
        let mut saga = begin(Kind::PayBill);
        (0..count).for_each(|n| saga.note(news(n)));
        let kept = saga.messages.len();
        assert!(kept <= SAGA_MESSAGES_MAX && kept + 2 > SAGA_MESSAGES_MAX, "{count}: {kept}");
        assert_eq!(kept + usize::try_from(saga.messages_left_out).unwrap(), count);
        let expected: Vec<_> = (0..half).chain(count - (kept - half)..count).map(news).collect();
        assert_eq!(saga.messages, expected, "{count}");
    }
}

#[test]
fn the_largest_record_of_messages_is_a_small_part_of_a_row() {
    let mut saga = begin(Kind::CancelPayment);
    let longest = Undo::ALL.into_iter().max_by_key(|undo| undo.as_str().len()).unwrap();
    for n in 0..SAGA_MESSAGES_MAX {
        saga.note(Exchange::command(longest, &format!("{}-undo2-{n}", saga.saga_id), at(1)));
    }
    let bytes = serde_json::to_string(&saga.messages).unwrap().len();
    assert!(20 * bytes < crate::limits::ENTITY_BODY_BYTES_MAX, "{bytes}");
}

#[test]
fn a_saga_that_was_recorded_before_there_was_a_history_can_still_be_read_and_go_on() {
    let mut old = serde_json::to_value(begin(Kind::PayBill)).unwrap();
    for member in ["messages", "messagesLeftOut"] {
        old.as_object_mut().unwrap().remove(member).unwrap();
    }
    old["steps"][0].as_object_mut().unwrap().remove("history").unwrap();
    let mut saga: Saga = serde_json::from_value(old).unwrap();
    tell(&mut saga, &[EventType::PayCaptured]);
    assert_eq!(history(&saga, 0), [StepState::Succeeded]);
}

proptest! {
    #[test]
    fn the_last_of_a_steps_history_is_where_it_stands(
        kind in select(Kind::ALL.to_vec()),
        events in proptest::collection::vec((select(EventType::ALL.to_vec()), 0_u8..8), 0..120),
    ) {
        let mut saga = begin(kind);
        for (second, (event, also)) in (1..).zip(events) {
            saga.note(Exchange::event(event, &event_id(usize::from(also)), at(second)));
            saga.on_event(event, None, at(second));
            match also {
                0 => drop(saga.on_deadline(saga.deadline)),
                1 => drop(saga.retry(at(second))),
                _ => {}
            }
            prop_assert!(saga.messages.len() <= 8, "eight messages, each once");
            for step in &saga.steps {
                let last = step.history.last();
                prop_assert_eq!(last.map(|change| (Some(change.state), Some(change.at))), step.at.map(|at| (step.state, Some(at))));
                prop_assert!(step.history.len() <= SAGA_STEP_CHANGES_MAX);
                prop_assert!(step.history.windows(2).all(|two| two[0].state != two[1].state), "{:?}", step.history);
            }
        }
    }
}
