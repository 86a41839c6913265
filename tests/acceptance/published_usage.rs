//! One month of 3,333 real subscribers, billed in one run, against the charges that were published for it.

use crate::harness::{Api, LocalHost, User, at, with_each};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::fmt::Write;

/// A band of the published data: its column of minutes, its column of charges, and our usage type.
const BANDS: [(&str, &str, &str); 4] = [
    ("day_minutes", "day_charge", "voice_day"),
    ("evening_minutes", "evening_charge", "voice_evening"),
    ("night_minutes", "night_charge", "voice_night"),
    ("intl_minutes", "intl_charge", "voice_international"),
];
/// Won that all usage lines of all subscribers come to, each rounded half up.
const TOTAL: i64 = 198_143_206;
/// Won by which a line may differ from the published charge, which is rounded to the cent: 10 won.
const TOLERANCE: i64 = 5;
/// Won a dollar.
const RATE: i64 = 1_000;
/// Callers at a time.
const CALLERS: usize = 24;

/// A subscriber of the published data.
struct Subscriber {
    name: String,
    minutes: [String; 4],
    /// Won.
    charges: [Decimal; 4],
}

fn published() -> Vec<Subscriber> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/data/usage.csv");
    let mut reader = csv::Reader::from_path(file).unwrap();
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|it| it == name).unwrap();
    let subscriber = |row: csv::StringRecord| Subscriber {
        name: row[column("subscriber")].to_owned(),
        minutes: BANDS.map(|(minutes, ..)| row[column(minutes)].to_owned()),
        charges: BANDS
            .map(|(_, charge, _)| row[column(charge)].parse::<Decimal>().unwrap() * Decimal::from(RATE)),
    };
    reader.records().map(|row| subscriber(row.unwrap())).collect()
}

/// Opens a line for everybody; the numbers that they got.
async fn open_lines(api: &Api, subscribers: &[Subscriber]) -> Vec<String> {
    let operator = &api.operator().await;
    let orders = with_each(subscribers, CALLERS, async |subscriber| {
        let form = json!({ "plan": "published-rates", "customerId": subscriber.name });
        operator.post("/api/orders", &form).key(&subscriber.name).expect(202).await.text_at("/orderId")
    })
    .await;
    api.quiet().await;
    with_each(subscribers.iter().zip(&orders), CALLERS, async |(subscriber, order)| {
        let line =
            operator.get(&format!("/api/orders/{order}?customerId={}", subscriber.name)).expect(200).await;
        assert_eq!(line.text_at("/status"), "active", "{}", line.text);
        line.text_at("/number")
    })
    .await
}

fn file(subscribers: &[Subscriber], numbers: &[String]) -> String {
    let mut file = String::from("recordId,number,type,quantity,usedAt\n");
    for (subscriber, number) in subscribers.iter().zip(numbers) {
        for (band, minutes) in BANDS.iter().zip(&subscriber.minutes) {
            let (name, kind, used_at) = (&subscriber.name, band.2, at("2026-10-15"));
            writeln!(file, "{name}-{kind},{number},{kind},{minutes},{used_at}").unwrap();
        }
    }
    file
}

/// The amounts of a subscriber's usage lines, by band.
async fn billed(operator: &User, subscriber: &Subscriber) -> [i64; 4] {
    let bills = operator.get(&format!("/api/bills?customerId={}", subscriber.name)).expect(200).await;
    let [bill] = &bills.list_at("/items")[..] else { panic!("not one bill: {}", bills.text) };
    let lines = bill["lines"].as_array().unwrap();
    let sum: i64 = lines.iter().map(|line| line["amount"].as_i64().unwrap()).sum();
    assert_eq!(bill["amount"], sum, "{bill}");
    BANDS.map(|(_, _, kind)| amount(lines, kind))
}

fn amount(lines: &[Value], kind: &str) -> i64 {
    let of_kind: Vec<&Value> = lines.iter().filter(|line| line["code"] == kind).collect();
    match &of_kind[..] {
        [line] => line["amount"].as_i64().unwrap(),
        // Nobody is billed for no minutes.
        [] => 0,
        more => panic!("{kind} is on the bill more than once: {more:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_billing_run_over_real_usage_gives_the_published_charges() {
    let subscribers = published();
    assert_eq!(subscribers.len(), 3_333);
    let host = LocalHost::start_at(&at("2026-09-14")).await;
    let numbers = open_lines(&host.api, &subscribers).await;

    host.api.set_clock(&at("2026-10-31")).await;
    let intake = host.api.upload(file(&subscribers, &numbers)).await;
    let [accepted, duplicates] = ["/accepted", "/duplicates"].map(|count| intake.number_at(count));
    assert_eq!((accepted, duplicates, intake.list_at("/rejected")), (4 * 3_333, 0, vec![]));

    host.api.set_clock(&at("2026-11-01")).await;
    let run = host.api.run_month("2026-10").await;
    let counts = ["/lines", "/issued", "/skipped", "/parked"].map(|count| run.number_at(count));
    assert_eq!(counts, [3_333, 3_333, 0, 0]);

    let operator = &host.api.operator().await;
    let amounts =
        with_each(&subscribers, CALLERS, async |subscriber| billed(operator, subscriber).await).await;
    for (subscriber, amounts) in subscribers.iter().zip(&amounts) {
        for ((charge, amount), (_, _, kind)) in subscriber.charges.iter().zip(amounts).zip(BANDS) {
            let difference = (charge - Decimal::from(*amount)).abs();
            assert!(
                difference <= Decimal::from(TOLERANCE),
                "{} {kind}: {amount}, published {charge}",
                subscriber.name
            );
        }
    }
    let total: i64 = amounts.iter().flatten().sum();
    assert_eq!(total, TOTAL);
}
