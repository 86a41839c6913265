//! A saga beside services that do, refuse and undo its steps, with messages that are delivered late, twice and in any
//! order, and deadlines that come at any time.

use super::*;
use proptest::prelude::*;
use proptest::sample::select;

/// A message on its way.
#[derive(Debug, Clone, Copy)]
enum Message {
    /// What happened, to the saga's record.
    News(EventType),
    /// To the service of a step: the step before it is done.
    Do(usize),
    /// To the service of a step.
    Undo(Command),
}

/// What a service did for the saga. Once it has refused or undone its step it does not do it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    None,
    Done,
    Refused,
    Undone,
}

struct World {
    kind: Kind,
    saga: Saga,
    effects: [Effect; 3],
    fails_at: Option<usize>,
    /// How many undos are refused before they are carried out.
    refusals: usize,
    on_the_way: Vec<Message>,
}

impl World {
    fn new(kind: Kind, fails_at: Option<usize>, refusals: usize) -> Self {
        let (effects, on_the_way) = ([Effect::None; 3], vec![Message::Do(0)]);
        Self { kind, saga: begin(kind), effects, fails_at, refusals, on_the_way }
    }

    fn deliver(&mut self, message: Message) {
        match message {
            Message::News(event) => {
                let command = self.saga.on_event(event, None, at(1));
                self.on_the_way.extend(command.map(Message::Undo));
            }
            Message::Do(step) => self.perform(step),
            Message::Undo(command) => self.reverse(command.step),
        }
    }

    fn perform(&mut self, step: usize) {
        if self.effects[step] != Effect::None {
            return;
        }
        let refusal = failed(self.kind, step).filter(|_| self.fails_at == Some(step));
        self.effects[step] = if refusal.is_some() { Effect::Refused } else { Effect::Done };
        self.on_the_way.push(Message::News(refusal.unwrap_or(done(self.kind, step))));
        if refusal.is_none() && step < 2 {
            self.on_the_way.push(Message::Do(step + 1));
        }
    }

    fn reverse(&mut self, step: usize) {
        if self.refusals > 0 {
            self.refusals -= 1;
            self.on_the_way.push(Message::News(EventType::SagaUndoRefused));
            return;
        }
        let news = match (step, self.effects[step]) {
            // The fence came too late.
            (2, Effect::Done) => done(self.kind, 2),
            // There is nothing to undo: what the first step was refused for is said again.
            (0, Effect::Refused) => failed(self.kind, 0).unwrap(),
            (_, Effect::None | Effect::Done | Effect::Refused | Effect::Undone) => {
                self.effects[step] = Effect::Undone;
                undone(self.kind, step)
            }
        };
        self.on_the_way.push(Message::News(news));
    }

    fn time_passes(&mut self) {
        let deadline = self.saga.deadline;
        let command = self.saga.on_deadline(deadline);
        self.on_the_way.extend(command.map(Message::Undo));
    }

    fn operator_retries(&mut self) {
        let command = self.saga.retry(at(1)).unwrap_or(None);
        self.on_the_way.extend(command.map(Message::Undo));
    }

    /// Delivers what is left, and lets time pass and an operator act until the saga has ended.
    fn come_to_rest(&mut self) {
        for _ in 0..100 {
            while !self.on_the_way.is_empty() {
                let message = self.on_the_way.remove(0);
                self.deliver(message);
            }
            match self.saga.status {
                Status::Running | Status::Compensating => self.time_passes(),
                Status::Stuck => self.operator_retries(),
                Status::Completed | Status::Compensated => return,
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Turn {
    Deliver(usize),
    DeliverAndKeep(usize),
    Deadline,
    Retry,
}

fn any_turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        8 => (0_usize..12).prop_map(Turn::Deliver),
        3 => (0_usize..12).prop_map(Turn::DeliverAndKeep),
        1 => Just(Turn::Deadline),
        1 => Just(Turn::Retry),
    ]
}

fn take_turn(world: &mut World, turn: Turn) {
    let waiting = world.on_the_way.len();
    match turn {
        Turn::Deliver(n) if waiting > 0 => {
            let message = world.on_the_way.remove(n % waiting);
            world.deliver(message);
        }
        Turn::DeliverAndKeep(n) if waiting > 0 => {
            let message = world.on_the_way[n % waiting];
            world.deliver(message);
        }
        Turn::Deliver(_) | Turn::DeliverAndKeep(_) => {}
        Turn::Deadline => world.time_passes(),
        Turn::Retry => world.operator_retries(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_saga_ends_with_everything_done_or_everything_undone(
        kind in select(Kind::ALL.to_vec()),
        fails_at in proptest::option::of(0_usize..3),
        refusals in 0_usize..3,
        turns in proptest::collection::vec(any_turn(), 0..40),
    ) {
        let mut world = World::new(kind, fails_at, refusals);
        for turn in turns {
            let before = world.saga.clone();
            take_turn(&mut world, turn);
            if before.status.has_ended() {
                prop_assert_eq!(world.saga.status, before.status);
            }
        }
        world.come_to_rest();
        match world.saga.status {
            Status::Completed => prop_assert_eq!(world.effects, [Effect::Done; 3]),
            Status::Compensated => prop_assert!(!world.effects.contains(&Effect::Done), "{:?}", world.effects),
            status @ (Status::Running | Status::Compensating | Status::Stuck) => {
                prop_assert!(false, "did not end: {status:?}");
            }
        }
        let fails = fails_at.is_some_and(|step| failed(kind, step).is_some());
        prop_assert!(!fails || world.saga.status == Status::Compensated);
    }

    #[test]
    fn a_saga_that_nobody_hurries_completes_or_fails_by_its_own_step(
        kind in select(Kind::ALL.to_vec()),
        fails_at in proptest::option::of(0_usize..3),
        turns in proptest::collection::vec((0_usize..12).prop_map(Turn::DeliverAndKeep), 0..40),
    ) {
        let mut world = World::new(kind, fails_at, 0);
        for turn in turns {
            take_turn(&mut world, turn);
        }
        world.come_to_rest();
        let fails = fails_at.is_some_and(|step| failed(kind, step).is_some());
        prop_assert_eq!(world.saga.status, if fails { Status::Compensated } else { Status::Completed });
        prop_assert_eq!(world.saga.undo_attempts, u32::from(fails));
    }

    #[test]
    fn any_events_at_all_leave_a_saga_that_can_be_ended(
        kind in select(Kind::ALL.to_vec()),
        events in proptest::collection::vec((select(EventType::ALL.to_vec()), 0_u8..8), 0..40),
    ) {
        let mut saga = begin(kind);
        for (event, also) in events {
            saga.on_event(event, None, at(1));
            if also == 0 {
                saga.on_deadline(Timestamp::MAX);
            } else if also == 1 {
                let _ = saga.retry(at(1));
            }
        }
        // At the latest when time is up and every undo is answered.
        saga.on_deadline(Timestamp::MAX);
        for step in [2, 1, 0] {
            saga.on_event(undone(kind, step), None, at(1));
        }
        prop_assert!(saga.status.has_ended());
    }
}
