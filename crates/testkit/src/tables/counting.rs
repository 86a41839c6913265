use app::ports::{ETag, Key, Op, Page, Range, Row, Table, TableError, Tables};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::ops::{AddAssign, Sub};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How often the tables were asked; what Azure bills, whether or not the answer was an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Reads of one row.
    pub reads: usize,
    /// Pages of queries.
    pub queries: usize,
    /// Entity group transactions.
    pub writes: usize,
}

impl Counts {
    /// Reads of one row, and pages of queries.
    pub const fn all_reads(self) -> usize {
        self.reads + self.queries
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.reads += other.reads;
        self.queries += other.queries;
        self.writes += other.writes;
    }
}

impl Sub for Counts {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            reads: self.reads - other.reads,
            queries: self.queries - other.queries,
            writes: self.writes - other.writes,
        }
    }
}

/// How often each table was asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableCounts(BTreeMap<Table, Counts>);

impl TableCounts {
    /// Of one table.
    pub fn of(&self, table: Table) -> Counts {
        self.0.get(&table).copied().unwrap_or_default()
    }

    /// Of these tables together.
    pub fn sum(&self, tables: &[Table]) -> Counts {
        let mut sum = Counts::default();
        for table in tables {
            sum += self.of(*table);
        }
        sum
    }

    /// Of all tables together.
    pub fn total(&self) -> Counts {
        self.sum(&Table::ALL)
    }

    /// Of all but these together, such as all but the view and the saga record.
    pub fn without(&self, tables: &[Table]) -> Counts {
        self.total() - self.sum(tables)
    }
}

/// Counts every call to other tables.
pub struct CountingTables {
    inner: Arc<dyn Tables>,
    counts: Mutex<TableCounts>,
}

impl CountingTables {
    /// Counts the calls to `inner`.
    pub fn new(inner: Arc<dyn Tables>) -> Self {
        Self { inner, counts: Mutex::default() }
    }

    /// The calls since the start or the last `reset`.
    pub fn counts(&self) -> TableCounts {
        self.locked().clone()
    }

    /// Begins to count anew, and answers what was counted until now.
    pub fn reset(&self) -> TableCounts {
        std::mem::take(&mut *self.locked())
    }

    fn count(&self, table: Table, counts: Counts) {
        *self.locked().0.entry(table).or_default() += counts;
    }

    fn locked(&self) -> MutexGuard<'_, TableCounts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Tables for CountingTables {
    async fn read(&self, table: Table, key: &Key) -> Result<Option<Row>, TableError> {
        self.count(table, Counts { reads: 1, ..Counts::default() });
        self.inner.read(table, key).await
    }

    async fn query(
        &self,
        table: Table,
        range: &Range,
        limit: usize,
        continuation: Option<&str>,
    ) -> Result<Page, TableError> {
        self.count(table, Counts { queries: 1, ..Counts::default() });
        self.inner.query(table, range, limit, continuation).await
    }

    async fn commit(
        &self,
        table: Table,
        partition: &str,
        ops: &[Op],
    ) -> Result<Vec<Option<ETag>>, TableError> {
        self.count(table, Counts { writes: 1, ..Counts::default() });
        self.inner.commit(table, partition, ops).await
    }

    async fn ping(&self) -> Result<(), TableError> {
        self.inner.ping().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryTables;

    crate::table_contract!(async { (Arc::new(CountingTables::new(Arc::new(MemoryTables::default()))), ()) });

    #[tokio::test]
    async fn every_call_counts_for_its_table() {
        let tables = CountingTables::new(Arc::new(MemoryTables::default()));
        let op = [Op::insert("a", "{}".to_owned())];
        tables.commit(Table::Bills, "b", &op).await.unwrap();
        tables.commit(Table::Bills, "b", &op).await.unwrap_err();
        tables.read(Table::Sagas, &Key::new("b", "a")).await.unwrap();
        tables.query(Table::Bills, &Range::prefix("b", ""), 10, None).await.unwrap();
        let counts = tables.counts();
        assert_eq!(counts.of(Table::Bills), Counts { reads: 0, queries: 1, writes: 2 });
        assert_eq!(counts.total(), Counts { reads: 1, queries: 1, writes: 2 });
        assert_eq!(counts.without(&[Table::Bills]), Counts { reads: 1, queries: 0, writes: 0 });
        assert_eq!(counts.total().all_reads(), 2);
        assert_eq!(tables.reset(), counts);
        assert_eq!(tables.counts(), TableCounts::default());
    }
}
