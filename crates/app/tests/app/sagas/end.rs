//! How a play is brought to its end.

use super::play::{Course, Play, Stage};
use crate::world::commands::customer;
use domain::ids::PaymentId;
use domain::pay;
use domain::saga::Status;
use testkit::Card;

/// Rounds in which an operator deals with everything that waits.
const OPERATOR_ROUNDS: usize = 6;

impl Stage {
    pub(super) fn status(&self) -> Option<Status> {
        self.world.books().sagas.get(&self.saga).map(|saga| saga.status)
    }

    /// Lets everything happen that happens by itself.
    pub(super) async fn rest(&mut self) {
        self.world.rest().await;
        // The gateway answers again, past the deadline.
        if self.world.gateway_unasked {
            self.world.gateway_unasked = false;
            self.world.refunds_hang(false);
            self.world.rest().await;
        }
    }

    /// An operator sees to what waits, until nothing does; then everything agrees.
    pub(super) async fn end(&mut self, play: Play, context: &str) -> Status {
        self.heal(play).await;
        for _ in 0..OPERATOR_ROUNDS {
            let waits = !self.world.waiting_parked().await.is_empty() || !self.world.stuck_sagas().is_empty();
            if !waits {
                break;
            }
            self.world.operate().await;
        }
        self.world.check_books(context).await;
        let left = self.world.waiting_parked().await;
        assert!(left.is_empty(), "{context}: {left:?} waits for ever");
        let status = self.status();
        assert!(status.is_some_and(Status::has_ended), "{context}: the saga is {status:?}");
        status.unwrap()
    }

    /// The cause of a refused undo goes away.
    async fn heal(&mut self, play: Play) {
        let Some(payment) = self.payment.clone() else { return };
        match play.course {
            Course::UndoRefused => {
                // Asking again changes nothing yet.
                self.world.operate().await;
                let key = self.world.books().payments[&payment].payment_key.clone();
                self.world.gateway.set_card(&key, Card::Approve);
            }
            Course::FinalPaid => self.cancel_if_paid(&payment).await,
            _ => {}
        }
    }

    async fn cancel_if_paid(&mut self, payment: &PaymentId) {
        if self.world.books().payments[payment].status == pay::Status::Completed {
            self.world.app.cancel_payment(&customer("kim"), payment, "by mistake", None).await.unwrap();
            self.world.rest().await;
        }
    }
}
