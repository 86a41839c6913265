//! Usage that comes after the final bill of its line.

use crate::world::World;
use crate::world::commands::{customer, month, on_plan};
use domain::bill::Bill;
use domain::catalogue::UsageType::{self, DataMb, Sms, VoiceDay};
use domain::ids::{BillId, OrderId};
use domain::money::Won;

const OCTOBER_19: &str = "2026-10-19T03:00:00Z";
const CUT: &str = "rounding 6 = -6 (cut to 10 won)";

/// A line of `kim` that has used something before it was closed on 20 October, its sixteenth day.
async fn closed_line(world: &mut World, plan: &str, used: &[(UsageType, &str)]) -> OrderId {
    let line = world.open("kim", on_plan(plan, None)).await;
    world.at("2026-10-20T03:00:00Z");
    import(world, &line, "before", used).await;
    world.app.terminate_line(&customer("kim"), &line, None).await.unwrap();
    world.run_until_quiet().await;
    line
}

async fn import(world: &World, line: &OrderId, name: &str, used: &[(UsageType, &str)]) {
    let record = |(kind, units): &(UsageType, &str)| {
        world.used(line, &format!("{name}-{kind}"), *kind, units, OCTOBER_19)
    };
    let records: Vec<_> = used.iter().map(record).collect();
    assert_eq!(world.import(&records).await.accepted, records.len());
}

async fn run_october(world: &mut World) {
    world.at("2026-10-31T16:00:00Z");
    world.run_month("2026-10").await;
}

/// The lines of a bill as short text: `code quantity = amount (rule)`.
fn shown(bill: &Bill) -> Vec<String> {
    let lines = bill.lines.iter();
    lines.map(|l| format!("{} {} = {} ({})", l.code, l.quantity, l.amount.get(), l.rule)).collect()
}

/// Expects the bill that October's run makes out for what came after the final bill.
#[track_caller]
fn check(world: &World, line: &OrderId, lines: &[&str], amount: i64) {
    let bill = world.books().bills[&BillId::monthly(month("2026-10"), line)].clone();
    assert_eq!(shown(&bill), lines);
    assert_eq!(bill.amount, Won::new(amount));
}

#[tokio::test(start_paused = true)]
async fn it_is_free_on_a_plan_without_limit() {
    let mut world = World::new(1);
    let line = closed_line(&mut world, "5g-unlimited", &[]).await;
    import(&world, &line, "after", &[(DataMb, "5000"), (VoiceDay, "60")]).await;
    run_october(&mut world).await;
    check(&world, &line, &["voice_day 60 = 0 (unlimited)", "data_mb 5000 = 0 (unlimited)"], 0);
    world.rest().await;
    world.check_books("nothing is due").await;
}

#[tokio::test(start_paused = true)]
async fn it_is_covered_by_what_the_final_bill_left_of_the_allowance() {
    let mut world = World::new(1);
    let line = closed_line(&mut world, "lte-light", &[(Sms, "40")]).await;
    let last = &world.books().bills[&BillId::closing(month("2026-10"), &line, 1)];
    // 100 x 16 / 31 is 51.6.
    assert_eq!(shown(last)[1], "sms 40 = 0 (included 40/52)");
    import(&world, &line, "after", &[(Sms, "30")]).await;
    run_october(&mut world).await;
    check(&world, &line, &["sms 30 = 360 (included 12/52)", "vat 360 = 36 (vat 10%)", CUT], 390);
    // The run is repeated, and nothing is charged twice.
    world.run_month("2026-10").await;
    check(&world, &line, &["sms 30 = 360 (included 12/52)", "vat 360 = 36 (vat 10%)", CUT], 390);
}

#[tokio::test(start_paused = true)]
async fn it_costs_the_unit_rate_once_the_final_bill_has_used_the_allowance_up() {
    let mut world = World::new(1);
    let line = closed_line(&mut world, "lte-light", &[(Sms, "60")]).await;
    import(&world, &line, "after", &[(Sms, "30")]).await;
    run_october(&mut world).await;
    check(&world, &line, &["sms 30 = 600 (included 0/52)", "vat 600 = 60 (vat 10%)"], 660);
}

#[tokio::test(start_paused = true)]
async fn none_of_it_means_no_bill() {
    let mut world = World::new(1);
    let line = closed_line(&mut world, "lte-light", &[(Sms, "60")]).await;
    run_october(&mut world).await;
    assert!(!world.books().bills.contains_key(&BillId::monthly(month("2026-10"), &line)));
}
