use app::ports::{ETag, Key, Op, OpKind, Page, Range, Row, Table, TableError, Tables, validate};
use async_trait::async_trait;
use domain::limits::PAGE_ENTITIES_MAX;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

type Partition = BTreeMap<String, Entity>;

#[derive(Debug, Clone)]
struct Entity {
    version: u64,
    body: String,
}

impl Entity {
    fn etag(&self) -> ETag {
        ETag(self.version.to_string())
    }
}

#[derive(Debug, Default, Clone)]
struct State {
    /// Versions that were given; none is given twice.
    versions: u64,
    partitions: BTreeMap<(Table, String), Partition>,
}

/// Tables in memory, with the rules of the real ones.
#[derive(Debug, Default)]
pub struct MemoryTables(Mutex<State>);

impl MemoryTables {
    /// Every row of a table with its body, in the order of the keys.
    pub fn rows(&self, table: Table) -> Vec<(Key, String)> {
        let state = self.state();
        let partitions = state.partitions.iter().filter(|((of, _), _)| *of == table);
        partitions
            .flat_map(|((_, partition), rows)| {
                rows.iter().map(move |(row, entity)| (Key::new(partition, row), entity.body.clone()))
            })
            .collect()
    }

    /// Every row of every table: two that are equal hold the same, whatever their versions.
    pub fn contents(&self) -> BTreeMap<(Table, Key), String> {
        let of = |table| self.rows(table).into_iter().map(move |(key, body)| ((table, key), body));
        Table::ALL.into_iter().flat_map(of).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for MemoryTables {
    /// The tables as they are now; what is written to one later is not in the other.
    fn clone(&self) -> Self {
        Self(Mutex::new(self.state().clone()))
    }
}

#[async_trait]
impl Tables for MemoryTables {
    async fn read(&self, table: Table, key: &Key) -> Result<Option<Row>, TableError> {
        let state = self.state();
        let partition = state.partitions.get(&(table, key.partition.clone()));
        Ok(partition.and_then(|rows| rows.get_key_value(&key.row)).map(row))
    }

    async fn query(
        &self,
        table: Table,
        range: &Range,
        limit: usize,
        continuation: Option<&str>,
    ) -> Result<Page, TableError> {
        if !(1..=PAGE_ENTITIES_MAX).contains(&limit) {
            return Err(TableError::Invalid("a page has 1 to 1,000 rows"));
        }
        let from = match continuation {
            Some(last) if last >= range.from.as_str() => Bound::Excluded(last),
            _ => Bound::Included(range.from.as_str()),
        };
        let state = self.state();
        let Some(partition) = state.partitions.get(&(table, range.partition.clone())) else {
            return Ok(Page { rows: Vec::new(), continuation: None });
        };
        let mut found = partition.range::<str, _>((from, Bound::Unbounded));
        let mut found = found.by_ref().take_while(|(key, _)| **key < range.to).map(row);
        let rows: Vec<Row> = found.by_ref().take(limit).collect();
        let more = found.next().is_some();
        let continuation = rows.last().filter(|_| more).map(|last| last.row.clone());
        Ok(Page { rows, continuation })
    }

    async fn commit(
        &self,
        table: Table,
        partition: &str,
        ops: &[Op],
    ) -> Result<Vec<Option<ETag>>, TableError> {
        validate(partition, ops)?;
        let mut state = self.state();
        let State { versions, partitions } = &mut *state;
        let rows = partitions.entry((table, partition.to_owned())).or_default();
        // Each row is named once, so that no operation changes what the next one is checked against.
        for (index, op) in ops.iter().enumerate() {
            check(rows, index, op)?;
        }
        Ok(ops.iter().map(|op| apply(rows, versions, op)).collect())
    }

    async fn ping(&self) -> Result<(), TableError> {
        Ok(())
    }
}

fn row((key, entity): (&String, &Entity)) -> Row {
    Row { row: key.clone(), etag: entity.etag(), body: entity.body.clone() }
}

fn check(rows: &Partition, index: usize, op: &Op) -> Result<(), TableError> {
    let etag = rows.get(&op.row).map(Entity::etag);
    match &op.kind {
        OpKind::Insert(_) if etag.is_some() => Err(TableError::Exists { index }),
        OpKind::Replace(old, _) | OpKind::Delete(Some(old)) if etag.as_ref() != Some(old) => {
            Err(TableError::Changed { index })
        }
        OpKind::Delete(None) if etag.is_none() => Err(TableError::Missing { index }),
        OpKind::Insert(_) | OpKind::Replace(..) | OpKind::Upsert(_) | OpKind::Delete(_) => Ok(()),
    }
}

fn apply(rows: &mut Partition, versions: &mut u64, op: &Op) -> Option<ETag> {
    let Some(body) = op.body() else {
        rows.remove(&op.row);
        return None;
    };
    *versions += 1;
    let entity = Entity { version: *versions, body: body.to_owned() };
    let etag = entity.etag();
    rows.insert(op.row.clone(), entity);
    Some(etag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    crate::table_contract!(async { (Arc::new(MemoryTables::default()), ()) });

    #[tokio::test]
    async fn a_copy_holds_what_was_there_and_goes_its_own_way() {
        let tables = MemoryTables::default();
        let insert = |row: &str| [Op::insert(row, "{}".to_owned())];
        tables.commit(Table::Meta, "b0000", &insert("a")).await.unwrap();
        let copy = tables.clone();
        assert_eq!(copy.contents(), tables.contents());
        copy.commit(Table::Meta, "b0000", &insert("b")).await.unwrap();
        assert_eq!(tables.rows(Table::Meta), [(Key::new("b0000", "a"), "{}".to_owned())]);
        assert_eq!(copy.contents().len(), 2);
    }
}
