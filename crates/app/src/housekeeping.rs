//! Lists in pages, the outbox relay, and the clean-up of rows whose time is over.

use crate::bill::run_partitions;
use crate::idempotency::Record;
use crate::keys::{self, Buckets};
use crate::ports::{Key, Op, Range, Row, Table, key_behind};
use crate::store::{Changes, Loaded, Outgoing};
use crate::sweep::sweep;
use crate::{App, Failure, List, PageRequest, Ports};
use contract::problem::Code;
use domain::limits::{
    IDEMPOTENCY_HOURS, INBOX_HOURS, LIST_ROWS_MAX, OUTBOX_AGE_SECONDS, PAGE_ENTITIES_MAX,
    TRANSACTION_ENTITIES_MAX,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Tables with an outbox, an inbox, or idempotency keys in every bucket.
const SERVICES: [Table; 4] = [Table::Orders, Table::Bills, Table::Payments, Table::Sagas];

#[derive(Debug, Serialize, Deserialize)]
struct StoredBuckets {
    count: u32,
}

impl App {
    /// Checks that the store was made for this number of buckets, or marks a new store with it.
    pub async fn check_buckets(&self) -> Result<(), Failure> {
        let key = Key::new("meta", "buckets");
        let mut changes = Changes::new(Table::Meta, "meta");
        changes.insert("buckets", &StoredBuckets { count: self.buckets.count() })?;
        match self.load::<StoredBuckets>(Table::Meta, &key).await? {
            None => match self.commit(changes).await {
                Err(Failure::Changed) => Box::pin(self.check_buckets()).await,
                ended => ended.map(|_| ()),
            },
            Some(stored) if stored.value.count == self.buckets.count() => Ok(()),
            Some(stored) => {
                let why =
                    format!("the store has {} buckets, not {}", stored.value.count, self.buckets.count());
                Err(Failure::Fault(why.into()))
            }
        }
    }

    /// One page of a range, of the rows that `show` makes into items. A page may have fewer items than asked for, even
    /// none, and a cursor all the same: when so many rows were looked at that are no items.
    pub(crate) async fn list<T>(
        &self,
        table: Table,
        range: &Range,
        page: &PageRequest,
        show: impl Fn(Row) -> Result<Option<T>, Failure>,
    ) -> Result<List<T>, Failure> {
        let mut range = range.clone();
        if let Some(cursor) = &page.cursor {
            range.from = from_cursor(cursor, &range)?;
        }
        let (mut items, mut looked_at) = (Vec::new(), 0);
        // The last row that is shown, or that need not be looked at again.
        let mut last: Option<String> = None;
        let mut continuation: Option<String> = None;
        // Where all rows are items, these are enough.
        let mut most = PAGE_ENTITIES_MAX.min(page.limit + 1);
        loop {
            let found = self.ports.tables.query(table, &range, most, continuation.as_deref()).await?;
            for row in found.rows {
                looked_at += 1;
                let key = row.row.clone();
                if let Some(item) = show(row)? {
                    if items.len() == page.limit {
                        return Ok(List { items, cursor: last.as_deref().map(cursor_behind) });
                    }
                    items.push(item);
                }
                last = Some(key);
            }
            continuation = found.continuation;
            most = PAGE_ENTITIES_MAX.min(LIST_ROWS_MAX.saturating_sub(looked_at));
            if continuation.is_none() || most == 0 {
                return Ok(List {
                    items,
                    cursor: last.filter(|_| continuation.is_some()).as_deref().map(cursor_behind),
                });
            }
        }
    }

    /// Publishes what a process that was killed, or a bus that was down, left in the outboxes.
    pub async fn relay_outbox(&self) -> Result<usize, Failure> {
        let now = self.now();
        let limit = now.saturating_sub(SignedDuration::from_secs(OUTBOX_AGE_SECONDS)).unwrap_or(now);
        let mut places = self.places();
        places.extend(run_partitions(now).into_iter().map(|partition| (Table::Runs, partition)));
        let relay = |(table, partition)| self.relay_from(table, partition, limit);
        sweep(places, now, relay).await.into_iter().sum()
    }

    async fn relay_from(&self, table: Table, partition: String, limit: Timestamp) -> Result<usize, Failure> {
        let range = Range::prefix(&partition, keys::OUTBOX);
        let (rows, _) = self.load_some(table, &range, TRANSACTION_ENTITIES_MAX).await?;
        let mut left = Vec::new();
        for row in rows {
            let message = Loaded::<Outgoing>::of(row)?.value;
            if message.written_at <= limit {
                left.push(message);
            }
        }
        self.publish(table, &partition, &left).await;
        Ok(left.len())
    }

    /// Every bucket of the services' tables.
    fn places(&self) -> Vec<(Table, String)> {
        let buckets = |table| self.buckets.partitions().map(move |partition| (table, partition));
        SERVICES.into_iter().flat_map(buckets).collect()
    }

    /// Deletes inbox rows and idempotency keys whose time is over.
    pub async fn clean_up(&self) -> Result<usize, Failure> {
        let now = self.now();
        let mut places = self.places();
        places.push((Table::Meta, Buckets::partition(0)));
        sweep(places, now, |(table, partition)| self.clean(table, partition, now)).await.into_iter().sum()
    }

    async fn clean(&self, table: Table, partition: String, now: Timestamp) -> Result<usize, Failure> {
        let handled = hours_before(now, INBOX_HOURS).as_millisecond().max(0);
        // Event ids ascend with time, so the expired rows are one range.
        let inbox = Range {
            partition: partition.clone(),
            from: keys::INBOX.to_owned(),
            to: format!("{}{handled:012x}", keys::INBOX),
        };
        let idempotency = Range::prefix(partition, keys::IDEMPOTENCY);
        let answered = hours_before(now, IDEMPOTENCY_HOURS);
        let expired = |row: &Row| Ok(serde_json::from_str::<Record>(&row.body)?.written_before(answered));
        Ok(self.delete_all(table, &inbox, |_| Ok(true)).await?
            + self.delete_all(table, &idempotency, expired).await?)
    }

    /// Deletes the rows of a range that are over, a page at a time: what is done stays done when the time is up.
    async fn delete_all(
        &self,
        table: Table,
        range: &Range,
        over: impl Fn(&Row) -> Result<bool, Failure>,
    ) -> Result<usize, Failure> {
        let (mut deleted, mut continuation) = (0, None::<String>);
        loop {
            let page =
                self.ports.tables.query(table, range, PAGE_ENTITIES_MAX, continuation.as_deref()).await?;
            let mut gone = Vec::with_capacity(page.rows.len());
            for row in page.rows {
                if over(&row)? {
                    gone.push(row);
                }
            }
            deleted += self.delete_rows(table, &range.partition, &gone).await?;
            continuation = page.continuation;
            if continuation.is_none() {
                return Ok(deleted);
            }
        }
    }

    async fn delete_rows(&self, table: Table, partition: &str, rows: &[Row]) -> Result<usize, Failure> {
        for batch in rows.chunks(TRANSACTION_ENTITIES_MAX) {
            let ops: Vec<Op> =
                batch.iter().map(|row| Op::delete(row.row.clone(), Some(row.etag.clone()))).collect();
            match self.ports.tables.commit(table, partition, &ops).await.map_err(Failure::from) {
                // Another instance cleans up as well; what is left is for the next time.
                Ok(_) | Err(Failure::Changed) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(rows.len())
    }

    /// Answers when the tables, the bus and the documents can be reached, each by its name.
    pub async fn readiness(&self) -> Vec<(&'static str, Result<(), Failure>)> {
        let Ports { tables, bus, documents, .. } = &self.ports;
        let (tables, bus, documents) = tokio::join!(tables.ping(), bus.ping(), documents.ping());
        vec![
            ("tables", tables.map_err(Failure::from)),
            ("bus", bus.map_err(Failure::from)),
            ("documents", documents.map_err(Failure::from)),
        ]
    }
}

fn hours_before(now: Timestamp, hours: i64) -> Timestamp {
    now.saturating_sub(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MIN)
}

/// The first key behind a cursor. A cursor is the last key that was shown, in hexadecimal digits; it is good for keys
/// of its own list only.
fn from_cursor(cursor: &str, range: &Range) -> Result<String, Failure> {
    let key = from_hex(cursor).filter(|key| *key >= range.from && *key < range.to);
    let key =
        key.ok_or_else(|| Failure::refused(Code::InvalidCursor, "the cursor is not one of this list"))?;
    Ok(key_behind(&key))
}

/// The cursor of what follows a key.
pub(crate) fn cursor_behind(key: &str) -> String {
    key.bytes().fold(String::with_capacity(2 * key.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(text: &str) -> Option<String> {
    let digits =
        text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let key = String::from_utf8(digits.collect::<Option<Vec<u8>>>()?).ok()?;
    key.bytes().all(|b| b.is_ascii_graphic()).then_some(key)
}
