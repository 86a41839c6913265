//! bench
use app::ports::*;
use embedded::SqliteTables;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
static SEQ: AtomicU64 = AtomicU64::new(0);
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind { Spread, Adjacent, Saga }
fn rnd(h: &mut u64) -> u64 { *h = h.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); *h >> 33 }
async fn run(t: Arc<SqliteTables>, callers: usize, total: usize, rows: usize, tag: &str, kind: Kind) {
    let body = "x".repeat(800);
    let mut etags = vec![];
    if kind == Kind::Saga {
        for c in 0..10_000u64 { 
            let ops = vec![Op::upsert(format!("c!{c:010}"), body.clone())];
            etags.push(ops);
        }
        let mut hs = vec![];
        for (c, ops) in etags.drain(..).enumerate() { let t = t.clone(); hs.push(tokio::spawn(async move { loop { match t.commit(Table::Orders, &format!("b{:03}", c % 32), &ops).await { Ok(e) => return e[0].clone().unwrap(), Err(_) => tokio::task::yield_now().await } } })); }
        let mut e = vec![]; for h in hs { e.push(h.await.unwrap()); }
        let e = Arc::new(e.into_iter().map(std::sync::Mutex::new).collect::<Vec<_>>());
        let start = Instant::now();
        let mut hs = vec![];
        for c in 0..callers {
            let (t, body, tag, e) = (t.clone(), body.clone(), tag.to_owned(), e.clone());
            hs.push(tokio::spawn(async move {
                let mut lat = vec![]; let mut h = c as u64 + 7;
                for i in 0..total / callers / 2 {
                    let cust = (rnd(&mut h) % (10_000 / callers as u64)) * callers as u64 + c as u64;
                    let pk = format!("b{:03}", cust % 32);
                    let old = e[cust as usize].lock().unwrap().clone();
                    let out = format!("out!{:020}", SEQ.fetch_add(1, Ordering::Relaxed));
                    let ops = vec![Op::replace(format!("c!{cust:010}"), old, body.clone()), Op::insert(format!("p!{cust:010}!{tag}-{i}"), body.clone()), Op::insert(format!("x!{cust:010}!{tag}-{i}"), body.clone()), Op::insert(out.clone(), body.clone())];
                    let s = Instant::now();
                    let r = t.commit(Table::Orders, &pk, &ops).await.unwrap();
                    lat.push(s.elapsed().as_micros() as u64);
                    *e[cust as usize].lock().unwrap() = r[0].clone().unwrap();
                    let s = Instant::now();
                    t.commit(Table::Orders, &pk, &[Op::delete(out, None)]).await.unwrap();
                    lat.push(s.elapsed().as_micros() as u64);
                }
                lat
            }));
        }
        return report(callers, 2, kind, start, hs).await;
    }
    let start = Instant::now();
    let mut hs = vec![];
    for c in 0..callers {
        let (t, body, tag) = (t.clone(), body.clone(), tag.to_owned());
        hs.push(tokio::spawn(async move {
            let mut lat = vec![];
            let mut h: u64 = c as u64 + 1;
            for i in 0..total / callers {
                let cust = rnd(&mut h);
                let ops: Vec<Op> = (0..rows).map(|r| {
                    let key = if kind == Kind::Spread { format!("{}!{cust:010}!{tag}{c}-{i}", ["o","x","bill","out"][r % 4]) } else { format!("{cust:010}!{tag}{c}-{i}!{r}") };
                    Op::insert(key, body.clone())}).collect();
                let s = Instant::now();
                t.commit(Table::Orders, &format!("b{:03}", cust % 32), &ops).await.unwrap();
                lat.push(s.elapsed().as_micros() as u64);
            }
            lat
        }));
    }
    report(callers, rows, kind, start, hs).await;
}
fn cpu() -> f64 { let s = std::fs::read_to_string("/proc/self/stat").unwrap(); let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect(); (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0 }
async fn report(callers: usize, rows: usize, kind: Kind, start: Instant, hs: Vec<tokio::task::JoinHandle<Vec<u64>>>) {
    let c0 = cpu();
    let mut lat = vec![];
    for h in hs { lat.extend(h.await.unwrap()); }
    let e = start.elapsed();
    lat.sort();
    let n = lat.len();
    println!("{kind:?} callers {callers} rows {rows}: {:.0} tx/s {:.0} rows/s; mean {:.0} p50 {} p99 {} max {} us; cpu/tx {:.0} us", n as f64 / e.as_secs_f64(), (n*rows) as f64 / e.as_secs_f64(), lat.iter().sum::<u64>() as f64 / n as f64, lat[n/2], lat[n*99/100], lat[n-1], (cpu() - c0) * 1e6 / n as f64);
}
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let which = std::env::args().nth(2).unwrap_or("1234567".into());
    let _ = std::fs::remove_dir_all(&dir);
    let t = Arc::new(SqliteTables::open(&std::path::Path::new(&dir).join("t.db")).unwrap());
    for w in which.chars() { match w {
        '1' => run(t.clone(), 1, 3000, 4, "w", Kind::Adjacent).await,
        '2' => run(t.clone(), 32, 60000, 4, "b2", Kind::Adjacent).await,
        '3' => run(t.clone(), 32, 60000, 4, "b", Kind::Spread).await,
        '4' => run(t.clone(), 32, 100000, 4, "s", Kind::Saga).await,
        '5' => run(t.clone(), 1, 4000, 4, "s1", Kind::Saga).await,
        '6' => run(t.clone(), 1, 500, 100, "c", Kind::Adjacent).await,
        _ => run(t.clone(), 4, 1000, 100, "d", Kind::Adjacent).await,
    } }
    let mut size = vec![]; for f in std::fs::read_dir(&dir).unwrap() { let f = f.unwrap(); size.push(format!("{:?} {} MB", f.file_name(), f.metadata().unwrap().len() >> 20)); }
    println!("{size:?}");
}
