use super::Books;
use super::agree::Faults;
use crate::world::World;
use domain::bill;
use domain::calendar::{UsageMonth, seoul_date};
use domain::order;
use domain::pay::{Payment, Status as P};
use jiff::civil::Date;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Sums of a month, or of a day.
type Sums = BTreeMap<&'static str, i64>;

impl World {
    /// The operator's figures are what the services' own books come to.
    pub(super) async fn check_figures(&self, books: &Books, faults: &mut Faults) {
        // One that has not counted before.
        let figures = self.fresh_app().figures().await.unwrap();
        let figures = serde_json::to_value(figures).unwrap();
        let mut check = |what: &str, stored: &Value, shown: &Value| {
            faults.check(stored == shown, || format!("{what} are {stored}, the figures say {shown}"));
        };
        check("lines", &books.lines_by_status(), &figures["lines"]);
        let months = books.months();
        let sum = |name| months.values().map(|month| month[name]).sum::<i64>();
        let unpaid = json!({ "bills": sum("unpaid"), "outstanding": sum("outstanding") });
        check("unpaid bills", &unpaid, &figures["unpaid"]);
        let months: Vec<Value> = months.iter().map(|(month, sums)| with("usageMonth", month, sums)).collect();
        check("months", &json!(months), &figures["months"]);
        let days = books.days();
        let nothing = happened();
        for shown in figures["days"].as_array().unwrap() {
            let date: Date = shown["date"].as_str().unwrap().parse().unwrap();
            let stored = with("date", &date, days.get(&date).unwrap_or(&nothing));
            check("days", &stored, shown);
        }
    }
}

fn with(name: &str, key: &impl serde::Serialize, sums: &Sums) -> Value {
    let mut value = json!(sums);
    value[name] = json!(key);
    value
}

fn happened() -> Sums {
    ["orders", "payments", "paid", "refunds", "refunded"].map(|name| (name, 0)).into()
}

/// The day of a payment's first status of these.
fn first(payment: &Payment, statuses: &[P]) -> Option<Date> {
    let change = payment.history.iter().find(|change| statuses.contains(&change.status));
    change.map(|change| seoul_date(change.at))
}

impl Books {
    fn lines_by_status(&self) -> Value {
        let count = |status| self.orders.values().filter(|order| order.status == status).count();
        order::Status::ALL
            .iter()
            .map(|status| (json!(status).as_str().unwrap().to_owned(), json!(count(*status))))
            .collect()
    }

    fn months(&self) -> BTreeMap<UsageMonth, Sums> {
        let mut months = BTreeMap::<UsageMonth, Sums>::new();
        let counts = |bill: &&bill::Bill| !matches!(bill.status, bill::Status::OnHold | bill::Status::Voided);
        for bill in self.bills.values().filter(counts) {
            let month = months.entry(bill.usage_month).or_default();
            let due = bill.outstanding().get();
            *month.entry("issued").or_default() += 1;
            *month.entry("amount").or_default() += bill.amount.get();
            *month.entry("unpaid").or_default() += i64::from(due > 0);
            *month.entry("outstanding").or_default() += due;
        }
        months
    }

    fn days(&self) -> BTreeMap<Date, Sums> {
        let mut days = BTreeMap::<Date, Sums>::new();
        let mut add = |day: Option<Date>, name, more| {
            if let Some(day) = day {
                *days.entry(day).or_insert_with(happened).get_mut(name).unwrap() += more;
            }
        };
        for order in self.orders.values() {
            add(order.history.first().map(|change| seoul_date(change.at)), "orders", 1);
        }
        for payment in self.payments.values() {
            let won = payment.amount.get();
            let charged = first(payment, &[P::Captured, P::Completed, P::Compensated]);
            add(charged, "payments", 1);
            add(charged, "paid", won);
            let given_back = first(payment, &[P::Compensated, P::Cancelled]);
            add(given_back, "refunds", 1);
            add(given_back, "refunded", won);
        }
        days
    }
}
