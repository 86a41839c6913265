//! Taking in usage files: each record once, for the line that has the number, in the month that bills it.

use super::usage::{Fence, UsageRow};
use crate::keys::{self, digest};
use crate::ports::{Key, Op, Range, Row, Table, TableError, key_behind};
use crate::{App, Failure};
use domain::calendar::{UsageMonth, seoul_date};
use domain::catalogue::UsageType;
use domain::ids::PhoneNumber;
use domain::limits::{BUCKETS_AT_ONCE, CONFLICT_RETRIES_MAX, LOOKUPS_AT_ONCE, USAGE_PER_TRANSACTION};
use domain::rating::Quantity;
use futures::future::ready;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// Hours by which a record may lie ahead of our clock.
const AHEAD_HOURS: i64 = 24;
/// Days for which a record may come late.
const LATE_DAYS: i64 = 366;
/// Rows, or batches of them, that are looked up at a time in one of the buckets that are at work.
const LOOKUPS_PER_BUCKET: usize = LOOKUPS_AT_ONCE / BUCKETS_AT_ONCE;
/// Times a batch is tried again when another file is taken in at the same time.
const FENCE_RETRIES_MAX: u32 = 8 * CONFLICT_RETRIES_MAX;

/// A usage record that could be read.
#[derive(Debug, Clone)]
pub struct UsageRecord {
    /// Its line in the file, from 1, the header included.
    pub line: usize,
    /// The record's id, 1 to 64 visible ASCII characters: the same record has the same id whenever it is sent.
    pub record_id: String,
    /// Whose usage.
    pub number: PhoneNumber,
    /// What was used.
    pub kind: UsageType,
    /// How much, in the type's unit.
    pub quantity: Quantity,
    /// When.
    pub used_at: Timestamp,
}

/// A record that was not taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Its line in the file, from 1, the header included.
    pub line: usize,
    /// Why: a stable code.
    pub reason: String,
}

/// What became of a usage file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Intake {
    /// Records that were taken in.
    pub accepted: usize,
    /// Records that had been taken in before.
    pub duplicates: usize,
    /// Records that were not, in the order of the file.
    pub rejected: Vec<Rejected>,
}

/// A record with the keys of its rows.
struct Placed {
    line: usize,
    /// `{line id}|{digest of the record id}`.
    place: String,
    used_in: UsageMonth,
    row: UsageRow,
}

impl Placed {
    fn key(&self) -> String {
        keys::usage_prefix(self.used_in, &self.place)
    }

    /// Where the month finds it that bills it late. A record's id is its own within a month of use only, and usage of
    /// several months may meet there.
    fn late_key(&self, billed_in: UsageMonth) -> String {
        format!("{}-{}", keys::late_prefix(billed_in, &self.place), self.used_in.compact())
    }

    fn ops(&self, fence: &Fence) -> Result<Vec<Op>, Failure> {
        let billed_in = fence.billed_in(self.used_in);
        let body = serde_json::to_string(&UsageRow { billed_in, batch: fence.batches, ..self.row.clone() })?;
        let mut ops = vec![Op::insert(self.key(), body.clone())];
        if billed_in != self.used_in {
            ops.push(Op::insert(self.late_key(billed_in), body));
        }
        Ok(ops)
    }
}

impl App {
    /// Takes in the records of a file; `rejected` holds those that could not be read.
    pub async fn take_in_usage(
        &self,
        records: Vec<UsageRecord>,
        rejected: Vec<Rejected>,
    ) -> Result<Intake, Failure> {
        let mut intake = Intake { rejected, ..Intake::default() };
        let by_bucket = self.place(records, &mut intake).await?;
        let buckets = by_bucket.into_iter().map(|(partition, placed)| self.take_in_bucket(partition, placed));
        let buckets = stream::iter(buckets).buffer_unordered(BUCKETS_AT_ONCE);
        let mut intake = buckets.try_fold(intake, |sum, bucket| ready(Ok(sum.plus(bucket)))).await?;
        intake.rejected.sort_by_key(|rejected| rejected.line);
        Ok(intake)
    }

    /// Takes in the records of one bucket, batch by batch: each writes the fence, so they would only hold each other up.
    /// After a batch with records that are stored already it is asked first what is known of several batches to come, so
    /// that a file that was cut off and is sent again passes what it has stored sooner than it stored it.
    async fn take_in_bucket(&self, partition: String, mut placed: Vec<Placed>) -> Result<Intake, Failure> {
        let mut intake = Intake::default();
        placed.sort_by_cached_key(Placed::key);
        placed.dedup_by(|again, first| {
            let same = again.key() == first.key();
            if same {
                intake.repeat(&first.row, again);
            }
            same
        });
        let mut left = placed.as_slice();
        let mut repeats = false;
        while !left.is_empty() {
            let records =
                if repeats { LOOKUPS_PER_BUCKET * USAGE_PER_TRANSACTION } else { USAGE_PER_TRANSACTION };
            let (next, later) = left.split_at(records.min(left.len()));
            let mut fresh: Vec<&Placed> = next.iter().collect();
            if repeats {
                fresh = self.drop_known(&partition, fresh, &mut intake).await?;
            }
            let before = intake.accepted;
            for batch in fresh.chunks(USAGE_PER_TRANSACTION) {
                self.take_in_batch(&partition, batch.to_vec(), &mut intake).await?;
            }
            repeats = intake.accepted - before < next.len();
            left = later;
        }
        Ok(intake)
    }

    /// Finds the line of each record, and rejects those that cannot be anybody's.
    async fn place(
        &self,
        records: Vec<UsageRecord>,
        intake: &mut Intake,
    ) -> Result<BTreeMap<String, Vec<Placed>>, Failure> {
        let now = self.now();
        let mut numbers: Vec<PhoneNumber> = records.iter().map(|record| record.number.clone()).collect();
        numbers.sort();
        numbers.dedup();
        let holders: HashMap<PhoneNumber, _> = stream::iter(numbers)
            .map(|number| async move { self.holder(&number).await.map(|holder| (number, holder)) })
            .buffer_unordered(LOOKUPS_AT_ONCE)
            .try_collect()
            .await?;
        let mut by_bucket: BTreeMap<String, Vec<Placed>> = BTreeMap::new();
        for record in records {
            let holder = holders.get(&record.number).and_then(Option::as_ref);
            let reason = match holder {
                None => Some("unknown_number"),
                Some(holder) if holder.used_before && record.used_at < holder.since => {
                    Some("used_before_assignment")
                }
                Some(_) => time_reason(record.used_at, now),
            };
            match (reason, holder) {
                (None, Some(holder)) => {
                    let partition = self.buckets.customer(&holder.customer_id).partition;
                    let place = format!("{}|{}", holder.order_id, digest(&[&record.record_id]));
                    by_bucket.entry(partition).or_default().push(placed(record, place));
                }
                (reason, _) => intake.reject(record.line, reason.unwrap_or("unknown_number")),
            }
        }
        Ok(by_bucket)
    }

    /// Takes in records of one bucket, at most as many as a transaction holds with their late rows and the fence.
    async fn take_in_batch(
        &self,
        partition: &str,
        mut batch: Vec<&Placed>,
        intake: &mut Intake,
    ) -> Result<(), Failure> {
        for _ in 0..FENCE_RETRIES_MAX {
            if batch.is_empty() {
                return Ok(());
            }
            let (fence, etag) = self.fence(partition).await?;
            let fence = fence.with_batch();
            let body = serde_json::to_string(&fence)?;
            let mut ops = vec![match etag {
                Some(etag) => Op::replace(keys::FENCE, etag, body),
                None => Op::insert(keys::FENCE, body),
            }];
            for placed in &batch {
                ops.extend(placed.ops(&fence)?);
            }
            match self.ports.tables.commit(Table::Bills, partition, &ops).await {
                Ok(_) => {
                    intake.accepted += batch.len();
                    return Ok(());
                }
                // The fence moved: another file, or a run that closes a month.
                Err(TableError::Changed { .. } | TableError::Exists { index: 0 }) => {}
                Err(TableError::Exists { .. }) => batch = self.drop_known(partition, batch, intake).await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::Changed)
    }

    /// Takes out of sorted records what is stored already.
    async fn drop_known<'a>(
        &self,
        partition: &str,
        batch: Vec<&'a Placed>,
        intake: &mut Intake,
    ) -> Result<Vec<&'a Placed>, Failure> {
        let known: Vec<_> =
            batch.chunks(USAGE_PER_TRANSACTION).map(|batch| self.known_between(partition, batch)).collect();
        let known: Vec<_> = stream::iter(known).buffered(LOOKUPS_PER_BUCKET).try_collect().await?;
        let mut rest = Vec::with_capacity(batch.len());
        for (batch, known) in batch.chunks(USAGE_PER_TRANSACTION).zip(known) {
            let known = match known {
                Some(known) => known,
                None => self.known_each(partition, batch).await?,
            };
            for placed in batch {
                match known.get(&placed.key()) {
                    Some(row) => intake.repeat(&serde_json::from_str(&row.body)?, placed),
                    None => rest.push(*placed),
                }
            }
        }
        Ok(rest)
    }

    /// What is stored from the first to the last key of a sorted batch: one query for a file that is sent again as it
    /// was. `None` when there is much more than the batch, as where few of a bucket's many records are sent again.
    async fn known_between(&self, partition: &str, batch: &[&Placed]) -> Result<Option<Known>, Failure> {
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else {
            return Ok(Some(Known::new()));
        };
        let (from, to) = (first.key(), key_behind(&last.key()));
        let range = Range { partition: partition.to_owned(), from, to };
        let (rows, more) = self.load_some(Table::Bills, &range, 2 * USAGE_PER_TRANSACTION).await?;
        Ok((!more).then(|| rows.into_iter().map(|row| (row.row.clone(), row)).collect()))
    }

    /// What is stored of a batch, key by key.
    async fn known_each(&self, partition: &str, batch: &[&Placed]) -> Result<Known, Failure> {
        let read = |placed: &&Placed| {
            let key = Key::new(partition, placed.key());
            async move { self.ports.tables.read(Table::Bills, &key).await }
        };
        let reads: Vec<_> = batch.iter().map(read).collect();
        let rows = stream::iter(reads).buffer_unordered(LOOKUPS_PER_BUCKET);
        let rows: Vec<Option<Row>> = rows.try_collect().await?;
        Ok(rows.into_iter().flatten().map(|row| (row.row.clone(), row)).collect())
    }
}

/// Rows of records by their keys.
type Known = HashMap<String, Row>;

impl Intake {
    /// What became of the records of both.
    fn plus(mut self, other: Self) -> Self {
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        self.rejected.extend(other.rejected);
        self
    }

    fn reject(&mut self, line: usize, reason: &str) {
        self.rejected.push(Rejected { line, reason: reason.to_owned() });
    }

    /// Counts a record whose id is known: a repeat when it says the same, an error when it does not.
    fn repeat(&mut self, known: &UsageRow, again: &Placed) {
        let same = known.kind == again.row.kind
            && known.quantity == again.row.quantity
            && known.used_at == again.row.used_at;
        if same { self.duplicates += 1 } else { self.reject(again.line, "record_id_reused") }
    }
}

fn time_reason(used_at: Timestamp, now: Timestamp) -> Option<&'static str> {
    let age = now.duration_since(used_at);
    if age < -SignedDuration::from_hours(AHEAD_HOURS) {
        Some("used_in_the_future")
    } else if age > SignedDuration::from_hours(24 * LATE_DAYS) {
        Some("too_old")
    } else {
        None
    }
}

fn placed(record: UsageRecord, place: String) -> Placed {
    let day = seoul_date(record.used_at);
    let used_in = UsageMonth::of_date(day);
    let row = UsageRow {
        record_id: record.record_id,
        kind: record.kind,
        quantity: record.quantity,
        used_at: record.used_at,
        day,
        billed_in: used_in,
        batch: 0,
    };
    Placed { line: record.line, place, used_in, row }
}
