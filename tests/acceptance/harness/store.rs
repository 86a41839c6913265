//! The handler's tables, looked at from outside.

use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// The tables, read only.
pub(crate) struct Store(Connection);

impl Store {
    pub(super) fn open(file: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags).unwrap();
        connection.busy_timeout(super::SOON).unwrap();
        Self(connection)
    }

    /// Every entity: table, keys, version and body. What is parked is without its version: a replay that fails leaves
    /// it as it was, but has had it for itself meanwhile.
    pub(crate) fn dump(&self) -> Vec<String> {
        let sql = "SELECT tbl || ' ' || pk || ' ' || rk || ' ' || iif(tbl = 'parked', '', etag) || ' ' || body \
            FROM entities ORDER BY tbl, pk, rk";
        let mut statement = self.0.prepare_cached(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// The keys of all rows that begin with a prefix, in every table.
    pub(crate) fn rows(&self, prefix: &str) -> Vec<String> {
        let sql =
            "SELECT tbl || ' ' || rk FROM entities WHERE substr(rk, 1, length(?1)) = ?1 ORDER BY tbl, pk, rk";
        let mut statement = self.0.prepare_cached(sql).unwrap();
        statement.query_map([prefix], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }
}
