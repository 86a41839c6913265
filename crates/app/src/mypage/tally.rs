//! What one bucket's entries of the view come to: lines by status, bills by usage month, orders and money by day.
//!
//! A tally is a sum over entries, and whoever changes an entry knows what it came to before and after. The difference is
//! written in the entry's own transaction, so the sum is exact however often and in whatever order events come, and no
//! two writers meet at one counter.

use super::{Entry, Kind};
use crate::Failure;
use contract::event::{BillFacts, OrderFacts, PaymentFacts};
use domain::calendar::{UsageMonth, seoul_date};
use domain::{bill, order, pay};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// The way of counting. Whoever changes what an entry comes to, or finds the sums wrong, raises it: then sums are begun
/// anew, and every entry is counted again.
pub(super) const VERSION: u32 = 1;

/// Sums, or how much sums changed: each number may be negative in a change.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Lines by their status.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) lines: BTreeMap<order::Status, i64>,
    /// Bills by their usage month.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) months: BTreeMap<UsageMonth, Billed>,
    /// What happened, by the day in Seoul.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) days: BTreeMap<Date, Happened>,
}

/// The bills of a usage month that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Billed {
    /// Bills.
    pub(crate) issued: i64,
    /// What they come to, in won.
    pub(crate) amount: i64,
    /// Bills of which something is due.
    pub(crate) unpaid: i64,
    /// What is due of them, in won.
    pub(crate) outstanding: i64,
}

/// What happened on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Happened {
    /// Lines that were ordered.
    pub(crate) orders: i64,
    /// Payments that the gateway charged.
    pub(crate) payments: i64,
    /// What it charged, in won.
    pub(crate) paid: i64,
    /// Payments that were given back.
    pub(crate) refunds: i64,
    /// What was given back, in won.
    pub(crate) refunded: i64,
}

impl Tally {
    /// What one entry comes to.
    pub(super) fn of(kind: Kind, entry: &Entry) -> Result<Self, Failure> {
        let mut tally = Self::default();
        match kind {
            Kind::Line => tally.count_line(&OrderFacts::deserialize(&entry.facts)?, entry)?,
            Kind::Bill => tally.count_bill(&BillFacts::deserialize(&entry.facts)?),
            Kind::Payment => tally.count_payment(&PaymentFacts::deserialize(&entry.facts)?, entry)?,
        }
        Ok(tally)
    }

    fn count_line(&mut self, order: &OrderFacts, entry: &Entry) -> Result<(), Failure> {
        self.lines.insert(order.status, 1);
        if let Some(day) = day_of(entry, |status: order::Status| status == order::Status::Requested)? {
            self.days.entry(day).or_default().orders += 1;
        }
        Ok(())
    }

    fn count_bill(&mut self, bill: &BillFacts) {
        if bill.status == bill::Status::Voided {
            return;
        }
        let due = bill.outstanding.get();
        let billed =
            Billed { issued: 1, amount: bill.amount.get(), unpaid: i64::from(due > 0), outstanding: due };
        self.months.insert(bill.usage_month, billed);
    }

    /// News of a charge may come after news of its refund, or never when the refund was part of finding out about it.
    fn count_payment(&mut self, payment: &PaymentFacts, entry: &Entry) -> Result<(), Failure> {
        use pay::Status::{Cancelled, Cancelling, Captured, Compensated, Completed};
        let won = payment.amount.get();
        let given_back = |status| matches!(status, Cancelled | Compensated);
        let charged = |status| matches!(status, Captured | Completed | Cancelling) || given_back(status);
        if let Some(day) = day_of(entry, charged)? {
            let day = self.days.entry(day).or_default();
            *day += Happened { payments: 1, paid: won, ..Happened::default() };
        }
        if let Some(day) = day_of(entry, given_back)? {
            let day = self.days.entry(day).or_default();
            *day += Happened { refunds: 1, refunded: won, ..Happened::default() };
        }
        Ok(())
    }

    /// Takes another tally off.
    pub(super) fn take_off(&mut self, other: &Self) {
        let mut less = other.clone();
        less.lines.values_mut().for_each(|count| *count = -*count);
        less.months.values_mut().for_each(|billed| *billed = billed.negated());
        less.days.values_mut().for_each(|happened| *happened = happened.negated());
        *self += &less;
    }

    /// Whether it changes nothing.
    pub(super) fn is_zero(&self) -> bool {
        self.lines.is_empty() && self.months.is_empty() && self.days.is_empty()
    }

    /// Leaves out the days before `first`.
    pub(super) fn forget_before(&mut self, first: Date) {
        self.days.retain(|day, _| *day >= first);
    }

    /// Sums that are zero are not kept, so that equal tallies are equal values.
    fn tidy(&mut self) {
        self.lines.retain(|_, count| *count != 0);
        self.months.retain(|_, billed| *billed != Billed::default());
        self.days.retain(|_, happened| *happened != Happened::default());
    }
}

/// The day of the first change to such a status.
fn day_of<S>(entry: &Entry, wanted: impl Fn(S) -> bool) -> Result<Option<Date>, Failure>
where
    S: for<'a> Deserialize<'a>,
{
    for change in entry.changes.values() {
        if wanted(S::deserialize(&change.status)?) {
            let at: Timestamp = change.at.parse().map_err(|error| Failure::Fault(Box::new(error)))?;
            return Ok(Some(seoul_date(at)));
        }
    }
    Ok(None)
}

impl AddAssign<&Self> for Tally {
    fn add_assign(&mut self, other: &Self) {
        for (status, count) in &other.lines {
            *self.lines.entry(*status).or_default() += count;
        }
        for (month, billed) in &other.months {
            *self.months.entry(*month).or_default() += *billed;
        }
        for (day, happened) in &other.days {
            *self.days.entry(*day).or_default() += *happened;
        }
        self.tidy();
    }
}

macro_rules! sums {
    ($sums:ident { $($field:ident),+ }) => {
        impl AddAssign for $sums {
            fn add_assign(&mut self, other: Self) {
                $(self.$field += other.$field;)+
            }
        }

        impl $sums {
            fn negated(self) -> Self {
                Self { $($field: -self.$field),+ }
            }
        }
    };
}

sums!(Billed { issued, amount, unpaid, outstanding });
sums!(Happened { orders, payments, paid, refunds, refunded });

#[cfg(test)]
mod tests;
