//! What every adapter of [`Tables`] keeps, as one check for each rule.
//!
//! `testkit::table_contract!(make)` in a module of tests makes a test of every check. `make` is an expression that
//! yields a future of `(Arc<dyn Tables>, guard)`: empty tables, and what must live as long as they do, such as a
//! temporary folder. It is evaluated once for each check.
#![allow(clippy::missing_panics_doc, reason = "a check fails by panicking")]
#![expect(clippy::unwrap_used, reason = "a check fails by panicking")]

mod concurrency;
mod keys_and_sizes;
mod queries;
mod trouble;
mod writes;

pub use concurrency::*;
pub use keys_and_sizes::*;
pub use queries::*;
pub use trouble::*;
pub use writes::*;

use app::ports::{ETag, Key, Op, Range, Row, Table, TableError, Tables};

/// One test for each check of the contract; see [`table_contract!`](crate::table_contract!).
#[macro_export]
macro_rules! table_contract {
    ($make:expr) => {
        $crate::table_contract! { @tests $make;
            a_row_is_read_as_it_was_written
            a_row_that_is_there_is_not_inserted
            a_replaced_row_must_be_the_version_that_was_read
            a_deleted_row_is_not_replaced
            a_version_never_comes_back
            an_upsert_writes_whatever_is_there
            a_version_is_deleted_once
            a_row_is_deleted_whatever_its_version
            a_text_is_not_a_version_by_itself
            the_answer_has_the_version_of_each_row
            a_failing_operation_is_named_and_nothing_is_applied
            rows_of_other_tables_and_partitions_are_not_touched
            a_transaction_has_one_to_a_hundred_operations
            a_transaction_names_each_row_once
            every_allowed_character_makes_a_key
            no_other_character_makes_a_key
            a_key_has_one_to_512_characters
            a_body_has_a_limit
            a_transaction_has_a_limit_in_bytes
            any_text_is_a_body
            a_range_has_its_first_key_and_not_its_last
            rows_come_in_the_order_of_their_keys
            a_prefix_finds_its_rows_and_no_others
            a_range_of_nothing_is_empty
            pages_together_are_the_range
            a_page_has_one_to_a_thousand_rows
            rows_may_come_and_go_between_pages
            what_was_committed_is_read
            increments_at_the_same_time_are_all_counted
            one_of_many_inserts_wins
            a_transaction_is_seen_whole
            what_was_throttled_can_be_sent_again
            a_lost_answer_is_resolved_by_reading
            the_store_answers_a_ping
        }
    };
    (@tests $make:expr; $($check:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                let (tables, _guard) = $make.await;
                $crate::table_contract::$check(tables).await;
            }
        )+
    };
}

const TABLE: Table = Table::Orders;
const PARTITION: &str = "b0001";
/// More pages than any range here has, however short they are.
const PAGES_MAX: usize = 20_000;

fn key(row: &str) -> Key {
    Key::new(PARTITION, row)
}

fn insert(row: &str, body: &str) -> Op {
    Op::insert(row, body.to_owned())
}

/// Commits to the contract's table and partition.
async fn commit(tables: &dyn Tables, ops: &[Op]) -> Result<Vec<Option<ETag>>, TableError> {
    tables.commit(TABLE, PARTITION, ops).await
}

/// Commits one operation that writes, and answers the row's version.
async fn write(tables: &dyn Tables, op: Op) -> ETag {
    commit(tables, &[op]).await.unwrap().remove(0).unwrap()
}

async fn read(tables: &dyn Tables, row: &str) -> Option<Row> {
    tables.read(TABLE, &key(row)).await.unwrap()
}

async fn body(tables: &dyn Tables, row: &str) -> Option<String> {
    read(tables, row).await.map(|row| row.body)
}

/// All rows of a range, in pages of `limit`.
async fn all(tables: &dyn Tables, range: &Range, limit: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut continuation: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let page = tables.query(TABLE, range, limit, continuation.as_deref()).await.unwrap();
        assert!(page.rows.len() <= limit, "a page of {limit} has {} rows", page.rows.len());
        rows.extend(page.rows);
        continuation = page.continuation;
        if continuation.is_none() {
            return rows;
        }
    }
    panic!("{range:?} has no end");
}

async fn names(tables: &dyn Tables, from: &str, to: &str) -> Vec<String> {
    let range = Range { partition: PARTITION.to_owned(), from: from.to_owned(), to: to.to_owned() };
    all(tables, &range, 1_000).await.into_iter().map(|row| row.row).collect()
}

/// The answer is the expected error, at the expected operation.
#[track_caller]
fn check_error<T: std::fmt::Debug>(answer: &Result<T, TableError>, expected: &str) {
    let found = match answer {
        Ok(_) => "done".to_owned(),
        Err(TableError::Exists { index }) => format!("exists {index}"),
        Err(TableError::Changed { index }) => format!("changed {index}"),
        Err(TableError::Missing { index }) => format!("missing {index}"),
        Err(TableError::Invalid(_)) => "invalid".to_owned(),
        Err(TableError::Throttled { .. }) => "throttled".to_owned(),
        Err(TableError::Unknown(_)) => "unknown".to_owned(),
    };
    assert_eq!(found, expected, "{answer:?}");
}
