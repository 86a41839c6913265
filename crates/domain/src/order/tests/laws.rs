//! What holds for every order, whatever arrives and in whatever order.

use super::*;
use proptest::prelude::*;
use proptest::sample::select;

/// Commands, with those about terminations that were, are or will be.
fn any_commands() -> impl Strategy<Value = Vec<Command>> {
    let command = (1_u32..=3).prop_flat_map(|n| select(commands(n).to_vec()));
    // Opening orders get somewhere more often than chance would take them.
    let opened =
        prop_oneof![Just(vec![]), Just(vec![Command::Activate(number()), Command::RequestTermination])];
    (opened, proptest::collection::vec(command, 0..24)).prop_map(|(opened, more)| [opened, more].concat())
}

/// The order after the commands, and what it announced as new, in turn.
fn run(commands: &[Command]) -> (Order, Vec<EventType>) {
    let mut order = placed();
    let mut news = Vec::new();
    for (command, second) in commands.iter().zip(1..) {
        let (outcome, after) = step(order, command, at(second));
        if let Ok(Outcome::Changed(event)) = outcome {
            news.push(event);
        }
        order = after;
    }
    (order, news)
}

fn count(news: &[EventType], event: EventType) -> usize {
    news.iter().filter(|e| **e == event).count()
}

proptest! {
    #[test]
    fn the_history_ends_in_the_status_and_each_change_is_a_version(commands in any_commands()) {
        let (order, news) = run(&commands);
        prop_assert_eq!(order.history.first().unwrap().status, Status::Requested);
        prop_assert_eq!(order.history.last().unwrap().status, order.status);
        prop_assert!(order.history.windows(2).all(|w| w[0].status != w[1].status && w[0].at <= w[1].at));
        prop_assert_eq!(order.version as usize, 1 + news.len());
    }

    #[test]
    fn a_command_that_changed_the_order_does_not_change_it_again(commands in any_commands()) {
        let mut order = placed();
        for command in &commands {
            let (outcome, after) = step(order, command, at(1));
            if matches!(outcome, Ok(Outcome::Changed(_))) {
                let again = after.decide(command);
                prop_assert!(!matches!(again, Ok(Outcome::Changed(_))), "{:?}: {:?}", command, again);
            }
            order = after;
        }
    }

    #[test]
    fn an_order_is_activated_or_comes_to_nothing_and_its_line_closes_once(commands in any_commands()) {
        let (order, news) = run(&commands);
        let activated = count(&news, EventType::OrderActivated);
        prop_assert!(activated + count(&news, EventType::OrderRejected) <= 1);
        prop_assert!(activated + count(&news, EventType::OrderActivationRefused) <= 1);
        prop_assert_eq!(order.number.is_some(), activated == 1);
        prop_assert!(count(&news, EventType::OrderTerminated) <= 1);
        prop_assert_eq!(order.closings as usize, count(&news, EventType::OrderTerminationRequested));
    }

    #[test]
    fn nothing_changes_after_the_end(commands in any_commands()) {
        let (order, news) = run(&commands);
        let end = [EventType::OrderTerminated, EventType::OrderRejected];
        let ended = news.iter().position(|event| end.contains(event));
        if let Some(ended) = ended {
            prop_assert_eq!(ended + 1, news.len());
            prop_assert!(matches!(order.status, Status::Terminated | Status::Rejected));
        }
    }

    #[test]
    fn what_was_called_off_does_not_happen_later(commands in any_commands()) {
        let mut order = placed();
        let (mut no_activation, mut stopped_closings) = (false, Vec::new());
        for command in &commands {
            let (outcome, after) = step(order, command, at(1));
            match outcome {
                Ok(Outcome::Changed(EventType::OrderNumberReleased | EventType::OrderActivationRefused)) => {
                    no_activation = true;
                }
                Ok(Outcome::Changed(EventType::OrderTerminationStopped)) => stopped_closings.push(after.closings),
                Ok(Outcome::Changed(EventType::OrderActivated)) => prop_assert!(!no_activation),
                Ok(Outcome::Changed(EventType::OrderTerminated)) => {
                    prop_assert!(!stopped_closings.contains(&after.closings));
                }
                Ok(_) | Err(_) => {}
            }
            order = after;
        }
    }

    #[test]
    fn a_closing_that_is_undone_leaves_the_line_as_it_was(late in any_commands()) {
        let active = after(&[Command::Activate(number())]);
        let undo = [Command::RequestTermination, Command::StopTermination(1), Command::WithdrawTermination(1)];
        let undone = undo.iter().fold(active.clone(), |order, command| step(order, command, at(2)).1);
        let same = Order { version: active.version, history: active.history.clone(), closings: 0, ..undone.clone() };
        prop_assert_eq!(&same, &active);
        // Whatever still arrives for that closing does nothing to the line.
        let of_first = |command: &&Command| command.closing() == Some(1);
        for command in late.iter().filter(of_first) {
            prop_assert!(!matches!(undone.decide(command), Ok(Outcome::Changed(_))), "{:?}", command);
        }
    }

    #[test]
    fn an_order_is_stored_and_read_back_unharmed(commands in any_commands()) {
        let (order, _) = run(&commands);
        let json = serde_json::to_string(&order).unwrap();
        prop_assert_eq!(serde_json::from_str::<Order>(&json).unwrap(), order);
    }
}
