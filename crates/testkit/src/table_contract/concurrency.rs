use super::{PARTITION, TABLE, body, commit, insert, key, read, write};
use app::ports::{Op, Range, TableError, Tables};
use std::sync::Arc;
use tokio::task::JoinSet;

/// A commit that was answered is seen by every read that begins then, by whichever caller.
pub async fn what_was_committed_is_read(tables: Arc<dyn Tables>) {
    let mut callers = JoinSet::new();
    for caller in 0..8 {
        let tables = Arc::clone(&tables);
        callers.spawn(async move {
            let row = format!("r{caller}");
            let mut etag = write(&*tables, insert(&row, "0")).await;
            for n in 1..40 {
                etag = write(&*tables, Op::replace(row.as_str(), etag, n.to_string())).await;
                let found = read(&*tables, &row).await.unwrap();
                assert_eq!((found.body, &found.etag), (n.to_string(), &etag));
            }
        });
    }
    callers.join_all().await;
}

/// 8 callers count to 20 each, reading and replacing one row: each repeats when another was first.
pub async fn increments_at_the_same_time_are_all_counted(tables: Arc<dyn Tables>) {
    write(&*tables, insert("count", "0")).await;
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let tables = Arc::clone(&tables);
        callers.spawn(async move {
            for _ in 0..20 {
                increment(&*tables).await;
            }
        });
    }
    callers.join_all().await;
    assert_eq!(body(&*tables, "count").await.as_deref(), Some("160"));
}

async fn increment(tables: &dyn Tables) {
    loop {
        let row = read(tables, "count").await.unwrap();
        let next: u32 = row.body.parse::<u32>().unwrap() + 1;
        match commit(tables, &[Op::replace("count", row.etag, next.to_string())]).await {
            Ok(_) => return,
            Err(TableError::Changed { index: 0 }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Many insert the same row, each with a row of its own: one gets both, the others nothing.
pub async fn one_of_many_inserts_wins(tables: Arc<dyn Tables>) {
    let mut callers = JoinSet::new();
    for caller in 0..16 {
        let tables = Arc::clone(&tables);
        callers.spawn(async move {
            let own = format!("own{caller:02}");
            let answer = commit(&*tables, &[insert(&own, "1"), insert("number", &own)]).await;
            match answer {
                Ok(_) => Some(own),
                Err(TableError::Exists { index: 1 }) => None,
                Err(other) => panic!("{other:?}"),
            }
        });
    }
    let winners: Vec<String> = callers.join_all().await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(body(&*tables, "number").await.as_ref(), winners.first());
    let page = tables.query(TABLE, &Range::prefix(PARTITION, "own"), 100, None).await.unwrap();
    assert!(page.rows.len() <= 1, "{page:?}");
    assert!(read(&*tables, &winners[0]).await.is_some());
}

/// A query sees a transaction whole or not at all: two rows that are always written together are always equal.
pub async fn a_transaction_is_seen_whole(tables: Arc<dyn Tables>) {
    let both = |n: u32| ["pair1", "pair2"].map(|row| Op::upsert(row, n.to_string()));
    commit(&*tables, &both(0)).await.unwrap();
    let writer = {
        let tables = Arc::clone(&tables);
        tokio::spawn(async move {
            for n in 1..100 {
                commit(&*tables, &both(n)).await.unwrap();
            }
        })
    };
    let range = Range::prefix(PARTITION, "pair");
    while !writer.is_finished() {
        let page = tables.query(TABLE, &range, 10, None).await.unwrap();
        if let [one, other] = &page.rows[..] {
            assert_eq!(one.body, other.body);
        }
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
    assert_eq!(tables.read(TABLE, &key("pair2")).await.unwrap().unwrap().body, "99");
}

/// The store can be reached.
pub async fn the_store_answers_a_ping(tables: Arc<dyn Tables>) {
    tables.ping().await.unwrap();
}
