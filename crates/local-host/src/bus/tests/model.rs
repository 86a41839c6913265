//! The queues of one source against a list of what should be in them.

use super::*;
use crate::bus::message::{Message, Places};
use crate::bus::source::{Death, Queues, Taken};
use proptest::prelude::*;
use std::collections::BTreeMap;

const DELIVERIES_MAX: u32 = 3;
const LOCK: SignedDuration = SignedDuration::from_secs(60);
const LIFE: SignedDuration = SignedDuration::from_secs(600);

#[derive(Debug, Clone)]
enum Step {
    /// With a wait before it can be received, in seconds.
    Put(i64),
    Take,
    /// Of the locks there are, the one at this place.
    Complete(usize),
    Abandon(usize),
    Renew(usize),
    /// Seconds; the clock may be set back.
    Move(i64),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Scheduled(Timestamp),
    Ready { since: Timestamp },
    Locked { since: Timestamp, lock: u64, until: Timestamp },
}

/// What the model knows of each message that is left: its failures and its state.
struct Model {
    now: Timestamp,
    next: u64,
    messages: BTreeMap<i64, (u32, State)>,
}

impl Model {
    fn locks(&self) -> Vec<u64> {
        let lock = |state: &State| if let State::Locked { lock, .. } = state { Some(*lock) } else { None };
        self.messages.values().filter_map(|(_, state)| lock(state)).collect()
    }

    fn locked_by(&self, lock: u64) -> i64 {
        let holds = |state: &State| matches!(state, State::Locked { lock: held, .. } if *held == lock);
        *self.messages.iter().find(|(_, (_, state))| holds(state)).unwrap().0
    }

    /// What the time does; returns the dead.
    fn sweep(&mut self) -> Vec<(i64, Death)> {
        let now = self.now;
        let mut dead = Vec::new();
        self.messages.retain(|number, (failed, state)| {
            *state = match *state {
                State::Scheduled(at) if at <= now => State::Ready { since: now },
                State::Locked { since, until, .. } if until <= now => {
                    *failed += 1;
                    State::Ready { since }
                }
                same @ (State::Scheduled(_) | State::Ready { .. } | State::Locked { .. }) => same,
            };
            let expired = matches!(*state, State::Ready { since } if since + LIFE <= now);
            let death = if *failed >= DELIVERIES_MAX { Some(Death::Exhausted) } else { None };
            let death = death.or(expired.then_some(Death::Expired));
            dead.extend(death.map(|death| (*number, death)));
            death.is_none()
        });
        dead
    }
}

fn message(number: u64, now: Timestamp, wait: i64) -> Arc<Message> {
    let scheduled_at = (wait > 0).then(|| now + SignedDuration::from_secs(wait));
    Arc::new(Message {
        sequence_number: i64::try_from(number).unwrap(),
        message_id: number.to_string(),
        subject: None,
        correlation_id: None,
        content_type: None,
        properties: serde_json::Map::new(),
        dead_letter_source: None,
        accepted_at: now,
        scheduled_at,
        time_to_live: LIFE,
        body: bytes::Bytes::new(),
        places: Mutex::new(Places::default()),
    })
}

fn apply(queues: &mut Queues, model: &mut Model, step: &Step) {
    let (now, number) = (model.now, model.next);
    let locks = model.locks();
    let chosen = |index: usize| locks.get(index % locks.len().max(1)).copied();
    match step {
        Step::Put(wait) => {
            model.next += 1;
            let message = message(number, now, *wait);
            let state = message.scheduled_at.map_or(State::Ready { since: now }, State::Scheduled);
            assert_eq!(queues.put(message, 0, now), *wait <= 0);
            model.messages.insert(i64::try_from(number).unwrap(), (0, state));
        }
        Step::Take => take(queues, model),
        Step::Complete(index) => {
            if let Some(lock) = chosen(*index) {
                let number = model.locked_by(lock);
                assert_eq!(queues.complete(lock).unwrap().message.sequence_number, number);
                model.messages.remove(&number);
                assert!(queues.complete(lock).is_none());
            }
        }
        Step::Abandon(index) => {
            if let Some(lock) = chosen(*index) {
                abandon(queues, model, lock);
            }
        }
        Step::Renew(index) => {
            if let Some(lock) = chosen(*index) {
                let number = model.locked_by(lock);
                assert!(queues.renew(lock, now + LOCK));
                let Some((_, State::Locked { until, .. })) = model.messages.get_mut(&number) else {
                    panic!()
                };
                *until = now + LOCK;
            }
        }
        Step::Move(seconds) => {
            model.now += SignedDuration::from_secs(*seconds);
            let swept = queues.sweep(model.now, DELIVERIES_MAX);
            let mut dead: Vec<_> =
                swept.dead.iter().map(|(item, death)| (item.message.sequence_number, *death)).collect();
            dead.sort_by_key(|(number, _)| *number);
            assert_eq!(dead, model.sweep());
        }
    }
}

fn take(queues: &mut Queues, model: &mut Model) {
    let ready = |state: &State| if let State::Ready { since } = state { Some(*since) } else { None };
    let first =
        model.messages.iter().find_map(|(number, (failed, state))| Some((*number, *failed, ready(state)?)));
    let (now, lock) = (model.now, model.next);
    model.next += 1;
    match (queues.take(now, now + LOCK, lock), first) {
        (Taken::Nothing, None) => {}
        (Taken::Locked(item), Some((number, failed, since))) => {
            assert_eq!(
                (item.message.sequence_number, item.failed, item.enqueued_at),
                (number, failed, since)
            );
            model.messages.insert(number, (failed, State::Locked { since, lock, until: now + LOCK }));
        }
        // A sweep found it too young, so it can only be one whose lock has been given back since.
        (Taken::Expired(item), Some((number, _, since))) => {
            assert_eq!((item.message.sequence_number, since + LIFE <= now), (number, true));
            model.messages.remove(&number);
        }
        (_, first) => panic!("the model has {first:?}"),
    }
}

fn abandon(queues: &mut Queues, model: &mut Model, lock: u64) {
    let number = model.locked_by(lock);
    let (failed, state) = model.messages[&number];
    let State::Locked { since, .. } = state else { panic!() };
    let (item, death) = queues.abandon(lock, DELIVERIES_MAX).unwrap();
    assert_eq!(item.failed, failed + 1);
    assert_eq!(death.is_some(), failed + 1 >= DELIVERIES_MAX);
    if death.is_some() {
        model.messages.remove(&number);
    } else {
        model.messages.insert(number, (failed + 1, State::Ready { since }));
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => prop_oneof![3 => Just(0i64), 1 => 1i64..700].prop_map(Step::Put),
        4 => Just(Step::Take),
        2 => any::<usize>().prop_map(Step::Complete),
        2 => any::<usize>().prop_map(Step::Abandon),
        1 => any::<usize>().prop_map(Step::Renew),
        3 => prop_oneof![4 => 1i64..100, 1 => 100i64..1000, 1 => -50i64..0].prop_map(Step::Move),
    ];
    prop::collection::vec(step, 1..80)
}

proptest! {
    #[test]
    fn queues_hold_what_the_model_says(steps in steps()) {
        let mut queues = Queues::default();
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let mut model = Model { now, next: 1, messages: BTreeMap::new() };
        for step in &steps {
            apply(&mut queues, &mut model, step);
            let of = |wanted: fn(&State) -> bool| model.messages.values().filter(|(_, state)| wanted(state)).count();
            let counts = queues.counts();
            prop_assert_eq!(counts.active, of(|state| matches!(state, State::Ready { .. })));
            prop_assert_eq!(counts.scheduled, of(|state| matches!(state, State::Scheduled(_))));
            prop_assert_eq!(counts.locked, of(|state| matches!(state, State::Locked { .. })));
        }
    }
}
