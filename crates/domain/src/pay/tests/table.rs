//! What follows from every command in every status.
//!
//! `Capture: captured: pay.captured`: the state from then on, and what is announced. `again …`: nothing changes, and it
//! is announced again. `-`: no news. `refused`: whoever asks is told so.

use super::*;

/// The state as the table names it, or `None` when there is no such. Where a flag makes no difference one row holds for
/// both.
fn state(payment: &Payment) -> Option<&'static str> {
    let Payment { status, stopped, refund_wanted, refund_unknown, .. } = payment;
    match (status, stopped, refund_wanted, refund_unknown) {
        (Status::Pending, false, false, false) => Some("pending"),
        (Status::Pending, true, false, false) => Some("pending, stopped"),
        (Status::Unknown, false, false, false) => Some("unknown"),
        (Status::Unknown, true, false, false) => Some("unknown, stopped"),
        (Status::Unknown, true, true, false) => Some("unknown, refund wanted"),
        // Wanting the refund makes the outcome unknown and stops the completion.
        (Status::Pending, _, true, false) | (Status::Unknown, false, true, false) => None,
        // Nothing is refunded before it is captured.
        (Status::Pending | Status::Unknown, _, _, true) => None,
        (Status::Declined, ..) => Some("declined"),
        (Status::Captured, false, _, false) => Some("captured"),
        (Status::Captured, false, _, true) => Some("captured, refund tried"),
        (Status::Captured, true, ..) => Some("captured, stopped"),
        (Status::Completed, _, _, false) => Some("completed"),
        // A refund is tried while the payment is captured or being cancelled, and either ends with it.
        (Status::Completed, _, _, true) => None,
        (Status::Compensated, ..) => Some("compensated"),
        (Status::Cancelling, false, _, false) => Some("cancelling"),
        (Status::Cancelling, true, _, false) => Some("cancelling, stopped"),
        (Status::Cancelling, false, _, true) => Some("cancelling, refund tried"),
        // What was stopped is not tried, and what was tried cannot be stopped.
        (Status::Cancelling, true, _, true) => None,
        (Status::Cancelled, ..) => Some("cancelled"),
    }
}

fn cell(payment: &Payment, command: &Command) -> String {
    let name = format!("{command:?}");
    let name = name.split('(').next().unwrap();
    match payment.decide(command) {
        Ok(Outcome::Changed(event)) => {
            let after = payment.clone().after(command, at(1));
            format!("{name}: {}: {}", state(&after).unwrap(), event.as_str())
        }
        Ok(Outcome::Again(event)) => format!("{name}: again {}", event.as_str()),
        Ok(Outcome::Nothing) => format!("{name}: -"),
        Err(Refusal(status)) => {
            assert_eq!(status, payment.status);
            format!("{name}: refused")
        }
    }
}

fn every_state() -> impl Iterator<Item = (Payment, &'static str)> {
    let flags = (0..8).map(|bits| (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0));
    let payments = Status::ALL.into_iter().flat_map(move |status| {
        flags.clone().map(move |(stopped, refund_wanted, refund_unknown)| Payment {
            status,
            stopped,
            refund_wanted,
            refund_unknown,
            cancellations: 2,
            ..pending()
        })
    });
    payments.filter_map(|payment| state(&payment).map(|name| (payment, name)))
}

#[test]
fn every_pair_of_state_and_command_has_its_outcome() {
    let mut seen = std::collections::BTreeSet::new();
    for (payment, name) in every_state() {
        let found = commands(2).map(|command| cell(&payment, &command));
        let expected = TABLE.iter().find(|(row, _)| *row == name);
        assert_eq!(found, expected.unwrap().1, "{name}");
        seen.insert(name);
    }
    assert_eq!(seen.len(), TABLE.len());
}

#[test]
fn a_command_about_another_cancellation_than_the_last_is_no_news_in_any_state() {
    for (payment, name) in every_state() {
        for other in [1, 3] {
            for command in &commands(other)[10..] {
                assert_eq!(payment.decide(command), Ok(Outcome::Nothing), "{name}: {command:?}");
            }
        }
    }
}

const TABLE: [(&str, [&str; 13]); 15] = [
    (
        "pending",
        [
            "Capture: captured: pay.captured",
            "Decline: declined: pay.declined",
            "LoseTrack: unknown: pay.outcome_unknown",
            "Complete: refused",
            "StopCompletion: pending, stopped: pay.completion_stopped",
            "WantRefund: unknown, refund wanted: pay.outcome_unknown",
            "Compensate: refused",
            "RequestCancellation: refused",
            "LoseTrackOfRefund: refused",
            "Cancel: refused",
            "RefuseRefund: refused",
            "StopRefund: refused",
            "WithdrawCancellation: refused",
        ],
    ),
    (
        "pending, stopped",
        [
            "Capture: captured, stopped: pay.captured",
            "Decline: declined: pay.declined",
            "LoseTrack: unknown, stopped: pay.outcome_unknown",
            "Complete: refused",
            "StopCompletion: again pay.completion_stopped",
            "WantRefund: unknown, refund wanted: pay.outcome_unknown",
            "Compensate: refused",
            "RequestCancellation: refused",
            "LoseTrackOfRefund: refused",
            "Cancel: refused",
            "RefuseRefund: refused",
            "StopRefund: refused",
            "WithdrawCancellation: refused",
        ],
    ),
    (
        "unknown",
        [
            "Capture: captured: pay.captured",
            "Decline: declined: pay.declined",
            "LoseTrack: -",
            "Complete: refused",
            "StopCompletion: unknown, stopped: pay.completion_stopped",
            "WantRefund: unknown, refund wanted: pay.outcome_unknown",
            "Compensate: refused",
            "RequestCancellation: refused",
            "LoseTrackOfRefund: refused",
            "Cancel: refused",
            "RefuseRefund: refused",
            "StopRefund: refused",
            "WithdrawCancellation: refused",
        ],
    ),
    (
        "unknown, stopped",
        [
            "Capture: captured, stopped: pay.captured",
            "Decline: declined: pay.declined",
            "LoseTrack: -",
            "Complete: refused",
            "StopCompletion: again pay.completion_stopped",
            "WantRefund: unknown, refund wanted: pay.outcome_unknown",
            "Compensate: refused",
            "RequestCancellation: refused",
            "LoseTrackOfRefund: refused",
            "Cancel: refused",
            "RefuseRefund: refused",
            "StopRefund: refused",
            "WithdrawCancellation: refused",
        ],
    ),
    (
        "unknown, refund wanted",
        [
            "Capture: captured, stopped: pay.captured",
            "Decline: declined: pay.declined",
            "LoseTrack: -",
            "Complete: refused",
            "StopCompletion: again pay.completion_stopped",
            "WantRefund: -",
            "Compensate: refused",
            "RequestCancellation: refused",
            "LoseTrackOfRefund: refused",
            "Cancel: refused",
            "RefuseRefund: refused",
            "StopRefund: refused",
            "WithdrawCancellation: refused",
        ],
    ),
    (
        "declined",
        [
            "Capture: -",
            "Decline: -",
            "LoseTrack: -",
            "Complete: refused",
            "StopCompletion: again pay.completion_stopped",
            "WantRefund: again pay.declined",
            "Compensate: again pay.declined",
            "RequestCancellation: refused",
            "LoseTrackOfRefund: refused",
            "Cancel: refused",
            "RefuseRefund: refused",
            "StopRefund: refused",
            "WithdrawCancellation: refused",
        ],
    ),
    (
        "captured",
        [
            "Capture: -",
            "Decline: -",
            "LoseTrack: -",
            "Complete: completed: pay.completed",
            "StopCompletion: captured, stopped: pay.completion_stopped",
            "WantRefund: -",
            "Compensate: compensated: pay.compensated",
            "RequestCancellation: refused",
            "LoseTrackOfRefund: refused",
            "Cancel: refused",
            "RefuseRefund: refused",
            "StopRefund: refused",
            "WithdrawCancellation: refused",
        ],
    ),
    (
        "captured, refund tried",
        [
            "Capture: -",
            "Decline: -",
            "LoseTrack: -",
            "Complete: -",
            "StopCompletion: captured, stopped: pay.completion_stopped",
            "WantRefund: -",
            "Compensate: compensated: pay.compensated",
            "RequestCancellation: refused",
            "LoseTrackOfRefund: refused",
            "Cancel: refused",
            "RefuseRefund: refused",
            "StopRefund: refused",
            "WithdrawCancellation: refused",
        ],
    ),
    (
        "captured, stopped",
        [
            "Capture: -",
            "Decline: -",
            "LoseTrack: -",
            "Complete: -",
            "StopCompletion: again pay.completion_stopped",
            "WantRefund: -",
            "Compensate: compensated: pay.compensated",
            "RequestCancellation: refused",
            "LoseTrackOfRefund: refused",
            "Cancel: refused",
            "RefuseRefund: refused",
            "StopRefund: refused",
            "WithdrawCancellation: refused",
        ],
    ),
    (
        "completed",
        [
            "Capture: -",
            "Decline: -",
            "LoseTrack: -",
            "Complete: -",
            "StopCompletion: again pay.completed",
            "WantRefund: -",
            "Compensate: compensated: pay.compensated",
            "RequestCancellation: cancelling: pay.cancellation_requested",
            "LoseTrackOfRefund: -",
            "Cancel: -",
            "RefuseRefund: -",
            "StopRefund: again pay.refund_stopped",
            "WithdrawCancellation: again pay.cancellation_withdrawn",
        ],
    ),
    (
        "compensated",
        [
            "Capture: -",
            "Decline: -",
            "LoseTrack: -",
            "Complete: -",
            "StopCompletion: again pay.completion_stopped",
            "WantRefund: again pay.compensated",
            "Compensate: again pay.compensated",
            "RequestCancellation: refused",
            "LoseTrackOfRefund: refused",
            "Cancel: refused",
            "RefuseRefund: refused",
            "StopRefund: refused",
            "WithdrawCancellation: refused",
        ],
    ),
    (
        "cancelling",
        [
            "Capture: -",
            "Decline: -",
            "LoseTrack: -",
            "Complete: -",
            "StopCompletion: again pay.completed",
            "WantRefund: refused",
            "Compensate: refused",
            "RequestCancellation: refused",
            "LoseTrackOfRefund: -",
            "Cancel: cancelled: pay.cancelled",
            "RefuseRefund: cancelling, stopped: pay.refund_refused",
            "StopRefund: cancelling, stopped: pay.refund_stopped",
            "WithdrawCancellation: completed: pay.cancellation_withdrawn",
        ],
    ),
    (
        "cancelling, stopped",
        [
            "Capture: -",
            "Decline: -",
            "LoseTrack: -",
            "Complete: -",
            "StopCompletion: again pay.completed",
            "WantRefund: refused",
            "Compensate: refused",
            "RequestCancellation: refused",
            "LoseTrackOfRefund: -",
            "Cancel: -",
            "RefuseRefund: again pay.refund_refused",
            "StopRefund: again pay.refund_stopped",
            "WithdrawCancellation: completed: pay.cancellation_withdrawn",
        ],
    ),
    (
        "cancelling, refund tried",
        [
            "Capture: -",
            "Decline: -",
            "LoseTrack: -",
            "Complete: -",
            "StopCompletion: again pay.completed",
            "WantRefund: refused",
            "Compensate: refused",
            "RequestCancellation: refused",
            "LoseTrackOfRefund: -",
            "Cancel: cancelled: pay.cancelled",
            "RefuseRefund: cancelling, stopped: pay.refund_refused",
            "StopRefund: -",
            "WithdrawCancellation: refused",
        ],
    ),
    (
        "cancelled",
        [
            "Capture: -",
            "Decline: -",
            "LoseTrack: -",
            "Complete: -",
            "StopCompletion: again pay.completed",
            "WantRefund: refused",
            "Compensate: refused",
            "RequestCancellation: refused",
            "LoseTrackOfRefund: -",
            "Cancel: -",
            "RefuseRefund: -",
            "StopRefund: again pay.cancelled",
            "WithdrawCancellation: refused",
        ],
    ),
];
