//! A payment beside a gateway and a bill, whose answers come late, twice and interleaved with the undo of the sagas.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Copy)]
enum Happening {
    /// The gateway says whether it charged, or the caller stops waiting.
    ChargeKnown,
    ChargeLost,
    /// The bill takes the payment, and Pay hears of it, any number of times.
    BillSettles,
    HearSettled,
    /// The payment's saga is undone: the completion is called off, the bill reverted, the money given back.
    StopCompletion,
    RevertBill,
    GiveBack,
    /// The customer wants the money back, and Pay hears that the bill is open again.
    Request,
    HearReopened(u32),
    AskRefund,
    /// The cancellation's saga is undone, or an undo of an earlier one arrives again.
    StopRefund(u32),
    Withdraw(u32),
    /// One of the gateway's answers is recorded; it stays on the way for another delivery.
    Record(usize),
}

/// What the gateway does when it is asked.
#[derive(Debug, Clone, Copy)]
struct Gateway {
    charges: bool,
    refunds: bool,
}

/// How the payment counts on its bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bill {
    Open,
    Settled,
    /// It is taken off, or was never on; news that it was on may still be on the way.
    Reverted {
        was_settled: bool,
    },
}

struct World {
    payment: Payment,
    gateway: Gateway,
    bill: Bill,
    completion_stopped: bool,
    /// The cancellations whose saga has its answer that the refund will not be made.
    withdrawable: BTreeSet<u32>,
    money_back: bool,
    /// What the gateway answered, by idempotency key, and what waits to be recorded.
    answers: BTreeMap<u32, Command>,
    on_the_way: Vec<Command>,
}

impl World {
    fn new(gateway: Gateway) -> Self {
        Self {
            payment: pending(),
            gateway,
            bill: Bill::Open,
            completion_stopped: false,
            withdrawable: BTreeSet::new(),
            money_back: false,
            answers: BTreeMap::new(),
            on_the_way: Vec::new(),
        }
    }

    fn tell(&mut self, command: &Command) {
        let (outcome, after) = step(self.payment.clone(), command, at(1));
        self.payment = after;
        if let Ok(Outcome::Changed(event) | Outcome::Again(event)) = outcome {
            self.completion_stopped |= event == EventType::PayCompletionStopped;
            if matches!(event, EventType::PayRefundStopped | EventType::PayRefundRefused) {
                self.withdrawable.insert(self.payment.cancellations);
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::ChargeKnown if self.gateway.charges => self.tell(&Command::Capture),
            Happening::ChargeKnown => self.tell(&Command::Decline("REJECT_CARD_PAYMENT".to_owned())),
            Happening::ChargeLost => self.tell(&Command::LoseTrack),
            Happening::BillSettles => {
                let captured = self.payment.history.iter().any(|change| change.status == Status::Captured);
                if captured && self.bill == Bill::Open {
                    self.bill = Bill::Settled;
                }
            }
            Happening::HearSettled
                if matches!(self.bill, Bill::Settled | Bill::Reverted { was_settled: true }) =>
            {
                self.tell(&Command::Complete);
            }
            Happening::StopCompletion => self.tell(&Command::StopCompletion),
            Happening::RevertBill if self.completion_stopped => {
                let was_settled = matches!(self.bill, Bill::Settled | Bill::Reverted { was_settled: true });
                self.bill = Bill::Reverted { was_settled };
            }
            Happening::GiveBack if matches!(self.bill, Bill::Reverted { .. }) => self.give_back(),
            Happening::Request => self.tell(&Command::RequestCancellation("changed my mind".to_owned())),
            Happening::HearReopened(n) => self.begin_refund(n),
            Happening::AskRefund if self.payment.refund_unknown => self.refund(),
            Happening::StopRefund(n) if n <= self.payment.cancellations => self.tell(&Command::StopRefund(n)),
            Happening::Withdraw(n) if self.withdrawable.contains(&n) => {
                self.tell(&Command::WithdrawCancellation(n));
            }
            Happening::Record(n) if !self.on_the_way.is_empty() => {
                let command = self.on_the_way[n % self.on_the_way.len()].clone();
                self.tell(&command);
            }
            Happening::HearSettled
            | Happening::RevertBill
            | Happening::GiveBack
            | Happening::AskRefund
            | Happening::StopRefund(_)
            | Happening::Withdraw(_)
            | Happening::Record(_) => {}
        }
    }

    fn give_back(&mut self) {
        match self.payment.status {
            Status::Captured | Status::Completed => {
                self.money_back = true;
                self.on_the_way.push(Command::Compensate);
            }
            Status::Pending | Status::Unknown => self.tell(&Command::WantRefund),
            Status::Declined | Status::Compensated | Status::Cancelling | Status::Cancelled => {}
        }
    }

    fn begin_refund(&mut self, n: u32) {
        let wanted =
            n == self.payment.cancellations && self.payment.decide(&Command::Cancel) != Ok(Outcome::Nothing);
        if wanted && self.payment.status == Status::Cancelling && !self.payment.refund_unknown {
            self.payment = self.payment.clone().after(&Command::LoseTrackOfRefund, at(1));
        }
    }

    fn refund(&mut self) {
        let n = self.payment.cancellations;
        let first = if self.gateway.refunds || n > 1 {
            Command::Cancel
        } else {
            Command::RefuseRefund(n, "CODE".to_owned())
        };
        let answer = self.answers.entry(n).or_insert(first).clone();
        self.money_back |= answer == Command::Cancel;
        self.on_the_way.push(answer);
    }
}

fn any_happening() -> impl Strategy<Value = Happening> {
    use Happening as H;
    let plain = vec![
        H::ChargeKnown,
        H::ChargeLost,
        H::BillSettles,
        H::HearSettled,
        H::StopCompletion,
        H::RevertBill,
        H::GiveBack,
        H::Request,
        H::AskRefund,
    ];
    prop_oneof![
        5 => select(plain),
        1 => (1_u32..4).prop_map(H::HearReopened),
        1 => (1_u32..4).prop_map(H::StopRefund),
        1 => (1_u32..4).prop_map(H::Withdraw),
        2 => (0_usize..8).prop_map(H::Record),
    ]
}

/// The common way to a cancellation, so that much of the chance is spent on what comes then.
const BEGINNING: [Happening; 6] = [
    Happening::ChargeKnown,
    Happening::BillSettles,
    Happening::HearSettled,
    Happening::Request,
    Happening::HearReopened(1),
    Happening::AskRefund,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_record_agrees_with_where_the_money_is(
        (charges, refunds) in (prop::bool::weighted(0.9), any::<bool>()),
        begun in 0..=BEGINNING.len(),
        then in proptest::collection::vec(any_happening(), 0..40),
    ) {
        let mut world = World::new(Gateway { charges, refunds });
        for happening in BEGINNING[..begun].iter().copied().chain(then) {
            world.happen(happening);
            prop_assert!(!world.money_back || charges);
        }
        // Whatever the gateway answered is recorded in the end, some of it again.
        for n in 0..world.on_the_way.len() {
            world.happen(Happening::Record(n));
        }
        let given_back = matches!(world.payment.status, Status::Compensated | Status::Cancelled);
        prop_assert_eq!(world.money_back, given_back, "{:?}", world.payment);
        prop_assert!(world.payment.status != Status::Completed || world.bill == Bill::Settled);
    }
}
