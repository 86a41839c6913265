//! Taking in usage, before, after and while a run closes the month.

use super::{counts, open_lines};
use crate::world::commands::{month, quantity};
use crate::world::{Trying, World};
use app::bill::{Intake, Rejected, UsageRecord};
use domain::bill::Bill;
use domain::catalogue::UsageType;
use domain::ids::{BillId, OrderId};
use domain::rating::ChargeCode;
use rust_decimal::Decimal;

const OCTOBER_5: &str = "2026-10-05T03:00:00Z";
const NOVEMBER_1: &str = "2026-10-31T15:30:00Z";

/// Units of a type on the bill of a month.
fn billed(world: &World, line: &OrderId, usage_month: &str, kind: UsageType) -> Decimal {
    let books = world.books();
    let bill = books.bills.get(&BillId::monthly(month(usage_month), line));
    let lines = bill.map(|bill: &Bill| bill.lines.clone()).unwrap_or_default();
    lines.iter().filter(|line| line.code == ChargeCode::Usage(kind)).map(|line| line.quantity).sum()
}

fn sms(world: &World, line: &OrderId, record: &str, units: &str, at: &str) -> UsageRecord {
    world.used(line, record, UsageType::Sms, units, at)
}

#[tokio::test(start_paused = true)]
async fn a_record_that_comes_again_is_counted_once() {
    let mut world = World::new(1);
    let line = open_lines(&mut world, 1).await.remove(0);
    let record = sms(&world, &line, "a", "3", OCTOBER_5);
    let duplicates = |accepted, duplicates| Intake { accepted, duplicates, rejected: Vec::new() };
    // Twice in one file, and then again.
    assert_eq!(world.import(&[record.clone(), record.clone()]).await, duplicates(1, 1));
    assert_eq!(world.import(std::slice::from_ref(&record)).await, duplicates(0, 1));
    // The same id with another content is no repeat.
    let other = UsageRecord { quantity: quantity("4"), line: 7, ..record };
    let rejected = vec![Rejected { line: 7, reason: "record_id_reused".to_owned() }];
    assert_eq!(world.import(&[other]).await, Intake { accepted: 0, duplicates: 0, rejected });
    world.at("2026-10-31T16:00:00Z");
    world.run_month("2026-10").await;
    assert_eq!(billed(&world, &line, "2026-10", UsageType::Sms), Decimal::from(3));
}

#[tokio::test(start_paused = true)]
async fn an_impossible_usage_record_is_rejected_with_its_reason() {
    let mut world = World::new(1);
    let line = open_lines(&mut world, 1).await.remove(0);
    let good = sms(&world, &line, "a", "3", OCTOBER_5);
    let number = domain::ids::PhoneNumber::parse("010-9999-9999").unwrap();
    let unknown = UsageRecord { line: 3, number, ..good.clone() };
    let ahead = UsageRecord { line: 4, used_at: "2026-10-06T01:00:01Z".parse().unwrap(), ..good.clone() };
    let old = UsageRecord { line: 5, used_at: "2025-10-04T00:59:59Z".parse().unwrap(), ..good.clone() };
    let intake = world.import(&[good, unknown, ahead, old]).await;
    let reasons: Vec<_> = intake.rejected.iter().map(|r| (r.line, r.reason.as_str())).collect();
    assert_eq!(reasons, [(3, "unknown_number"), (4, "used_in_the_future"), (5, "too_old")]);
    assert_eq!(intake.accepted, 1);
}

#[tokio::test(start_paused = true)]
async fn usage_that_comes_after_the_bill_is_on_the_next() {
    let mut world = World::new(1);
    let line = open_lines(&mut world, 1).await.remove(0);
    world.import(&[sms(&world, &line, "in time", "10", OCTOBER_5)]).await;
    world.at(NOVEMBER_1);
    world.run_month("2026-10").await;
    world.import(&[sms(&world, &line, "late", "7", OCTOBER_5)]).await;
    // Running the month again does not take it in: its bill stands.
    world.run_month("2026-10").await;
    assert_eq!(billed(&world, &line, "2026-10", UsageType::Sms), Decimal::from(10));
    world.import(&[sms(&world, &line, "of november", "5", NOVEMBER_1)]).await;
    world.at("2026-11-30T16:00:00Z");
    world.run_month("2026-11").await;
    assert_eq!(billed(&world, &line, "2026-11", UsageType::Sms), Decimal::from(12));
    let bill = world.books().bills[&BillId::monthly(month("2026-11"), &line)].clone();
    assert!(bill.lines.iter().any(|line| line.rule == "late usage of 2026-10"), "{:?}", bill.lines);
    world.rest().await;
    world.check_books("late usage").await;
}

#[tokio::test(start_paused = true)]
async fn usage_that_comes_while_the_month_is_closed_is_billed_once() {
    let mut late_ones = 0;
    for seed in 0..200 {
        let _trying = Trying(format!("mixture {seed}"));
        let mut world = World::new(seed);
        let lines = open_lines(&mut world, 2).await;
        world.at(NOVEMBER_1);
        world.app.start_billing_run(month("2026-10")).await.unwrap();
        // The message of the run becomes those of the buckets.
        world.deliver_next().await;
        let files: Vec<Vec<UsageRecord>> = (0..3)
            .map(|file| {
                let record = |line: &OrderId| sms(&world, line, &format!("{line}-{file}"), "1", OCTOBER_5);
                lines.iter().map(record).collect()
            })
            .collect();
        world.mix(seed);
        let app = world.app.clone();
        let intake = |file: &Vec<UsageRecord>| app.take_in_usage(file.clone(), Vec::new());
        let (one, two, three, ()) =
            tokio::join!(intake(&files[0]), intake(&files[1]), intake(&files[2]), world.run_together(4));
        let accepted: usize = [one, two, three].map(|intake| intake.unwrap().accepted).iter().sum();
        assert_eq!(accepted, 6);
        world.faults.clear();
        world.rest().await;
        world.at("2026-11-30T16:00:00Z");
        world.run_month("2026-11").await;
        for line in &lines {
            let in_time = billed(&world, line, "2026-10", UsageType::Sms);
            let late = billed(&world, line, "2026-11", UsageType::Sms);
            assert_eq!(in_time + late, Decimal::from(3));
            late_ones += usize::from(!late.is_zero());
        }
        assert_eq!(counts(&world, "2026-10").await, [2, 2, 0, 0]);
    }
    assert!((1..400).contains(&late_ones), "some come in time and some late: {late_ones}");
}

#[tokio::test(start_paused = true)]
async fn an_id_that_two_months_have_is_that_of_two_records_though_one_month_bills_both() {
    let mut world = World::new(1);
    let line = open_lines(&mut world, 1).await.remove(0);
    world.at(NOVEMBER_1);
    world.run_month("2026-10").await;
    world.at("2026-11-30T15:30:00Z");
    world.run_month("2026-11").await;
    // Both are late, and December bills them; so it does the third, which is in time.
    let (october, november) =
        (sms(&world, &line, "a", "3", OCTOBER_5), sms(&world, &line, "a", "5", NOVEMBER_1));
    let december = sms(&world, &line, "a", "7", "2026-11-30T15:10:00Z");
    let all = [october, november, december];
    assert_eq!(world.import(&all).await, Intake { accepted: 3, ..Intake::default() });
    assert_eq!(world.import(&all).await, Intake { duplicates: 3, ..Intake::default() });
    world.at("2026-12-31T15:30:00Z");
    world.run_month("2026-12").await;
    assert_eq!(billed(&world, &line, "2026-12", UsageType::Sms), Decimal::from(15));
}

#[tokio::test(start_paused = true)]
async fn usage_that_comes_after_the_final_bill_is_billed_though_its_id_is_on_it_for_another_month() {
    let mut world = World::new(1);
    let line = open_lines(&mut world, 1).await.remove(0);
    world.at("2026-10-31T16:00:00Z");
    world.run_month("2026-10").await;
    world.at("2026-11-20T03:00:00Z");
    world.import(&[sms(&world, &line, "a", "3", "2026-11-10T03:00:00Z")]).await;
    let owner = world.books().orders[&line].customer_id.clone();
    world.app.terminate_line(&owner, &line, None).await.unwrap();
    world.run_until_quiet().await;
    world.import(&[sms(&world, &line, "a", "5", OCTOBER_5)]).await;
    world.at("2026-11-30T15:30:00Z");
    world.run_month("2026-11").await;
    assert_eq!(billed(&world, &line, "2026-11", UsageType::Sms), Decimal::from(5));
}
