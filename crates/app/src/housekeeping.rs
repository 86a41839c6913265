//! Lists in pages, the outbox relay, and the clean-up of rows whose time is over.

use crate::idempotency::Record;
use crate::keys::{self, Buckets};
use crate::ports::{Key, Op, Range, Row, Table};
use crate::store::{Changes, Loaded, Outgoing};
use crate::{App, Failure, List, PageRequest, Ports};
use contract::problem::Code;
use domain::limits::{
    IDEMPOTENCY_HOURS, INBOX_HOURS, OUTBOX_AGE_SECONDS, PAGE_ENTITIES_MAX, TRANSACTION_ENTITIES_MAX,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Tables with an outbox, an inbox, or idempotency keys.
const SERVICES: [Table; 5] = [Table::Orders, Table::Bills, Table::Runs, Table::Payments, Table::Sagas];

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

    /// One page of a range, of the rows that `show` makes into items.
    pub(crate) async fn list<T>(
        &self,
        table: Table,
        range: &Range,
        page: &PageRequest,
        show: impl Fn(Row) -> Result<Option<T>, Failure>,
    ) -> Result<List<T>, Failure> {
        let mut range = range.clone();
        if let Some(cursor) = &page.cursor {
            range.from = behind(cursor, &range)?;
        }
        let mut items = Vec::new();
        let mut continuation: Option<String> = None;
        loop {
            let found =
                self.ports.tables.query(table, &range, PAGE_ENTITIES_MAX, continuation.as_deref()).await?;
            for row in found.rows {
                let key = row.row.clone();
                if let Some(item) = show(row)? {
                    items.push((key, item));
                }
                if items.len() > page.limit {
                    items.truncate(page.limit);
                    let cursor = items.last().map(|(key, _)| to_hex(key));
                    return Ok(List { items: items.into_iter().map(|(_, item)| item).collect(), cursor });
                }
            }
            continuation = found.continuation;
            if continuation.is_none() {
                return Ok(List { items: items.into_iter().map(|(_, item)| item).collect(), cursor: None });
            }
        }
    }

    /// Publishes what a process that was killed, or a bus that was down, left in the outboxes.
    pub async fn relay_outbox(&self) -> Result<usize, Failure> {
        let now = self.now();
        let limit = now.saturating_sub(SignedDuration::from_secs(OUTBOX_AGE_SECONDS)).unwrap_or(now);
        let mut published = 0;
        for table in SERVICES {
            for partition in self.partitions_of(table, now) {
                let page = self
                    .ports
                    .tables
                    .query(table, &Range::prefix(&partition, keys::OUTBOX), TRANSACTION_ENTITIES_MAX, None)
                    .await?;
                let mut left = Vec::new();
                for row in page.rows {
                    let message = Loaded::<Outgoing>::of(row)?.value;
                    if message.written_at <= limit {
                        left.push(message);
                    }
                }
                published += left.len();
                self.publish(table, &partition, &left).await;
            }
        }
        Ok(published)
    }

    fn partitions_of(&self, table: Table, now: Timestamp) -> Vec<String> {
        if table == Table::Runs {
            crate::bill::run_partitions(now)
        } else {
            self.buckets.partitions().collect()
        }
    }

    /// Deletes inbox rows and idempotency keys whose time is over.
    pub async fn clean_up(&self) -> Result<usize, Failure> {
        let now = self.now();
        let mut deleted = 0;
        for table in SERVICES {
            for partition in self.buckets.partitions() {
                deleted += self.clean_inbox(table, &partition, hours_before(now, INBOX_HOURS)).await?;
                deleted += self.clean_keys(table, &partition, hours_before(now, IDEMPOTENCY_HOURS)).await?;
            }
        }
        deleted += self
            .clean_keys(Table::Meta, &Buckets::partition(0), hours_before(now, IDEMPOTENCY_HOURS))
            .await?;
        Ok(deleted)
    }

    /// Event ids ascend with time, so the expired rows are one range.
    async fn clean_inbox(&self, table: Table, partition: &str, limit: Timestamp) -> Result<usize, Failure> {
        let range = Range {
            partition: partition.to_owned(),
            from: keys::INBOX.to_owned(),
            to: format!("{}{:012x}", keys::INBOX, limit.as_millisecond().max(0)),
        };
        let rows = self.load_all(table, &range).await?;
        self.delete_rows(table, partition, rows).await
    }

    async fn clean_keys(&self, table: Table, partition: &str, limit: Timestamp) -> Result<usize, Failure> {
        let rows = self.load_all(table, &Range::prefix(partition, keys::IDEMPOTENCY)).await?;
        let mut expired = Vec::new();
        for row in rows {
            if serde_json::from_str::<Record>(&row.body)?.written_before(limit) {
                expired.push(row);
            }
        }
        self.delete_rows(table, partition, expired).await
    }

    async fn delete_rows(&self, table: Table, partition: &str, rows: Vec<Row>) -> Result<usize, Failure> {
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
fn behind(cursor: &str, range: &Range) -> Result<String, Failure> {
    let key = from_hex(cursor).filter(|key| *key >= range.from && *key < range.to);
    let key =
        key.ok_or_else(|| Failure::refused(Code::InvalidCursor, "the cursor is not one of this list"))?;
    Ok(format!("{key} "))
}

fn to_hex(key: &str) -> String {
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
