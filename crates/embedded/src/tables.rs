//! Tables in one `SQLite` file.
//!
//! A writer thread owns the connection that writes and commits whatever waits for it together: one sync to disk
//! for all of it. Reads run on connections of their own and never wait for the writer. A third thread moves what
//! was committed from the write-ahead log into the database file, off the path of commits.

mod checkpoint;
mod errors;
mod group;
mod reader;
mod schema;
mod version;
mod writer;

use app::ports::{ETag, Key, Op, Page, Range, Row, Table, TableError, Tables, validate};
use async_trait::async_trait;
use group::Transaction;
use reader::Readers;
pub use schema::OpenError;
use std::path::Path;
use writer::Writer;

/// [`Tables`] in an `SQLite` file that several processes may share.
///
/// What `commit` has answered survives `kill -9` and the loss of power; a read sees every commit that was answered
/// before it began, by whichever process.
pub struct SqliteTables {
    writer: Writer,
    readers: Readers,
}

impl SqliteTables {
    /// Opens the file, and creates it with its folder when it is not there. Blocks: for the start of a process.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let epoch = schema::prepare(path)?;
        Ok(Self { writer: Writer::start(path, epoch)?, readers: Readers::new(path) })
    }
}

#[async_trait]
impl Tables for SqliteTables {
    async fn read(&self, table: Table, key: &Key) -> Result<Option<Row>, TableError> {
        self.readers.read(table, key)
    }

    async fn query(
        &self,
        table: Table,
        range: &Range,
        limit: usize,
        continuation: Option<&str>,
    ) -> Result<Page, TableError> {
        self.readers.query(table, range, limit, continuation)
    }

    async fn commit(
        &self,
        table: Table,
        partition: &str,
        ops: &[Op],
    ) -> Result<Vec<Option<ETag>>, TableError> {
        validate(partition, ops)?;
        self.writer.commit(Transaction { table, partition: partition.to_owned(), ops: ops.to_vec() }).await
    }

    async fn ping(&self) -> Result<(), TableError> {
        self.writer.ping()?;
        self.readers.ping()
    }
}
