//! What holds for every payment, whatever arrives and in whatever order.

use super::*;
use proptest::prelude::*;
use proptest::sample::select;

mod gateway;

/// Commands, with those about cancellations that were, are or will be.
fn any_commands() -> impl Strategy<Value = Vec<Command>> {
    let command = (1_u32..=3).prop_flat_map(|n| select(commands(n).to_vec()));
    let completed = [Command::Capture, Command::Complete, Command::RequestCancellation(String::new())];
    let begun = (0..=completed.len()).prop_map(move |n| completed[..n].to_vec());
    (begun, proptest::collection::vec(command, 0..24)).prop_map(|(begun, more)| [begun, more].concat())
}

/// The payment after the commands, and what it announced as new, in turn.
fn run(commands: &[Command]) -> (Payment, Vec<EventType>) {
    let mut payment = pending();
    let mut news = Vec::new();
    for (command, second) in commands.iter().zip(1..) {
        let (outcome, after) = step(payment, command, at(second));
        if let Ok(Outcome::Changed(event)) = outcome {
            news.push(event);
        }
        payment = after;
    }
    (payment, news)
}

fn count(news: &[EventType], event: EventType) -> usize {
    news.iter().filter(|e| **e == event).count()
}

proptest! {
    #[test]
    fn the_history_ends_in_the_status_and_each_change_is_a_version(commands in any_commands()) {
        let (payment, news) = run(&commands);
        prop_assert_eq!(payment.history.first().unwrap().status, Status::Pending);
        prop_assert_eq!(payment.history.last().unwrap().status, payment.status);
        prop_assert!(payment.history.windows(2).all(|w| w[0].status != w[1].status && w[0].at <= w[1].at));
        prop_assert_eq!(payment.version as usize, 1 + news.len());
    }

    #[test]
    fn a_command_that_changed_the_payment_does_not_change_it_again(commands in any_commands()) {
        let mut payment = pending();
        for command in &commands {
            let (outcome, after) = step(payment, command, at(1));
            if matches!(outcome, Ok(Outcome::Changed(_))) {
                let again = after.decide(command);
                prop_assert!(!matches!(again, Ok(Outcome::Changed(_))), "{:?}: {:?}", command, again);
            }
            payment = after;
        }
    }

    #[test]
    fn money_is_taken_at_most_once_and_given_back_at_most_once(commands in any_commands()) {
        let (payment, news) = run(&commands);
        let taken = count(&news, EventType::PayCaptured);
        let given = count(&news, EventType::PayCompensated) + count(&news, EventType::PayCancelled);
        prop_assert!(taken <= 1 && given <= taken, "{:?}", news);
        prop_assert!(taken + count(&news, EventType::PayDeclined) <= 1);
        let with_us = match payment.status {
            Status::Pending | Status::Unknown | Status::Declined => (0, 0),
            Status::Captured | Status::Completed | Status::Cancelling => (1, 0),
            Status::Compensated | Status::Cancelled => (1, 1),
        };
        prop_assert_eq!((taken, given), with_us);
    }

    #[test]
    fn nothing_changes_after_the_end(commands in any_commands()) {
        let (payment, news) = run(&commands);
        let end = [EventType::PayDeclined, EventType::PayCompensated, EventType::PayCancelled];
        if let Some(ended) = news.iter().position(|event| end.contains(event)) {
            prop_assert_eq!(ended + 1, news.len());
            prop_assert!(matches!(payment.status, Status::Declined | Status::Compensated | Status::Cancelled));
        }
    }

    #[test]
    fn what_was_called_off_does_not_happen_later(commands in any_commands()) {
        let mut payment = pending();
        let (mut no_completion, mut no_refund) = (false, Vec::new());
        for command in &commands {
            let (outcome, after) = step(payment, command, at(1));
            match outcome {
                // The answer that the saga goes by, whether or not it is new.
                Ok(Outcome::Changed(EventType::PayCompletionStopped) | Outcome::Again(EventType::PayCompletionStopped)) => {
                    no_completion = true;
                }
                Ok(Outcome::Changed(EventType::PayRefundStopped | EventType::PayRefundRefused)) => {
                    no_refund.push(after.cancellations);
                }
                Ok(Outcome::Changed(EventType::PayCompleted)) => prop_assert!(!no_completion),
                Ok(Outcome::Changed(EventType::PayCancelled)) => {
                    prop_assert!(!no_refund.contains(&after.cancellations));
                }
                Ok(_) | Err(_) => {}
            }
            payment = after;
        }
    }

    #[test]
    fn a_cancellation_that_is_undone_leaves_the_payment_as_it_was(refused in any::<bool>(), late in any_commands()) {
        let completed = after(&[Command::Capture, Command::Complete]);
        let end = if refused { Command::RefuseRefund(1, "CODE".to_owned()) } else { Command::StopRefund(1) };
        let undo = [Command::RequestCancellation("oops".to_owned()), end, Command::WithdrawCancellation(1)];
        let undone = undo.iter().fold(completed.clone(), |payment, command| step(payment, command, at(9)).1);
        let same = Payment {
            version: completed.version,
            history: completed.history.clone(),
            cancellations: 0,
            cancel_reason: None,
            reason: None,
            ..undone.clone()
        };
        prop_assert_eq!(&same, &completed);
        for command in &late {
            let about_first = match command {
                Command::StopRefund(n) | Command::WithdrawCancellation(n) | Command::RefuseRefund(n, _) => *n == 1,
                Command::Cancel | Command::LoseTrackOfRefund => true,
                Command::Capture | Command::Decline(_) | Command::LoseTrack | Command::Complete => false,
                Command::StopCompletion | Command::WantRefund => false,
                Command::Compensate | Command::RequestCancellation(_) => false,
            };
            if about_first {
                prop_assert!(!matches!(undone.decide(command), Ok(Outcome::Changed(_))), "{:?}", command);
            }
        }
    }

    #[test]
    fn a_payment_is_stored_and_read_back_unharmed(commands in any_commands()) {
        let (payment, _) = run(&commands);
        let json = serde_json::to_string(&payment).unwrap();
        prop_assert_eq!(serde_json::from_str::<Payment>(&json).unwrap(), payment);
    }
}
