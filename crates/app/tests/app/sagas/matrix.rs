//! Every delivery of every course, with every trouble.

use super::play::{AFTER_THE_END, PAST_THE_DEADLINE, Play};
use crate::world::{Spot, Trouble, Trying};
use domain::limits::DELIVERIES_MAX;
use domain::saga::{Kind, Status};
use testkit::Fault;

/// What a call can do to its caller.
pub(super) const FAULTS: [Fault; 5] =
    [Fault::Refused, Fault::LostBefore, Fault::LostAfter, Fault::DieBefore, Fault::DieAfter];

/// What happens to a delivery as a whole.
const TROUBLES: [Trouble; 8] = [
    Trouble::Parked,
    Trouble::Down(3),
    Trouble::Down(DELIVERIES_MAX),
    Trouble::Down(DELIVERIES_MAX - 1),
    Trouble::Twice,
    Trouble::Last,
    Trouble::Late(PAST_THE_DEADLINE),
    Trouble::Late(AFTER_THE_END),
];

/// The deliveries of a play in which nothing but its course goes wrong.
async fn spots(play: Play) -> Vec<Spot> {
    let mut stage = play.begin(&[], false).await;
    stage.rest().await;
    assert_eq!(stage.status(), Some(play.end()), "{play:?}");
    let mut spots = stage.world.plan.spots();
    spots.retain(|spot| play.troubles().iter().all(|(taken, _)| taken != spot));
    stage.end(play, &format!("{play:?}")).await;
    spots
}

/// Whether a trouble leaves something for an operator.
fn needs_operator(trouble: Trouble) -> bool {
    // The bus or the gateway may refuse for good.
    let refused = matches!(trouble, Trouble::Call(_, Fault::Refused));
    refused || matches!(trouble, Trouble::Parked | Trouble::Down(DELIVERIES_MAX))
}

/// Plays with one trouble more; false when it did not come to pass.
async fn survives(play: Play, spot: &Spot, trouble: Trouble) -> bool {
    let context = format!("{play:?} with {trouble:?} at {spot:?}");
    let _trying = Trying(context.clone());
    let mut stage = play.begin(&[(spot.clone(), trouble)], false).await;
    stage.rest().await;
    if !stage.world.plan.was_met(spot) {
        return false;
    }
    if !needs_operator(trouble) {
        let waits = stage.world.parked().await;
        assert!(waits.is_empty(), "{context}: {waits:?}");
        let status = stage.status();
        let stuck = play.end() == Status::Stuck && status == Some(Status::Stuck);
        assert!(stuck || status.is_some_and(Status::has_ended), "{context}: the saga is {status:?}");
    }
    stage.end(play, &context).await;
    true
}

async fn every_call_survives(play: Play, spot: &Spot) -> usize {
    let mut plays = 0;
    for n in 1.. {
        let mut met = false;
        for fault in FAULTS {
            met |= survives(play, spot, Trouble::Call(n, fault)).await;
            plays += 1;
        }
        if !met {
            return plays;
        }
    }
    plays
}

async fn every_delivery_survives(kind: Kind) {
    let mut plays = 0;
    for play in Play::all(kind) {
        for spot in spots(play).await {
            for trouble in TROUBLES {
                survives(play, &spot, trouble).await;
            }
            plays += TROUBLES.len() + every_call_survives(play, &spot).await;
        }
    }
    println!("{kind:?}: {plays} plays");
}

#[tokio::test(start_paused = true)]
async fn every_course_ends_as_expected() {
    for kind in Kind::ALL {
        for play in Play::all(kind) {
            spots(play).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn open_line_survives_everything() {
    every_delivery_survives(Kind::OpenLine).await;
}

#[tokio::test(start_paused = true)]
async fn pay_bill_survives_everything() {
    every_delivery_survives(Kind::PayBill).await;
}

#[tokio::test(start_paused = true)]
async fn cancel_payment_survives_everything() {
    every_delivery_survives(Kind::CancelPayment).await;
}

#[tokio::test(start_paused = true)]
async fn close_line_survives_everything() {
    every_delivery_survives(Kind::CloseLine).await;
}
