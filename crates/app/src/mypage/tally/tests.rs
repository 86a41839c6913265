use super::*;
use crate::mypage::News;
use proptest::prelude::*;
use serde_json::{Value, json};

const LINE: &str = "0192f0c1a2b37c4d8e9f0123456789ab";
const BILL: &str = "202610-0192f0c1a2b37c4d8e9f0123456789ab";
const PAYMENT: &str = "202610-0192f0c1a2b37c4d8e9f0123456789ab-p1";

/// News of a thing's version: its status, and when it came to it.
fn news(kind: Kind, version: u32, status: &str, at: &str, facts: Value) -> News {
    let mut facts = facts;
    facts["version"] = json!(version);
    facts["status"] = json!(status);
    let at = at.parse().unwrap();
    News { kind, row: "row".to_owned(), version, at, status: json!(status), facts }
}

fn line(version: u32, status: &str, at: &str) -> News {
    news(Kind::Line, version, status, at, json!({ "orderId": LINE, "plan": "lte-light" }))
}

fn bill(version: u32, status: &str, paid: i64) -> News {
    let facts = json!({
        "billId": BILL, "customerId": "kim", "orderId": LINE, "usageMonth": "2026-10", "amount": 33_000,
        "paid": paid, "outstanding": 33_000 - paid, "dueDate": "2026-11-25"
    });
    news(Kind::Bill, version, status, "2026-11-01T00:00:00Z", facts)
}

fn payment(version: u32, status: &str, at: &str) -> News {
    let facts = json!({ "paymentId": PAYMENT, "billId": BILL, "amount": 33_000 });
    news(Kind::Payment, version, status, at, facts)
}

/// What the changes come to that the news make one after the other, in this order.
fn told(news: &[News]) -> Tally {
    let (first, rest) = news.split_first().unwrap();
    let mut entry = Entry::new(first);
    let mut sum = Tally::default();
    sum += &Tally::of(first.kind, &entry).unwrap();
    for one in rest {
        let before = Tally::of(one.kind, &entry).unwrap();
        entry.take_in(one);
        sum += &Tally::of(one.kind, &entry).unwrap();
        sum.take_off(&before);
    }
    sum
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// A payment that was charged just before midnight in Seoul and given back the day after.
fn charged_and_given_back() -> Vec<News> {
    vec![
        payment(2, "captured", "2026-11-01T14:59:59Z"),
        payment(3, "completed", "2026-11-01T15:00:01Z"),
        payment(4, "cancelling", "2026-11-02T01:00:00Z"),
        payment(5, "cancelled", "2026-11-02T01:00:05Z"),
    ]
}

#[test]
fn a_line_counts_once_under_the_status_it_has() {
    let story = [line(1, "requested", "2026-10-05T01:00:00Z"), line(2, "active", "2026-10-05T01:00:01Z")];
    let tally = told(&story);
    assert_eq!(tally.lines, BTreeMap::from([(order::Status::Active, 1)]));
    assert_eq!(tally.days[&day("2026-10-05")].orders, 1);
}

#[test]
fn a_bill_is_unpaid_until_nothing_is_due_of_it() {
    let month = UsageMonth::parse("2026-10").unwrap();
    let of = |story: &[News]| told(story).months[&month];
    let issued = of(&[bill(1, "issued", 0)]);
    assert_eq!(issued, Billed { issued: 1, amount: 33_000, unpaid: 1, outstanding: 33_000 });
    let part = of(&[bill(1, "issued", 0), bill(2, "partially_paid", 3_000)]);
    assert_eq!((part.unpaid, part.outstanding), (1, 30_000));
    let settled = of(&[bill(1, "issued", 0), bill(2, "settled", 33_000)]);
    assert_eq!(settled, Billed { unpaid: 0, outstanding: 0, ..issued });
    let reopened = of(&[bill(1, "issued", 0), bill(2, "settled", 33_000), bill(3, "issued", 0)]);
    assert_eq!(reopened, issued);
}

#[test]
fn a_void_bill_counts_no_more() {
    assert_eq!(told(&[bill(1, "issued", 0), bill(2, "voided", 0)]), Tally::default());
}

#[test]
fn money_counts_on_the_day_in_seoul_on_which_it_moved() {
    let tally = told(&charged_and_given_back());
    let charged = Happened { payments: 1, paid: 33_000, ..Happened::default() };
    let given_back = Happened { refunds: 1, refunded: 33_000, ..Happened::default() };
    assert_eq!(tally.days, BTreeMap::from([(day("2026-11-01"), charged), (day("2026-11-02"), given_back)]));
}

#[test]
fn a_declined_payment_moved_no_money() {
    let story =
        [payment(2, "unknown", "2026-11-01T01:00:00Z"), payment(3, "declined", "2026-11-01T01:00:09Z")];
    assert_eq!(told(&story), Tally::default());
}

#[test]
fn a_charge_that_was_found_out_only_to_be_given_back_is_both() {
    let story =
        [payment(2, "unknown", "2026-11-01T01:00:00Z"), payment(3, "compensated", "2026-11-01T01:10:00Z")];
    let both = Happened { payments: 1, paid: 33_000, refunds: 1, refunded: 33_000, ..Happened::default() };
    assert_eq!(told(&story).days, BTreeMap::from([(day("2026-11-01"), both)]));
}

#[test]
fn what_is_announced_again_happened_when_it_was_announced_first() {
    let mut story = charged_and_given_back();
    story.insert(0, payment(5, "cancelled", "2026-11-09T01:00:00Z"));
    assert_eq!(told(&story), told(&charged_and_given_back()));
    story.rotate_left(1);
    assert_eq!(told(&story), told(&charged_and_given_back()));
}

#[test]
fn old_days_are_forgotten_and_nothing_else() {
    let mut tally = told(&charged_and_given_back());
    tally += &told(&[bill(1, "issued", 0)]);
    tally.forget_before(day("2026-11-02"));
    assert_eq!(tally.days.keys().copied().collect::<Vec<_>>(), [day("2026-11-02")]);
    assert_eq!(tally.months.len(), 1);
}

#[test]
fn what_is_stored_is_read_again() {
    let mut tally = told(&charged_and_given_back());
    tally += &told(&[bill(1, "issued", 0)]);
    tally += &told(&[line(1, "requested", "2026-10-05T01:00:00Z")]);
    let text = serde_json::to_string(&tally).unwrap();
    assert_eq!(serde_json::from_str::<Tally>(&text).unwrap(), tally);
}

/// Some order of the indexes below `count`, with repeats.
fn deliveries(count: usize) -> impl Strategy<Value = Vec<usize>> {
    let all = Just((0..count).collect::<Vec<_>>()).prop_shuffle();
    (all, proptest::collection::vec(0..count, 0..4)).prop_map(|(mut order, repeats)| {
        order.extend(repeats);
        order
    })
}

/// A bill that is paid in two parts and due again.
fn paid_and_reopened() -> Vec<News> {
    vec![
        bill(1, "issued", 0),
        bill(2, "partially_paid", 3_000),
        bill(3, "settled", 33_000),
        bill(4, "issued", 0),
    ]
}

/// A line from its order to its end.
fn opened_and_closed() -> Vec<News> {
    vec![
        line(1, "requested", "2026-10-05T01:00:00Z"),
        line(2, "active", "2026-10-05T01:00:01Z"),
        line(3, "terminating", "2026-10-09T01:00:00Z"),
        line(4, "terminated", "2026-10-09T01:00:01Z"),
    ]
}

proptest! {
    #[test]
    fn the_order_of_the_news_and_repeats_change_nothing(order in deliveries(4)) {
        for story in [charged_and_given_back, paid_and_reopened, opened_and_closed] {
            let came: Vec<News> = order.iter().map(|index| story().swap_remove(*index)).collect();
            prop_assert_eq!(told(&came), told(&story()));
        }
    }
}
