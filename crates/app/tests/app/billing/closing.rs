//! The bills of a line that is closed.

use super::open_lines;
use crate::world::commands::{customer, month};
use crate::world::{Spot, Trouble, Trying, World};
use app::bill::UsageRecord;
use domain::bill::{Bill, Status};
use domain::catalogue::UsageType;
use domain::ids::OrderId;
use domain::limits::ENTITY_BODY_BYTES_MAX;
use domain::rating::ChargeCode;
use jiff::SignedDuration;
use rust_decimal::Decimal;

const OCTOBER_5: &str = "2026-10-05T03:00:00Z";

fn standing(world: &World, line: &OrderId) -> Vec<Bill> {
    let of_line = |bill: &Bill| bill.order_id == *line && bill.status != Status::Voided;
    world.books().bills.into_values().filter(of_line).collect()
}

fn units(bills: &[Bill], kind: UsageType) -> Decimal {
    let lines = bills.iter().flat_map(|bill| &bill.lines);
    lines.filter(|line| line.code == ChargeCode::Usage(kind)).map(|line| line.quantity).sum()
}

/// The rules of the fees, by bill.
fn fees(bills: &[Bill]) -> Vec<(String, String)> {
    let fee = |bill: &Bill| {
        let line = bill.lines.iter().find(|line| line.code == ChargeCode::MonthlyFee)?;
        let id = bill.bill_id.as_str();
        let end = if id.contains("final") { "final" } else { "monthly" };
        Some((format!("{} {end}", bill.usage_month), line.rule.to_string()))
    };
    bills.iter().filter_map(fee).collect()
}

fn expected(fees: &[(&str, &str)]) -> Vec<(String, String)> {
    fees.iter().map(|(bill, rule)| ((*bill).to_owned(), (*rule).to_owned())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_closed_in_the_month_pays_for_its_days_and_late_usage_is_billed_once() {
    let mut world = World::new(1);
    let line = open_lines(&mut world, 1).await.remove(0);
    world.import(&[world.used(&line, "before", UsageType::Sms, "11", OCTOBER_5)]).await;
    world.at("2026-10-20T03:00:00Z");
    world.app.terminate_line(&customer("c0"), &line, None).await.unwrap();
    world.run_until_quiet().await;
    let last = standing(&world, &line);
    assert_eq!(fees(&last), expected(&[("2026-10 final", "days 16/31")]));
    assert_eq!(units(&last, UsageType::Sms), Decimal::from(11));

    let late = world.used(&line, "after", UsageType::Sms, "7", "2026-10-19T03:00:00Z");
    assert_eq!(world.import(&[late]).await.accepted, 1);
    world.at("2026-10-31T16:00:00Z");
    world.run_month("2026-10").await;
    world.run_month("2026-10").await;
    let bills = standing(&world, &line);
    assert_eq!(bills.len(), 2);
    assert_eq!(fees(&bills), expected(&[("2026-10 final", "days 16/31")]));
    assert_eq!(units(&bills, UsageType::Sms), Decimal::from(18));
    world.at("2026-11-30T16:00:00Z");
    world.run_month("2026-11").await;
    assert_eq!(standing(&world, &line), bills, "nothing is left for november");
    world.rest().await;
    world.check_books("closed").await;
}

#[tokio::test(start_paused = true)]
async fn a_closing_that_meets_the_run_of_its_month_is_billed_once_for_every_day() {
    for seed in 0..200 {
        let _trying = Trying(format!("mixture {seed}"));
        let mut world = World::new(seed);
        let line = open_lines(&mut world, 1).await.remove(0);
        world.import(&[world.used(&line, "a", UsageType::Sms, "11", OCTOBER_5)]).await;
        world.at("2026-10-31T14:59:59Z");
        world.app.terminate_line(&customer("c0"), &line, None).await.unwrap();
        world.at("2026-10-31T15:00:00Z");
        world.app.start_billing_run(month("2026-10")).await.unwrap();
        world.deliver_next().await;
        world.mix(seed);
        world.shuffle(seed);
        world.run_together(3).await;
        world.faults.clear();
        world.rest().await;
        let bills = standing(&world, &line);
        let fees = fees(&bills);
        let rules: Vec<&str> = fees.iter().map(|(_, rule)| rule.as_str()).collect();
        assert_eq!(rules, ["days 27/31"], "{fees:?}");
        assert_eq!(units(&bills, UsageType::Sms), Decimal::from(11));
        world.check_books("closed while the month was billed").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_closing_that_is_undone_after_the_run_leaves_no_day_and_no_usage_out() {
    let mut world = World::new(1);
    let line = open_lines(&mut world, 1).await.remove(0);
    world.import(&[world.used(&line, "before", UsageType::Sms, "11", OCTOBER_5)]).await;
    world.at("2026-10-31T14:59:59Z");
    // The closing hangs over the end of the month.
    let terminate = Spot::first("order_on_final_issued", "bill.final_issued");
    world.plan.add(terminate, Trouble::Late(SignedDuration::from_hours(2)));
    world.app.terminate_line(&customer("c0"), &line, None).await.unwrap();
    world.run_until_quiet().await;
    assert_eq!(units(&standing(&world, &line), UsageType::Sms), Decimal::from(11));
    world.import(&[world.used(&line, "after", UsageType::Sms, "7", OCTOBER_5)]).await;
    world.at("2026-10-31T15:05:00Z");
    world.run_month("2026-10").await;
    world.rest().await;
    let bills = standing(&world, &line);
    assert_eq!(fees(&bills), expected(&[("2026-10 monthly", "days 27/31")]));
    assert_eq!(units(&bills, UsageType::Sms), Decimal::from(18));
    world.check_books("the line goes on").await;
}

#[tokio::test(start_paused = true)]
async fn a_line_whose_activation_hung_over_the_run_is_billed_for_the_month_all_the_same() {
    let mut world = World::new(1);
    world.at("2026-10-31T14:50:00Z");
    let begin = Spot::first("bill_on_order_activated", "order.activated");
    world.plan.add(begin, Trouble::Late(SignedDuration::from_mins(30)));
    let line = open_lines(&mut world, 1).await.remove(0);
    world.at("2026-10-31T15:00:00Z");
    world.run_month("2026-10").await;
    assert_eq!(standing(&world, &line), []);
    world.rest().await;
    assert_eq!(fees(&standing(&world, &line)), expected(&[("2026-10 monthly", "days 1/31")]));
    world.check_books("activated late").await;
}

#[tokio::test(start_paused = true)]
async fn a_line_is_closed_although_billing_has_not_heard_that_it_works() {
    let mut world = World::new(1);
    let begin = Spot::first("bill_on_order_activated", "order.activated");
    world.plan.add(begin, Trouble::Late(SignedDuration::from_hours(1)));
    let line = open_lines(&mut world, 1).await.remove(0);
    world.app.terminate_line(&customer("c0"), &line, None).await.unwrap();
    world.rest().await;
    assert_eq!(fees(&standing(&world, &line)), expected(&[("2026-10 final", "days 1/31")]));
    world.check_books("closed at once").await;
}

/// Records of which a list by digest, with quotes and comma, would not fit one row.
const MORE_THAN_A_ROW_LISTS: usize =
    ENTITY_BODY_BYTES_MAX / "\"0123456789abcdef0123456789abcdef\",".len() + 1;

#[tokio::test(start_paused = true)]
async fn a_line_is_closed_however_many_records_its_last_month_has() {
    let mut world = World::new(1);
    let line = open_lines(&mut world, 1).await.remove(0);
    let record = world.used(&line, "", UsageType::Sms, "1", OCTOBER_5);
    let records: Vec<UsageRecord> = (0..MORE_THAN_A_ROW_LISTS)
        .map(|n| UsageRecord { record_id: format!("r{n}"), ..record.clone() })
        .collect();
    world.at("2026-10-20T03:00:00Z");
    assert_eq!(world.import(&records).await.accepted, MORE_THAN_A_ROW_LISTS);
    world.app.terminate_line(&customer("c0"), &line, None).await.unwrap();
    world.run_until_quiet().await;
    world.import(&[UsageRecord { record_id: "after".to_owned(), ..record }]).await;
    let all = Decimal::from(MORE_THAN_A_ROW_LISTS);
    assert_eq!(units(&standing(&world, &line), UsageType::Sms), all);
    assert_eq!(world.books().orders[&line].status, domain::order::Status::Terminated);
    world.at("2026-10-31T16:00:00Z");
    world.run_month("2026-10").await;
    assert_eq!(units(&standing(&world, &line), UsageType::Sms), all + Decimal::ONE);
}

#[tokio::test(start_paused = true)]
async fn usage_that_comes_while_the_final_bill_is_made_out_is_on_it_or_on_the_next() {
    let (mut some, mut all_or_none) = (0, 0);
    for seed in 0..200 {
        let _trying = Trying(format!("mixture {seed}"));
        let mut world = World::new(seed);
        let line = open_lines(&mut world, 1).await.remove(0);
        let file = |name: &str| {
            let record = |n: usize| world.used(&line, &format!("{name}{n}"), UsageType::Sms, "1", OCTOBER_5);
            (0..60).map(record).collect::<Vec<_>>()
        };
        let files = [file("a"), file("b")];
        world.at("2026-10-20T03:00:00Z");
        world.app.terminate_line(&customer("c0"), &line, None).await.unwrap();
        world.mix(seed);
        let app = world.app.clone();
        let [one, two] = files.map(|file| app.take_in_usage(file, Vec::new()));
        let (one, two, ()) = tokio::join!(one, two, world.run_together(3));
        assert_eq!(one.unwrap().accepted + two.unwrap().accepted, 120);
        world.faults.clear();
        world.rest().await;
        let seen = units(&standing(&world, &line), UsageType::Sms);
        let is_some = !seen.is_zero() && seen < Decimal::from(120);
        *(if is_some { &mut some } else { &mut all_or_none }) += 1;
        world.at("2026-10-31T16:00:00Z");
        world.run_month("2026-10").await;
        assert_eq!(units(&standing(&world, &line), UsageType::Sms), Decimal::from(120), "{seen} at first");
    }
    assert!(some > 20 && all_or_none > 20, "{some} times some, {all_or_none} times all or none");
}
