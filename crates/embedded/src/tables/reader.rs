use super::errors::failed;
use super::schema::connect;
use super::version;
use app::ports::{Key, Page, Range, Row, Table, TableError};
use domain::limits::PAGE_ENTITIES_MAX;
use rusqlite::{Connection, OptionalExtension};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const READ: &str = "SELECT rk, etag, body FROM entities WHERE tbl = ?1 AND pk = ?2 AND rk = ?3";
const QUERY: &str = "SELECT rk, etag, body FROM entities \
    WHERE tbl = ?1 AND pk = ?2 AND rk >= ?3 AND rk < ?4 ORDER BY rk LIMIT ?5";
/// Proves that the file can be read.
const PING: &str = "SELECT epoch FROM store";
/// Connections that are kept for the next read; one read uses one.
const IDLE_MAX: usize = 8;

/// Connections that read. A read runs on its caller's thread: a row takes 5 microseconds and a page of a thousand
/// rows 2 milliseconds, less than parsing them takes; to hand them to another thread would take longer.
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::default() }
    }

    pub(super) fn read(&self, table: Table, key: &Key) -> Result<Option<Row>, TableError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(READ)?;
            statement.query_row((table.name(), &key.partition, &key.row), row).optional()
        })
    }

    /// The continuation is the key of the last row that was returned.
    pub(super) fn query(
        &self,
        table: Table,
        range: &Range,
        limit: usize,
        continuation: Option<&str>,
    ) -> Result<Page, TableError> {
        let rows_max = match i64::try_from(limit) {
            Ok(rows) if limit <= PAGE_ENTITIES_MAX && rows > 0 => rows,
            _ => return Err(TableError::Invalid("a page has 1 to 1,000 rows")),
        };
        // Behind the last key and before the next one, for no key has a control character.
        let behind = continuation.map(|last| format!("{last}\u{1}"));
        let from = behind.as_deref().map_or(range.from.as_str(), |behind| behind.max(range.from.as_str()));
        let mut rows = self.with(|connection| {
            let mut statement = connection.prepare_cached(QUERY)?;
            let found =
                statement.query_map((table.name(), &range.partition, from, &range.to, rows_max + 1), row)?;
            found.collect::<rusqlite::Result<Vec<Row>>>()
        })?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let continuation = rows.last().filter(|_| more).map(|last| last.row.clone());
        Ok(Page { rows, continuation })
    }

    pub(super) fn ping(&self) -> Result<(), TableError> {
        self.with(|connection| connection.prepare_cached(PING)?.query_row([], |_| Ok(())))
    }

    fn with<T>(&self, run: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, TableError> {
        self.try_with(run).map_err(|cause| failed(&Arc::new(cause)))
    }

    /// A connection that failed is not used again.
    fn try_with<T>(&self, run: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = idle.map_or_else(|| connect(&self.path), Ok)?;
        let answer = run(&connection)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX {
            idle.push(connection);
        }
        Ok(answer)
    }
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row { row: row.get(0)?, etag: version::to_etag(row.get(1)?), body: row.get(2)? })
}
