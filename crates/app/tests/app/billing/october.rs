//! One month's published usage of 3,333 subscribers (`tests/data/README.md`), through intake and a run.

use super::counts;
use crate::world::World;
use crate::world::commands::{customer, on_plan, quantity};
use app::bill::UsageRecord;
use domain::bill::Bill;
use domain::catalogue::UsageType;
use domain::ids::PhoneNumber;
use domain::rating::ChargeCode;
use rust_decimal::Decimal;
use testkit::MemoryTables;

const DATA: &str = include_str!("../../../../../tests/data/usage.csv");
const LINES: usize = 3_333;
const BANDS: [UsageType; 4] =
    [UsageType::VoiceDay, UsageType::VoiceEvening, UsageType::VoiceNight, UsageType::VoiceInternational];

/// A subscriber's minutes and published charges in dollars, by band.
struct Subscriber {
    number: String,
    minutes: [String; 4],
    charges: [String; 4],
}

fn subscribers() -> Vec<Subscriber> {
    let rows = DATA.lines().skip(1).enumerate();
    let subscriber = |(place, row): (usize, &str)| {
        let fields: Vec<&str> = row.split(',').collect();
        let four = |from: usize| [0, 1, 2, 3].map(|band| fields[from + band].to_owned());
        Subscriber { number: format!("010{:08}", 20_000_000 + place), minutes: four(1), charges: four(5) }
    };
    rows.map(subscriber).collect()
}

fn usage(subscribers: &[Subscriber]) -> Vec<UsageRecord> {
    let of = |(place, subscriber): (usize, &Subscriber)| {
        let number = PhoneNumber::parse(&subscriber.number).unwrap();
        let record = |(kind, minutes): (UsageType, &String)| UsageRecord {
            line: 4 * place + 2,
            record_id: format!("{}-{kind}", number.as_str()),
            number: number.clone(),
            kind,
            quantity: quantity(minutes),
            used_at: "2026-10-05T03:00:00Z".parse().unwrap(),
        };
        BANDS.into_iter().zip(&subscriber.minutes).map(record).collect::<Vec<_>>()
    };
    subscribers.iter().enumerate().flat_map(of).collect()
}

/// The amount of a band on a bill, in won.
fn amount(bill: &Bill, band: UsageType) -> i64 {
    let lines = bill.lines.iter().filter(|line| line.code == ChargeCode::Usage(band));
    lines.map(|line| line.amount.get()).sum()
}

#[tokio::test(start_paused = true)]
async fn the_published_charges_of_october_come_out_to_the_won() {
    let mut world = World::with(1, 32, MemoryTables::default());
    let subscribers = subscribers();
    assert_eq!(subscribers.len(), LINES);
    for (place, subscriber) in subscribers.iter().enumerate() {
        let request = on_plan("published-rates", Some(&subscriber.number));
        world.app.open_line(&customer(&format!("s{place}")), request, None).await.unwrap();
    }
    world.run_until_quiet().await;
    let intake = world.import(&usage(&subscribers)).await;
    assert_eq!((intake.accepted, intake.duplicates, intake.rejected.len()), (4 * LINES, 0, 0));
    world.at("2026-10-31T16:00:00Z");
    world.run_month("2026-10").await;
    let all = LINES as u64;
    assert_eq!(counts(&world, "2026-10").await, [all, all, 0, 0]);

    let books = world.books();
    assert_eq!(books.bills.len(), LINES);
    let mut sum = 0;
    for bill in books.bills.values() {
        let number = bill.number.as_ref().unwrap().as_str();
        let subscriber = subscribers.iter().find(|subscriber| subscriber.number == number).unwrap();
        for (band, dollars) in BANDS.into_iter().zip(&subscriber.charges) {
            let won = amount(bill, band);
            let published: Decimal = dollars.parse::<Decimal>().unwrap() * Decimal::from(1_000);
            let off = (Decimal::from(won) - published).abs();
            assert!(off <= Decimal::from(5), "{number} {band}: {won} won, published {published}");
            sum += won;
        }
    }
    assert_eq!(sum, 198_143_206);
}
