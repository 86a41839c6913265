//! The sum of a bucket and the changes that are not in it yet: one row, and one row for each change.
//!
//! A timer folds the changes into the sum, so that reading stays one page. Until then they are read beside it: the
//! figures are never behind the view.

use super::tally::Tally;
use crate::ports::{ETag, Range, Row, Table};
use crate::store::{Changes, Loaded};
use crate::{App, Failure};
use domain::calendar::seoul_date;
use domain::limits::{TALLY_DAYS, TALLY_FOLDS_MAX, TRANSACTION_ENTITIES_MAX};
use jiff::{Timestamp, ToSpan};

/// The row of the sum; the rows of changes begin with it. No customer's digest does.
const TALLY: &str = "tally|";

/// The row of a change: of one entry's version, or of an event.
pub(super) fn change_row(what: &str) -> String {
    format!("{TALLY}{what}")
}

/// What is there of a bucket's sum.
#[derive(Default)]
struct Found {
    sum: Tally,
    /// The version of the sum's row, once there is one.
    etag: Option<ETag>,
    changes: Vec<String>,
}

impl Found {
    fn take_in(&mut self, row: Row) -> Result<(), Failure> {
        let Loaded { row, value, etag } = Loaded::<Tally>::of(row)?;
        self.sum += &value;
        if row == TALLY {
            self.etag = Some(etag);
        } else {
            self.changes.push(row);
        }
        Ok(())
    }
}

impl App {
    /// What the entries of a bucket come to: one query, unless there are more changes than a page holds. A fold that is
    /// made between two pages may hide changes until it is read again.
    pub(crate) async fn tally(&self, partition: &str) -> Result<Tally, Failure> {
        let mut found = Found::default();
        for row in self.load_all(Table::MyPage, &Range::prefix(partition, TALLY)).await? {
            found.take_in(row)?;
        }
        Ok(found.sum)
    }

    /// Folds the changes of every bucket into its sum. Answers with how many there were.
    pub async fn fold_tallies(&self) -> Result<usize, Failure> {
        let now = self.now();
        let mut folded = 0;
        for partition in self.buckets.partitions() {
            for _ in 0..TALLY_FOLDS_MAX {
                let (changes, more) = self.fold_some(&partition, now).await?;
                folded += changes;
                if !more {
                    break;
                }
            }
        }
        Ok(folded)
    }

    /// One transaction's worth, and whether more may be there.
    async fn fold_some(&self, partition: &str, now: Timestamp) -> Result<(usize, bool), Failure> {
        let range = Range::prefix(partition, TALLY);
        let page = self.ports.tables.query(Table::MyPage, &range, TRANSACTION_ENTITIES_MAX, None).await?;
        let more = page.continuation.is_some() || page.rows.len() == TRANSACTION_ENTITIES_MAX;
        let mut found = Found::default();
        // The row of the sum is the first, whether it is there already or not.
        for row in page.rows.into_iter().take(TRANSACTION_ENTITIES_MAX - 1) {
            found.take_in(row)?;
        }
        if found.changes.is_empty() {
            return Ok((0, false));
        }
        let kept = seoul_date(now).saturating_sub(TALLY_DAYS.days());
        found.sum.forget_before(kept);
        let mut changes = Changes::new(Table::MyPage, partition);
        match found.etag {
            Some(etag) => changes.replace(TALLY, etag, &found.sum)?,
            None => changes.insert(TALLY, &found.sum)?,
        };
        for row in &found.changes {
            changes.delete(row.clone(), None);
        }
        match self.commit(changes).await {
            Ok(_) => Ok((found.changes.len(), more)),
            // Another instance folds as well.
            Err(Failure::Changed) => Ok((0, false)),
            Err(failure) => Err(failure),
        }
    }
}
