use crate::faults::{Call, Fault, Faults};
use app::ports::{ETag, Key, Op, Page, Range, Row, Table, TableError, Tables};
use async_trait::async_trait;
use std::sync::Arc;

/// The continuation of an empty first page. No adapter has such a one, for no key has a control character.
const BEGINNING: &str = "\u{0}";

/// Lets calls to other tables go wrong.
pub struct FaultyTables {
    inner: Arc<dyn Tables>,
    faults: Faults,
}

impl FaultyTables {
    /// Lets calls to `inner` go wrong as `faults` has it.
    pub fn new(inner: Arc<dyn Tables>, faults: &Faults) -> Self {
        Self { inner, faults: faults.clone() }
    }
}

fn throttled() -> TableError {
    TableError::Throttled { retry_after: None }
}

fn unknown() -> TableError {
    TableError::Unknown("a fault of the test".into())
}

#[async_trait]
impl Tables for FaultyTables {
    async fn read(&self, table: Table, key: &Key) -> Result<Option<Row>, TableError> {
        let call = || Call::Read(table, key.clone());
        self.faults.around(call, self.inner.read(table, key), throttled, unknown).await
    }

    async fn query(
        &self,
        table: Table,
        range: &Range,
        limit: usize,
        continuation: Option<&str>,
    ) -> Result<Page, TableError> {
        let inner = continuation.filter(|token| *token != BEGINNING);
        let fault = self.faults.decide(|| Call::Query(table, range.clone()));
        match fault {
            Some(Fault::ShortPage(0)) => {
                let token = continuation.unwrap_or(BEGINNING).to_owned();
                Ok(Page { rows: Vec::new(), continuation: Some(token) })
            }
            Some(Fault::ShortPage(rows)) => self.inner.query(table, range, rows.min(limit), inner).await,
            other => Faults::suffer(other, &self.faults, self.inner.query(table, range, limit, inner)).await,
        }
    }

    async fn commit(&self, table: Table, partition: &str, ops: &[Op]) -> Result<Vec<Option<ETag>>, TableError> {
        let call = || Call::Commit(table, partition.to_owned(), ops.to_vec());
        self.faults.around(call, self.inner.commit(table, partition, ops), throttled, unknown).await
    }

    async fn ping(&self) -> Result<(), TableError> {
        self.faults.around(|| Call::Ping, self.inner.ping(), throttled, unknown).await
    }
}
