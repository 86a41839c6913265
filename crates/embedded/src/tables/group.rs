//! One `SQLite` transaction for all the entity group transactions that wait.

use super::version::{self, Versions};
use app::ports::{ETag, Op, OpKind, Table, TableError};
use rusqlite::{Connection, Params};

const INSERT: &str = "INSERT INTO entities (tbl, pk, rk, etag, body) VALUES (?1, ?2, ?3, ?4, ?5) \
    ON CONFLICT (tbl, pk, rk) DO NOTHING";
const REPLACE: &str = "UPDATE entities SET etag = ?4, body = ?5 \
    WHERE tbl = ?1 AND pk = ?2 AND rk = ?3 AND etag = ?6";
const UPSERT: &str = "INSERT INTO entities (tbl, pk, rk, etag, body) VALUES (?1, ?2, ?3, ?4, ?5) \
    ON CONFLICT (tbl, pk, rk) DO UPDATE SET etag = excluded.etag, body = excluded.body";
const DELETE: &str = "DELETE FROM entities WHERE tbl = ?1 AND pk = ?2 AND rk = ?3";
const DELETE_VERSION: &str = "DELETE FROM entities WHERE tbl = ?1 AND pk = ?2 AND rk = ?3 AND etag = ?4";

/// What `Tables::commit` answers.
pub(super) type Answer = Result<Vec<Option<ETag>>, TableError>;

/// One entity group transaction.
pub(super) struct Transaction {
    pub(super) table: Table,
    pub(super) partition: String,
    pub(super) ops: Vec<Op>,
}

/// The connection that writes.
pub(super) struct Group {
    connection: Connection,
    versions: Versions,
}

impl Group {
    pub(super) fn new(connection: Connection, epoch: i64) -> Self {
        Self { connection, versions: Versions::new(epoch) }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Waits until no other process writes to the file. What comes meanwhile can go along.
    pub(super) fn begin(&self) -> rusqlite::Result<()> {
        self.execute("BEGIN IMMEDIATE")
    }

    /// Commits all of them with one sync to the disk. Each succeeds or is refused alone; when `SQLite` itself fails,
    /// they fail together.
    pub(super) fn commit<'a>(
        &mut self,
        transactions: impl Iterator<Item = &'a Transaction>,
    ) -> rusqlite::Result<Vec<Answer>> {
        let applied =
            transactions.map(|transaction| self.apply(transaction)).collect::<rusqlite::Result<Vec<_>>>();
        let done = applied.and_then(|answers| self.execute("COMMIT").map(|()| answers));
        if done.is_err() && !self.connection.is_autocommit() {
            // When this fails too, the next BEGIN fails, and its callers hear of it.
            let _ = self.execute("ROLLBACK");
        }
        done
    }

    fn apply(&mut self, transaction: &Transaction) -> rusqlite::Result<Answer> {
        self.execute("SAVEPOINT one")?;
        let mut etags = Vec::with_capacity(transaction.ops.len());
        for (index, op) in transaction.ops.iter().enumerate() {
            match self.apply_op(transaction, index, op)? {
                Ok(etag) => etags.push(etag),
                Err(refusal) => {
                    self.execute("ROLLBACK TO one")?;
                    self.execute("RELEASE one")?;
                    return Ok(Err(refusal));
                }
            }
        }
        self.execute("RELEASE one")?;
        Ok(Ok(etags))
    }

    fn apply_op(
        &mut self,
        Transaction { table, partition, .. }: &Transaction,
        index: usize,
        op: &Op,
    ) -> rusqlite::Result<Result<Option<ETag>, TableError>> {
        let (table, row) = (table.name(), &op.row);
        let new = self.versions.next();
        let (changed, otherwise) = match &op.kind {
            OpKind::Insert(body) => {
                (self.run(INSERT, (table, partition, row, new, body))?, TableError::Exists { index })
            }
            OpKind::Replace(old, body) => {
                let old = version::of_etag(old);
                (self.run(REPLACE, (table, partition, row, new, body, old))?, TableError::Changed { index })
            }
            OpKind::Upsert(body) => {
                (self.run(UPSERT, (table, partition, row, new, body))?, TableError::Changed { index })
            }
            OpKind::Delete(Some(old)) => {
                let old = version::of_etag(old);
                (self.run(DELETE_VERSION, (table, partition, row, old))?, TableError::Changed { index })
            }
            OpKind::Delete(None) => {
                (self.run(DELETE, (table, partition, row))?, TableError::Missing { index })
            }
        };
        let etag = op.body().map(|_| version::to_etag(new));
        Ok(if changed == 1 { Ok(etag) } else { Err(otherwise) })
    }

    /// The number of rows that the statement changed.
    fn run(&self, sql: &str, values: impl Params) -> rusqlite::Result<usize> {
        self.connection.prepare_cached(sql)?.execute(values)
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.run(sql, []).map(drop)
    }
}
