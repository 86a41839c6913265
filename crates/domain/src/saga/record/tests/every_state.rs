//! Every state that a saga can come to, and everything that can happen in it.

use super::*;
use std::collections::{BTreeSet, HashSet, VecDeque};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    Event(EventType),
    Deadline,
    Retry,
}

/// Without its times and reasons, on which nothing depends but when the deadline comes.
fn bare(mut saga: Saga) -> Saga {
    for step in &mut saga.steps {
        step.at = None;
        step.detail = None;
        step.history.clear();
    }
    Saga { deadline: at(600), undo_attempts: 0, ..saga }
}

fn apply(saga: &Saga, input: Input) -> (Saga, Option<Command>) {
    let mut after = saga.clone();
    let command = match input {
        Input::Event(event) => after.on_event(event, None, at(1)),
        Input::Deadline => after.on_deadline(saga.deadline),
        Input::Retry => after.retry(at(1)).unwrap_or(None),
    };
    (bare(after), command)
}

fn inputs() -> impl Iterator<Item = Input> {
    let events = EventType::ALL.iter().map(|event| Input::Event(*event));
    events.chain([Input::Deadline, Input::Retry])
}

/// Every state that a saga of the kind can come to.
fn reachable(kind: Kind) -> Vec<Saga> {
    let first = bare(begin(kind));
    let mut seen = HashSet::from([format!("{first:?}")]);
    let (mut states, mut next) = (Vec::new(), VecDeque::from([first]));
    while let Some(saga) = next.pop_front() {
        for (after, _) in inputs().map(|input| apply(&saga, input)) {
            if seen.insert(format!("{after:?}")) {
                next.push_back(after);
            }
        }
        states.push(saga);
    }
    states
}

fn every(check: impl Fn(Kind, &Saga)) {
    for kind in Kind::ALL {
        for saga in reachable(kind) {
            check(kind, &saga);
        }
    }
}

fn is_undoing(state: Option<StepState>) -> bool {
    matches!(state, Some(StepState::UndoStarted | StepState::UndoFailed))
}

#[test]
fn every_status_and_every_state_of_a_step_occurs() {
    for kind in Kind::ALL {
        let states = reachable(kind);
        let statuses: BTreeSet<_> = states.iter().map(|saga| saga.status).collect();
        assert_eq!(statuses, Status::ALL.into(), "{kind:?}");
        let of_steps: BTreeSet<_> = states.iter().flat_map(super::states).flatten().collect();
        assert_eq!(of_steps.len(), 6, "{kind:?}: {of_steps:?}");
    }
}

#[test]
fn the_steps_of_a_saga_fit_its_status() {
    every(|kind, saga| {
        let states = states(saga);
        let holds = match saga.status {
            Status::Running => {
                // One step at least is awaited, and none has failed or is undone.
                states.contains(&Some(StepState::Started))
                    && states
                        .iter()
                        .all(|s| matches!(s, None | Some(StepState::Started | StepState::Succeeded)))
            }
            Status::Completed => {
                states[2] == Some(StepState::Succeeded) && !states.into_iter().any(is_undoing)
            }
            Status::Compensated => {
                let failed = states.iter().position(|s| *s == Some(StepState::Failed)).unwrap_or(3);
                states.iter().take(failed).all(|s| *s == Some(StepState::UndoSucceeded))
                    && states.iter().skip(failed + 1).all(Option::is_none)
            }
            Status::Compensating | Status::Stuck => {
                let at = states.iter().position(|s| is_undoing(*s)).unwrap();
                let expected =
                    if saga.status == Status::Stuck { StepState::UndoFailed } else { StepState::UndoStarted };
                // What comes after it is undone, or failed, or was never begun. What comes before is still to do.
                let settled = |s: &Option<StepState>| {
                    matches!(s, None | Some(StepState::UndoSucceeded | StepState::Failed))
                };
                states[at] == Some(expected)
                    && states.iter().skip(at + 1).all(settled)
                    && !states.iter().take(at).any(|s| is_undoing(*s) || *s == Some(StepState::UndoSucceeded))
            }
        };
        assert!(holds, "{kind:?}: {:?} {states:?}", saga.status);
    });
}

#[test]
fn a_saga_asks_for_the_undo_of_the_step_that_it_then_awaits() {
    every(|kind, saga| {
        for input in inputs() {
            let (after, command) = apply(saga, input);
            if let Some(command) = command {
                assert_eq!(after.status, Status::Compensating);
                assert_eq!(command, undo(kind, command.step));
                assert_eq!(states(&after)[command.step], Some(StepState::UndoStarted));
            }
            let newly = after.status == Status::Compensating && (after != *saga);
            assert_eq!(command.is_some(), newly, "{input:?} in {:?} {:?}", saga.status, states(saga));
        }
    });
}

#[test]
fn an_ended_saga_takes_in_late_news_of_its_steps_and_nothing_else() {
    every(|kind, saga| {
        for input in inputs().filter(|_| saga.status.has_ended()) {
            let (after, command) = apply(saga, input);
            assert_eq!((after.status, command), (saga.status, None));
            for step in 0..3 {
                let (before, now) = (states(saga)[step], states(&after)[step]);
                let late = saga.status == Status::Completed && input == Input::Event(done(kind, step));
                assert_eq!(now, if late { Some(StepState::Succeeded) } else { before });
            }
        }
    });
}

#[test]
fn an_event_that_comes_twice_in_a_row_is_news_once() {
    every(|_, saga| {
        for input in EventType::ALL.iter().map(|event| Input::Event(*event)) {
            let (once, _) = apply(saga, input);
            assert_eq!(apply(&once, input), (once.clone(), None), "{input:?} in {saga:?}");
        }
    });
}

#[test]
fn the_deadline_is_heeded_by_sagas_that_are_under_way_alone() {
    every(|kind, saga| {
        let (after, command) = apply(saga, Input::Deadline);
        match saga.status {
            Status::Running => {
                assert_eq!((after.status, command), (Status::Compensating, Some(undo(kind, 2))));
            }
            Status::Compensating => assert_eq!((after.status, command), (Status::Stuck, None)),
            Status::Completed | Status::Compensated | Status::Stuck => {
                assert_eq!((&after, command), (saga, None));
            }
        }
    });
}

#[test]
fn every_saga_that_is_being_undone_ends_compensated_when_each_undo_is_answered() {
    every(|kind, saga| {
        let mut saga =
            if saga.status == Status::Running { apply(saga, Input::Deadline).0 } else { saga.clone() };
        let completed = saga.status == Status::Completed;
        for step in [2, 1, 0] {
            saga = apply(&saga, Input::Event(undone(kind, step))).0;
        }
        assert_eq!(saga.status, if completed { Status::Completed } else { Status::Compensated });
    });
}

#[test]
fn every_stuck_saga_ends_compensated_once_an_operator_has_it_retried() {
    every(|kind, saga| {
        if saga.status == Status::Stuck {
            let mut saga = saga.clone();
            let step = states(&saga).into_iter().position(is_undoing).unwrap();
            let again = saga.retry(at(1)).unwrap();
            assert_eq!(again, Some(undo(kind, step)));
            unwind(&mut saga, again);
        }
    });
}

#[test]
fn every_running_saga_completes_when_its_steps_do() {
    every(|kind, saga| {
        if saga.status == Status::Running {
            let all = [0, 1, 2].map(|step| Input::Event(done(kind, step)));
            let ended = all.into_iter().fold(saga.clone(), |saga, input| apply(&saga, input).0);
            assert_eq!((ended.status, states(&ended)), (Status::Completed, [Some(StepState::Succeeded); 3]));
        }
    });
}
