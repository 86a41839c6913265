//! What follows from every command in every status, however the payment that the command names is applied.
//!
//! `+settled` changes the bill and is announced; `=reverted` was so before and is announced again; `-` is no news;
//! anything else is a refusal. The bill is of 10,000 won and the payment of 4,000. `undone` is a payment whose first
//! cancellation was undone.

use super::*;

#[derive(Debug, Clone, Copy)]
enum Entry {
    None,
    Counted,
    Reverted,
    Cancelled,
    CountedUndone,
    CancelledUndone,
}

impl Entry {
    const ALL: [Self; 6] = [
        Self::None,
        Self::Counted,
        Self::Reverted,
        Self::Cancelled,
        Self::CountedUndone,
        Self::CancelledUndone,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Counted => "counted",
            Self::Reverted => "reverted",
            Self::Cancelled => "cancelled",
            Self::CountedUndone => "counted undone",
            Self::CancelledUndone => "cancelled undone",
        }
    }

    fn allocation(self) -> Option<Allocation> {
        let entry = |applied, cancellations_undone| {
            Some(Allocation {
                payment_id: payment(1),
                amount: Won::new(4_000),
                applied,
                cancellations_undone,
            })
        };
        match self {
            Self::None => None,
            Self::Counted => entry(Applied::Counted, 0),
            Self::Reverted => entry(Applied::Reverted, 0),
            Self::Cancelled => entry(Applied::Cancelled, 0),
            Self::CountedUndone => entry(Applied::Counted, 1),
            Self::CancelledUndone => entry(Applied::Cancelled, 1),
        }
    }
}

/// A bill in that status with that payment, and another one where the status needs it; `None` when there is no such.
fn bill(status: Status, entry: Entry) -> Option<Bill> {
    let allocation = entry.allocation();
    let counted = allocation.as_ref().is_some_and(|a| a.applied == Applied::Counted);
    let other = match (status, counted) {
        (Status::Issued | Status::OnHold, true) => return None,
        (Status::Issued | Status::OnHold, false) | (Status::Voided, _) | (Status::PartiallyPaid, true) => 0,
        (Status::PartiallyPaid, false) => 3_000,
        (Status::Settled, true) => 6_000,
        (Status::Settled, false) => 10_000,
    };
    let other = (other > 0).then(|| Allocation {
        payment_id: payment(2),
        amount: Won::new(other),
        applied: Applied::Counted,
        cancellations_undone: 0,
    });
    let allocations: Vec<_> = allocation.into_iter().chain(other).collect();
    let paid = allocations.iter().filter(|a| a.applied == Applied::Counted).map(|a| a.amount.get()).sum();
    let amount = if status == Status::OnHold { 0 } else { 10_000 };
    Some(Bill { status, paid: Won::new(paid), allocations, ..issued(amount) })
}

fn commands() -> [Command; 8] {
    use Command as C;
    let all = [
        settle(1, 4_000),
        C::RevertSettlement(payment(1)),
        C::Reopen(payment(1), 1),
        C::Reopen(payment(1), 2),
        C::Resettle(payment(1), 1),
        C::Resettle(payment(1), 2),
        C::Void,
        C::Release(rated(10_000)),
    ];
    // A new command does not compile before it has its place here and its column in the table.
    let place = |command: &Command| match command {
        C::Settle(..) => 0,
        C::RevertSettlement(_) => 1,
        C::Reopen(_, n) => 1 + *n,
        C::Resettle(_, n) => 3 + *n,
        C::Void => 6,
        C::Release(_) => 7,
    };
    assert!(all.iter().map(place).eq(0..8));
    all
}

fn word(event: EventType) -> &'static str {
    event
        .as_str()
        .strip_prefix("bill.")
        .unwrap()
        .trim_start_matches("settlement_")
        .trim_start_matches("final_")
}

fn cell(bill: &Bill, command: &Command) -> String {
    match bill.decide(command) {
        Ok(Outcome::Changed(event)) => format!("+{}", word(event)),
        Ok(Outcome::Again(event)) => format!("={}", word(event)),
        Ok(Outcome::Nothing) => "-".to_owned(),
        Err(Refusal::Status(status)) => {
            assert_eq!(status, bill.status);
            "Status".to_owned()
        }
        Err(refusal) => format!("{refusal:?}"),
    }
}

#[test]
fn every_pair_of_status_and_command_has_its_outcome() {
    let states = Status::ALL.into_iter().flat_map(|status| Entry::ALL.map(|entry| (status, entry)));
    let rows: Vec<_> = states
        .filter_map(|(status, entry)| {
            let bill = bill(status, entry)?;
            let cells = commands().map(|command| cell(&bill, &command)).join(" ");
            Some(format!("{status:?} {}: {cells}", entry.name()))
        })
        .collect();
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected: Vec<_> = TABLE.trim().lines().skip(1).map(words).collect();
    assert_eq!(rows, expected);
}

#[test]
fn a_bill_that_does_not_owe_takes_no_payment_whatever_it_brings() {
    for status in [Status::OnHold, Status::Voided] {
        for won in [0, 1, 10_000, 10_001] {
            let bill = bill(status, Entry::None).unwrap();
            assert_eq!(bill.decide(&settle(1, won)), Err(Refusal::Status(status)));
        }
    }
}

const TABLE: &str = "
status, payment                 settle    revert    reopen 1    reopen 2    resettle 1  resettle 2  void    release
Issued none:                    +settled  +reverted NotApplied  NotApplied  NotApplied  NotApplied  +voided -
Issued reverted:                -         =reverted NotApplied  NotApplied  NotApplied  NotApplied  +voided -
Issued cancelled:               -         =reverted -           -           +resettled  +resettled  +voided -
Issued cancelled undone:        -         =reverted -           -           =resettled  +resettled  +voided -
PartiallyPaid none:             +settled  +reverted NotApplied  NotApplied  NotApplied  NotApplied  Paid    -
PartiallyPaid counted:          -         +reverted +reopened   +reopened   +resettled  +resettled  Paid    -
PartiallyPaid reverted:         -         =reverted NotApplied  NotApplied  NotApplied  NotApplied  Paid    -
PartiallyPaid cancelled:        -         =reverted -           -           +resettled  +resettled  Paid    -
PartiallyPaid counted undone:   -         +reverted -           +reopened   =resettled  +resettled  Paid    -
PartiallyPaid cancelled undone: -         =reverted -           -           =resettled  +resettled  Paid    -
Settled none:                   TooMuch   +reverted NotApplied  NotApplied  NotApplied  NotApplied  Paid    -
Settled counted:                -         +reverted +reopened   +reopened   +resettled  +resettled  Paid    -
Settled reverted:               -         =reverted NotApplied  NotApplied  NotApplied  NotApplied  Paid    -
Settled cancelled:              -         =reverted -           -           TooMuch     TooMuch     Paid    -
Settled counted undone:         -         +reverted -           +reopened   =resettled  +resettled  Paid    -
Settled cancelled undone:       -         =reverted -           -           =resettled  TooMuch     Paid    -
OnHold none:                    Status    +reverted Status      Status      Status      Status      +voided +issued
OnHold reverted:                Status    =reverted Status      Status      Status      Status      +voided +issued
OnHold cancelled:               Status    =reverted Status      Status      Status      Status      +voided +issued
OnHold cancelled undone:        Status    =reverted Status      Status      Status      Status      +voided +issued
Voided none:                    Status    +reverted NotApplied  NotApplied  NotApplied  NotApplied  =voided -
Voided counted:                 Status    +reverted +reopened   +reopened   +resettled  +resettled  =voided -
Voided reverted:                Status    =reverted NotApplied  NotApplied  NotApplied  NotApplied  =voided -
Voided cancelled:               Status    =reverted -           -           +resettled  +resettled  =voided -
Voided counted undone:          Status    +reverted -           +reopened   =resettled  +resettled  =voided -
Voided cancelled undone:        Status    =reverted -           -           =resettled  +resettled  =voided -
";
