//! Reading usage line by line, with no more than a page in hand, however much there is.

use super::usage::UsageRow;
use crate::keys;
use crate::ports::{Range, Row, Table, Tables};
use crate::store::Loaded;
use crate::{App, Failure};
use domain::bill::Account;
use domain::calendar::UsageMonth;
use domain::ids::OrderId;
use domain::limits::PAGE_ENTITIES_MAX;
use domain::rating::UsageSums;
use std::cmp::Ordering;
use std::collections::VecDeque;

/// The usage that a month bills, for lines in their order.
pub(super) struct UsageReader<'a> {
    tables: &'a dyn Tables,
    month: UsageMonth,
    /// The last batch that counts.
    through: u64,
    in_time: Pages,
    late: Pages,
}

/// The rows of a range, of which one page is in hand.
struct Pages {
    range: Range,
    rows: VecDeque<Row>,
    continuation: Option<String>,
    is_last: bool,
    rows_read: usize,
}

impl App {
    /// The usage that a month bills for the lines from `first` to `last`.
    pub(super) fn usage_between(
        &self,
        partition: &str,
        month: UsageMonth,
        first: &OrderId,
        last: &OrderId,
    ) -> UsageReader<'_> {
        let pages = |prefix: fn(UsageMonth, &str) -> String| {
            let (from, to) = (prefix(month, first.as_str()), format!("{}~", prefix(month, last.as_str())));
            Pages::of(Range { partition: partition.to_owned(), from, to })
        };
        UsageReader {
            tables: self.ports.tables.as_ref(),
            month,
            through: u64::MAX,
            in_time: pages(keys::usage_prefix),
            late: pages(keys::late_prefix),
        }
    }

    /// The usage that a month bills for one line.
    pub(super) async fn usage_of(&self, account: &Account, month: UsageMonth) -> Result<UsageSums, Failure> {
        self.usage_up_to(u64::MAX, account, month).await
    }

    /// The usage that a month bills for one line, of batches up to this one.
    pub(super) async fn usage_up_to(
        &self,
        batch: u64,
        account: &Account,
        month: UsageMonth,
    ) -> Result<UsageSums, Failure> {
        let partition = self.buckets.customer(&account.customer_id).partition;
        let line = &account.order_id;
        let usage = self.usage_between(&partition, month, line, line);
        UsageReader { through: batch, ..usage }.of(account).await
    }
}

impl UsageReader<'_> {
    /// The usage of a line, which comes after the one that was asked for before. What is on its final bill counts as
    /// charged.
    pub(super) async fn of(&mut self, account: &Account) -> Result<UsageSums, Failure> {
        let mut sums = UsageSums::default();
        for pages in [&mut self.in_time, &mut self.late] {
            while let Some(row) = pages.next_of(self.tables, &account.order_id).await? {
                let row = Loaded::<UsageRow>::of(row)?.value;
                if row.billed_in != self.month || row.batch > self.through {
                    continue;
                }
                if account.has_charged(self.month, row.batch) {
                    sums.add_charged(row.usage());
                } else {
                    sums.add(row.usage());
                }
            }
        }
        Ok(sums)
    }

    /// How many rows were read so far.
    pub(super) fn rows_read(&self) -> usize {
        self.in_time.rows_read + self.late.rows_read
    }
}

impl Pages {
    fn of(range: Range) -> Self {
        Self { range, rows: VecDeque::new(), continuation: None, is_last: false, rows_read: 0 }
    }

    /// The next row, when it is of the line.
    async fn next_of(&mut self, tables: &dyn Tables, line: &OrderId) -> Result<Option<Row>, Failure> {
        loop {
            let Some(row) = self.rows.front() else {
                if self.is_last {
                    return Ok(None);
                }
                self.turn(tables).await?;
                continue;
            };
            match line_of(row)?.cmp(line.as_str()) {
                Ordering::Equal => return Ok(self.rows.pop_front()),
                Ordering::Greater => return Ok(None),
                // A line whose account was opened after the chunk read its accounts: it bills what it missed itself.
                Ordering::Less => drop(self.rows.pop_front()),
            }
        }
    }

    async fn turn(&mut self, tables: &dyn Tables) -> Result<(), Failure> {
        let after = self.continuation.take();
        let page = tables.query(Table::Bills, &self.range, PAGE_ENTITIES_MAX, after.as_deref()).await?;
        self.rows_read += page.rows.len();
        self.rows = page.rows.into();
        self.is_last = page.continuation.is_none();
        self.continuation = page.continuation;
        Ok(())
    }
}

/// The line from a key `use|{month}|{line}|{digest}` or `late|{month}|{line}|{digest}-{month of use}`.
fn line_of(row: &Row) -> Result<&str, Failure> {
    row.row.split('|').nth(2).ok_or_else(|| Failure::Fault("a usage row with another key".into()))
}
