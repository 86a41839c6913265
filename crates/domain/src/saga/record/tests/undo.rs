//! Sagas that are undone: each step made to fail, each deadline, each refusal.

use super::StepState::{Failed, Succeeded, UndoFailed, UndoStarted, UndoSucceeded};
use super::*;

/// Every way in which the news of the steps before `step` may have arrived or not.
fn told_before(kind: Kind, step: usize) -> Vec<Vec<EventType>> {
    let chosen = |bits: usize| (0..step).filter(move |step| bits & (1 << step) != 0);
    (0..1 << step).map(|bits| chosen(bits).map(|step| done(kind, step)).collect()).collect()
}

/// A saga whose time has run out before its last step, and the fence that it asks for.
fn overdue(kind: Kind, told: &[EventType]) -> (Saga, Option<Command>) {
    let mut saga = begin(kind);
    tell(&mut saga, told);
    let deadline = saga.deadline;
    let fence = saga.on_deadline(deadline);
    (saga, fence)
}

#[test]
fn a_failed_step_undoes_those_before_it_in_reverse() {
    for (kind, step, failure) in failures() {
        for told in told_before(kind, step) {
            let mut saga = begin(kind);
            tell(&mut saga, &told);
            let first = saga.on_event(failure, Some("why"), at(7));
            assert_eq!(states(&saga)[step], Some(Failed));
            assert_eq!(saga.steps[step].detail.as_deref(), Some("why"));
            assert_eq!((saga.undo_attempts, saga.deadline), (1, deadline(at(7))));
            assert_eq!(first.is_some(), step > 0, "the first step has nothing before it");
            unwind(&mut saga, first);
            let expected = [0, 1, 2].map(|n| match n.cmp(&step) {
                std::cmp::Ordering::Less => Some(UndoSucceeded),
                std::cmp::Ordering::Equal => Some(Failed),
                std::cmp::Ordering::Greater => None,
            });
            assert_eq!(states(&saga), expected, "{kind:?} failed at {step}");
        }
    }
}

#[test]
fn a_failure_without_a_reason_is_known_by_its_event() {
    let mut saga = begin(Kind::PayBill);
    saga.on_event(EventType::PayDeclined, None, at(1));
    assert_eq!(saga.steps[0].detail.as_deref(), Some("pay.declined"));
}

#[test]
fn a_deadline_fences_the_last_step_before_the_others_are_undone() {
    for kind in Kind::ALL {
        for told in told_before(kind, 2) {
            let (mut saga, fence) = overdue(kind, &told);
            assert_eq!(fence, Some(undo(kind, 2)));
            assert_eq!((saga.undo_attempts, saga.deadline), (1, deadline(begin(kind).deadline)));
            let awaited = saga.steps.iter().filter(|step| step.detail.as_deref() == Some("deadline")).count();
            assert_eq!(awaited, 1, "one step was awaited in vain");
            unwind(&mut saga, fence);
            assert_eq!(states(&saga), [Some(UndoSucceeded); 3]);
        }
    }
}

#[test]
fn nothing_happens_before_the_deadline() {
    for kind in Kind::ALL {
        for told in told_before(kind, 2) {
            let mut saga = begin(kind);
            tell(&mut saga, &told);
            let before = saga.clone();
            let early = saga.deadline.saturating_sub(SignedDuration::from_nanos(1)).unwrap();
            assert_eq!(saga.on_deadline(early), None);
            assert_eq!(saga, before);
        }
    }
}

#[test]
fn a_last_step_that_had_happened_before_its_fence_completes_the_saga() {
    for kind in Kind::ALL {
        for told in told_before(kind, 2) {
            let (mut saga, _) = overdue(kind, &told);
            tell(&mut saga, &[done(kind, 2)]);
            assert_eq!((saga.status, states(&saga)[2]), (Status::Completed, Some(Succeeded)));
            // News of the others may still come.
            tell(&mut saga, &[done(kind, 1), done(kind, 0)]);
            assert_eq!((saga.status, states(&saga)), (Status::Completed, [Some(Succeeded); 3]));
        }
    }
}

#[test]
fn a_last_step_that_had_happened_completes_a_saga_whose_fence_did_not_answer() {
    for kind in Kind::ALL {
        let (mut saga, _) = overdue(kind, &[]);
        let late = saga.deadline;
        assert_eq!(saga.on_deadline(late), None);
        assert_eq!(saga.status, Status::Stuck);
        tell(&mut saga, &[done(kind, 2)]);
        assert_eq!(saga.status, Status::Completed);
    }
}

#[test]
fn a_last_step_cannot_happen_once_its_fence_has_held() {
    for kind in Kind::ALL {
        let (mut saga, _) = overdue(kind, &[]);
        let next = saga.on_event(undone(kind, 2), None, at(1));
        let before = saga.clone();
        tell(&mut saga, &[done(kind, 2)]);
        assert_eq!(saga, before);
        unwind(&mut saga, next);
    }
    for (kind, step, failure) in failures().into_iter().filter(|(_, step, _)| *step > 0) {
        let mut saga = begin(kind);
        let next = saga.on_event(failure, None, at(1));
        let before = saga.clone();
        tell(&mut saga, &[done(kind, 2)]);
        assert_eq!(saga, before, "failed at {step}");
        unwind(&mut saga, next);
    }
}

#[test]
fn a_step_that_turns_out_to_have_failed_is_undone() {
    // The gateway declines after all, long after the saga's time has run out.
    let (mut saga, _) = overdue(Kind::PayBill, &[EventType::PayOutcomeUnknown]);
    tell(&mut saga, &[]);
    for step in [2, 1] {
        let next = saga.on_event(undone(Kind::PayBill, step), None, at(1));
        assert_eq!(next, Some(undo(Kind::PayBill, step - 1)));
    }
    tell(&mut saga, &[EventType::PayOutcomeUnknown, EventType::PayDeclined]);
    assert_eq!((saga.status, states(&saga)[0]), (Status::Compensated, Some(UndoSucceeded)));
}

#[test]
fn a_fence_that_finds_its_step_refused_has_held() {
    for (kind, step, failure) in failures().into_iter().filter(|(_, step, _)| *step == 2) {
        let (mut saga, _) = overdue(kind, &[]);
        let next = saga.on_event(failure, None, at(1));
        assert_eq!(next, Some(undo(kind, step - 1)));
        unwind(&mut saga, next);
    }
}

/// A saga whose time has run out and whose undo has come down to `step`.
fn undoing(kind: Kind, step: usize) -> Saga {
    let (mut saga, _) = overdue(kind, &[done(kind, 0), done(kind, 1)]);
    for later in (step + 1..3).rev() {
        saga.on_event(undone(kind, later), None, at(1));
    }
    assert_eq!(states(&saga)[step], Some(UndoStarted));
    saga
}

#[test]
fn a_refused_undo_leaves_the_saga_stuck_until_an_operator_retries() {
    for kind in Kind::ALL {
        for step in 0..3 {
            let mut saga = undoing(kind, step);
            assert_eq!(saga.on_event(EventType::SagaUndoRefused, Some("bill_paid"), at(5)), None);
            assert_eq!((saga.status, states(&saga)[step]), (Status::Stuck, Some(UndoFailed)));
            assert_eq!(saga.steps[step].detail.as_deref(), Some("bill_paid"));
            // It waits, however long it takes and however often it is refused.
            let stuck = saga.clone();
            assert_eq!(saga.on_event(EventType::SagaUndoRefused, Some("again"), at(6)), None);
            assert_eq!(saga, stuck);
            assert_eq!(saga.on_deadline(Timestamp::MAX), None);
            assert_eq!(saga, stuck);
            let again = saga.retry(at(900)).unwrap();
            assert_eq!(again, Some(undo(kind, step)));
            assert_eq!((saga.undo_attempts, saga.deadline), (2, deadline(at(900))));
            unwind(&mut saga, again);
        }
    }
}

#[test]
fn an_undo_may_be_refused_and_retried_many_times() {
    for kind in Kind::ALL {
        let mut saga = undoing(kind, 1);
        for attempt in 2..6 {
            saga.on_event(EventType::SagaUndoRefused, None, at(5));
            assert_eq!(saga.retry(at(6)), Ok(Some(undo(kind, 1))));
            assert_eq!(saga.undo_attempts, attempt);
        }
        unwind(&mut saga, Some(undo(kind, 1)));
    }
}

#[test]
fn an_undo_that_does_not_answer_in_time_is_given_to_an_operator() {
    for kind in Kind::ALL {
        for step in 0..3 {
            let mut saga = undoing(kind, step);
            let deadline = saga.deadline;
            let before = saga.clone();
            assert_eq!(
                saga.on_deadline(deadline.saturating_sub(SignedDuration::from_secs(1)).unwrap()),
                None
            );
            assert_eq!(saga, before);
            assert_eq!(saga.on_deadline(deadline), None);
            assert_eq!((saga.status, states(&saga)[step]), (Status::Stuck, Some(UndoFailed)));
        }
    }
}

#[test]
fn an_undo_that_answers_after_all_goes_on_with_a_new_deadline() {
    for kind in Kind::ALL {
        for step in 1..3 {
            let mut saga = undoing(kind, step);
            saga.on_deadline(Timestamp::MAX);
            assert_eq!(saga.status, Status::Stuck);
            let next = saga.on_event(undone(kind, step), None, at(5_000));
            // Without it nobody would notice that the next undo does not answer.
            assert_eq!((saga.status, saga.deadline), (Status::Compensating, deadline(at(5_000))));
            unwind(&mut saga, next);
        }
    }
}

#[test]
fn only_a_stuck_saga_can_be_retried() {
    for kind in Kind::ALL {
        let mut saga = begin(kind);
        assert_eq!(saga.retry(at(1)), Err(Refusal(Status::Running)));
        let deadline = saga.deadline;
        let fence = saga.on_deadline(deadline);
        assert_eq!(saga.retry(at(1)), Err(Refusal(Status::Compensating)));
        unwind(&mut saga, fence);
        assert_eq!(saga.retry(at(1)), Err(Refusal(Status::Compensated)));
        assert_eq!(saga.undo_attempts, 1);
    }
}

#[test]
fn news_that_comes_while_or_after_a_saga_is_undone_changes_nothing() {
    for kind in Kind::ALL {
        for step in 0..3 {
            let mut saga = undoing(kind, step);
            let steps = [0, 1, 2];
            let late =
                steps.map(|n| done(kind, n)).into_iter().filter(|event| *event != done(kind, 2) || step < 2);
            let other = steps.into_iter().filter(|n| *n != step).map(|n| undone(kind, n));
            let failures = steps.into_iter().filter(|n| *n != step).filter_map(|n| failed(kind, n));
            let stale: Vec<_> = late.chain(other).chain(failures).collect();
            let before = saga.clone();
            tell(&mut saga, &stale);
            assert_eq!(saga, before, "{kind:?} undoing {step}");

            unwind(&mut saga, Some(undo(kind, step)));
            let ended = saga.clone();
            tell(&mut saga, EventType::ALL);
            assert_eq!(saga.on_deadline(Timestamp::MAX), None);
            assert_eq!(saga, ended);
        }
    }
}
