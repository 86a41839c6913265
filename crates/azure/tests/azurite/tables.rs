use super::proxy::{Cut, Proxy};
use app::ports::{ETag, Key, Op, Page, Range, Row, Table, TableError, Tables};
use async_trait::async_trait;
use azure::tables::TablesClient;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::OnceCell;

/// The tables of this process's Azurite, which are there from the first call on.
async fn client() -> TablesClient {
    static CREATED: OnceCell<()> = OnceCell::const_new();
    let client = TablesClient::emulator(&super::tables_endpoint(), None).unwrap();
    CREATED.get_or_init(|| async { client.create_tables().await.unwrap() }).await;
    client
}

/// Gives each test partitions of its own in the tables that all tests share: `b0001` and `b0002` are what several
/// checks of the contract use.
struct Own {
    tables: TablesClient,
    number: usize,
}

impl Own {
    async fn new() -> Self {
        static NUMBERS: AtomicUsize = AtomicUsize::new(0);
        Self { tables: client().await, number: NUMBERS.fetch_add(1, Ordering::Relaxed) }
    }

    fn partition(&self, partition: &str) -> String {
        partition.replacen("b00", &format!("{:03}", self.number), 1)
    }
}

#[async_trait]
impl Tables for Own {
    async fn read(&self, table: Table, key: &Key) -> Result<Option<Row>, TableError> {
        self.tables.read(table, &Key::new(self.partition(&key.partition), &*key.row)).await
    }

    async fn query(
        &self,
        table: Table,
        range: &Range,
        limit: usize,
        continuation: Option<&str>,
    ) -> Result<Page, TableError> {
        let range = Range { partition: self.partition(&range.partition), ..range.clone() };
        self.tables.query(table, &range, limit, continuation).await
    }

    async fn commit(
        &self,
        table: Table,
        partition: &str,
        ops: &[Op],
    ) -> Result<Vec<Option<ETag>>, TableError> {
        self.tables.commit(table, &self.partition(partition), ops).await
    }

    async fn ping(&self) -> Result<(), TableError> {
        self.tables.ping().await
    }
}

testkit::table_contract!(async { (std::sync::Arc::new(Own::new().await), ()) });

#[tokio::test]
async fn tables_that_are_there_are_created_again_without_harm() {
    let tables = client().await;
    let key = Key::new("created-again", "a");
    tables.commit(Table::Meta, &key.partition, &[Op::insert("a", "1".to_owned())]).await.unwrap();
    tables.create_tables().await.unwrap();
    assert!(tables.read(Table::Meta, &key).await.unwrap().is_some());
}

/// A connection that is cut before the whole batch has left, and at several places of its answer: the client says that
/// it does not know, and the rows say what happened. Nothing was sent twice, or the second one would have been refused.
#[tokio::test]
async fn a_connection_that_is_cut_in_a_batch_leaves_it_to_be_read_what_was_done() {
    let direct = client().await;
    let ops: Vec<Op> = (0..100).map(|n| Op::insert(format!("r{n:02}"), "{}".repeat(50))).collect();
    let cuts = [
        (Cut::Request(1_000), false),
        (Cut::Request(20_000), false),
        (Cut::Answer(0), true),
        (Cut::Answer(100), true),
        (Cut::Answer(5_000), true),
    ];
    for (cut, done) in cuts {
        let partition = format!("{cut:?}").replace(['(', ')'], "-");
        let proxy = Proxy::start(&super::tables_endpoint(), cut).await.unwrap();
        let tables = TablesClient::emulator(proxy.endpoint(), None).unwrap();
        let answer = tables.commit(Table::Orders, &partition, &ops).await;
        assert!(matches!(answer, Err(TableError::Unknown(_))), "{cut:?}: {answer:?}");
        for tables in [&tables, &direct] {
            let page =
                tables.query(Table::Orders, &Range::prefix(&*partition, ""), 1_000, None).await.unwrap();
            assert_eq!(page.rows.len(), if done { ops.len() } else { 0 }, "{cut:?}");
        }
        let again = tables.commit(Table::Orders, &partition, &ops).await;
        match again {
            Ok(etags) => assert!(!done && etags.len() == ops.len(), "{cut:?}"),
            Err(TableError::Exists { index: 0 }) => assert!(done, "{cut:?}"),
            Err(other) => panic!("{cut:?}: {other:?}"),
        }
    }
}
