//! Operators at the same parked message, and replays that break off.

use crate::world::delivery::incoming;
use crate::world::{Spot, Trouble, Trying, World};
use app::{Answer, Consumer, Failure, PageRequest};
use contract::problem::{Code, Problem};
use domain::limits::HANDLER_SECONDS_MAX;
use futures::future::join;
use futures::poll;
use jiff::SignedDuration;
use serde_json::Value;
use std::collections::BTreeSet;
use std::pin::pin;
use testkit::Fault;

/// What an operator does with a parked message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Replay,
    Discard,
}

use Deed::{Discard, Replay};

impl Deed {
    async fn on(self, world: &World, id: &str) -> Result<Answer, Failure> {
        match self {
            Replay => world.app.replay_parked(id).await,
            Discard => world.app.discard_parked(id).await,
        }
    }

    const fn leaves(self) -> &'static str {
        match self {
            Replay => "replayed",
            Discard => "discarded",
        }
    }
}

/// A world in which the message that activates a line is parked.
async fn parked() -> (World, String) {
    let mut world = World::new(1);
    world.plan.add(Spot::first("order_on_account_opened", "bill.account_opened"), Trouble::Parked);
    world.open_line("kim").await;
    let id = world.waiting_parked().await.remove(0);
    assert_eq!(effects(&world), 0);
    (world, id)
}

/// How often the line was activated.
fn effects(world: &World) -> usize {
    world.bus.sent().iter().filter(|message| message.subject == "order.activated").count()
}

/// What operators have dealt with, as the API shows it.
async fn ended(world: &World) -> Vec<Value> {
    let page = PageRequest { limit: 50, cursor: None };
    let items = world.app.parked(true, &page).await.unwrap().items;
    items.iter().map(|item| serde_json::to_value(item).unwrap()).collect()
}

/// The states of what operators have dealt with.
async fn done(world: &World) -> Vec<Value> {
    ended(world).await.iter().map(|item| item["state"].clone()).collect()
}

fn advance(world: &World, seconds: u64) {
    world.advance(SignedDuration::from_secs(i64::try_from(seconds).unwrap()));
}

/// Lets `first` make so many calls, then does all of `second`, then the rest of `first`. None when `first` was done by then.
async fn within<A, B>(
    world: &World,
    calls: usize,
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> Option<(A, B)> {
    // Each call lets others run before it is made.
    world.faults.always(|_| true, Fault::Late(1));
    let mut first = pin!(first);
    for _ in 0..=calls {
        if poll!(&mut first).is_ready() {
            return None;
        }
    }
    let second = second.await;
    let first = first.await;
    world.faults.clear();
    Some((first, second))
}

/// Of two deeds one was done, the other refused, and all that is left says so.
async fn one_won(world: &World, deeds: [(Deed, Result<Answer, Failure>); 2]) {
    let [first, second] = deeds;
    let (winner, loser) = if first.1.is_ok() { (first, second) } else { (second, first) };
    winner.1.unwrap();
    let refusal = loser.1.unwrap_err().code();
    assert!(["wrong_state", "not_found"].contains(&refusal), "{refusal}");
    assert_eq!(done(world).await, [winner.0.leaves()]);
    assert_eq!(effects(world), usize::from(winner.0 == Replay));
    assert_eq!(world.waiting_parked().await, [] as [&str; 0]);
}

#[tokio::test(start_paused = true)]
async fn of_two_operators_at_one_message_one_wins_and_the_record_says_what_that_one_did() {
    for (first, second) in [(Replay, Discard), (Discard, Replay), (Replay, Replay), (Discard, Discard)] {
        let mut places = 0;
        for calls in 0.. {
            let (world, id) = parked().await;
            let _trying = Trying(format!("{first:?} after {calls} calls {second:?}"));
            let both = within(&world, calls, first.on(&world, &id), second.on(&world, &id)).await;
            let Some((one, other)) = both else { break };
            one_won(&world, [(first, one), (second, other)]).await;
            places += 1;
        }
        // What reads and ends a record is two calls, and a replay has its consumer's as well.
        assert!(places >= if first == Replay { 6 } else { 2 }, "{first:?} {second:?}: {places}");
    }
}

#[tokio::test(start_paused = true)]
async fn however_two_operators_mix_one_wins() {
    let mut won = BTreeSet::new();
    for seed in 0..400 {
        let (world, id) = parked().await;
        let _trying = Trying(format!("seed {seed}"));
        world.mix(seed);
        let (replayed, discarded) = join(Replay.on(&world, &id), Discard.on(&world, &id)).await;
        world.faults.clear();
        won.insert(replayed.is_ok());
        one_won(&world, [(Replay, replayed), (Discard, discarded)]).await;
    }
    assert_eq!(won.len(), 2, "each of them wins now and then");
}

#[tokio::test(start_paused = true)]
async fn a_replay_that_has_begun_is_the_one_that_ends() {
    // It has read the record and written that it has begun.
    for calls in 2..=5 {
        let (world, id) = parked().await;
        let (replayed, discarded) =
            within(&world, calls, Replay.on(&world, &id), Discard.on(&world, &id)).await.unwrap();
        replayed.unwrap();
        assert_eq!(discarded.unwrap_err().code(), "wrong_state", "{calls}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_being_replayed_still_waits_and_says_since_when() {
    let (world, id) = parked().await;
    let before = world.parked().await;
    assert!(before[0].get("replayingSince").is_none(), "{before:?}");
    let (replayed, mut seen) = within(&world, 2, Replay.on(&world, &id), world.parked()).await.unwrap();
    let since = seen[0].as_object_mut().unwrap().remove("replayingSince");
    assert_eq!(since, Some(domain::calendar::rfc3339(world.now()).into()));
    assert_eq!(seen, before, "all else is the same");
    assert_eq!(seen[0]["state"], "waiting");
    replayed.unwrap();
    let ended = ended(&world).await;
    assert!(ended[0].get("replayingSince").is_none(), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn a_replay_that_failed_or_broke_off_is_not_shown_when_the_message_is_anybodys_again() {
    let (world, id) = parked().await;
    let shown = async || world.parked().await[0].get("replayingSince").cloned();
    world.faults.nth(3, |_| true, Fault::Refused);
    Replay.on(&world, &id).await.unwrap_err();
    world.faults.clear();
    assert_eq!(shown().await, None);

    let begun = domain::calendar::rfc3339(world.now());
    world.faults.nth(2, |_| true, Fault::DieAfter);
    assert!(world.faults.survives(Replay.on(&world, &id)).await.is_none());
    world.faults.clear();
    advance(&world, HANDLER_SECONDS_MAX);
    assert_eq!(shown().await, Some(begun.into()));
    advance(&world, 1);
    assert_eq!(shown().await, None);
}

#[tokio::test(start_paused = true)]
async fn parking_a_message_again_leaves_it_to_its_replay() {
    for calls in 0.. {
        let (mut world, id) = parked().await;
        let opened = world.bus.sent().into_iter().find(|message| message.subject == "bill.account_opened");
        let letter = incoming(&opened.unwrap());
        // Recorded once before, then again while it is replayed.
        let source = Some("events/Subscriptions/order-on-account-opened");
        world.app.discard_parked(&id).await.unwrap();
        world.app.record_dead_letter(&letter, source, None).await.unwrap();
        let id = world.waiting_parked().await.remove(0);
        let again = world.app.record_dead_letter(&letter, source, Some("TTLExpiredException"));
        let Some((replayed, again)) = within(&world, calls, Replay.on(&world, &id), again).await else {
            assert!(calls >= 6, "{calls}");
            break;
        };
        again.unwrap();
        replayed.unwrap();
        assert_eq!(effects(&world), 1, "{calls}");
        world.run_until_quiet().await;
        assert!(world.waiting_parked().await.is_empty(), "{calls}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_parked_twice_waits_once_as_it_was_parked_first() {
    let (world, _) = parked().await;
    let opened =
        world.bus.sent().into_iter().find(|message| message.subject == "bill.account_opened").unwrap();
    let before = world.parked().await;
    world.advance(SignedDuration::from_secs(5));
    let unreadable = app::Incoming { body: "{}".to_owned(), ..incoming(&opened) };
    world.app.consume(Consumer::OrderOnAccountOpened, &unreadable).await.unwrap();
    assert_eq!(world.parked().await, before);
}

#[tokio::test(start_paused = true)]
async fn a_replay_that_fails_leaves_the_message_to_everybody_at_once() {
    for fault in [Fault::Refused, Fault::LostBefore] {
        let (world, id) = parked().await;
        // Its consumer's first call.
        world.faults.nth(3, |_| true, fault);
        let failed = Replay.on(&world, &id).await.unwrap_err();
        assert_eq!((failed.code(), effects(&world)), ("unavailable", 0), "{fault:?}");
        world.faults.clear();
        assert_eq!(world.waiting_parked().await, [id.as_str()]);
        Discard.on(&world, &id).await.unwrap();
        assert_eq!(done(&world).await, ["discarded"], "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_has_no_consumer_waits_until_it_is_discarded() {
    let (mut world, _) = parked().await;
    world.operate().await;
    let nobodys = app::Incoming { message_id: "m".to_owned(), subject: None, body: "?".to_owned() };
    world.app.record_dead_letter(&nobodys, Some("events/Subscriptions/gone"), None).await.unwrap();
    let id = world.waiting_parked().await.remove(0);
    for _ in 0..2 {
        assert_eq!(Replay.on(&world, &id).await.unwrap_err().code(), "wrong_state");
        assert_eq!(world.waiting_parked().await, [id.as_str()]);
    }
    Discard.on(&world, &id).await.unwrap();
    assert!(world.waiting_parked().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_message_about_what_is_not_there_is_no_parked_item_that_is_not_there() {
    let (world, _) = parked().await;
    let sent = world.bus.sent().into_iter().find(|message| message.subject == "bill.account_opened").unwrap();
    let event: Value = serde_json::from_str(&sent.body).unwrap();
    let order = event["order"]["orderId"].as_str().unwrap();
    let gone = order.chars().rev().collect::<String>();
    let letter = app::Incoming {
        message_id: "m".to_owned(),
        body: sent.body.replace(order, &gone),
        ..incoming(&sent)
    };
    world.app.consume(Consumer::OrderOnAccountOpened, &letter).await.unwrap();
    let waiting = world.parked().await;
    let id = waiting.iter().find(|item| item["reason"] == "not_found").unwrap()["parkedId"].as_str().unwrap();
    let Failure::Refused(problem) = Replay.on(&world, id).await.unwrap_err() else { panic!("not refused") };
    assert_eq!(*problem, Problem::new(Code::WrongState).detail("there is no such order"));
    assert_eq!(Replay.on(&world, &"0".repeat(32)).await.unwrap_err().code(), "not_found");
}

/// Lets the `n`-th call of a replay go wrong, waits until the replay counts as broken off, and replays again. False when
/// it has no such call.
async fn heals(n: usize, fault: Fault) -> bool {
    let (mut world, id) = parked().await;
    let _trying = Trying(format!("{fault:?} at call {n}"));
    world.faults.nth(n, |_| true, fault);
    let broken = world.faults.survives(Replay.on(&world, &id)).await;
    let met = world.faults.fired() > 0;
    world.faults.clear();
    if met && broken.is_none() && done(&world).await.is_empty() {
        let begun = n > 2 || (n == 2 && fault == Fault::DieAfter);
        // While it may still be at it, it has the message for itself.
        advance(&world, HANDLER_SECONDS_MAX);
        let meanwhile = Discard.on(&world, &id).await;
        if begun {
            assert_eq!(meanwhile.unwrap_err().code(), "wrong_state");
        } else {
            meanwhile.unwrap();
            return met;
        }
    }
    advance(&world, HANDLER_SECONDS_MAX + 1);
    let left = world.waiting_parked().await;
    if !left.is_empty() {
        assert_eq!(left, [id.as_str()]);
        Replay.on(&world, &id).await.unwrap();
    }
    assert_eq!(done(&world).await, ["replayed"]);
    world.rest().await;
    let activated: BTreeSet<String> = world
        .bus
        .sent()
        .into_iter()
        .filter(|sent| sent.subject == "order.activated")
        .map(|sent| sent.message_id)
        .collect();
    assert_eq!(activated.len(), 1);
    world.check_books("after a replay that broke off").await;
    met
}

#[tokio::test(start_paused = true)]
async fn a_replay_that_breaks_off_anywhere_can_be_done_again_with_one_effect() {
    for fault in [Fault::Refused, Fault::LostBefore, Fault::LostAfter, Fault::DieBefore, Fault::DieAfter] {
        let mut n = 1;
        while heals(n, fault).await {
            n += 1;
        }
        assert!(n > 6, "{fault:?}: {n} calls");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_replay_left_can_be_discarded_when_no_invocation_is_so_old() {
    let (world, id) = parked().await;
    world.faults.nth(2, |_| true, Fault::DieAfter);
    assert!(world.faults.survives(Replay.on(&world, &id)).await.is_none());
    world.faults.clear();
    advance(&world, HANDLER_SECONDS_MAX);
    assert_eq!(Discard.on(&world, &id).await.unwrap_err().code(), "wrong_state");
    advance(&world, 1);
    Discard.on(&world, &id).await.unwrap();
    assert_eq!((done(&world).await, effects(&world)), (vec!["discarded".into()], 0));
}
