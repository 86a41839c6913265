//! Usage, and whether each record and each day of service was billed once.

use super::Simulation;
use app::bill::UsageRecord;
use domain::bill::{Bill, Status};
use domain::calendar::UsageMonth;
use domain::catalogue::UsageType;
use domain::ids::OrderId;
use domain::rating::{ChargeCode, Quantity};
use jiff::SignedDuration;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

impl Simulation {
    /// A file of usage; every other one has a record that came before.
    pub(super) async fn take_in_usage(&mut self) {
        let orders = self.world.books().orders.into_values();
        let lines: Vec<_> =
            orders.filter_map(|order| Some((order.number.clone()?, order.active_since()?))).collect();
        if lines.is_empty() {
            return;
        }
        let records: Vec<UsageRecord> = (0..=self.chance.below(4))
            .map(|place| {
                let hours = i64::try_from(self.chance.below(24 * 40)).unwrap();
                let id = self.chance.below(400);
                let (number, since) = lines[id % lines.len()].clone();
                UsageRecord {
                    line: place + 2,
                    record_id: format!("record-{id}"),
                    number,
                    kind: UsageType::ALL[id % UsageType::ALL.len()],
                    quantity: Quantity::new(Decimal::new(i64::try_from(id).unwrap(), 1)).unwrap(),
                    used_at: since.max(self.world.now() - SignedDuration::from_hours(hours)),
                }
            })
            .collect();
        let sent = records.len();
        let app = self.world.app.clone();
        let ended = self.world.faults.survives(app.take_in_usage(records.clone(), Vec::new())).await;
        self.note(|| format!("usage {records:?}: {ended:?}"));
        if let Some(Ok(intake)) = ended {
            assert_eq!(intake.accepted + intake.duplicates + intake.rejected.len(), sent);
        }
    }

    /// Every record that was taken in is billed once.
    pub(super) fn check_usage(&self) {
        let books = self.world.books();
        let mut taken: BTreeMap<(String, UsageType), Decimal> = BTreeMap::new();
        for usage in &books.usage {
            *taken.entry((usage.line.clone(), usage.kind)).or_default() += usage.quantity.get();
        }
        let mut billed: BTreeMap<(String, UsageType), Decimal> = BTreeMap::new();
        for bill in books.bills.values().filter(|bill| bill.status != Status::Voided) {
            for line in &bill.lines {
                if let ChargeCode::Usage(kind) = line.code {
                    *billed.entry((bill.order_id.to_string(), kind)).or_default() += line.quantity;
                }
            }
        }
        taken.retain(|_, units| !units.is_zero());
        billed.retain(|_, units| !units.is_zero());
        for (line, kind) in taken.keys().chain(billed.keys()) {
            let key = (line.clone(), *kind);
            let (taken, billed) = (taken.get(&key), billed.get(&key));
            assert_eq!(taken, billed, "{kind} used and billed: {:#?}", books.of_line(line));
        }
    }

    /// Every day of service up to the end of the last month is on one bill.
    pub(super) fn check_fees(&self) {
        let books = self.world.books();
        let today = UsageMonth::of(self.world.now());
        for account in books.accounts.values() {
            let Some(from) = account.service_from else { continue };
            let bills: Vec<&Bill> = books
                .bills
                .values()
                .filter(|bill| bill.order_id == account.order_id && bill.status != Status::Voided)
                .collect();
            let mut month = UsageMonth::of_date(from);
            while month < today {
                let first = from.max(month.first_day());
                let last = account.service_to.map_or(month.last_day(), |to| to.min(month.last_day()));
                let served = i64::from((last - first).get_days() + 1).max(0);
                let charged = days_charged(&bills, month);
                assert_eq!(charged, served, "{} in {month}: {bills:#?}", account.order_id);
                month = month.next();
            }
        }
        let orders: Vec<&OrderId> = books.orders.keys().collect();
        assert!(books.bills.values().all(|bill| orders.contains(&&bill.order_id)));
    }
}

/// Days of a month for which the fee was charged: `days 17/31`.
fn days_charged(bills: &[&Bill], month: UsageMonth) -> i64 {
    let of_month = bills.iter().filter(|bill| bill.usage_month == month);
    let fees = of_month.flat_map(|bill| &bill.lines).filter(|line| line.code == ChargeCode::MonthlyFee);
    fees.map(|line| {
        let days = line.rule.strip_prefix("days ").and_then(|rule| rule.split('/').next()).unwrap();
        days.parse::<i64>().unwrap()
    })
    .sum()
}
