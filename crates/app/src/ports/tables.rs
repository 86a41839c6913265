use async_trait::async_trait;
use domain::limits::{ENTITY_BODY_BYTES_MAX, KEY_CHARS_MAX, TRANSACTION_BYTES_MAX, TRANSACTION_ENTITIES_MAX};
use std::collections::HashSet;
use std::time::Duration;

/// The tables of the product. Each service reads and writes its own only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Orders and lines, by the customer's bucket.
    Orders,
    /// Which line has which phone number, by the number's bucket.
    Numbers,
    /// Billing accounts, usage and bills, by the customer's bucket.
    Bills,
    /// Progress of billing runs.
    Runs,
    /// Payable bills and payments, by the customer's bucket.
    Payments,
    /// The view behind MyPage and the sums of its entries, by the customer's bucket.
    MyPage,
    /// Sagas and their steps, by the saga's bucket.
    Sagas,
    /// Messages and lines that wait for an operator.
    Parked,
    /// Facts about the store itself, such as its number of buckets.
    Meta,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 9] = [
        Self::Orders,
        Self::Numbers,
        Self::Bills,
        Self::Runs,
        Self::Payments,
        Self::MyPage,
        Self::Sagas,
        Self::Parked,
        Self::Meta,
    ];

    /// The table's name in the store: letters and digits, as Azure Tables asks.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Numbers => "numbers",
            Self::Bills => "bills",
            Self::Runs => "runs",
            Self::Payments => "payments",
            Self::MyPage => "mypage",
            Self::Sagas => "sagas",
            Self::Parked => "parked",
            Self::Meta => "meta",
        }
    }
}

/// Where one entity is: its partition and its row in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// `PartitionKey`.
    pub partition: String,
    /// `RowKey`.
    pub row: String,
}

impl Key {
    /// The key of a row in a partition.
    pub fn new(partition: impl Into<String>, row: impl Into<String>) -> Self {
        Self { partition: partition.into(), row: row.into() }
    }
}

/// The version of an entity, opaque; a write that names it fails when somebody else wrote first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag(pub String);

/// An entity as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// `RowKey`.
    pub row: String,
    /// The version that was read.
    pub etag: ETag,
    /// The entity's only property, a JSON document.
    pub body: String,
}

/// Rows of one partition from `from` (inclusive) to `to` (exclusive), in the ordinal order of their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// `PartitionKey`.
    pub partition: String,
    /// The first row key that belongs to the range.
    pub from: String,
    /// The first row key behind the range.
    pub to: String,
}

impl Range {
    /// All rows whose key begins with `prefix`. No key has a `~` or anything behind it ([`is_key`]), so `~` closes
    /// every prefix.
    pub fn prefix(partition: impl Into<String>, prefix: &str) -> Self {
        Self { partition: partition.into(), from: prefix.to_owned(), to: format!("{prefix}~") }
    }
}

/// The first key behind a row's: the space sorts before every other character of a key ([`is_key`]).
pub fn key_behind(row: &str) -> String {
    format!("{row} ")
}

/// One page of a range. A page may be short, even empty, and still have a continuation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rows, in the order of their keys.
    pub rows: Vec<Row>,
    /// Where the next page begins; `None` when the range is at its end. Opaque.
    pub continuation: Option<String>,
}

/// One operation of an entity group transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    /// `RowKey`.
    pub row: String,
    /// What is done to it.
    pub kind: OpKind,
}

/// What an operation does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpKind {
    /// Fails with [`TableError::Exists`] when the row is there.
    Insert(String),
    /// Fails with [`TableError::Changed`] when the row is not the version that was read, or is gone.
    Replace(ETag, String),
    /// Writes whatever is there (Insert Or Replace). Never for money.
    Upsert(String),
    /// With a version, fails with [`TableError::Changed`] unless the row is that version; without one, fails with
    /// [`TableError::Missing`] when the row is not there.
    Delete(Option<ETag>),
}

impl Op {
    /// Inserts a row that must not exist.
    pub fn insert(row: impl Into<String>, body: String) -> Self {
        Self { row: row.into(), kind: OpKind::Insert(body) }
    }

    /// Replaces the version that was read.
    pub fn replace(row: impl Into<String>, etag: ETag, body: String) -> Self {
        Self { row: row.into(), kind: OpKind::Replace(etag, body) }
    }

    /// Writes a row whatever is there.
    pub fn upsert(row: impl Into<String>, body: String) -> Self {
        Self { row: row.into(), kind: OpKind::Upsert(body) }
    }

    /// Deletes a row, or a version of it.
    pub fn delete(row: impl Into<String>, etag: Option<ETag>) -> Self {
        Self { row: row.into(), kind: OpKind::Delete(etag) }
    }

    /// The document that the operation writes.
    pub fn body(&self) -> Option<&str> {
        match &self.kind {
            OpKind::Insert(body) | OpKind::Replace(_, body) | OpKind::Upsert(body) => Some(body),
            OpKind::Delete(_) => None,
        }
    }
}

/// Why the tables did not do what was asked. `index` is the operation's place in the transaction; nothing of a
/// failed transaction is applied.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// A row that was to be inserted is there (409 `EntityAlreadyExists`).
    #[error("operation {index}: the row exists")]
    Exists {
        /// Which operation.
        index: usize,
    },
    /// Another writer was first (412 `UpdateConditionNotSatisfied`): read again, decide again.
    #[error("operation {index}: the row changed since it was read")]
    Changed {
        /// Which operation.
        index: usize,
    },
    /// A row that was to be deleted is not there (404 `ResourceNotFound`).
    #[error("operation {index}: the row is not there")]
    Missing {
        /// Which operation.
        index: usize,
    },
    /// The request breaks a limit or a rule of the tables; it would fail every time.
    #[error("the tables cannot take this: {0}")]
    Invalid(&'static str),
    /// The tables ask to slow down (429, 503 `ServerBusy`); nothing was applied.
    #[error("the tables are busy")]
    Throttled {
        /// How long they ask to wait, when they say.
        retry_after: Option<Duration>,
    },
    /// No answer: whether the transaction was applied is not known. Read before deciding.
    #[error("the tables did not answer")]
    Unknown(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Key-value tables with entity group transactions, as Azure Tables has them.
#[async_trait]
pub trait Tables: Send + Sync {
    /// Reads one row.
    async fn read(&self, table: Table, key: &Key) -> Result<Option<Row>, TableError>;

    /// Reads up to `limit` rows (1 to [`PAGE_ENTITIES_MAX`](domain::limits::PAGE_ENTITIES_MAX)) of a range.
    async fn query(
        &self,
        table: Table,
        range: &Range,
        limit: usize,
        continuation: Option<&str>,
    ) -> Result<Page, TableError>;

    /// Applies all operations or none: one entity group transaction in one partition, 1 to 100 operations, each row
    /// once. The answer holds the new version of each row, `None` for a deleted one.
    async fn commit(
        &self,
        table: Table,
        partition: &str,
        ops: &[Op],
    ) -> Result<Vec<Option<ETag>>, TableError>;

    /// Answers when the store can be reached: readiness.
    async fn ping(&self) -> Result<(), TableError>;
}

/// Checks a transaction against the rules and limits of Azure Tables, so that every adapter refuses the same.
pub fn validate(partition: &str, ops: &[Op]) -> Result<(), TableError> {
    if ops.is_empty() {
        return Err(TableError::Invalid("a transaction needs an operation"));
    }
    if ops.len() > TRANSACTION_ENTITIES_MAX {
        return Err(TableError::Invalid("a transaction takes 100 operations"));
    }
    let mut rows = HashSet::with_capacity(ops.len());
    for op in ops {
        if !is_key(partition) || !is_key(&op.row) {
            return Err(TableError::Invalid("a key is 1 to 512 characters, and not each is allowed"));
        }
        if !rows.insert(op.row.as_str()) {
            return Err(TableError::Invalid("a transaction names each row once"));
        }
        if op.body().is_some_and(|body| body.len() > ENTITY_BODY_BYTES_MAX) {
            return Err(TableError::Invalid("an entity's body is too large"));
        }
    }
    if transaction_bytes(partition, ops) > TRANSACTION_BYTES_MAX {
        return Err(TableError::Invalid("a transaction is too large"));
    }
    Ok(())
}

/// Whether a partition or a row can have this key: 1 to 512 printable ASCII characters, so that ordinal order is the
/// same in every store, without `/ \ # ?` (Microsoft Learn, "Understanding the Table service data model"), `%`, which
/// some clients decode twice, and `~`, which closes prefixes.
pub fn is_key(text: &str) -> bool {
    let allowed = |b: u8| matches!(b, b' '..b'~') && !matches!(b, b'/' | b'\\' | b'#' | b'?' | b'%');
    (1..=KEY_CHARS_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

/// The bytes that count for [`TRANSACTION_BYTES_MAX`]: never fewer than an adapter sends, whatever is escaped.
pub fn transaction_bytes(partition: &str, ops: &[Op]) -> usize {
    let keys = |op: &Op| KEY_FACTOR * (partition.len() + op.row.len());
    let one = |op: &Op| OPERATION_BYTES + keys(op) + op.body().map_or(0, json_bytes);
    ops.iter().map(one).sum()
}

/// What surrounds an operation's keys and body in a request: an address, headers, the names of properties.
const OPERATION_BYTES: usize = 1024;
/// A `'` in a key is doubled and percent-encoded in the address, which makes 6 bytes; a `"` is escaped in the entity.
const KEY_FACTOR: usize = 8;

/// The bytes of a text in JSON, with escapes.
fn json_bytes(text: &str) -> usize {
    let one = |c: char| match c {
        '"' | '\\' => 2,
        '\u{2028}' | '\u{2029}' => 6,
        c if c.is_ascii_control() => 6,
        c => c.len_utf8(),
    };
    text.chars().map(one).sum()
}
