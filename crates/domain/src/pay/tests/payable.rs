//! The bills as Pay knows them.

use super::*;
use jiff::civil::date;
use proptest::prelude::*;

fn payable() -> Payable {
    Payable {
        bill_id: bill(),
        customer_id: CustomerId::parse("kim").unwrap(),
        amount: Won::new(50_000),
        outstanding: Won::new(30_000),
        due_date: date(2026, 11, 25),
        bill_version: 3,
        attempts: 1,
        held_by: None,
        voided: false,
    }
}

#[test]
fn a_payment_takes_what_is_asked_for_or_all_that_is_due() {
    assert_eq!(payable().payment_amount(None), Ok(Won::new(30_000)));
    for won in [1, 29_999, 30_000] {
        assert_eq!(payable().payment_amount(Some(Won::new(won))), Ok(Won::new(won)));
    }
    for won in [i64::MIN, -1, 0, 30_001, i64::MAX] {
        assert_eq!(payable().payment_amount(Some(Won::new(won))), Err(PayRefusal::AmountOutOfRange), "{won}");
    }
}

#[test]
fn nothing_is_due_on_a_settled_or_void_bill() {
    let settled = Payable { outstanding: Won::ZERO, ..payable() };
    assert_eq!(settled.payment_amount(Some(Won::new(1))), Err(PayRefusal::NothingDue));
    let voided = Payable { voided: true, ..payable() };
    assert_eq!(voided.payment_amount(None), Err(PayRefusal::NothingDue));
}

#[test]
fn a_bill_is_held_by_one_payment_at_a_time() {
    let held = payable().held();
    assert_eq!((held.attempts, &held.held_by), (2, &Some(PaymentId::nth(&bill(), 2))));
    assert_eq!(held.payment_amount(None), Err(PayRefusal::UnderWay));
    // A payment that has ended before frees nothing.
    assert_eq!(held.clone().released_by(&PaymentId::nth(&bill(), 1)), held);
    let free = held.released_by(&PaymentId::nth(&bill(), 2));
    assert_eq!((free.attempts, &free.held_by), (2, &None));
}

#[test]
fn no_two_payments_of_a_bill_have_one_id() {
    let ids = std::iter::successors(Some(payable().held()), |payable| {
        let id = payable.held_by.clone().unwrap();
        Some(payable.clone().released_by(&id).held())
    });
    let ids: std::collections::BTreeSet<_> = ids.take(20).map(|payable| payable.held_by).collect();
    assert_eq!(ids.len(), 20);
}

#[test]
fn what_goes_back_is_due_again_and_no_more() {
    let id = PaymentId::nth(&bill(), 2);
    let back = payable().held().given_back(&id, Won::new(15_000));
    assert_eq!((back.outstanding, &back.held_by), (Won::new(45_000), &None));
    assert_eq!(payable().given_back(&id, Won::new(20_001)).outstanding, Won::new(50_000));
    assert_eq!(payable().given_back(&id, Won::new(i64::MAX)).outstanding, Won::new(50_000));
    assert_eq!(payable().given_back(&id, Won::ZERO), payable());
    let voided = Payable { voided: true, outstanding: Won::ZERO, ..payable() };
    assert_eq!(voided.clone().given_back(&id, Won::new(15_000)), voided);
}

proptest! {
    #[test]
    fn news_of_a_bill_may_come_twice_and_in_any_order(
        news in proptest::collection::vec((1_u32..9, 0_i64..50_000, any::<bool>()), 1..12),
    ) {
        // Two tellings of one version agree.
        let told: std::collections::BTreeMap<_, _> = news.iter().map(|(v, due, void)| (*v, (*due, *void))).collect();
        let known = Payable { bill_version: 0, ..payable() };
        let after = news.iter().fold(known, |payable, (version, ..)| {
            let (due, void) = told[version];
            payable.updated(*version, Won::new(due), void)
        });
        let (version, (due, void)) = told.last_key_value().unwrap();
        prop_assert_eq!((after.bill_version, after.outstanding, after.voided), (*version, Won::new(*due), *void));
    }
}
