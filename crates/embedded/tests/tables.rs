//! `SQLite` tables: the contract, and what only they promise.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use app::ports::{ETag, Key, Op, Range, Table, TableError, Tables};
use embedded::{OpenError, SqliteTables};
use rusqlite::Connection;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::JoinSet;

const TABLE: Table = Table::Orders;
const PARTITION: &str = "b0001";
/// Longer than anything here takes on a slow machine.
const PATIENCE: Duration = Duration::from_mins(1);

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data").join("tables.db");
    (folder, path)
}

fn open(path: &Path) -> Arc<dyn Tables> {
    Arc::new(SqliteTables::open(path).unwrap())
}

testkit::table_contract!(async {
    let (folder, path) = folder();
    (open(&path), folder)
});

// Every call goes to another opening of the file, as the calls of several workers do.
mod with_two_openings {
    use super::*;
    use app::ports::{Page, Row};
    use async_trait::async_trait;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Two([SqliteTables; 2], AtomicUsize);

    impl Two {
        fn next(&self) -> &SqliteTables {
            &self.0[self.1.fetch_add(1, Ordering::Relaxed) % 2]
        }
    }

    #[async_trait]
    impl Tables for Two {
        async fn read(&self, table: Table, key: &Key) -> Result<Option<Row>, TableError> {
            self.next().read(table, key).await
        }

        async fn query(
            &self,
            t: Table,
            range: &Range,
            limit: usize,
            from: Option<&str>,
        ) -> Result<Page, TableError> {
            self.next().query(t, range, limit, from).await
        }

        async fn commit(
            &self,
            t: Table,
            partition: &str,
            ops: &[Op],
        ) -> Result<Vec<Option<ETag>>, TableError> {
            self.next().commit(t, partition, ops).await
        }

        async fn ping(&self) -> Result<(), TableError> {
            self.next().ping().await
        }
    }

    testkit::table_contract!(async {
        let (folder, path) = folder();
        let open = || SqliteTables::open(&path).unwrap();
        (Arc::new(Two([open(), open()], AtomicUsize::new(0))), folder)
    });
}

fn insert(row: &str, body: &str) -> Op {
    Op::insert(row, body.to_owned())
}

async fn body(tables: &dyn Tables, row: &str) -> Option<String> {
    tables.read(TABLE, &Key::new(PARTITION, row)).await.unwrap().map(|row| row.body)
}

#[tokio::test]
async fn a_store_that_is_opened_again_holds_everything() {
    let (_folder, path) = folder();
    let tables = open(&path);
    let etags = tables.commit(TABLE, PARTITION, &[insert("a", "1"), insert("b", "2")]).await.unwrap();
    drop(tables);
    let tables = open(&path);
    for (row, etag) in ["a", "b"].into_iter().zip(etags) {
        let found = tables.read(TABLE, &Key::new(PARTITION, row)).await.unwrap().unwrap();
        assert_eq!(Some(found.etag), etag);
    }
}

#[tokio::test]
async fn a_version_does_not_come_back_when_the_store_is_opened_again() {
    let (_folder, path) = folder();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let tables = open(&path);
        let etag = tables.commit(TABLE, PARTITION, &[insert("a", "1")]).await.unwrap().remove(0).unwrap();
        tables.commit(TABLE, PARTITION, &[Op::delete("a", None)]).await.unwrap();
        assert!(!seen.contains(&etag), "{etag:?} in {seen:?}");
        seen.push(etag);
    }
}

#[test]
fn many_may_create_the_store_at_the_same_time() {
    let (_folder, path) = folder();
    std::thread::scope(|scope| {
        let openings: Vec<_> = (0..8).map(|_| scope.spawn(|| SqliteTables::open(&path))).collect();
        for opening in openings {
            opening.join().unwrap().unwrap();
        }
    });
}

#[test]
fn a_file_of_another_layout_is_not_opened() {
    let (_folder, path) = folder();
    drop(open(&path));
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(SqliteTables::open(&path), Err(OpenError::Layout { found: 99 })));
}

#[test]
fn what_is_no_store_is_not_opened() {
    let (folder, path) = folder();
    let file = folder.path().join("file");
    std::fs::write(&file, "this is not a database, it is a text of some length ".repeat(20)).unwrap();
    assert!(matches!(SqliteTables::open(&file), Err(OpenError::Sqlite(_))));
    assert!(matches!(SqliteTables::open(&file.join("tables.db")), Err(OpenError::System(_))));
    std::fs::create_dir_all(&path).unwrap();
    assert!(matches!(SqliteTables::open(&path), Err(OpenError::Sqlite(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_fails_does_not_touch_the_others_of_its_group() {
    let (_folder, path) = folder();
    let tables = open(&path);
    tables.commit(TABLE, PARTITION, &[insert("taken", "0")]).await.unwrap();
    let mut callers = JoinSet::new();
    for n in 0..500_u32 {
        let tables = Arc::clone(&tables);
        callers.spawn(async move {
            let second = if n % 3 == 0 { insert("taken", "1") } else { insert(&format!("b{n}"), "1") };
            let answer = tables.commit(TABLE, PARTITION, &[insert(&format!("a{n}"), "1"), second]).await;
            match answer {
                Ok(etags) => (n, etags.len() == 2),
                Err(TableError::Exists { index: 1 }) => (n, false),
                Err(other) => panic!("{other:?}"),
            }
        });
    }
    for (n, done) in callers.join_all().await {
        assert_eq!(done, n % 3 != 0);
        assert_eq!(body(&*tables, &format!("a{n}")).await.is_some(), done);
        assert_eq!(body(&*tables, &format!("b{n}")).await.is_some(), done);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_are_asked_to_slow_down_when_too_many_wait() {
    let (_folder, path) = folder();
    let tables = open(&path);
    let lock = Connection::open(&path).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut callers = JoinSet::new();
    for n in 0..5_000 {
        let tables = Arc::clone(&tables);
        callers.spawn(async move { tables.commit(TABLE, PARTITION, &[insert(&format!("r{n}"), "1")]).await });
    }
    // Whoever finds no room is told at once, though nothing can be written.
    let first = callers.join_next().await.unwrap().unwrap();
    assert!(matches!(first, Err(TableError::Throttled { retry_after: Some(_) })), "{first:?}");
    lock.execute_batch("ROLLBACK").unwrap();
    let answers = callers.join_all().await;
    let done = answers.iter().filter(|answer| answer.is_ok()).count();
    assert!(answers.iter().all(|answer| matches!(answer, Ok(_) | Err(TableError::Throttled { .. }))));
    let range = Range::prefix(PARTITION, "r");
    let found = tables.query(TABLE, &range, 1_000, None).await.unwrap();
    assert_eq!(found.rows.len(), done.min(1_000));
    assert!(done > 500, "only {done} found room");
}

#[tokio::test]
async fn a_caller_that_does_not_wait_has_its_transaction_committed() {
    let (_folder, path) = folder();
    let tables = open(&path);
    let ops = [insert("a", "1")];
    let gone = tokio::time::timeout(Duration::ZERO, tables.commit(TABLE, PARTITION, &ops)).await;
    drop(gone);
    // Transactions are committed in the order in which they came.
    tables.commit(TABLE, PARTITION, &[insert("b", "1")]).await.unwrap();
    assert_eq!(body(&*tables, "a").await.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_moved_into_the_file_while_the_store_is_used() {
    let (_folder, path) = folder();
    let tables = open(&path);
    let text = "x".repeat(8_000);
    for n in 0..60 {
        let ops: Vec<Op> = (0..100).map(|row| insert(&format!("r{n:03}-{row:03}"), &text)).collect();
        tables.commit(TABLE, PARTITION, &ops).await.unwrap();
    }
    let deadline = Instant::now() + PATIENCE;
    let mut n = 0;
    while std::fs::metadata(&path).unwrap().len() < 16 << 20 {
        assert!(Instant::now() < deadline, "48 MB were committed, and the file stays small");
        tables.commit(TABLE, PARTITION, &[insert(&format!("s{n}"), "1")]).await.unwrap();
        n += 1;
    }
    assert_eq!(body(&*tables, "r059-099").await, Some(text));
}

/// Starts this program again as another process that does one of the `roles`.
fn start(role: &str, path: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "another_process_does_its_role", "--nocapture"]);
    command.env("ROLE", role).env("STORE_FILE", path).stdout(Stdio::piped()).spawn().unwrap()
}

#[tokio::test]
async fn another_process_does_its_role() {
    // Without a role this is not another process, and there is nothing to do.
    let (Ok(role), Ok(path)) = (std::env::var("ROLE"), std::env::var("STORE_FILE")) else { return };
    let tables = open(Path::new(&path));
    match role.as_str() {
        "writer" => write_until_killed(&tables).await,
        _ => count_to_a_hundred(&*tables).await,
    }
}

/// Commits pairs of rows, and says so after each.
#[expect(clippy::print_stdout, reason = "the process that kills this one reads it")]
async fn write_until_killed(tables: &Arc<dyn Tables>) {
    let mut callers = JoinSet::new();
    for caller in 0..8 {
        let tables = Arc::clone(tables);
        callers.spawn(async move {
            for n in 0..1_000_000 {
                let ops = ["one", "other"].map(|half| insert(&format!("{half}-{caller}-{n}"), "1"));
                tables.commit(TABLE, PARTITION, &ops).await.unwrap();
                println!("done {caller}-{n}");
            }
        });
    }
    callers.join_all().await;
}

async fn count_to_a_hundred(tables: &dyn Tables) {
    let mut done = 0;
    while done < 100 {
        let row = tables.read(TABLE, &Key::new(PARTITION, "count")).await.unwrap().unwrap();
        let next = row.body.parse::<u32>().unwrap() + 1;
        match tables.commit(TABLE, PARTITION, &[Op::replace("count", row.etag, next.to_string())]).await {
            Ok(_) => done += 1,
            Err(TableError::Changed { index: 0 }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_was_answered_survives_the_kill_of_the_process() {
    let (_folder, path) = folder();
    for round in 0..3 {
        drop(open(&path));
        let mut child = start("writer", &path);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut answered: Vec<String> = Vec::new();
        let mut lines = lines.filter_map(|line| line.split("done ").nth(1).map(str::to_owned));
        answered.extend(lines.by_ref().take(200));
        child.kill().unwrap();
        answered.extend(lines);
        child.wait().unwrap();
        assert!(answered.len() >= 200, "round {round}: {}", answered.len());

        let tables = open(&path);
        for n in &answered {
            assert!(body(&*tables, &format!("one-{n}")).await.is_some(), "round {round}: {n} is lost");
        }
        let mut rows = Vec::new();
        for half in ["one", "other"] {
            let range = Range::prefix(PARTITION, half);
            let page = tables.query(TABLE, &range, 1_000, None).await.unwrap();
            rows.push(page.rows.into_iter().map(|row| row.row.replace(half, "")).collect::<Vec<_>>());
        }
        assert_eq!(rows[0], rows[1], "round {round}: half a transaction is there");
        drop(tables);
        std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }
}

#[tokio::test]
async fn processes_that_share_the_store_lose_nothing() {
    let (_folder, path) = folder();
    let tables = open(&path);
    tables.commit(TABLE, PARTITION, &[insert("count", "0")]).await.unwrap();
    let children: Vec<Child> = (0..3).map(|_| start("counter", &path)).collect();
    count_to_a_hundred(&*tables).await;
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(body(&*tables, "count").await.as_deref(), Some("400"));
}
