//! What holds for every bill, whatever arrives and in whatever order.

use super::*;
use proptest::prelude::*;

fn any_payment() -> impl Strategy<Value = PaymentId> {
    (1_u32..=3).prop_map(payment)
}

fn any_command() -> impl Strategy<Value = Command> {
    let won = prop_oneof![Just(4_000_i64), Just(10_000), -10_i64..12_000];
    prop_oneof![
        8 => (any_payment(), won).prop_map(|(payment, won)| Command::Settle(payment, Won::new(won))),
        2 => any_payment().prop_map(Command::RevertSettlement),
        6 => (any_payment(), 0_u32..4).prop_map(|(payment, n)| Command::Reopen(payment, n)),
        6 => (any_payment(), 0_u32..4).prop_map(|(payment, n)| Command::Resettle(payment, n)),
        1 => Just(Command::Void),
        1 => (0_i64..12_000).prop_map(|won| Command::Release(rated(won))),
    ]
}

fn any_commands() -> impl Strategy<Value = Vec<Command>> {
    proptest::collection::vec(any_command(), 0..24)
}

/// An issued bill, often of what one payment or three bring, or one that waits for a person.
fn any_bill() -> impl Strategy<Value = Bill> {
    let total = prop_oneof![Just(10_000_i64), Just(12_000), 0_i64..20_000];
    prop_oneof![5 => total.prop_map(issued), 1 => Just(on_hold())]
}

fn run(bill: Bill, commands: &[Command]) -> Bill {
    commands.iter().fold(bill, |bill, command| step(bill, command).1)
}

fn counted(bill: &Bill) -> i64 {
    bill.allocations.iter().filter(|a| a.applied == Applied::Counted).map(|a| a.amount.get()).sum()
}

proptest! {
    #[test]
    fn a_bill_is_paid_by_what_counts_and_never_beyond_its_amount(bill in any_bill(), commands in any_commands()) {
        let mut bill = bill;
        for command in &commands {
            bill = step(bill, command).1;
            let (amount, paid, due) = (bill.amount.get(), bill.paid.get(), bill.outstanding().get());
            prop_assert_eq!(paid, counted(&bill));
            prop_assert!((0..=amount).contains(&paid));
            match bill.status {
                Status::Issued => prop_assert!(paid == 0 && due == amount && due > 0),
                Status::PartiallyPaid => prop_assert!(0 < paid && due == amount - paid && due > 0),
                Status::Settled => prop_assert!(paid == amount && due == 0),
                Status::OnHold => prop_assert!(paid == 0 && due == 0),
                Status::Voided => prop_assert!(due == 0),
            }
            prop_assert!(bill.allocations.iter().all(|a| a.amount >= Won::ZERO));
        }
    }

    #[test]
    fn a_payment_stands_on_a_bill_once(bill in any_bill(), commands in any_commands()) {
        let bill = run(bill, &commands);
        let ids: std::collections::BTreeSet<_> = bill.allocations.iter().map(|a| &a.payment_id).collect();
        prop_assert_eq!(ids.len(), bill.allocations.len());
    }

    #[test]
    fn each_change_is_a_version_and_does_not_happen_again(bill in any_bill(), commands in any_commands()) {
        let mut bill = bill;
        for command in &commands {
            let version = bill.version;
            let (outcome, after) = step(bill, command);
            let changed = matches!(outcome, Ok(Outcome::Changed(_)));
            prop_assert_eq!(after.version, version + u32::from(changed));
            if changed {
                let again = after.decide(command);
                prop_assert!(!matches!(again, Ok(Outcome::Changed(_))), "{:?}: {:?}", command, again);
            }
            bill = after;
        }
    }

    #[test]
    fn reverting_a_payment_restores_the_bill_and_keeps_it_so(
        bill in any_bill(), before in any_commands(), won in 1_i64..12_000, later in any_commands(),
    ) {
        let bill = run(bill, &before);
        let fresh = payment(9);
        let settled = step(bill.clone(), &Command::Settle(fresh.clone(), Won::new(won))).1;
        let (outcome, reverted) = step(settled, &Command::RevertSettlement(fresh.clone()));
        prop_assert_eq!(outcome, Ok(Outcome::Changed(EventType::BillSettlementReverted)));
        prop_assert_eq!(sums(&reverted), sums(&bill));
        let others = |bill: &Bill| {
            bill.allocations.iter().filter(|a| a.payment_id != fresh).cloned().collect::<Vec<_>>()
        };
        prop_assert_eq!(others(&reverted), others(&bill));
        // Nothing makes it count again.
        let mut bill = reverted;
        for command in &later {
            bill = step(bill, command).1;
            let late = [Command::Settle(fresh.clone(), Won::new(won)), Command::Resettle(fresh.clone(), 1)];
            prop_assert!(late.iter().all(|late| !matches!(bill.decide(late), Ok(Outcome::Changed(_)))));
        }
    }

    #[test]
    fn reopening_and_resettling_restore_the_bill_in_whatever_order_they_come(
        bill in any_bill(), before in any_commands(), twice in any::<bool>(), overtaken in any::<bool>(),
    ) {
        let bill = run(bill, &before);
        let Some(counts) = bill.allocations.iter().find(|a| a.applied == Applied::Counted) else { return Ok(()) };
        let (payment, n) = (counts.payment_id.clone(), counts.cancellations_undone + 1);
        let (reopen, resettle) = (Command::Reopen(payment.clone(), n), Command::Resettle(payment.clone(), n));
        let mut commands = if overtaken { vec![resettle, reopen] } else { vec![reopen, resettle] };
        if twice {
            commands = [commands.clone(), commands].concat();
        }
        let undone = run(bill.clone(), &commands);
        prop_assert_eq!(sums(&undone), sums(&bill));
        let applied = |bill: &Bill| {
            bill.allocations.iter().map(|a| (a.payment_id.clone(), a.amount, a.applied)).collect::<Vec<_>>()
        };
        prop_assert_eq!(applied(&undone), applied(&bill));
        // Neither that cancellation nor an earlier one happens any more; the next does.
        for late in 0..=n {
            prop_assert_eq!(undone.decide(&Command::Reopen(payment.clone(), late)), Ok(Outcome::Nothing));
        }
        let next = undone.decide(&Command::Reopen(payment, n + 1));
        prop_assert_eq!(next, Ok(Outcome::Changed(EventType::BillReopened)));
    }

    #[test]
    fn reopening_a_payment_makes_exactly_its_amount_due(bill in any_bill(), before in any_commands()) {
        let bill = run(bill, &before);
        for counts in bill.allocations.iter().filter(|a| a.applied == Applied::Counted) {
            let reopened = step(bill.clone(), &Command::Reopen(counts.payment_id.clone(), 9)).1;
            prop_assert_eq!(reopened.paid.get(), bill.paid.get() - counts.amount.get());
            let due = if bill.status == Status::Voided { 0 } else { counts.amount.get() };
            prop_assert_eq!(reopened.outstanding().get(), bill.outstanding().get() + due);
        }
    }

    #[test]
    fn undoing_a_cancellation_that_was_undone_before_changes_nothing(
        bill in any_bill(), commands in any_commands(),
    ) {
        let bill = run(bill, &commands);
        for allocation in &bill.allocations {
            for n in 0..=allocation.cancellations_undone {
                let outcome = bill.decide(&Command::Resettle(allocation.payment_id.clone(), n));
                prop_assert!(!matches!(outcome, Ok(Outcome::Changed(_))), "{:?}", outcome);
            }
        }
    }

    #[test]
    fn a_bill_is_stored_and_read_back_unharmed(bill in any_bill(), commands in any_commands()) {
        let bill = run(bill, &commands);
        let json = serde_json::to_string(&bill).unwrap();
        prop_assert_eq!(serde_json::from_str::<Bill>(&json).unwrap(), bill);
    }
}
