use super::Books;
use crate::world::World;
use app::keys::digest;
use app::ports::GatewayStatus;
use domain::bill;
use domain::bill::{AccountStatus, Applied, Bill};
use domain::ids::{PhoneNumber, SagaId};
use domain::order::{Order, Status as OrderStatus};
use domain::pay::{Payment, Status as PaymentStatus};
use domain::saga::Status as SagaStatus;
use serde_json::Value;
use std::collections::BTreeSet;

/// What does not agree, sentence by sentence.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<String>);

impl Faults {
    pub(super) fn check(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.0.push(otherwise());
        }
    }
}

impl World {
    /// Holds everything that is stored against everything else, when all has come to rest: money, bills, numbers, sagas
    /// view and figures agree.
    #[track_caller]
    pub(crate) fn check_books<'a>(&'a self, context: &'a str) -> impl Future<Output = ()> + use<'a> {
        let caller = std::panic::Location::caller();
        async move {
            let books = self.books();
            let mut faults = Faults::default();
            books.check_rest(&mut faults);
            books.check_lines(&mut faults);
            books.check_bills(&mut faults);
            books.check_sagas(&mut faults);
            self.check_money(&books, &mut faults).await;
            self.check_view(&books, &mut faults).await;
            self.check_figures(&books, &mut faults).await;
            assert!(faults.0.is_empty(), "{caller}: {context}: {:#?}", faults.0);
        }
    }

    /// What the gateway has is what the payments say and the bills count.
    async fn check_money(&self, books: &Books, faults: &mut Faults) {
        let mut held = 0;
        for payment in books.payments.values() {
            let gateway = self.gateway_status(&payment.payment_key).await;
            let counts = books.counts(payment);
            let id = &payment.payment_id;
            let (gateway_ok, counts_ok) = match payment.status {
                PaymentStatus::Pending | PaymentStatus::Unknown => (gateway == GatewayStatus::Open, !counts),
                PaymentStatus::Declined => {
                    (matches!(gateway, GatewayStatus::Open | GatewayStatus::Closed), !counts)
                }
                PaymentStatus::Captured => {
                    faults.check(books.is_stuck(&SagaId::pay(id)), || format!("{id} stays captured"));
                    (gateway == GatewayStatus::Done, true)
                }
                PaymentStatus::Completed => (gateway == GatewayStatus::Done, counts),
                PaymentStatus::Cancelling => {
                    let saga = SagaId::cancel(id, payment.cancellations);
                    faults.check(books.is_stuck(&saga), || format!("{id} stays cancelling"));
                    (gateway == GatewayStatus::Done, true)
                }
                PaymentStatus::Compensated | PaymentStatus::Cancelled => {
                    (gateway == GatewayStatus::Cancelled, !counts)
                }
            };
            faults.check(gateway_ok, || format!("{id} is {:?}, at the gateway {gateway:?}", payment.status));
            faults.check(counts_ok, || format!("{id} is {:?}, counted: {counts}", payment.status));
            if gateway == GatewayStatus::Done && !counts {
                held += payment.amount.get();
            }
        }
        let ledger = self.gateway.ledger();
        let paid: i64 = books.bills.values().map(|bill| bill.paid.get()).sum();
        let kept = ledger.charged.get() - ledger.refunded.get();
        faults.check(kept == paid + held, || format!("{kept} won kept, {paid} paid, {held} held"));
    }
}

impl Books {
    /// Whether a payment counts on its bill.
    fn counts(&self, payment: &Payment) -> bool {
        let bill = self.bills.get(&payment.bill_id);
        bill.is_some_and(|bill| {
            let counted =
                |a: &bill::Allocation| a.payment_id == payment.payment_id && a.applied == Applied::Counted;
            bill.allocations.iter().any(|a| counted(a) && a.amount == payment.amount)
        })
    }

    pub(super) fn is_stuck(&self, saga: &SagaId) -> bool {
        self.sagas.get(saga).is_some_and(|saga| saga.status == SagaStatus::Stuck)
    }

    fn check_rest(&self, faults: &mut Faults) {
        faults.check(self.outbox.is_empty(), || format!("not published: {:?}", self.outbox));
        for id in &self.open {
            let open = self.payments.get(id).is_some_and(|payment| {
                matches!(payment.status, PaymentStatus::Pending | PaymentStatus::Unknown)
            });
            faults.check(open, || format!("{id} has no business open at the gateway"));
        }
    }

    fn check_lines(&self, faults: &mut Faults) {
        let mut numbers = BTreeSet::new();
        for order in self.orders.values() {
            self.check_account(order, faults);
            let Some(number) = &order.number else { continue };
            let id = &order.order_id;
            let holder = self.numbers.get(&number_row(number));
            let holds = holder.is_some_and(|holder| holder["orderId"] == id.as_str());
            let resting = holder.is_some_and(|holder| !holder["releasedAt"].is_null());
            if order.status == OrderStatus::Terminated {
                faults.check(!holds || resting, || format!("{id} is closed and keeps its number"));
            } else {
                faults.check(holds && !resting, || format!("{id} does not hold its number: {holder:?}"));
                faults
                    .check(numbers.insert(number.clone()), || format!("{id}: somebody else has its number"));
            }
        }
        for (row, holder) in &self.numbers {
            let had = self.had_before(row, holder);
            if !holder["freeSince"].is_null() {
                let bare = holder.as_object().is_some_and(|fields| fields.len() == 1);
                faults.check(bare && had, || format!("{row} is kept for no reason: {holder}"));
                continue;
            }
            faults
                .check(holder["usedBefore"] == had, || format!("{row} was had before: {had}, not {holder}"));
            let order = self.orders.values().find(|order| holder["orderId"] == order.order_id.as_str());
            let number = order.and_then(|order| order.number.as_ref());
            let has = number.is_some_and(|number| *row == number_row(number));
            faults.check(has, || format!("{row} is held for no line: {holder}"));
        }
    }

    /// Whether a line had the number that is closed now, other than the one that the row names.
    fn had_before(&self, row: &str, holder: &Value) -> bool {
        self.orders.values().any(|order| {
            let had = order.number.as_ref().is_some_and(|number| *row == number_row(number));
            had && order.status == OrderStatus::Terminated && holder["orderId"] != order.order_id.as_str()
        })
    }

    fn check_account(&self, order: &Order, faults: &mut Faults) {
        let account = self.accounts.get(&order.order_id);
        let status = account.map(|account| account.status);
        let closing = self.is_stuck(&SagaId::close(&order.order_id, order.closings.max(1)));
        let fits = match order.status {
            OrderStatus::Requested => self.is_stuck(&SagaId::open(&order.order_id)),
            OrderStatus::Rejected => matches!(status, None | Some(AccountStatus::Closed)),
            OrderStatus::Active | OrderStatus::Suspended => status == Some(AccountStatus::Active),
            OrderStatus::Terminating => closing,
            OrderStatus::Terminated => status == Some(AccountStatus::Ended),
        };
        faults.check(fits, || format!("{} is {:?}, its account {status:?}", order.order_id, order.status));
        if let Some(account) = account.filter(|account| account.status != AccountStatus::Closed) {
            faults.check(account.number == order.number, || format!("{}: account's number", order.order_id));
        }
    }

    fn check_bills(&self, faults: &mut Faults) {
        for bill in self.bills.values() {
            check_sums(bill, faults);
            self.check_payable(bill, faults);
        }
        for order in self.orders.values() {
            let standing =
                |bill: &&Bill| bill.order_id == order.order_id && bill.status != bill::Status::Voided;
            let finals =
                self.bills.values().filter(standing).filter(|bill| bill.bill_id.as_str().contains("final"));
            faults.check(finals.count() <= 1, || format!("{} has two final bills", order.order_id));
        }
        for payable in self.payables.keys() {
            faults.check(self.bills.contains_key(payable), || format!("there is no bill {payable} to pay"));
        }
    }

    fn check_payable(&self, bill: &Bill, faults: &mut Faults) {
        let id = &bill.bill_id;
        let Some(payable) = self.payables.get(id) else {
            return faults.check(bill.status == bill::Status::OnHold, || format!("Pay does not know {id}"));
        };
        faults.check(payable.outstanding == bill.outstanding(), || {
            format!("{id}: {} due, Pay says {}", bill.outstanding(), payable.outstanding)
        });
        let voided = bill.status == bill::Status::Voided;
        faults
            .check(payable.voided == voided, || format!("{id}: void {voided}, Pay says {}", payable.voided));
        let unfinished = |payment: &&Payment| {
            use PaymentStatus as S;
            matches!(payment.status, S::Pending | S::Unknown | S::Captured | S::Cancelling)
        };
        let holder = self.payments_of(id).find(unfinished).map(|payment| &payment.payment_id);
        faults.check(payable.held_by.as_ref() == holder, || {
            format!("{id} is held by {:?}, under way is {holder:?}", payable.held_by)
        });
    }
}

fn number_row(number: &PhoneNumber) -> String {
    format!("number|{}", digest(&["number", number.as_str()]))
}

fn check_sums(bill: &Bill, faults: &mut Faults) {
    let id = &bill.bill_id;
    let counted = bill.allocations.iter().filter(|a| a.applied == Applied::Counted);
    let paid: i64 = counted.map(|a| a.amount.get()).sum();
    faults.check(bill.paid.get() == paid, || format!("{id}: paid {}, counted {paid}", bill.paid));
    faults.check(bill.paid <= bill.amount, || format!("{id}: more than its amount is paid"));
    let lines: i64 = bill.lines.iter().map(|line| line.amount.get()).sum();
    faults.check(bill.amount.get() == lines, || format!("{id}: the lines are {lines}, not {}", bill.amount));
    let status = match (bill.paid, bill.amount) {
        (paid, amount) if paid == amount => bill::Status::Settled,
        (paid, _) if paid.is_positive() => bill::Status::PartiallyPaid,
        _ => bill::Status::Issued,
    };
    let fits = matches!(bill.status, bill::Status::OnHold | bill::Status::Voided) || bill.status == status;
    faults.check(fits, || format!("{id} is {:?} with {} of {}", bill.status, bill.paid, bill.amount));
}
