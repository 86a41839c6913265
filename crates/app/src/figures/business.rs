//! Lines, bills and money, as the view behind MyPage sums them up.

use crate::mypage::{Billed, Happened, Tally};
use domain::calendar::UsageMonth;
use domain::limits::TALLY_DAYS;
use domain::order;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeMap;

/// Usage months that are shown, the newest of those that have bills.
const MONTHS: usize = 12;
/// Days that are shown, today included.
const DAYS: i32 = 14;

const _: () = assert!(DAYS <= TALLY_DAYS);

/// How the business stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Business {
    /// Lines by their status; each status is there.
    lines: BTreeMap<order::Status, i64>,
    /// What is due of all bills of all months.
    unpaid: Unpaid,
    /// The newest months that have bills, oldest first.
    months: Vec<Month>,
    /// The last days, oldest first; the last one is today in Seoul.
    days: Vec<Day>,
}

/// Bills of which something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Unpaid {
    /// How many.
    bills: i64,
    /// What is due of them, in won.
    outstanding: i64,
}

/// The bills of a usage month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Month {
    usage_month: UsageMonth,
    #[serde(flatten)]
    billed: Billed,
}

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Day {
    date: Date,
    #[serde(flatten)]
    happened: Happened,
}

impl Business {
    /// The business by its sums, on a day in Seoul.
    pub(super) fn of(tally: &Tally, today: Date) -> Self {
        let line = |status| (status, tally.lines.get(&status).copied().unwrap_or_default());
        let month = |(usage_month, billed): (&UsageMonth, &Billed)| Month {
            usage_month: *usage_month,
            billed: *billed,
        };
        let first = today.saturating_sub((DAYS - 1).days());
        let day = |date| Day { date, happened: tally.days.get(&date).copied().unwrap_or_default() };
        let mut months: Vec<Month> = tally.months.iter().rev().take(MONTHS).map(month).collect();
        months.reverse();
        Self {
            lines: order::Status::ALL.map(line).into(),
            unpaid: Unpaid {
                bills: tally.months.values().map(|billed| billed.unpaid).sum(),
                outstanding: tally.months.values().map(|billed| billed.outstanding).sum(),
            },
            months,
            days: first.series(1.day()).take_while(|date| *date <= today).map(day).collect(),
        }
    }
}
