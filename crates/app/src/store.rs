//! Reading a row, and writing one command's changes as one entity group transaction with its outbox.

use crate::failure::{Failure, chain};
use crate::keys;
use crate::ports::{BusError, ETag, Key, Message, Op, Range, Row, Table, TableError, key_behind};
use crate::{App, trace};
use domain::ids::EventId;
use domain::limits::{CONFLICT_RETRIES_MAX, PAGE_ENTITIES_MAX, SENDS_AT_ONCE};
use futures::future::join_all;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// A value with the version that was read.
#[derive(Debug, Clone)]
pub(crate) struct Loaded<T> {
    pub(crate) row: String,
    pub(crate) value: T,
    pub(crate) etag: ETag,
}

impl<T: DeserializeOwned> Loaded<T> {
    pub(crate) fn of(row: Row) -> Result<Self, Failure> {
        Ok(Self { value: serde_json::from_str(&row.body)?, row: row.row, etag: row.etag })
    }
}

/// A message as its outbox row keeps it until the bus has accepted it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outgoing {
    entity: Entity,
    pub(crate) message_id: String,
    subject: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scheduled_at: Option<Timestamp>,
    pub(crate) written_at: Timestamp,
    body: String,
}

/// The queues and the topic that the handler sends to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entity {
    Events,
    Billing,
    Compensations,
    SagaDeadlines,
}

impl Entity {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Billing => "billing",
            Self::Compensations => "compensations",
            Self::SagaDeadlines => "saga-deadlines",
        }
    }
}

impl Outgoing {
    pub(crate) fn new(
        entity: Entity,
        message_id: impl Into<String>,
        subject: impl Into<String>,
        body: &impl Serialize,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        Ok(Self {
            entity,
            message_id: message_id.into(),
            subject: subject.into(),
            correlation_id: None,
            traceparent: trace::current(),
            scheduled_at: None,
            written_at: now,
            body: serde_json::to_string(body)?,
        })
    }

    pub(crate) fn correlated(mut self, saga: Option<String>) -> Self {
        self.correlation_id = saga;
        self
    }

    pub(crate) fn scheduled(mut self, at: Timestamp) -> Self {
        self.scheduled_at = Some(at);
        self
    }

    fn row(&self) -> String {
        format!("{}{}", keys::OUTBOX, self.message_id)
    }

    fn message(&self) -> Message {
        Message {
            entity: self.entity.name(),
            message_id: self.message_id.clone(),
            subject: self.subject.clone(),
            correlation_id: self.correlation_id.clone(),
            properties: self.traceparent.iter().map(|trace| ("traceparent", trace.clone())).collect(),
            scheduled_at: self.scheduled_at,
            body: self.body.clone(),
        }
    }
}

/// What one command changes: one entity group transaction, with the messages that it causes.
#[derive(Debug, Clone)]
pub(crate) struct Changes {
    table: Table,
    partition: String,
    ops: Vec<Op>,
    outbox: Vec<Outgoing>,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Committed {
    /// It was applied; the new version of each row, in the order in which the rows were added.
    Applied(Vec<Option<ETag>>),
    /// The message was handled before.
    Repeat,
    /// The `Idempotency-Key` was used before.
    KeyUsed,
}

impl Changes {
    pub(crate) fn new(table: Table, partition: impl Into<String>) -> Self {
        Self { table, partition: partition.into(), ops: Vec::new(), outbox: Vec::new() }
    }

    pub(crate) fn insert(
        &mut self,
        row: impl Into<String>,
        value: &impl Serialize,
    ) -> Result<&mut Self, Failure> {
        self.ops.push(Op::insert(row, serde_json::to_string(value)?));
        Ok(self)
    }

    pub(crate) fn replace<T: Serialize>(
        &mut self,
        row: impl Into<String>,
        etag: ETag,
        value: &T,
    ) -> Result<&mut Self, Failure> {
        self.ops.push(Op::replace(row, etag, serde_json::to_string(value)?));
        Ok(self)
    }

    pub(crate) fn upsert(
        &mut self,
        row: impl Into<String>,
        value: &impl Serialize,
    ) -> Result<&mut Self, Failure> {
        self.ops.push(Op::upsert(row, serde_json::to_string(value)?));
        Ok(self)
    }

    pub(crate) fn delete(&mut self, row: impl Into<String>, etag: Option<ETag>) -> &mut Self {
        self.ops.push(Op::delete(row, etag));
        self
    }

    /// Remembers that a message was handled, so that a second delivery does nothing.
    pub(crate) fn inbox(&mut self, event: &EventId, now: Timestamp) -> Result<&mut Self, Failure> {
        self.insert(format!("{}{event}", keys::INBOX), &Handled { at: now })
    }

    pub(crate) fn send(&mut self, message: Outgoing) -> &mut Self {
        self.outbox.push(message);
        self
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Handled {
    at: Timestamp,
}

impl App {
    /// Reads one row.
    pub(crate) async fn load<T: DeserializeOwned>(
        &self,
        table: Table,
        key: &Key,
    ) -> Result<Option<Loaded<T>>, Failure> {
        self.ports.tables.read(table, key).await?.map(Loaded::of).transpose()
    }

    /// Reads all rows of a range: one query, unless there are more than a page holds.
    pub(crate) async fn load_all(&self, table: Table, range: &Range) -> Result<Vec<Row>, Failure> {
        self.load_some(table, range, usize::MAX).await.map(|(rows, _)| rows)
    }

    /// Reads the first rows of a range, at most so many, and says whether there are more.
    pub(crate) async fn load_some(
        &self,
        table: Table,
        range: &Range,
        most: usize,
    ) -> Result<(Vec<Row>, bool), Failure> {
        let mut rows = Vec::new();
        let mut continuation: Option<String> = None;
        loop {
            let limit = PAGE_ENTITIES_MAX.min(most - rows.len());
            let page = self.ports.tables.query(table, range, limit, continuation.as_deref()).await?;
            rows.extend(page.rows);
            continuation = page.continuation;
            if continuation.is_none() || rows.len() >= most {
                return Ok((rows, continuation.is_some()));
            }
        }
    }

    /// Applies a command's changes, then publishes its messages and takes them out of the outbox. When the bus does
    /// not take them the command is done all the same: the relay publishes what is left behind.
    pub(crate) async fn commit(&self, changes: Changes) -> Result<Committed, Failure> {
        let Changes { table, partition, mut ops, outbox } = changes;
        let own = ops.len();
        for message in &outbox {
            ops.push(Op::insert(message.row(), serde_json::to_string(message)?));
        }
        let mut etags = match self.ports.tables.commit(table, &partition, &ops).await {
            Ok(etags) => etags,
            Err(TableError::Exists { index }) => return already_there(&ops, index),
            Err(error) => return Err(error.into()),
        };
        self.publish(table, &partition, &outbox).await;
        etags.truncate(own);
        Ok(Committed::Applied(etags))
    }

    /// Sends messages and deletes the outbox rows of those that were accepted.
    pub(crate) async fn publish(&self, table: Table, partition: &str, outbox: &[Outgoing]) {
        let mut rows = Vec::with_capacity(outbox.len());
        for some in outbox.chunks(SENDS_AT_ONCE) {
            let sent = join_all(some.iter().map(|message| self.send_or_tell(message))).await;
            rows.extend(some.iter().zip(sent).filter(|(_, sent)| *sent).map(|(message, _)| message.row()));
        }
        if let Err(failure) = self.take_out(table, partition, rows).await {
            // The relay sends them again, and the bus or the inbox drops the repeats.
            tracing::warn!(error = chain(&failure), "outbox rows of published messages stay behind");
        }
    }

    async fn send_or_tell(&self, message: &Outgoing) -> bool {
        let sent = self.send(message).await;
        if let Err(error) = &sent {
            let error = chain(error);
            tracing::warn!(message.id = message.message_id, error, "a message stays in the outbox");
        }
        sent.is_ok()
    }

    /// Deletes outbox rows. One that is gone was published and deleted by somebody else as well, such as the relay of
    /// another instance, and keeps the transaction from deleting the others: these are looked for and deleted.
    async fn take_out(&self, table: Table, partition: &str, mut rows: Vec<String>) -> Result<(), Failure> {
        let mut tries = 0;
        while !rows.is_empty() {
            let deletions: Vec<Op> = rows.iter().map(|row| Op::delete(row, None)).collect();
            match self.ports.tables.commit(table, partition, &deletions).await {
                Err(TableError::Missing { .. }) if tries < CONFLICT_RETRIES_MAX => {
                    tries += 1;
                    // Seldom: every command's future would be as large as this one's otherwise.
                    rows = Box::pin(self.still_there(table, partition, rows)).await?;
                }
                ended => return Ok(ended.map(|_| ())?),
            }
        }
        Ok(())
    }

    /// Those of the rows that are there; when it was the only row that is gone, nothing needs to be asked.
    async fn still_there(
        &self,
        table: Table,
        partition: &str,
        rows: Vec<String>,
    ) -> Result<Vec<String>, Failure> {
        let (Some(first), Some(last)) = (rows.iter().min(), rows.iter().max()) else { return Ok(rows) };
        if first == last {
            return Ok(Vec::new());
        }
        let range = Range { partition: partition.to_owned(), from: first.clone(), to: key_behind(last) };
        let there: HashSet<String> =
            self.load_all(table, &range).await?.into_iter().map(|row| row.row).collect();
        Ok(rows.into_iter().filter(|row| there.contains(row)).collect())
    }

    /// Sends one message now. Only for messages that are sent again if this fails: those of the outbox, and those
    /// of a message that is delivered again until it is done.
    pub(crate) async fn send(&self, message: &Outgoing) -> Result<(), BusError> {
        self.ports.bus.send(&message.message()).await
    }
}

fn already_there(ops: &[Op], index: usize) -> Result<Committed, Failure> {
    match ops.get(index) {
        Some(op) if op.row.starts_with(keys::INBOX) => Ok(Committed::Repeat),
        Some(op) if op.row.starts_with(keys::IDEMPOTENCY) => Ok(Committed::KeyUsed),
        Some(_) | None => Err(Failure::Changed),
    }
}

/// Decides again, a bounded number of times, when another writer was first.
macro_rules! retry_on_change {
    ($attempt:expr) => {{
        let mut tries = 0;
        loop {
            match $attempt {
                Err($crate::failure::Failure::Changed) if tries < domain::limits::CONFLICT_RETRIES_MAX => {
                    tries += 1
                }
                ended => break ended,
            }
        }
    }};
}
pub(crate) use retry_on_change;
