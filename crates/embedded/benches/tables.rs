//! How fast the tables of one machine are: `cargo bench -p embedded`, on a disk that syncs.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]

use app::ports::{ETag, Key, Op, Range, Table, TableError, Tables};
use embedded::SqliteTables;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const TABLE: Table = Table::Payments;
const CUSTOMERS: usize = 10_000;
const BUCKETS: usize = 32;
/// Bytes of a body: that of a payment with its history.
const BODY_BYTES: usize = 800;

type Store = Arc<dyn Tables>;

fn body() -> String {
    "x".repeat(BODY_BYTES)
}

fn partition(customer: usize) -> String {
    format!("b{:04}", customer % BUCKETS)
}

fn bill(customer: usize) -> String {
    format!("pay|{:032x}|202610-{customer:032x}|", customer * 7_919)
}

/// A customer that is not the last one's neighbour.
fn customer(caller: usize, callers: usize, n: usize) -> usize {
    (n * 7_919 % (CUSTOMERS / callers)) * callers + caller
}

/// A payment's commit and what follows it: a bill replaced, a payment, the request's and the outbox row written; then
/// the outbox row deleted. Two commits, five rows.
async fn pay(store: &Store, customer: usize, id: &str, etag: &mut ETag) -> Result<(), TableError> {
    let partition = partition(customer);
    let outbox = format!("out|{id}");
    let ops = [
        Op::replace(bill(customer), etag.clone(), body()),
        Op::insert(format!("{}{id}", bill(customer)), body()),
        Op::insert(format!("key|{:032x}{id}", customer * 104_729), body()),
        Op::insert(outbox.clone(), body()),
    ];
    let etags = store.commit(TABLE, &partition, &ops).await?;
    *etag = etags.into_iter().next().flatten().unwrap();
    store.commit(TABLE, &partition, &[Op::delete(outbox, None)]).await?;
    Ok(())
}

/// `count` payments by so many callers at a time, spread over the stores.
async fn payments(stores: &[Store], callers: usize, count: usize, round: usize) -> Vec<Duration> {
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let store = Arc::clone(&stores[caller % stores.len()]);
        tasks.spawn(async move {
            let mut times = Vec::new();
            for n in 0..count / callers {
                let customer = customer(caller, callers, n);
                let key = Key::new(partition(customer), bill(customer));
                let mut etag = store.read(TABLE, &key).await.unwrap().unwrap().etag;
                let id = format!("{round:02x}{n:014x}{caller:016x}");
                let start = Instant::now();
                pay(&store, customer, &id, &mut etag).await.unwrap();
                times.push(start.elapsed() / 2);
            }
            times
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}

/// `count` transactions of 100 new rows each, as a billing run writes them.
async fn bulk(stores: &[Store], callers: usize, count: usize, round: usize) -> Vec<Duration> {
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let store = Arc::clone(&stores[caller % stores.len()]);
        tasks.spawn(async move {
            let mut times = Vec::new();
            for n in 0..count / callers {
                let row = |row: usize| {
                    Op::insert(format!("bill|{:032x}|{round}-{n}-{caller}", row * 7_919), body())
                };
                let ops: Vec<Op> = (0..100).map(row).collect();
                let start = Instant::now();
                store.commit(Table::Bills, &partition(caller), &ops).await.unwrap();
                times.push(start.elapsed());
            }
            times
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}

async fn reads(store: &Store, count: usize) -> Vec<Duration> {
    let mut times = Vec::new();
    for n in 0..count {
        let customer = customer(0, 1, n);
        let key = Key::new(partition(customer), bill(customer));
        let start = Instant::now();
        assert!(store.read(TABLE, &key).await.unwrap().is_some());
        times.push(start.elapsed());
    }
    times
}

async fn pages(store: &Store, count: usize, rows: usize) -> Vec<Duration> {
    let mut times = Vec::new();
    for n in 0..count {
        let range = Range::prefix(partition(n), "key|");
        let start = Instant::now();
        let page = store.query(TABLE, &range, rows, None).await.unwrap();
        times.push(start.elapsed());
        assert_eq!(page.rows.len(), rows);
    }
    times
}

async fn fill(store: &Store) {
    for bucket in 0..BUCKETS {
        let customers: Vec<usize> = (bucket..CUSTOMERS).step_by(BUCKETS).collect();
        for customers in customers.chunks(100) {
            let ops: Vec<Op> = customers.iter().map(|customer| Op::insert(bill(*customer), body())).collect();
            store.commit(TABLE, &partition(bucket), &ops).await.unwrap();
        }
    }
}

/// `per` is how many things one of the times stands for.
async fn report(what: &str, per: usize, work: impl Future<Output = Vec<Duration>>) {
    let start = Instant::now();
    let mut times = work.await;
    let seconds = start.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |percent: usize| times[times.len() * percent / 100].as_secs_f64() * 1e6;
    let count = u32::try_from(times.len() * per).unwrap();
    let rate = f64::from(count) / seconds;
    println!("{what:44} {rate:10.0}/s   median {:8.0} us   99% {:8.0} us", at(50), at(99));
}

#[tokio::main]
async fn main() {
    // Beside the other output of the build: a temporary folder may be in memory, where a sync costs nothing.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let open = |path: &Path| Arc::new(SqliteTables::open(path).unwrap()) as Store;
    let path = folder.path().join("tables.db");
    let stores = [open(&path), open(&path)];
    let one = &stores[..1];
    fill(&one[0]).await;
    report("commits of a payment, 1 caller", 2, payments(one, 1, 3_000, 0)).await;
    report("commits of a payment, 32 callers", 2, payments(one, 32, 32_000, 1)).await;
    report("the same, through two openings of the file", 2, payments(&stores, 32, 32_000, 2)).await;
    report("rows in transactions of 100, 1 caller", 100, bulk(one, 1, 500, 0)).await;
    report("rows in transactions of 100, 4 callers", 100, bulk(one, 4, 2_000, 1)).await;
    report("reads of a row", 1, reads(&one[0], 50_000)).await;
    report("rows in pages of 1,000", 1_000, pages(&one[0], 500, 1_000)).await;
}
