//! What the steps of each kind are, and what each event means to it.

use super::*;
use std::collections::BTreeSet;

/// The event that completes each step, the command that undoes it, and the event that completes the undo.
const STEPS: [(Kind, [[&str; 3]; 3]); 4] = [
    (
        Kind::OpenLine,
        [
            ["order.placed", "order.reject", "order.rejected"],
            ["bill.account_opened", "bill.close_account", "bill.account_closed"],
            ["order.activated", "order.stop_activation", "order.number_released"],
        ],
    ),
    (
        Kind::PayBill,
        [
            ["pay.captured", "pay.refund", "pay.compensated"],
            ["bill.settled", "bill.revert_settlement", "bill.settlement_reverted"],
            ["pay.completed", "pay.stop_completion", "pay.completion_stopped"],
        ],
    ),
    (
        Kind::CancelPayment,
        [
            ["pay.cancellation_requested", "pay.withdraw_cancellation", "pay.cancellation_withdrawn"],
            ["bill.reopened", "bill.resettle", "bill.resettled"],
            ["pay.cancelled", "pay.stop_refund", "pay.refund_stopped"],
        ],
    ),
    (
        Kind::CloseLine,
        [
            ["order.termination_requested", "order.withdraw_termination", "order.termination_withdrawn"],
            ["bill.final_issued", "bill.void_final", "bill.final_voided"],
            ["order.terminated", "order.stop_termination", "order.termination_stopped"],
        ],
    ),
];

#[test]
fn each_kind_has_its_steps() {
    for (kind, expected) in STEPS {
        let found =
            kind.steps().map(|Step { done, undo, undone }| [done.as_str(), undo.as_str(), undone.as_str()]);
        assert_eq!(found, expected, "{kind:?}");
    }
    assert_eq!(STEPS.map(|(kind, _)| kind), Kind::ALL);
}

#[test]
fn no_two_steps_share_an_event_or_an_undo() {
    let steps: Vec<_> = Kind::ALL.into_iter().flat_map(Kind::steps).collect();
    let events: BTreeSet<_> = steps.iter().flat_map(|step| [step.done, step.undone]).collect();
    assert_eq!(events.len(), 2 * steps.len());
    let undos: BTreeSet<_> = steps.iter().map(|step| step.undo).collect();
    assert_eq!(undos, Undo::ALL.into());
}

#[test]
fn every_undo_is_read_as_it_is_written() {
    for undo in Undo::ALL {
        assert_eq!(Undo::parse(undo.as_str()), Some(undo));
    }
    let names: BTreeSet<_> = Undo::ALL.map(Undo::as_str).into();
    assert_eq!(names.len(), Undo::ALL.len());
    for name in ["", "refund", "pay.refunded", "PAY.REFUND", " pay.refund"] {
        assert_eq!(Undo::parse(name), None, "{name}");
    }
}

#[test]
fn the_kind_is_written_as_in_the_api() {
    let names = Kind::ALL.map(|kind| serde_json::to_value(kind).unwrap());
    assert_eq!(names, ["open_line", "pay_bill", "cancel_payment", "close_line"]);
}

fn cell(meaning: Meaning) -> String {
    match meaning {
        Meaning::Succeeded(step) => format!("done{step}"),
        Meaning::Started(step) => format!("begun{step}"),
        Meaning::Failed(step) => format!("failed{step}"),
        Meaning::Undone(step) => format!("undone{step}"),
        Meaning::UndoRefused => "refused".to_owned(),
        Meaning::Foreign => "-".to_owned(),
    }
}

#[test]
fn each_event_has_its_meaning_to_each_kind() {
    let rows: Vec<_> = EventType::ALL
        .iter()
        .map(|event| {
            format!("{} {}", event.as_str(), Kind::ALL.map(|kind| cell(kind.meaning(*event))).join(" "))
        })
        .collect();
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected: Vec<_> = MEANINGS.trim().lines().skip(1).map(words).collect();
    assert_eq!(rows, expected);
}

/// `done`, `begun`, `failed` and `undone` are about the step of that index; `refused` is about the undo under way.
const MEANINGS: &str = "
event                        open_line  pay_bill  cancel_payment  close_line
order.placed                 done0      -         -               -
order.activated              done2      -         -               -
order.activation_refused     failed2    -         -               -
order.number_released        undone2    -         -               -
order.rejected               undone0    -         -               -
order.suspended              -          -         -               -
order.resumed                -          -         -               -
order.termination_requested  -          -         -               done0
order.terminated             -          -         -               done2
order.termination_stopped    -          -         -               undone2
order.termination_withdrawn  -          -         -               undone0
bill.account_opened          done1      -         -               -
bill.account_closed          undone1    -         -               -
bill.issued                  -          -         -               -
bill.final_issued            -          -         -               done1
bill.final_voided            -          -         -               undone1
bill.settled                 -          done1     -               -
bill.settle_refused          -          failed1   -               -
bill.settlement_reverted     -          undone1   -               -
bill.reopened                -          -         done1           -
bill.reopen_refused          -          -         failed1         -
bill.resettled               -          -         undone1         -
pay.captured                 -          done0     -               -
pay.declined                 -          failed0   -               -
pay.outcome_unknown          -          begun0    -               -
pay.completed                -          done2     -               -
pay.completion_stopped       -          undone2   -               -
pay.compensated              -          undone0   -               -
pay.cancellation_requested   -          -         done0           -
pay.cancelled                -          -         done2           -
pay.refund_refused           -          -         failed2         -
pay.refund_stopped           -          -         undone2         -
pay.cancellation_withdrawn   -          -         undone0         -
saga.undo_refused            refused    refused   refused         refused
";
