//! The courses that sagas can take.

use crate::world::commands::{customer, order_of, payment_of, saga_of, wish};
use crate::world::{Spot, Trouble, World};
use app::Consumer;
use domain::event::EventType;
use domain::ids::{OrderId, PaymentId, SagaId};
use domain::saga::{Kind, Status};
use jiff::SignedDuration;
use testkit::Card;

/// Longer than a saga takes, with its compensation.
pub(super) const AFTER_THE_END: SignedDuration = SignedDuration::from_hours(2);
/// Longer than a saga's deadline.
pub(super) const PAST_THE_DEADLINE: SignedDuration = SignedDuration::from_secs(601);

/// What happens on the way of a saga.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// Every step succeeds.
    Smooth,
    /// The message that the step waits for comes when the saga has ended long ago.
    Overdue(usize),
    /// The saga hears of its first event only, although every step succeeds.
    Deaf,
    /// The number that the customer wishes for is another's.
    NumberTaken,
    /// The gateway declines.
    Declined,
    /// The gateway charges and does not say so; it is asked in time, or past the deadline.
    ChargeLost { asked_late: bool },
    /// The gateway does not answer, and the form expires.
    ChargeTimesOut,
    /// The bill is made void between charge and settlement.
    BillVoided,
    /// The payment is to be given back, and the gateway refuses that until an operator has seen to it.
    UndoRefused,
    /// The gateway refuses the refund that the customer asked for.
    RefundRefused,
    /// The gateway does not answer refunds until past the deadline.
    RefundHangs,
    /// The final bill is paid before it is to be made void.
    FinalPaid,
}

/// A saga and the course that it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Play {
    pub(super) kind: Kind,
    pub(super) course: Course,
}

/// What a play is about.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) saga: SagaId,
    pub(super) payment: Option<PaymentId>,
}

/// The consumer that does a step, and the message that makes it; none for the first, which a request does.
pub(super) fn doer(kind: Kind, step: usize) -> Option<Spot> {
    let cause = step.checked_sub(1)?;
    let steps = kind.steps();
    let consumer = match steps[step].done {
        EventType::BillAccountOpened => Consumer::BillOnOrderPlaced,
        EventType::OrderActivated => Consumer::OrderOnAccountOpened,
        EventType::BillSettled => Consumer::BillOnPaymentCaptured,
        EventType::PayCompleted => Consumer::PayOnBillSettled,
        EventType::BillReopened => Consumer::BillOnCancellationRequested,
        EventType::PayCancelled => Consumer::PayOnBillReopened,
        EventType::BillFinalIssued => Consumer::BillOnTerminationRequested,
        EventType::OrderTerminated => Consumer::OrderOnFinalIssued,
        other => panic!("nobody is known to bring about {other:?}"),
    };
    Some(Spot::first(consumer.name(), steps[cause].done.as_str()))
}

/// The delivery that undoes a step.
pub(super) fn undoer(kind: Kind, step: usize) -> Spot {
    Spot::first(Consumer::SagaCompensate.name(), kind.steps()[step].undo.as_str())
}

impl Play {
    /// Every course of a saga.
    pub(super) fn all(kind: Kind) -> Vec<Self> {
        use Course as C;
        let late = [true, false].map(|asked_late| C::ChargeLost { asked_late });
        let own: Vec<Course> = match kind {
            Kind::OpenLine => vec![C::NumberTaken],
            Kind::PayBill => {
                vec![C::Declined, late[0], late[1], C::ChargeTimesOut, C::BillVoided, C::UndoRefused]
            }
            Kind::CancelPayment => vec![C::RefundRefused, C::RefundHangs],
            Kind::CloseLine => vec![C::FinalPaid],
        };
        let overdue = (1..kind.steps().len()).map(C::Overdue);
        let courses = [C::Smooth, C::Deaf].into_iter().chain(overdue).chain(own);
        courses.map(|course| Self { kind, course }).collect()
    }

    /// How the saga ends when nothing else goes wrong.
    pub(super) const fn end(self) -> Status {
        match self.course {
            Course::Smooth
            | Course::Deaf
            | Course::ChargeLost { asked_late: false }
            | Course::RefundHangs => Status::Completed,
            Course::UndoRefused | Course::FinalPaid => Status::Stuck,
            Course::Overdue(_)
            | Course::NumberTaken
            | Course::Declined
            | Course::ChargeLost { asked_late: true }
            | Course::ChargeTimesOut
            | Course::BillVoided
            | Course::RefundRefused => Status::Compensated,
        }
    }

    /// The world just before the saga begins, and then the saga, with its first messages on their way.
    pub(super) async fn begin(self, troubles: &[(Spot, Trouble)], twice: bool) -> Stage {
        let mut world = World::new(7);
        let (line, payment) = self.prepare(&mut world).await;
        world.plan.begin();
        world.plan.everything_twice = twice;
        for (spot, trouble) in self.troubles() {
            world.plan.add(spot, trouble);
        }
        for (spot, trouble) in troubles {
            world.plan.add(spot.clone(), *trouble);
        }
        match self.kind {
            Kind::OpenLine => self.open_line(world).await,
            Kind::PayBill => self.pay_bill(world, &line).await,
            Kind::CancelPayment => cancel_payment(world, payment.unwrap(), self.course).await,
            Kind::CloseLine => self.close_line(world, &line).await,
        }
    }

    /// What the saga needs to be there, come to rest.
    async fn prepare(self, world: &mut World) -> (OrderId, Option<PaymentId>) {
        let (line, payment) = match self.kind {
            Kind::OpenLine => (world.open("lee", wish(Some("010-5555-0001"))).await, None),
            Kind::PayBill | Kind::CloseLine => (world.billed("kim").await.0, None),
            Kind::CancelPayment => {
                let refused = self.course == Course::RefundRefused;
                let card = if refused { Card::RefundRefused } else { Card::Approve };
                let (line, payment) = world.paid("kim", card).await;
                (line, Some(payment))
            }
        };
        world.rest().await;
        (line, payment)
    }

    /// What the course lets go wrong.
    pub(super) fn troubles(self) -> Vec<(Spot, Trouble)> {
        let late = Trouble::Late(AFTER_THE_END);
        let track = |step: usize| Spot::first("saga_track", self.kind.steps()[step].done.as_str());
        match self.course {
            Course::Overdue(step) => vec![(doer(self.kind, step).unwrap(), late)],
            Course::UndoRefused => vec![(doer(self.kind, 1).unwrap(), late)],
            Course::FinalPaid => vec![(doer(self.kind, 2).unwrap(), late)],
            Course::Deaf => vec![(track(1), late), (track(2), late)],
            Course::BillVoided => vec![
                (doer(Kind::CloseLine, 2).unwrap(), late),
                (doer(self.kind, 1).unwrap(), Trouble::Late(SignedDuration::from_secs(60))),
            ],
            Course::Smooth
            | Course::NumberTaken
            | Course::Declined
            | Course::ChargeLost { .. }
            | Course::ChargeTimesOut
            | Course::RefundRefused
            | Course::RefundHangs => Vec::new(),
        }
    }

    async fn open_line(self, world: World) -> Stage {
        let taken = self.course == Course::NumberTaken;
        let request = wish(taken.then_some("010-5555-0001"));
        let answer = world.app.open_line(&customer("kim"), request, None).await.unwrap();
        let saga = SagaId::open(&order_of(&answer));
        Stage { world, saga, payment: None }
    }

    async fn pay_bill(self, mut world: World, line: &OrderId) -> Stage {
        let card = match self.course {
            Course::Declined => Card::Decline,
            Course::ChargeLost { .. } => Card::Lost,
            Course::ChargeTimesOut => Card::Timeout,
            Course::UndoRefused => Card::RefundRefused,
            _ => Card::Approve,
        };
        world.gateway_unasked = self.course == Course::ChargeLost { asked_late: true };
        let void = self.course == Course::BillVoided;
        if void {
            world.app.terminate_line(&customer("kim"), line, None).await.unwrap();
            world.run_until_quiet().await;
            world.advance(SignedDuration::from_secs(570));
        }
        // The final bill sorts last, when there is one and Pay has heard of it.
        let bill = world.books().payables.keys().next_back().unwrap().clone();
        let answer = world.pay("kim", &bill, None, card, None).await.unwrap();
        let payment = payment_of(&answer);
        Stage { world, saga: SagaId::pay(&payment), payment: Some(payment) }
    }

    async fn close_line(self, mut world: World, line: &OrderId) -> Stage {
        let answer = world.app.terminate_line(&customer("kim"), line, None).await.unwrap();
        let mut payment = None;
        if self.course == Course::FinalPaid {
            world.run_until_quiet().await;
            let books = world.books();
            let last = books.bills.keys().find(|bill| bill.as_str().contains("final"));
            if let Some(last) = last {
                let answer = world.pay("kim", last, None, Card::Approve, None).await.ok();
                payment = answer.map(|answer| payment_of(&answer));
            }
        }
        Stage { world, saga: saga_of(&answer), payment }
    }
}

async fn cancel_payment(mut world: World, payment: PaymentId, course: Course) -> Stage {
    let hangs = course == Course::RefundHangs;
    world.refunds_hang(hangs);
    world.gateway_unasked = hangs;
    let answer = world.app.cancel_payment(&customer("kim"), &payment, "test", None).await.unwrap();
    Stage { world, saga: saga_of(&answer), payment: Some(payment) }
}
