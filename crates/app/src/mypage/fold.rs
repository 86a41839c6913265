//! The sum of a bucket and the changes that are not in it yet: one row, and one row for each change.
//!
//! A timer folds the changes into the sum, so that reading stays one page. Until then they are read beside it. A bucket
//! whose sum is new has its entries counted first, those that are not: a store may be older than its sums.

use super::tally::{self, Tally};
use super::{Entry, Kind};
use crate::ports::{ETag, Range, Row, Table, key_behind};
use crate::store::{Changes, Loaded, retry_on_change};
use crate::sweep::sweep;
use crate::{App, Failure};
use domain::calendar::seoul_date;
use domain::limits::{TALLY_DAYS, TALLY_FOLDS_MAX, TRANSACTION_ENTITIES_MAX};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// What the keys of sums and changes begin with, of whatever way of counting. Those of entries begin with a customer's
/// digest, whose digits come before it.
const TALLIES: &str = "tally|";
/// Changes that one transaction folds beside the row of the sum, or entries that it counts.
const FOLDED_MAX: usize = TRANSACTION_ENTITIES_MAX - 1;

/// The row of the sum; the rows of changes begin with it.
fn sum_row() -> String {
    format!("{TALLIES}{}|", tally::VERSION)
}

/// The row of a change: of one entry's version, or of an event.
pub(super) fn change_row(what: &str) -> String {
    format!("{}{what}", sum_row())
}

/// A bucket's sum as it is stored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sum {
    tally: Tally,
    /// From this row on, entries may be there that are not counted; none when all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uncounted_from: Option<String>,
}

/// What is there of a bucket's sum.
struct Found {
    sum: Sum,
    /// The version of the sum's row, once there is one.
    etag: Option<ETag>,
    changes: Vec<String>,
}

impl Found {
    fn of(rows: impl IntoIterator<Item = Row>) -> Result<Self, Failure> {
        let sum = Sum { tally: Tally::default(), uncounted_from: Some(String::new()) };
        let mut found = Self { sum, etag: None, changes: Vec::new() };
        let sum_row = sum_row();
        for row in rows {
            if row.row == sum_row {
                let Loaded { value, etag, .. } = Loaded::<Sum>::of(row)?;
                found.etag = Some(etag);
                found.sum = Sum { uncounted_from: value.uncounted_from, ..found.sum };
                found.sum.tally += &value.tally;
            } else {
                let Loaded { row, value, .. } = Loaded::<Tally>::of(row)?;
                found.sum.tally += &value;
                found.changes.push(row);
            }
        }
        Ok(found)
    }

    /// The changes that make this the bucket's sum.
    fn write(&self, partition: &str) -> Result<Changes, Failure> {
        let mut changes = Changes::new(Table::MyPage, partition);
        match &self.etag {
            Some(etag) => changes.replace(sum_row(), etag.clone(), &self.sum)?,
            None => changes.insert(sum_row(), &self.sum)?,
        };
        for row in &self.changes {
            changes.delete(row.clone(), None);
        }
        Ok(changes)
    }
}

impl App {
    /// What the entries of a bucket come to: one query, unless there are more changes than a page holds. A fold that is
    /// made between two pages may hide changes until it is read again.
    pub(crate) async fn tally(&self, partition: &str) -> Result<Tally, Failure> {
        let rows = self.load_all(Table::MyPage, &Range::prefix(partition, &sum_row())).await?;
        Ok(Found::of(rows)?.sum.tally)
    }

    /// Folds the changes of every bucket into its sum, and counts entries that are in none. Answers with how many
    /// changes and entries there were. What goes wrong in one bucket holds up no other.
    pub async fn fold_tallies(&self) -> Result<usize, Failure> {
        let now = self.now();
        let buckets = self.buckets.partitions().collect();
        sweep(buckets, now, |partition| self.fold_bucket(partition, now)).await.into_iter().sum()
    }

    async fn fold_bucket(&self, partition: String, now: Timestamp) -> Result<usize, Failure> {
        let mut folded = 0;
        for _ in 0..TALLY_FOLDS_MAX {
            match retry_on_change!(self.fold_some(&partition, now).await) {
                Ok(Some(some)) => folded += some,
                // Another instance folds as well.
                Ok(None) | Err(Failure::Changed) => return Ok(folded),
                Err(failure) => return Err(failure),
            }
        }
        tracing::warn!(partition, folded, "there is more to fold than one tick does");
        Ok(folded)
    }

    /// One transaction's worth; nothing when nothing is left to do.
    async fn fold_some(&self, partition: &str, now: Timestamp) -> Result<Option<usize>, Failure> {
        let range = Range::prefix(partition, &sum_row());
        // The row of the sum is the first, whether it is there already or not.
        let (rows, _) = self.load_some(Table::MyPage, &range, FOLDED_MAX).await?;
        let mut found = Found::of(rows)?;
        found.sum.tally.forget_before(seoul_date(now).saturating_sub(TALLY_DAYS.days()));
        if !found.changes.is_empty() {
            self.commit(found.write(partition)?).await?;
            return Ok(Some(found.changes.len()));
        }
        match found.sum.uncounted_from.take() {
            Some(from) => self.count_entries(partition, found, from).await.map(Some),
            None => Ok(None),
        }
    }

    /// Counts the entries from a row on that are not counted yet.
    async fn count_entries(&self, partition: &str, mut found: Found, from: String) -> Result<usize, Failure> {
        let range = Range { partition: partition.to_owned(), from, to: TALLIES.to_owned() };
        let (rows, more) = self.load_some(Table::MyPage, &range, FOLDED_MAX).await?;
        found.sum.uncounted_from = rows.last().filter(|_| more).map(|row| key_behind(&row.row));
        let mut counted = Vec::new();
        for row in rows {
            let kind = Kind::of_row(&row.row)?;
            let mut entry = Loaded::<Entry>::of(row)?;
            if entry.value.counted != tally::VERSION {
                found.sum.tally += &entry.value.count(kind)?;
                counted.push(entry);
            }
        }
        let mut changes = found.write(partition)?;
        for Loaded { row, etag, value } in &counted {
            changes.replace(row.clone(), etag.clone(), value)?;
        }
        self.commit(changes).await?;
        Ok(counted.len())
    }
}
