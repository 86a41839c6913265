//! The first step of every saga is a request: every call that it makes goes wrong in turn, and the customer asks again
//! with the same `Idempotency-Key` until there is an answer.

use super::matrix::FAULTS;
use crate::world::commands::{customer, wish};
use crate::world::{Trying, World};
use app::pay::Pay;
use app::{Answer, Failure, Once};
use domain::ids::{BillId, OrderId, PaymentId, PaymentKey};
use domain::saga::{Kind, Status};
use jiff::SignedDuration;
use testkit::{Card, Fault};

/// For how long a customer waits before asking again: longer than a request can be at work.
const PATIENCE: SignedDuration = SignedDuration::from_secs(61);

/// What a customer asks for.
enum Request {
    Open,
    Pay(BillId, PaymentKey),
    Cancel(PaymentId),
    Close(OrderId),
}

impl Request {
    /// The request that begins a saga, and the world in which it can be made.
    async fn that_begins(kind: Kind) -> (World, Self) {
        let mut world = World::new(7);
        let request = match kind {
            Kind::OpenLine => Self::Open,
            Kind::PayBill => {
                let (_, bill) = world.billed("kim").await;
                let due = world.books().bills[&bill].outstanding();
                let key = world.form(&bill, due, Card::Approve);
                Self::Pay(bill, key)
            }
            Kind::CancelPayment => Self::Cancel(world.paid("kim", Card::Approve).await.1),
            Kind::CloseLine => Self::Close(world.billed("kim").await.0),
        };
        (world, request)
    }

    async fn send(&self, world: &World) -> Result<Answer, Failure> {
        let (app, kim) = (&world.app, customer("kim"));
        let once = Once::new("kim", "route", "key-1", "body");
        match self {
            Self::Open => app.open_line(&kim, wish(None), Some(&once)).await,
            Self::Pay(bill, key) => {
                let pay = Pay { bill: bill.clone(), amount: None, payment_key: key.clone() };
                app.pay(&kim, pay, Some(&once)).await
            }
            Self::Cancel(payment) => app.cancel_payment(&kim, payment, "test", Some(&once)).await,
            Self::Close(line) => app.terminate_line(&kim, line, Some(&once)).await,
        }
    }

    /// The thing that an answer is about.
    fn subject(&self, answer: &Answer) -> String {
        let field = if matches!(self, Self::Open | Self::Close(_)) { "orderId" } else { "paymentId" };
        answer.body[field].as_str().unwrap_or_default().to_owned()
    }
}

/// Makes the request with a fault at its `n`-th call; false when it has fewer calls.
async fn survives(kind: Kind, n: usize, fault: Fault) -> bool {
    let context = format!("{kind:?} with {fault:?} at call {n} of the request");
    let _trying = Trying(context.clone());
    let (mut world, request) = Request::that_begins(kind).await;
    let before = world.books();
    world.faults.nth(n, |_| true, fault);
    let first = world.faults.survives(request.send(&world)).await;
    let met = world.faults.fired() > 0;
    world.faults.clear();
    world.run_until_quiet().await;

    world.advance(PATIENCE);
    world.run_timers().await;
    let again = request.send(&world).await.unwrap();
    if let Some(Ok(first)) = first {
        assert_eq!(first, again, "{context}: the first answer is replayed");
    }
    world.rest().await;
    let last = request.send(&world).await.unwrap();
    assert_eq!(request.subject(&again), request.subject(&last), "{context}");

    let books = world.books();
    let made = |now: usize, then: usize| now - then;
    let new =
        made(books.orders.len(), before.orders.len()) + made(books.payments.len(), before.payments.len());
    let expected = usize::from(matches!(kind, Kind::OpenLine | Kind::PayBill));
    assert_eq!(new, expected, "{context}: it has its effect once");
    let sagas = books.sagas.values().filter(|saga| saga.kind == kind && saga.status != Status::Compensated);
    let declined = kind == Kind::PayBill && again.status == 402;
    // A charge that hung is known not to have been made when its form expires.
    let hung = kind == Kind::PayBill
        && matches!(fault, Fault::LostBefore | Fault::DieBefore | Fault::DieAfter | Fault::LostAfter);
    assert!(sagas.count() == 1 || declined || hung, "{context}");
    world.check_books(&context).await;
    met
}

async fn every_call_survives(kind: Kind) {
    for n in 1.. {
        let mut met = false;
        for fault in FAULTS {
            met |= survives(kind, n, fault).await;
        }
        if !met {
            assert!(n > 2, "{kind:?} makes calls");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_made_again_has_its_effect_once_whatever_went_wrong() {
    for kind in Kind::ALL {
        every_call_survives(kind).await;
    }
}
