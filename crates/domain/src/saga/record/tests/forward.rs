//! Sagas that go well, whatever the order in which their events arrive.

use super::StepState::{Started, Succeeded};
use super::*;

#[test]
fn a_saga_awaits_one_step_after_the_other_and_completes() {
    for kind in Kind::ALL {
        let mut saga = begin(kind);
        let expected = [
            [Some(Started), None, None],
            [Some(Succeeded), Some(Started), None],
            [Some(Succeeded), Some(Succeeded), Some(Started)],
        ];
        for (step, expected) in expected.into_iter().enumerate() {
            assert_eq!((saga.status, states(&saga)), (Status::Running, expected), "{kind:?}");
            tell(&mut saga, &[done(kind, step)]);
        }
        assert_eq!((saga.status, states(&saga)), (Status::Completed, [Some(Succeeded); 3]));
        assert_eq!((saga.undo_attempts, saga.deadline), (0, begin(kind).deadline));
    }
}

#[test]
fn a_record_says_when_each_step_came_to_stand_where_it_does() {
    let mut saga = begin(Kind::PayBill);
    for (step, second) in (0..3).zip([3, 5, 9]) {
        saga.on_event(done(Kind::PayBill, step), None, at(second));
    }
    assert_eq!(saga.started_at, at(0));
    assert_eq!(saga.steps.iter().map(|step| step.at.unwrap()).collect::<Vec<_>>(), [at(3), at(5), at(9)]);
    let names: Vec<_> = saga.steps.iter().map(|step| step.step.as_str()).collect();
    assert_eq!(names, ["pay.captured", "bill.settled", "pay.completed"]);
}

#[test]
fn events_that_come_twice_and_in_any_order_complete_the_saga() {
    // Every order of six deliveries, two of each event.
    for kind in Kind::ALL {
        for order in orders(&[0, 0, 1, 1, 2, 2]) {
            let mut saga = begin(kind);
            let mut told = [false; 3];
            for step in order {
                let before = saga.clone();
                tell(&mut saga, &[done(kind, step)]);
                assert_eq!(saga == before, told[step], "the first delivery is news and the second is not");
                told[step] = true;
                let expected = if told[2] { Status::Completed } else { Status::Running };
                assert_eq!(saga.status, expected);
            }
            assert_eq!(states(&saga), [Some(Succeeded); 3]);
        }
    }
}

#[test]
fn a_step_is_recorded_as_of_its_first_news() {
    for kind in Kind::ALL {
        for step in 0..3 {
            let mut saga = begin(kind);
            tell(&mut saga, &[done(kind, step)]);
            let before = saga.clone();
            assert_eq!(saga.on_event(done(kind, step), None, at(99)), None);
            assert_eq!(saga, before, "{kind:?} {step}");
        }
    }
}

/// The distinct orders of some steps.
fn orders(steps: &[usize]) -> Vec<Vec<usize>> {
    if steps.is_empty() {
        return vec![vec![]];
    }
    let distinct: std::collections::BTreeSet<_> = steps.iter().copied().collect();
    let mut all = Vec::new();
    for first in distinct {
        let mut rest = steps.to_vec();
        rest.remove(steps.iter().position(|step| *step == first).unwrap());
        all.extend(orders(&rest).into_iter().map(|rest| [vec![first], rest].concat()));
    }
    all
}

#[test]
fn a_step_whose_outcome_is_not_known_is_awaited_on() {
    let mut saga = begin(Kind::PayBill);
    tell(&mut saga, &[EventType::PayOutcomeUnknown]);
    assert_eq!(saga, begin(Kind::PayBill));
    tell(&mut saga, &[0, 1, 2].map(|step| done(Kind::PayBill, step)));
    assert_eq!(saga.status, Status::Completed);
}

#[test]
fn events_about_something_else_change_nothing() {
    for kind in Kind::ALL {
        for event in EventType::ALL.iter().filter(|event| kind.meaning(**event) == Meaning::Foreign) {
            let mut saga = begin(kind);
            tell(&mut saga, &[*event]);
            assert_eq!(saga, begin(kind), "{event:?}");
        }
    }
}

#[test]
fn a_failure_that_comes_after_the_success_of_its_step_or_a_later_one_is_out_of_date() {
    for (kind, step, failure) in failures() {
        for later in step..3 {
            let mut saga = begin(kind);
            tell(&mut saga, &[done(kind, later)]);
            let before = saga.clone();
            tell(&mut saga, &[failure]);
            assert_eq!(saga, before, "{failure:?}");
        }
    }
}

#[test]
fn a_completed_saga_has_no_deadline_and_cannot_be_retried() {
    for kind in Kind::ALL {
        let mut saga = begin(kind);
        tell(&mut saga, &[0, 1, 2].map(|step| done(kind, step)));
        let before = saga.clone();
        assert_eq!(saga.on_deadline(Timestamp::MAX), None);
        assert_eq!(saga.retry(at(9)), Err(Refusal(Status::Completed)));
        assert_eq!(saga, before);
    }
}

#[test]
fn a_saga_is_stored_and_read_back_unharmed() {
    for kind in Kind::ALL {
        let mut saga = begin(kind);
        for event in [done(kind, 0), done(kind, 1), undone(kind, 2), done(kind, 2)] {
            let json = serde_json::to_string(&saga).unwrap();
            assert_eq!(serde_json::from_str::<Saga>(&json).unwrap(), saga);
            tell(&mut saga, &[event]);
        }
    }
}

#[test]
fn a_status_is_written_in_keys_as_it_is_in_the_api() {
    for status in Status::ALL {
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        assert_eq!(status.has_ended(), matches!(status, Status::Completed | Status::Compensated));
    }
}
