use super::message::{Message, Place, Places, decode_places, encode_places};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, ErrorCode, Row, Transaction, params};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the store looks like; another number in the file is another program's.
const SCHEMA: i64 = 1;
/// How long a host that is going away may keep the file.
const IN_USE_WAIT: Duration = Duration::from_secs(1);
/// WAL pages (of 4 KiB) after which `SQLite` copies them into the database.
const CHECKPOINT_PAGES: u32 = 4_000;

const CREATE: &str = "
    CREATE TABLE entities (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE COLLATE NOCASE) STRICT;
    CREATE TABLE messages (
        sequence_number INTEGER PRIMARY KEY,
        message_id TEXT NOT NULL,
        subject TEXT,
        correlation_id TEXT,
        content_type TEXT,
        properties TEXT NOT NULL, -- JSON
        dead_letter_source TEXT,
        accepted_at INTEGER NOT NULL, -- microseconds since 1970
        scheduled_at INTEGER,
        time_to_live INTEGER NOT NULL, -- milliseconds
        body BLOB NOT NULL,
        places TEXT NOT NULL -- open deliveries, 'entity:failed' each, '!' behind one that is dead
    ) STRICT;
    CREATE TABLE history ( -- for duplicate detection
        sequence_number INTEGER PRIMARY KEY,
        entity INTEGER NOT NULL,
        message_id TEXT NOT NULL,
        accepted_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE counters (next_sequence_number INTEGER NOT NULL, openings INTEGER NOT NULL) STRICT;
    INSERT INTO counters VALUES (1, 0);
    PRAGMA user_version = 1;
";

/// Why the bus cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("the bus is in use by another process")]
    InUse,
    /// It was written by another version of this program.
    #[error("the bus has format {0}, this program reads format {SCHEMA}")]
    Version(i64),
    /// A row is not what this program writes.
    #[error("message {0} of the bus is damaged")]
    Damaged(i64),
    /// There are more queues and subscriptions than fit.
    #[error("the bus has too many queues and subscriptions")]
    TooManyEntities,
    /// The file cannot be read or written.
    #[error("the bus cannot be opened")]
    Sqlite(#[source] rusqlite::Error),
    /// The writer's thread cannot be started.
    #[error("the thread of the bus cannot be started")]
    Thread(#[source] std::io::Error),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error_code();
        if matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) {
            Self::InUse
        } else {
            Self::Sqlite(error)
        }
    }
}

/// A message id that duplicate detection has to remember.
pub(super) struct Seen {
    pub(super) sequence_number: i64,
    pub(super) entity: u16,
    pub(super) message_id: String,
    pub(super) at: Timestamp,
}

/// What one transaction writes.
#[derive(Default)]
pub(super) struct Changes {
    /// Ids to remember.
    pub(super) seen: Vec<Seen>,
    /// New messages.
    pub(super) inserted: Vec<Arc<Message>>,
    /// New dead letters.
    pub(super) letters: Vec<Arc<Message>>,
    /// Messages whose places changed, with the places, `None` when all are done.
    pub(super) settled: Vec<(Arc<Message>, Option<String>)>,
    /// Ids up to this sequence number can be forgotten.
    pub(super) forget_through: Option<i64>,
    /// Where sequence numbers go on after a restart.
    pub(super) next_sequence_number: i64,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.seen.is_empty() && self.inserted.is_empty() && self.letters.is_empty() && self.settled.is_empty()
    }
}

/// The durable copy of the bus: a `SQLite` file. Only the writer's thread touches it.
pub(super) struct Store {
    connection: Connection,
}

impl Store {
    /// Opens or creates the file, for this process alone.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(IN_USE_WAIT)?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.set_prepared_statement_cache_capacity(32);
        let mut store = Self { connection };
        store.migrate()?;
        Ok(store)
    }

    fn migrate(&mut self) -> Result<(), OpenError> {
        // A transaction that writes takes the lock that keeps other processes out.
        let transaction =
            self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        match transaction.pragma_query_value(None, "user_version", |row| row.get(0))? {
            0 => transaction.execute_batch(CREATE)?,
            SCHEMA => {}
            other => return Err(OpenError::Version(other)),
        }
        transaction.execute("UPDATE counters SET openings = openings + 1", [])?;
        Ok(transaction.commit()?)
    }

    /// Numbers every entity the store knows, and those of `paths` that are new to it.
    pub(super) fn number_entities(&self, paths: &[String]) -> Result<Vec<(u16, String)>, OpenError> {
        for path in paths {
            self.connection.execute("INSERT OR IGNORE INTO entities (path) VALUES (?1)", [path])?;
        }
        let mut select = self.connection.prepare("SELECT id, path FROM entities ORDER BY id")?;
        let rows = select.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))?;
        rows.map(|row| {
            let (id, path) = row?;
            Ok((u16::try_from(id).map_err(|_| OpenError::TooManyEntities)?, path))
        })
        .collect()
    }

    /// Every message that has not been completed everywhere, oldest first.
    pub(super) fn load(&self) -> Result<Vec<Message>, OpenError> {
        let mut select = self.connection.prepare("SELECT * FROM messages ORDER BY sequence_number")?;
        let mut rows = select.query([])?;
        let mut messages = Vec::new();
        while let Some(row) = rows.next()? {
            messages.push(read_message(row)?);
        }
        Ok(messages)
    }

    /// Every id of the duplicate-detection history, oldest first.
    pub(super) fn load_history(&self) -> Result<Vec<Seen>, OpenError> {
        let mut select = self.connection.prepare(
            "SELECT sequence_number, entity, message_id, accepted_at FROM history ORDER BY sequence_number",
        )?;
        let rows = select.query_map([], |row| {
            let at = timestamp(row.get(3)?);
            Ok(Seen { sequence_number: row.get(0)?, entity: row.get(1)?, message_id: row.get(2)?, at })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The first sequence number that was never given away, and how often the file has been opened.
    pub(super) fn counters(&self) -> Result<(i64, u32), OpenError> {
        let select = "SELECT next_sequence_number, openings FROM counters";
        Ok(self.connection.query_row(select, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// Makes every write fail, as a disk that is full does.
    #[cfg(test)]
    pub(super) fn refuse_writes(&self, refuse: bool) {
        self.connection.pragma_update(None, "query_only", refuse).unwrap();
    }

    /// Writes everything or nothing; on disk when it returns.
    pub(super) fn commit(&mut self, changes: &Changes) -> rusqlite::Result<()> {
        let transaction =
            self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for message in changes.inserted.iter().chain(&changes.letters) {
            insert(&transaction, message)?;
        }
        for seen in &changes.seen {
            remember(&transaction, seen)?;
        }
        for (message, places) in &changes.settled {
            settle(&transaction, message.sequence_number, places.as_deref())?;
        }
        if let Some(number) = changes.forget_through {
            let mut forget = transaction.prepare_cached("DELETE FROM history WHERE sequence_number <= ?1")?;
            forget.execute([number])?;
        }
        let mut count = transaction.prepare_cached("UPDATE counters SET next_sequence_number = ?1")?;
        count.execute([changes.next_sequence_number])?;
        drop(count);
        transaction.commit()
    }
}

fn insert(transaction: &Transaction<'_>, message: &Message) -> rusqlite::Result<()> {
    let mut insert =
        transaction.prepare_cached("INSERT INTO messages VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)")?;
    insert.execute(params![
        message.sequence_number,
        message.message_id,
        message.subject,
        message.correlation_id,
        message.content_type,
        serde_json::to_string(&message.properties).unwrap_or_else(|_| "{}".to_owned()),
        message.dead_letter_source,
        message.accepted_at.as_microsecond(),
        message.scheduled_at.map(Timestamp::as_microsecond),
        i64::try_from(message.time_to_live.as_millis()).unwrap_or(i64::MAX),
        message.body.as_ref(),
        encode_places(&message.open_places()),
    ])?;
    Ok(())
}

fn remember(transaction: &Transaction<'_>, seen: &Seen) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached("INSERT INTO history VALUES (?1,?2,?3,?4)")?;
    insert.execute(params![seen.sequence_number, seen.entity, seen.message_id, seen.at.as_microsecond()])?;
    Ok(())
}

fn settle(transaction: &Transaction<'_>, number: i64, places: Option<&str>) -> rusqlite::Result<()> {
    if let Some(places) = places {
        let mut update =
            transaction.prepare_cached("UPDATE messages SET places = ?2 WHERE sequence_number = ?1")?;
        update.execute(params![number, places])?;
    } else {
        transaction.prepare_cached("DELETE FROM messages WHERE sequence_number = ?1")?.execute([number])?;
    }
    Ok(())
}

fn read_message(row: &Row<'_>) -> Result<Message, OpenError> {
    let sequence_number = row.get(0)?;
    let damaged = || OpenError::Damaged(sequence_number);
    let properties = serde_json::from_str(row.get_ref(5)?.as_str().map_err(|_| damaged())?);
    let places: Vec<Place> =
        decode_places(row.get_ref(11)?.as_str().map_err(|_| damaged())?).ok_or_else(damaged)?;
    Ok(Message {
        sequence_number,
        message_id: row.get(1)?,
        subject: row.get(2)?,
        correlation_id: row.get(3)?,
        content_type: row.get(4)?,
        properties: properties.map_err(|_| damaged())?,
        dead_letter_source: row.get(6)?,
        accepted_at: timestamp(row.get(7)?),
        scheduled_at: row.get::<_, Option<i64>>(8)?.map(timestamp),
        time_to_live: SignedDuration::from_millis(row.get(9)?),
        body: Bytes::from(row.get::<_, Vec<u8>>(10)?),
        places: Mutex::new(Places { list: places, changed: false }),
    })
}

/// Times out of range, which this program does not write, become the nearest that there is.
fn timestamp(microseconds: i64) -> Timestamp {
    let nearest = if microseconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(microseconds).unwrap_or(nearest)
}
