use super::*;
use crate::saga::Step;

mod every_state;
mod forward;
mod history;
mod meanings;
mod schedules;
mod undo;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn id(kind: Kind) -> SagaId {
    let order = "0192f0c1a2b37c4d8e9f0123456789ab";
    let id = match kind {
        Kind::OpenLine => format!("open-{order}"),
        Kind::PayBill => format!("pay-202610-{order}-p1"),
        Kind::CancelPayment => format!("cancel-202610-{order}-p1-1"),
        Kind::CloseLine => format!("close-{order}-1"),
    };
    SagaId::parse(id).unwrap()
}

fn begin(kind: Kind) -> Saga {
    let saga = Saga::begin(id(kind), CustomerId::parse("kim").unwrap(), at(0));
    assert_eq!(saga.kind, kind);
    saga
}

fn done(kind: Kind, step: usize) -> EventType {
    kind.steps()[step].done
}

fn undone(kind: Kind, step: usize) -> EventType {
    kind.steps()[step].undone
}

/// The event that says that the step failed, if the step can.
fn failed(kind: Kind, step: usize) -> Option<EventType> {
    EventType::ALL.iter().copied().find(|event| kind.meaning(*event) == Meaning::Failed(step))
}

/// The kinds with each of their steps that can fail, and the event that says so.
fn failures() -> Vec<(Kind, usize, EventType)> {
    let steps = Kind::ALL.into_iter().flat_map(|kind| [0, 1, 2].map(|step| (kind, step)));
    steps.filter_map(|(kind, step)| Some((kind, step, failed(kind, step)?))).collect()
}

fn states(saga: &Saga) -> [Option<StepState>; 3] {
    [0, 1, 2].map(|step| saga.steps[step].state)
}

/// Tells the saga of the events, none of which may ask for an undo.
#[track_caller]
fn tell(saga: &mut Saga, events: &[EventType]) {
    for event in events {
        assert_eq!(saga.on_event(*event, None, at(1)), None, "{event:?}");
    }
}

/// The undo of a step of the kind.
fn undo(kind: Kind, step: usize) -> Command {
    Command { step, undo: kind.steps()[step].undo }
}

/// Answers each undo with its success, from `first` on. The undos must come in reverse, and end compensated.
#[track_caller]
fn unwind(saga: &mut Saga, first: Option<Command>) {
    let mut next = first;
    let from = first.map_or(0, |command| command.step + 1);
    for step in (0..from).rev() {
        assert_eq!(next, Some(undo(saga.kind, step)));
        assert_eq!(saga.status, Status::Compensating);
        assert_eq!(states(saga)[step], Some(StepState::UndoStarted));
        next = saga.on_event(undone(saga.kind, step), None, at(2));
        assert_eq!(states(saga)[step], Some(StepState::UndoSucceeded));
    }
    assert_eq!((next, saga.status), (None, Status::Compensated));
}
