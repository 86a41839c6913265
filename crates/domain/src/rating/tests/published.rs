//! One month of real subscribers, against the charges that were published for them.

use super::*;

const USAGE: &str = include_str!("../../../../../tests/data/usage.csv");
const BANDS: [UsageType; 4] =
    [UsageType::VoiceDay, UsageType::VoiceEvening, UsageType::VoiceNight, UsageType::VoiceInternational];

fn published_terms() -> LineTerms {
    LineTerms { plan: PlanCode::parse("published-rates").unwrap(), contract_to: None, ..terms() }
}

#[test]
fn the_published_charges_of_3333_subscribers_are_met() {
    let catalogue = Catalogue::builtin();
    let (mut subscribers, mut before_vat) = (0, 0);
    for row in USAGE.lines().skip(1) {
        let fields: Vec<&str> = row.split(',').collect();
        let usage = BANDS
            .into_iter()
            .zip(&fields[1..5])
            .map(|(band, minutes)| used(band, date(2026, 10, 7), minutes));
        let bill = rate(&catalogue, &published_terms(), october(), usage).unwrap();
        for ((line, band), (minutes, charge)) in
            bill.lines.iter().zip(BANDS).zip(fields[1..5].iter().zip(&fields[5..]))
        {
            assert_eq!(line.code, ChargeCode::Usage(band), "{row}");
            assert_eq!(line.quantity, minutes.parse().unwrap(), "{row}");
            let published = charge.parse::<Decimal>().unwrap() * Decimal::from(1_000);
            assert!(
                (Decimal::from(line.amount.get()) - published).abs() <= Decimal::from(5),
                "{row}: {line:?}"
            );
            before_vat += line.amount.get();
        }
        let others: Vec<_> = bill.lines[4..].iter().map(|line| line.code).collect();
        assert!(others.iter().all(|code| [ChargeCode::Vat, ChargeCode::Rounding].contains(code)), "{row}");
        subscribers += 1;
    }
    assert_eq!((subscribers, before_vat), (3_333, 198_143_206));
}
