use super::*;
use crate::rating::ChargeCode;

mod laws;
mod table;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn month() -> UsageMonth {
    UsageMonth::parse("2026-10").unwrap()
}

fn line() -> OrderId {
    OrderId::parse("0192f0c1a2b37c4d8e9f0123456789ab").unwrap()
}

fn account() -> Account {
    Account::open(line(), CustomerId::parse("kim").unwrap(), PlanCode::parse("basic").unwrap())
}

fn rated(total: i64) -> RatedBill {
    RatedBill { lines: Vec::new(), total: Won::new(total) }
}

fn issued(total: i64) -> Bill {
    Bill::issue(BillId::monthly(month(), &line()), &account(), month(), rated(total), at(0))
}

fn on_hold() -> Bill {
    Bill::hold(BillId::monthly(month(), &line()), &account(), month(), "no_plan_version", at(0))
}

fn payment(n: u32) -> PaymentId {
    PaymentId::nth(&BillId::monthly(month(), &line()), n)
}

fn settle(n: u32, won: i64) -> Command {
    Command::Settle(payment(n), Won::new(won))
}

/// Decides, and applies what was decided.
fn step(bill: Bill, command: &Command) -> (Result<Outcome, Refusal>, Bill) {
    let outcome = bill.decide(command);
    let after = if matches!(outcome, Ok(Outcome::Changed(_))) { bill.after(command, at(1)) } else { bill };
    (outcome, after)
}

/// The bill after commands each of which changes it.
#[track_caller]
fn after(bill: Bill, commands: &[Command]) -> Bill {
    commands.iter().fold(bill, |bill, command| {
        let (outcome, after) = step(bill, command);
        assert!(matches!(outcome, Ok(Outcome::Changed(_))), "{command:?}: {outcome:?}");
        after
    })
}

/// What a bill comes to: where it stands, what is paid, and what is due, in won.
fn sums(bill: &Bill) -> (Status, i64, i64) {
    (bill.status, bill.paid.get(), bill.outstanding().get())
}

#[test]
fn a_bill_is_due_on_the_25th_of_the_month_after() {
    for (month, due) in [("2026-10", "2026-11-25"), ("2026-12", "2027-01-25"), ("2028-01", "2028-02-25")] {
        let month = UsageMonth::parse(month).unwrap();
        assert_eq!(due_date(month, month.end()), due.parse().unwrap());
    }
}

#[test]
fn a_bill_that_is_issued_late_leaves_two_weeks_to_pay_it() {
    for (issued, due) in [
        // The 11th of November in Seoul to its last second, and the 12th from its first.
        ("2026-11-11T14:59:59Z", "2026-11-25"),
        ("2026-11-11T15:00:00Z", "2026-11-26"),
        ("2026-12-10T03:00:00Z", "2026-12-24"),
        ("2027-12-31T15:00:00Z", "2028-01-15"),
    ] {
        let issued: Timestamp = issued.parse().unwrap();
        assert_eq!(due_date(month(), issued), due.parse().unwrap(), "{issued}");
        let bill = Bill::issue(BillId::monthly(month(), &line()), &account(), month(), rated(10), issued);
        assert_eq!(bill.due_date, due_date(month(), issued));
        let released = on_hold().after(&Command::Release(rated(10)), issued);
        assert_eq!(released.due_date, due_date(month(), issued), "not when it was put on hold");
    }
}

#[test]
fn a_bill_of_nothing_is_settled() {
    assert_eq!(sums(&issued(0)), (Status::Settled, 0, 0));
    assert_eq!(sums(&issued(10)), (Status::Issued, 0, 10));
    assert_eq!(sums(&after(on_hold(), &[Command::Release(rated(0))])), (Status::Settled, 0, 0));
}

#[test]
fn parts_settle_a_bill_in_the_end() {
    let part = after(issued(10_000), &[settle(1, 4_000)]);
    assert_eq!(sums(&part), (Status::PartiallyPaid, 4_000, 6_000));
    assert_eq!(sums(&after(part, &[settle(2, 6_000)])), (Status::Settled, 10_000, 0));
}

#[test]
fn a_bill_takes_no_more_than_is_due_and_no_less_than_a_won() {
    let part = after(issued(10_000), &[settle(1, 4_000)]);
    for won in [6_001, 10_000, i64::MAX, 0, -1, i64::MIN] {
        assert_eq!(part.decide(&settle(2, won)), Err(Refusal::TooMuch), "{won}");
    }
    assert_eq!(issued(0).decide(&settle(1, 1)), Err(Refusal::TooMuch));
}

#[test]
fn a_bill_on_hold_is_issued_when_it_is_released() {
    assert_eq!(sums(&on_hold()), (Status::OnHold, 0, 0));
    let lines = vec![ChargeLine { amount: Won::new(7_000), ..a_line() }];
    let (outcome, bill) =
        step(on_hold(), &Command::Release(RatedBill { lines: lines.clone(), total: Won::new(7_000) }));
    assert_eq!(outcome, Ok(Outcome::Changed(EventType::BillIssued)));
    assert_eq!(sums(&bill), (Status::Issued, 0, 7_000));
    assert_eq!((bill.lines, bill.reason, bill.issued_at, bill.version), (lines, None, at(1), 2));
    assert!(bill.was_on_hold && !on_hold().was_on_hold && !issued(10).was_on_hold);
}

fn a_line() -> ChargeLine {
    serde_json::from_value(serde_json::json!({
        "code": ChargeCode::MonthlyFee, "quantity": "1", "unit": "month", "rate": "7000", "rule": "", "amount": 0
    }))
    .unwrap()
}

#[test]
fn a_void_bill_owes_nothing_and_a_paid_one_cannot_be_void() {
    assert_eq!(sums(&after(issued(10_000), &[Command::Void])), (Status::Voided, 0, 0));
    let paid = after(issued(10_000), &[settle(1, 1)]);
    assert_eq!(paid.decide(&Command::Void), Err(Refusal::Paid));
    // Once the money has gone back it can.
    let back = after(paid, &[Command::Reopen(payment(1), 1)]);
    assert_eq!(sums(&after(back, &[Command::Void])), (Status::Voided, 0, 0));
    assert_eq!(issued(0).decide(&Command::Void), Ok(Outcome::Changed(EventType::BillFinalVoided)));
}

#[test]
fn a_reverted_payment_is_not_applied_by_a_capture_that_comes_late() {
    for reverted in [
        after(issued(10_000), &[Command::RevertSettlement(payment(1))]),
        after(issued(10_000), &[settle(1, 4_000), Command::RevertSettlement(payment(1))]),
    ] {
        assert_eq!(reverted.decide(&settle(1, 4_000)), Ok(Outcome::Nothing));
        assert_eq!(reverted.decide(&Command::Reopen(payment(1), 1)), Err(Refusal::NotApplied));
        assert_eq!(sums(&after(reverted, &[settle(2, 10_000)])), (Status::Settled, 10_000, 0));
    }
}

#[test]
fn a_reopening_that_comes_after_its_undo_does_nothing() {
    // The undo overtook the reopening.
    let undone = after(issued(10_000), &[settle(1, 4_000), Command::Resettle(payment(1), 1)]);
    assert_eq!(undone.decide(&Command::Reopen(payment(1), 1)), Ok(Outcome::Nothing));
    assert_eq!(sums(&undone), (Status::PartiallyPaid, 4_000, 6_000));
    let second = after(undone, &[Command::Reopen(payment(1), 2)]);
    assert_eq!(sums(&second), (Status::Issued, 0, 10_000));
}

#[test]
fn the_undo_of_an_earlier_cancellation_does_not_touch_a_later_one() {
    let first = [settle(1, 4_000), Command::Reopen(payment(1), 1), Command::Resettle(payment(1), 1)];
    let second = after(after(issued(10_000), &first), &[Command::Reopen(payment(1), 2)]);
    assert_eq!(
        second.decide(&Command::Resettle(payment(1), 1)),
        Ok(Outcome::Again(EventType::BillResettled))
    );
    assert_eq!(second.decide(&Command::Reopen(payment(1), 1)), Ok(Outcome::Nothing));
    assert_eq!(sums(&second), (Status::Issued, 0, 10_000));
}

#[test]
fn a_payment_cannot_count_again_where_another_has_taken_its_place() {
    let reopened = after(issued(10_000), &[settle(1, 10_000), Command::Reopen(payment(1), 1)]);
    let taken = after(reopened, &[settle(2, 1)]);
    assert_eq!(taken.decide(&Command::Resettle(payment(1), 1)), Err(Refusal::TooMuch));
    let free = after(taken, &[Command::Reopen(payment(2), 1)]);
    assert_eq!(sums(&after(free, &[Command::Resettle(payment(1), 1)])), (Status::Settled, 10_000, 0));
}

#[test]
fn every_refusal_has_a_code_of_its_own() {
    let refusals = [Refusal::Status(Status::OnHold), Refusal::TooMuch, Refusal::NotApplied, Refusal::Paid];
    assert_eq!(
        refusals.map(Refusal::code),
        ["bill_status", "amount_over_outstanding", "payment_not_applied", "bill_paid"]
    );
}

#[test]
fn an_account_is_billed_for_the_months_in_which_the_line_was_in_service() {
    let served = |from: Option<&str>, to: Option<&str>| {
        let day = |text: &str| text.parse().unwrap();
        Account { service_from: from.map(day), service_to: to.map(day), ..account() }.served_in(month())
    };
    assert!(!served(None, None));
    assert!(served(Some("2026-10-31"), None) && !served(Some("2026-11-01"), None));
    assert!(
        served(Some("2026-01-01"), Some("2026-10-01")) && !served(Some("2026-01-01"), Some("2026-09-30"))
    );
}

#[test]
fn a_contract_begins_with_the_line_and_lasts_its_months() {
    let day = |text: &str| text.parse().unwrap();
    let to = |from, months| {
        Account { service_from: from, contract_months: months, ..account() }.terms(month()).contract_to
    };
    let first = Some(day("2026-10-05"));
    assert_eq!(to(first, Some(12)), Some(day("2027-10-04")));
    assert_eq!(to(first, Some(24)), Some(day("2028-10-04")));
    assert_eq!((to(first, None), to(None, Some(12))), (None, None));
}

#[test]
fn a_bill_names_the_contract_that_its_month_is_under() {
    let line =
        Account { service_from: Some("2026-10-05".parse().unwrap()), contract_months: Some(12), ..account() };
    let contract = |month: &str| {
        let month = UsageMonth::parse(month).unwrap();
        let nothing = RatedBill { lines: Vec::new(), total: Won::ZERO };
        let id = BillId::monthly(month, &line.order_id);
        let bill = Bill::issue(id, &line, month, nothing, at(0));
        bill.contract.map(|term| (term.from.to_string(), term.to.to_string()))
    };
    let term = Some(("2026-10-05".to_owned(), "2027-10-04".to_owned()));
    // Its last days are in October of the next year.
    assert_eq!((contract("2026-10"), contract("2027-10"), contract("2027-11")), (term.clone(), term, None));
}

#[test]
fn a_line_that_never_was_in_service_is_charged_for_usage_alone() {
    let terms = account().terms(month());
    assert_eq!((terms.service_from, terms.service_to), (month().next().first_day(), None));
    assert_eq!(terms.contract_to, None);
}

#[test]
fn a_bill_that_became_void_while_a_payment_was_being_cancelled_takes_it_back_and_lets_it_go_again() {
    let reopened = after(issued(10_000), &[settle(1, 4_000), Command::Reopen(payment(1), 1)]);
    let voided = after(reopened, &[Command::Void, Command::Resettle(payment(1), 1)]);
    assert_eq!(sums(&voided), (Status::Voided, 4_000, 0));
    assert_eq!(sums(&after(voided, &[Command::Reopen(payment(1), 2)])), (Status::Voided, 0, 0));
}
