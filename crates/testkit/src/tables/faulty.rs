use crate::faults::{Call, Fault, Faults};
use app::ports::{ETag, Key, Op, Page, Range, Row, Table, TableError, Tables};
use async_trait::async_trait;
use domain::limits::PAGE_ENTITIES_MAX;
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
            Some(Fault::ShortPage(0)) if (1..=PAGE_ENTITIES_MAX).contains(&limit) => {
                let token = continuation.unwrap_or(BEGINNING).to_owned();
                Ok(Page { rows: Vec::new(), continuation: Some(token) })
            }
            Some(Fault::ShortPage(rows)) if limit <= PAGE_ENTITIES_MAX => {
                self.inner.query(table, range, rows.min(limit), inner).await
            }
            other => {
                let page = self.inner.query(table, range, limit, inner);
                self.faults.suffer(other, page, throttled, unknown).await
            }
        }
    }

    async fn commit(
        &self,
        table: Table,
        partition: &str,
        ops: &[Op],
    ) -> Result<Vec<Option<ETag>>, TableError> {
        let call = || Call::Commit(table, partition.to_owned(), ops.to_vec());
        self.faults.around(call, self.inner.commit(table, partition, ops), throttled, unknown).await
    }

    async fn ping(&self) -> Result<(), TableError> {
        self.faults.around(|| Call::Ping, self.inner.ping(), throttled, unknown).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryTables;

    crate::table_contract!(async {
        (Arc::new(FaultyTables::new(Arc::new(MemoryTables::default()), &Faults::default())), ())
    });

    // Every page is short, and every other one is empty: nothing that a caller may not meet.
    mod with_short_pages {
        use super::*;

        crate::table_contract!(async {
            let faults = Faults::default();
            let mut queries = 0;
            faults.each(move |call| {
                queries += usize::from(matches!(call, Call::Query(..)));
                Some(Fault::ShortPage(queries % 2 * 7))
            });
            (Arc::new(FaultyTables::new(Arc::new(MemoryTables::default()), &faults)), ())
        });
    }

    fn insert(row: &str) -> [Op; 1] {
        [Op::insert(row, "{}".to_owned())]
    }

    /// Commits with `fault` at the second of three commits: what each answered, and the rows that are there then.
    async fn check(fault: Fault, answers: [&str; 3], rows: &[&str]) {
        let memory = Arc::new(MemoryTables::default());
        let faults = Faults::default();
        faults.nth(2, |call| call.commits_to(Table::Meta), fault);
        let tables = FaultyTables::new(Arc::clone(&memory) as Arc<dyn Tables>, &faults);
        let mut answered = Vec::new();
        for row in ["a", "b", "c"] {
            // Not a commit to this table, so not counted.
            tables.commit(Table::Bills, "p", &insert(row)).await.unwrap();
            let op = insert(row);
            answered.push(match faults.survives(tables.commit(Table::Meta, "p", &op)).await {
                Some(Ok(_)) => "done",
                Some(Err(TableError::Throttled { .. })) => "throttled",
                Some(Err(_)) => "unknown",
                None => "died",
            });
        }
        assert_eq!(answered, answers, "{fault:?}");
        let left: Vec<String> = memory.rows(Table::Meta).into_iter().map(|(key, _)| key.row).collect();
        assert_eq!(left, rows, "{fault:?}");
        assert_eq!((faults.calls(), faults.fired()), (6, 1), "{fault:?}");
    }

    #[tokio::test]
    async fn a_fault_hits_the_call_it_is_meant_for_and_no_other() {
        check(Fault::Refused, ["done", "throttled", "done"], &["a", "c"]).await;
        check(Fault::LostBefore, ["done", "unknown", "done"], &["a", "c"]).await;
        check(Fault::LostAfter, ["done", "unknown", "done"], &["a", "b", "c"]).await;
        check(Fault::DieBefore, ["done", "died", "done"], &["a", "c"]).await;
        check(Fault::DieAfter, ["done", "died", "done"], &["a", "b", "c"]).await;
        check(Fault::Late(3), ["done", "done", "done"], &["a", "b", "c"]).await;
    }

    #[tokio::test]
    async fn after_clear_nothing_goes_wrong() {
        let faults = Faults::default();
        faults.always(|_| true, Fault::Refused);
        let tables = FaultyTables::new(Arc::new(MemoryTables::default()), &faults);
        assert!(tables.ping().await.is_err());
        faults.clear();
        assert!(tables.ping().await.is_ok());
        assert_eq!((faults.calls(), faults.fired()), (1, 0));
    }
}
