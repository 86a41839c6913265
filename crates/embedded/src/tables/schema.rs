use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// The layout of the file that this build reads and writes (`PRAGMA user_version`).
const LAYOUT: i64 = 1;
/// How long a connection waits for another one to let go of the file: 100 short waits, then 1 ms each.
const WAITS_MAX: i32 = 10_000;
/// Statements that a connection keeps prepared: more than there are.
const STATEMENTS_MAX: usize = 32;
/// The `Table` that a name in `tbl` stands for is `Table::name`.
///
/// Bodies lie in the order of their insertion, and the keys point at them: the rows of a group fill a few pages at
/// the end of the file. With the bodies in the order of the keys every row would rewrite a page of its own, which
/// took two to three times as long.
const SCHEMA: &str = "
    CREATE TABLE entities (
        id   INTEGER PRIMARY KEY,
        tbl  TEXT NOT NULL,
        pk   TEXT NOT NULL,
        rk   TEXT NOT NULL,
        etag INTEGER NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (tbl, pk, rk)
    ) STRICT;
    CREATE TABLE store (
        id    INTEGER PRIMARY KEY CHECK (id = 0),
        epoch INTEGER NOT NULL
    ) STRICT;
    INSERT INTO store VALUES (0, 0);
";
/// Every commit is synced to the disk before it is answered; the log is emptied by `Checkpoints` alone.
const PRAGMAS: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA temp_store = MEMORY;
";

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be created, or a thread cannot be started.
    #[error("the store's folder or its threads cannot be set up")]
    System(#[from] std::io::Error),
    /// `SQLite` cannot open the file, or it is not `SQLite`'s.
    #[error("the store's file cannot be used")]
    Sqlite(#[from] rusqlite::Error),
    /// Another build wrote the file.
    #[error("the store's file has layout {found}, and this build knows layout {LAYOUT}")]
    Layout {
        /// The layout of the file.
        found: i64,
    },
}

/// Creates what is missing and counts the opening. Every process does so at its start, perhaps all at once.
///
/// The count, the epoch, is the upper part of every version that the opened store gives to a row, so that no version
/// is given twice though none is looked up.
pub(super) fn prepare(path: &Path) -> Result<i64, OpenError> {
    create_folder(path)?;
    let mut connection = connect(path)?;
    become_wal(&connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let layout: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match layout {
        0 => {
            transaction.execute_batch(SCHEMA)?;
            transaction.pragma_update(None, "user_version", LAYOUT)?;
        }
        LAYOUT => {}
        found => return Err(OpenError::Layout { found }),
    }
    let count = "UPDATE store SET epoch = epoch + 1 RETURNING epoch";
    let epoch = transaction.query_row(count, [], |row| row.get(0))?;
    transaction.commit()?;
    Ok(epoch)
}

/// A connection that syncs every commit to the disk. For one thread at a time.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_handler(Some(wait))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.execute_batch(PRAGMAS)?;
    Ok(connection)
}

/// `SQLite` syncs the folder when it creates the log in it; the folder's own entry is ours to sync.
fn create_folder(path: &Path) -> std::io::Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    match folder.parent().filter(|above| !above.as_os_str().is_empty()) {
        Some(above) => File::open(above)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

/// Two that change the file to a write-ahead log at the same time would wait for each other, so `SQLite` fails one of
/// them at once; it tries again.
fn become_wal(connection: &Connection) -> rusqlite::Result<()> {
    let mut attempt = 0;
    loop {
        let done = connection.pragma_update(None, "journal_mode", "WAL");
        let busy = done.as_ref().is_err_and(|e| e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy));
        if !busy || !wait(attempt) {
            return done;
        }
        attempt += 1;
    }
}

/// Called by `SQLite` while another connection, perhaps of another process, has what this one needs. A commit takes
/// less than a millisecond, and `SQLite`'s own waits are longer.
#[expect(
    clippy::disallowed_methods,
    reason = "there is nothing to be woken by when the lock is another process's"
)]
fn wait(attempt: i32) -> bool {
    let pause = if attempt < 100 { Duration::from_micros(50) } else { Duration::from_millis(1) };
    std::thread::sleep(pause);
    attempt < WAITS_MAX
}
