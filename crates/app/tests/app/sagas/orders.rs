//! Every message twice, and in any order.

use super::play::{Course, Play, Stage, doer, undoer};
use crate::world::Trying;
use crate::world::commands::{customer, saga_of};
use domain::saga::{Kind, Status};

/// Orders of delivery that are tried for each course.
const ORDERS: u64 = 25;

#[tokio::test(start_paused = true)]
async fn every_message_may_come_twice_and_in_any_order() {
    for play in Kind::ALL.into_iter().flat_map(Play::all) {
        for seed in 0..ORDERS {
            let context = format!("{play:?}, everything twice, in order {seed}");
            let _trying = Trying(context.clone());
            let mut stage = play.begin(&[], true).await;
            stage.world.shuffle(seed);
            stage.rest().await;
            let status = stage.status();
            assert_eq!(status, Some(play.end()), "{context}");
            let waits = stage.world.parked().await;
            assert!(waits.is_empty(), "{context}: {waits:?}");
            stage.end(play, &context).await;
        }
    }
}

/// What the courses visit, so that nothing is left out of the tests that fail each delivery in turn.
#[tokio::test(start_paused = true)]
async fn the_courses_do_every_step_and_every_undo() {
    for kind in Kind::ALL {
        let mut visited = std::collections::BTreeSet::new();
        for play in Play::all(kind) {
            let mut stage = play.begin(&[], false).await;
            stage.rest().await;
            visited.extend(stage.world.plan.spots());
        }
        for step in 0..kind.steps().len() {
            let spots = doer(kind, step).into_iter().chain([undoer(kind, step)]);
            spots.for_each(|spot| assert!(visited.contains(&spot), "{kind:?}: {spot:?}"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_courses_end_in_every_way_that_a_saga_can() {
    for kind in Kind::ALL {
        let ends: Vec<Status> = Play::all(kind).into_iter().map(Play::end).collect();
        assert!(ends.contains(&Status::Completed) && ends.contains(&Status::Compensated), "{kind:?}");
    }
}

/// Begins the transaction of an ended play again.
async fn begin_again(stage: &mut Stage) {
    let (app, kim) = (stage.world.app.clone(), customer("kim"));
    let answer = match stage.saga.payment() {
        Some(payment) => app.cancel_payment(&kim, &payment, "again", None).await.unwrap(),
        None => app.terminate_line(&kim, &stage.saga.order().unwrap(), None).await.unwrap(),
    };
    stage.saga = saga_of(&answer);
}

#[tokio::test(start_paused = true)]
async fn what_comes_late_for_an_undone_attempt_does_not_touch_the_next() {
    for play in [Kind::CancelPayment, Kind::CloseLine].into_iter().flat_map(Play::all) {
        if play.end() == Status::Completed {
            continue;
        }
        for seed in 0..ORDERS {
            let context = format!("{play:?}, begun again, in order {seed}");
            let _trying = Trying(context.clone());
            let mut stage = play.begin(&[], false).await;
            stage.rest().await;
            assert_eq!(stage.end(play, &context).await, Status::Compensated, "{context}");
            let old = stage.world.plan.take_delivered();
            stage.world.plan.begin();
            begin_again(&mut stage).await;
            for delivery in &old {
                stage.world.deliveries.again(delivery);
            }
            stage.world.shuffle(seed);
            stage.rest().await;
            let refused = play.course == Course::RefundRefused;
            let expected = if refused { Status::Compensated } else { Status::Completed };
            assert_eq!(stage.status(), Some(expected), "{context}");
            stage.end(play, &context).await;
        }
    }
}
