use super::*;

mod laws;
mod table;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn number() -> PhoneNumber {
    PhoneNumber::parse("010-2345-6789").unwrap()
}

fn placed() -> Order {
    let order = OrderId::parse("0192f0c1a2b37c4d8e9f0123456789ab").unwrap();
    let customer = CustomerId::parse("kim").unwrap();
    Order::place(order, customer, PlanCode::parse("basic").unwrap(), None, None, at(0))
}

/// Every command; those about a termination are about the `n`-th.
fn commands(n: u32) -> [Command; 10] {
    use Command as C;
    let all = [
        C::Activate(number()),
        C::RefuseActivation("number_taken"),
        C::StopActivation,
        C::Reject,
        C::Suspend,
        C::Resume,
        C::RequestTermination,
        C::Terminate(n),
        C::StopTermination(n),
        C::WithdrawTermination(n),
    ];
    // A new command does not compile before it has its place here and its column in the table.
    let place = |command: &Command| match command {
        C::Activate(_) => 0,
        C::RefuseActivation(_) => 1,
        C::StopActivation => 2,
        C::Reject => 3,
        C::Suspend => 4,
        C::Resume => 5,
        C::RequestTermination => 6,
        C::Terminate(_) => 7,
        C::StopTermination(_) => 8,
        C::WithdrawTermination(_) => 9,
    };
    assert!(all.iter().map(place).eq(0..all.len()));
    all
}

/// Decides, and applies what was decided.
fn step(order: Order, command: &Command, now: Timestamp) -> (Result<Outcome, Refusal>, Order) {
    let outcome = order.decide(command);
    let after = if matches!(outcome, Ok(Outcome::Changed(_))) { order.after(command, now) } else { order };
    (outcome, after)
}

/// The order after commands each of which changes it.
#[track_caller]
fn after(commands: &[Command]) -> Order {
    commands.iter().fold(placed(), |order, command| {
        let (outcome, after) = step(order, command, at(1));
        assert!(matches!(outcome, Ok(Outcome::Changed(_))), "{command:?}: {outcome:?}");
        after
    })
}

#[test]
fn the_history_holds_each_status_and_when_it_began() {
    let order = [
        Command::Activate(number()),
        Command::Suspend,
        Command::Resume,
        Command::RequestTermination,
        Command::StopTermination(1),
        Command::WithdrawTermination(1),
    ]
    .iter()
    .zip(1..)
    .fold(placed(), |order, (command, second)| order.after(command, at(second)));
    let history: Vec<_> = order.history.iter().map(|change| (change.at, change.status)).collect();
    let expected = [
        (at(0), Status::Requested),
        (at(1), Status::Active),
        (at(2), Status::Suspended),
        (at(3), Status::Active),
        // Calling the termination off at 5 is a change, but the line is closing until that is withdrawn.
        (at(4), Status::Terminating),
        (at(6), Status::Active),
    ];
    assert_eq!(history, expected);
    assert_eq!(order.version, 7);
}

#[test]
fn a_line_has_its_number_and_a_rejected_order_its_reason() {
    assert_eq!(after(&[Command::Activate(number())]).number, Some(number()));
    let rejected = after(&[Command::RefuseActivation("number_taken"), Command::Reject]);
    assert_eq!((rejected.number, rejected.reason.as_deref()), (None, Some("number_taken")));
}

#[test]
fn an_order_waits_for_its_number_until_it_has_one_or_gets_none() {
    assert!(placed().may_activate());
    for command in [
        Command::Activate(number()),
        Command::RefuseActivation("no_free_number"),
        Command::StopActivation,
        Command::Reject,
    ] {
        assert!(!after(std::slice::from_ref(&command)).may_activate(), "{command:?}");
    }
}

#[test]
fn a_refused_activation_does_not_happen_when_its_cause_is_delivered_again() {
    let refused = after(&[Command::RefuseActivation("number_taken")]);
    assert_eq!(refused.decide(&Command::Activate(number())), Ok(Outcome::Nothing));
    assert_eq!(refused.decide(&Command::RefuseActivation("number_taken")), Ok(Outcome::Nothing));
}

#[test]
fn what_arrives_for_an_undone_termination_does_not_touch_the_next() {
    let first = [Command::RequestTermination, Command::StopTermination(1), Command::WithdrawTermination(1)];
    let commands: Vec<_> = std::iter::once(Command::Activate(number())).chain(first).collect();
    let again = after(&commands).after(&Command::RequestTermination, at(9));
    assert_eq!((again.status, again.closings), (Status::Terminating, 2));
    for late in [Command::Terminate(1), Command::StopTermination(1), Command::WithdrawTermination(1)] {
        assert_eq!(again.decide(&late), Ok(Outcome::Nothing), "{late:?}");
    }
    assert_eq!(again.decide(&Command::Terminate(2)), Ok(Outcome::Changed(EventType::OrderTerminated)));
}

#[test]
fn an_order_gets_the_number_that_it_wished_for_or_one_of_the_pool() {
    let wish = Order { wish_number: Some(number()), ..placed() };
    assert_eq!(wish.candidates(), [number()]);
    let some = placed().candidates();
    assert_eq!(some, placed().candidates());
    assert_eq!(some.len(), NUMBER_CANDIDATES as usize);
    let distinct: std::collections::BTreeSet<_> = some.iter().collect();
    assert_eq!(distinct.len(), some.len());
    for number in some {
        assert!(("01020000000"..="01099999999").contains(&number.as_str()), "{}", number.as_str());
    }
}
