use super::*;

mod laws;
mod payable;
mod table;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn bill() -> BillId {
    BillId::parse("202610-0192f0c1a2b37c4d8e9f0123456789ab").unwrap()
}

fn pending() -> Payment {
    Payment {
        payment_id: PaymentId::nth(&bill(), 1),
        customer_id: CustomerId::parse("kim").unwrap(),
        bill_id: bill(),
        amount: Won::new(50_000),
        payment_key: PaymentKey::parse("key-1").unwrap(),
        gateway_order_id: "form-1".to_owned(),
        status: Status::Pending,
        version: 1,
        reason: None,
        cancel_reason: None,
        cancellations: 0,
        stopped: false,
        refund_wanted: false,
        refund_unknown: false,
        undos_refused: 0,
        history: vec![Change { at: at(0), status: Status::Pending }],
    }
}

/// Every command; those about a cancellation are about the `n`-th.
fn commands(n: u32) -> [Command; 13] {
    use Command as C;
    let all = [
        C::Capture,
        C::Decline("REJECT_CARD_PAYMENT".to_owned()),
        C::LoseTrack,
        C::Complete,
        C::StopCompletion,
        C::WantRefund,
        C::Compensate,
        C::RequestCancellation("changed my mind".to_owned()),
        C::LoseTrackOfRefund,
        C::Cancel,
        C::RefuseRefund(n, "NOT_CANCELABLE_PAYMENT".to_owned()),
        C::StopRefund(n),
        C::WithdrawCancellation(n),
    ];
    // A new command does not compile before it has its place here and its column in the table.
    let place = |command: &Command| match command {
        C::Capture => 0,
        C::Decline(_) => 1,
        C::LoseTrack => 2,
        C::Complete => 3,
        C::StopCompletion => 4,
        C::WantRefund => 5,
        C::Compensate => 6,
        C::RequestCancellation(_) => 7,
        C::LoseTrackOfRefund => 8,
        C::Cancel => 9,
        C::RefuseRefund(..) => 10,
        C::StopRefund(_) => 11,
        C::WithdrawCancellation(_) => 12,
    };
    assert!(all.iter().map(place).eq(0..all.len()));
    all
}

/// Decides, and applies what was decided.
fn step(payment: Payment, command: &Command, now: Timestamp) -> (Decision, Payment) {
    let outcome = payment.decide(command);
    let after =
        if matches!(outcome, Ok(Outcome::Changed(_))) { payment.after(command, now) } else { payment };
    (outcome, after)
}

/// The payment after commands each of which changes it.
#[track_caller]
fn after(commands: &[Command]) -> Payment {
    commands.iter().zip(1..).fold(pending(), |payment, (command, second)| {
        let (outcome, after) = step(payment, command, at(second));
        assert!(matches!(outcome, Ok(Outcome::Changed(_))), "{command:?}: {outcome:?}");
        after
    })
}

fn cancelling() -> Payment {
    after(&[Command::Capture, Command::Complete, Command::RequestCancellation("changed my mind".to_owned())])
}

#[test]
fn the_history_holds_each_status_and_when_it_began() {
    let payment = after(&[
        Command::LoseTrack,
        Command::Capture,
        Command::Complete,
        Command::RequestCancellation("changed my mind".to_owned()),
        Command::RefuseRefund(1, "NOT_CANCELABLE_PAYMENT".to_owned()),
        Command::WithdrawCancellation(1),
    ]);
    let history: Vec<_> = payment.history.iter().map(|change| (change.at, change.status)).collect();
    let expected = [
        (at(0), Status::Pending),
        (at(1), Status::Unknown),
        (at(2), Status::Captured),
        (at(3), Status::Completed),
        // The refusal at 5 is a change, but the payment is being cancelled until that is withdrawn.
        (at(4), Status::Cancelling),
        (at(6), Status::Completed),
    ];
    assert_eq!(history, expected);
    assert_eq!((payment.version, payment.cancellations), (7, 1));
}

#[test]
fn a_payment_keeps_the_gateways_and_the_customers_reasons() {
    let declined = after(&[Command::Decline("REJECT_CARD_PAYMENT".to_owned())]);
    assert_eq!(declined.reason.as_deref(), Some("REJECT_CARD_PAYMENT"));
    let refused = cancelling().after(&Command::RefuseRefund(1, "NOT_CANCELABLE_PAYMENT".to_owned()), at(4));
    assert_eq!(refused.reason.as_deref(), Some("NOT_CANCELABLE_PAYMENT"));
    assert_eq!(refused.cancel_reason.as_deref(), Some("changed my mind"));
    // The refusal of an earlier cancellation says nothing of the next.
    let standing = refused.after(&Command::WithdrawCancellation(1), at(5));
    let again = standing.after(&Command::RequestCancellation("still".to_owned()), at(6));
    assert_eq!((again.reason, again.cancel_reason.as_deref()), (None, Some("still")));
}

#[test]
fn a_completion_called_off_before_the_capture_does_not_happen_after_it() {
    for unknown in [pending(), after(&[Command::LoseTrack])] {
        let (outcome, stopped) = step(unknown, &Command::StopCompletion, at(2));
        assert_eq!(outcome, Ok(Outcome::Changed(EventType::PayCompletionStopped)));
        let (outcome, captured) = step(stopped, &Command::Capture, at(3));
        assert_eq!(outcome, Ok(Outcome::Changed(EventType::PayCaptured)));
        assert_eq!(captured.decide(&Command::Complete), Ok(Outcome::Nothing));
        assert_eq!(
            captured.decide(&Command::StopCompletion),
            Ok(Outcome::Again(EventType::PayCompletionStopped))
        );
        assert_eq!(captured.decide(&Command::Compensate), Ok(Outcome::Changed(EventType::PayCompensated)));
    }
}

#[test]
fn a_refund_that_is_tried_cannot_be_called_off() {
    let tried = cancelling().after(&Command::LoseTrackOfRefund, at(4));
    assert!(tried.refund_unknown);
    assert_eq!(tried.decide(&Command::StopRefund(1)), Ok(Outcome::Nothing));
    assert_eq!(tried.decide(&Command::WithdrawCancellation(1)), Err(Refusal(Status::Cancelling)));
    let cancelled = tried.clone().after(&Command::Cancel, at(5));
    assert_eq!((cancelled.status, cancelled.refund_unknown), (Status::Cancelled, false));
    let refused = tried.after(&Command::RefuseRefund(1, "NOT_CANCELABLE_PAYMENT".to_owned()), at(5));
    assert_eq!((refused.status, refused.refund_unknown), (Status::Cancelling, false));
    assert_eq!(refused.decide(&Command::Cancel), Ok(Outcome::Nothing));
}

#[test]
fn a_refund_that_was_called_off_is_not_made_later() {
    let stopped = cancelling().after(&Command::StopRefund(1), at(4));
    assert_eq!(stopped.decide(&Command::Cancel), Ok(Outcome::Nothing));
    assert_eq!(stopped.decide(&Command::StopRefund(1)), Ok(Outcome::Again(EventType::PayRefundStopped)));
    let standing = stopped.after(&Command::WithdrawCancellation(1), at(5));
    assert_eq!(standing.decide(&Command::Cancel), Ok(Outcome::Nothing));
}

#[test]
fn what_arrives_for_an_undone_cancellation_does_not_touch_the_next() {
    let standing =
        cancelling().after(&Command::StopRefund(1), at(4)).after(&Command::WithdrawCancellation(1), at(5));
    let again = standing.after(&Command::RequestCancellation("still".to_owned()), at(6));
    assert_eq!((again.status, again.cancellations, again.stopped), (Status::Cancelling, 2, false));
    // The refund of the second cancellation is under way when the first one's refusal is delivered again.
    let again = again.after(&Command::LoseTrackOfRefund, at(7));
    for late in &commands(1)[10..] {
        assert_eq!(again.decide(late), Ok(Outcome::Nothing), "{late:?}");
    }
    assert_eq!(again.decide(&Command::Cancel), Ok(Outcome::Changed(EventType::PayCancelled)));
}

#[test]
fn money_that_is_wanted_back_before_the_gateway_has_spoken_goes_back_once_it_has() {
    let wanted = after(&[Command::LoseTrack, Command::WantRefund]);
    assert_eq!(wanted.decide(&Command::WantRefund), Ok(Outcome::Nothing));
    let captured = wanted.clone().after(&Command::Capture, at(3));
    assert!(captured.refund_wanted && captured.stopped);
    assert_eq!(captured.decide(&Command::Complete), Ok(Outcome::Nothing));
    assert_eq!(captured.after(&Command::Compensate, at(4)).status, Status::Compensated);
    assert_eq!(wanted.after(&Command::Decline("EXPIRED".to_owned()), at(3)).status, Status::Declined);
}

#[test]
fn a_refused_undo_leaves_nothing_open_and_is_asked_for_anew() {
    let wanted = after(&[Command::LoseTrack, Command::WantRefund, Command::Capture]);
    let refused =
        Payment { refund_unknown: true, ..wanted }.undo_refused("NOT_CANCELABLE_PAYMENT".to_owned());
    assert_eq!((refused.refund_wanted, refused.refund_unknown, refused.undos_refused), (false, false, 1));
    assert_eq!((refused.status, refused.version), (Status::Captured, 5));
    assert_eq!(refused.reason.as_deref(), Some("NOT_CANCELABLE_PAYMENT"));
    assert_eq!(refused.decide(&Command::Compensate), Ok(Outcome::Changed(EventType::PayCompensated)));
}
