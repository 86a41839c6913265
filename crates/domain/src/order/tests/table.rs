//! What follows from every command in every status.
//!
//! `Activate: active, order.activated`: the state from then on, and what is announced. `again …`: nothing changes, and
//! it is announced again. `-`: no news. `refused`: whoever asks is told so.

use super::*;

/// The state as the table names it. Where `stopped` makes no difference one row holds for both.
fn state(order: &Order) -> &'static str {
    match (order.status, order.stopped) {
        (Status::Requested, false) => "requested",
        (Status::Requested, true) => "requested, stopped",
        (Status::Active, _) => "active",
        (Status::Suspended, _) => "suspended",
        (Status::Terminating, false) => "terminating",
        (Status::Terminating, true) => "terminating, stopped",
        (Status::Terminated, _) => "terminated",
        (Status::Rejected, _) => "rejected",
    }
}

fn cell(order: &Order, command: &Command) -> String {
    let name = format!("{command:?}");
    let name = name.split('(').next().unwrap();
    match order.decide(command) {
        Ok(Outcome::Changed(event)) => {
            let after = order.clone().after(command, at(1));
            format!("{name}: {}: {}", state(&after), event.as_str())
        }
        Ok(Outcome::Again(event)) => format!("{name}: again {}", event.as_str()),
        Ok(Outcome::Nothing) => format!("{name}: -"),
        Err(Refusal(status)) => {
            assert_eq!(status, order.status);
            format!("{name}: refused")
        }
    }
}

#[test]
fn every_pair_of_state_and_command_has_its_outcome() {
    let mut seen = std::collections::BTreeSet::new();
    for status in Status::ALL {
        for stopped in [false, true] {
            let order = Order { status, stopped, closings: 2, ..placed() };
            let found = commands(2).map(|command| cell(&order, &command));
            let expected = TABLE.iter().find(|(name, _)| *name == state(&order));
            assert_eq!(found, expected.unwrap().1, "{}", state(&order));
            seen.insert(state(&order));
        }
    }
    assert_eq!(seen.len(), TABLE.len());
}

#[test]
fn a_command_about_another_termination_than_the_last_is_no_news_in_any_status() {
    for status in Status::ALL {
        for (closings, other) in [(2, 1), (1, 2), (0, 1)] {
            let order = Order { status, closings, ..placed() };
            for command in &commands(other)[7..] {
                assert_eq!(order.decide(command), Ok(Outcome::Nothing), "{status:?} {closings} {command:?}");
            }
        }
    }
}

const TABLE: [(&str, [&str; 10]); 8] = [
    (
        "requested",
        [
            "Activate: active: order.activated",
            "RefuseActivation: requested, stopped: order.activation_refused",
            "StopActivation: requested, stopped: order.number_released",
            "Reject: rejected: order.rejected",
            "Suspend: refused",
            "Resume: refused",
            "RequestTermination: refused",
            "Terminate: refused",
            "StopTermination: refused",
            "WithdrawTermination: refused",
        ],
    ),
    (
        "requested, stopped",
        [
            "Activate: -",
            "RefuseActivation: -",
            "StopActivation: again order.number_released",
            "Reject: rejected: order.rejected",
            "Suspend: refused",
            "Resume: refused",
            "RequestTermination: refused",
            "Terminate: refused",
            "StopTermination: refused",
            "WithdrawTermination: refused",
        ],
    ),
    (
        "active",
        [
            "Activate: -",
            "RefuseActivation: -",
            "StopActivation: again order.activated",
            "Reject: refused",
            "Suspend: suspended: order.suspended",
            "Resume: -",
            "RequestTermination: terminating: order.termination_requested",
            "Terminate: -",
            "StopTermination: again order.termination_stopped",
            "WithdrawTermination: again order.termination_withdrawn",
        ],
    ),
    (
        "suspended",
        [
            "Activate: -",
            "RefuseActivation: -",
            "StopActivation: again order.activated",
            "Reject: refused",
            "Suspend: -",
            "Resume: active: order.resumed",
            "RequestTermination: refused",
            "Terminate: -",
            "StopTermination: again order.termination_stopped",
            "WithdrawTermination: again order.termination_withdrawn",
        ],
    ),
    (
        "terminating",
        [
            "Activate: -",
            "RefuseActivation: -",
            "StopActivation: again order.activated",
            "Reject: refused",
            "Suspend: refused",
            "Resume: refused",
            "RequestTermination: refused",
            "Terminate: terminated: order.terminated",
            "StopTermination: terminating, stopped: order.termination_stopped",
            "WithdrawTermination: active: order.termination_withdrawn",
        ],
    ),
    (
        "terminating, stopped",
        [
            "Activate: -",
            "RefuseActivation: -",
            "StopActivation: again order.activated",
            "Reject: refused",
            "Suspend: refused",
            "Resume: refused",
            "RequestTermination: refused",
            "Terminate: -",
            "StopTermination: again order.termination_stopped",
            "WithdrawTermination: active: order.termination_withdrawn",
        ],
    ),
    (
        "terminated",
        [
            "Activate: -",
            "RefuseActivation: -",
            "StopActivation: again order.activated",
            "Reject: refused",
            "Suspend: refused",
            "Resume: refused",
            "RequestTermination: refused",
            "Terminate: -",
            "StopTermination: again order.terminated",
            "WithdrawTermination: refused",
        ],
    ),
    (
        "rejected",
        [
            "Activate: -",
            "RefuseActivation: -",
            "StopActivation: again order.number_released",
            "Reject: again order.rejected",
            "Suspend: refused",
            "Resume: refused",
            "RequestTermination: refused",
            "Terminate: refused",
            "StopTermination: refused",
            "WithdrawTermination: refused",
        ],
    ),
];
