use super::{PARTITION, TABLE, all, check_error, commit, insert, names, read};
use app::ports::{Op, Range, Tables};
use domain::limits::PAGE_ENTITIES_MAX;
use std::sync::Arc;

async fn fill(tables: &dyn Tables, rows: &[&str]) {
    let ops: Vec<Op> = rows.iter().map(|row| insert(row, row)).collect();
    commit(tables, &ops).await.unwrap();
}

/// `from` is in the range, `to` is not; neither needs to be there.
pub async fn a_range_has_its_first_key_and_not_its_last(tables: Arc<dyn Tables>) {
    fill(&*tables, &["a", "b", "c", "d", "e"]).await;
    assert_eq!(names(&*tables, "b", "d").await, ["b", "c"]);
    assert_eq!(names(&*tables, "b", "d!").await, ["b", "c", "d"]);
    assert_eq!(names(&*tables, "aa", "c").await, ["b"]);
    assert_eq!(names(&*tables, " ", "~").await, ["a", "b", "c", "d", "e"]);
    assert_eq!(names(&*tables, "e", "~").await, ["e"]);
}

/// Ordinal order, by the bytes: capital letters before small ones, and a shorter key before a longer one.
pub async fn rows_come_in_the_order_of_their_keys(tables: Arc<dyn Tables>) {
    fill(&*tables, &["b", "B", "a", "ab", "a-", "a|", "10", "9", "_", "a}", "Z", "aB"]).await;
    let expected = ["10", "9", "B", "Z", "_", "a", "a-", "aB", "ab", "a|", "a}", "b"];
    assert_eq!(names(&*tables, " ", "~").await, expected);
}

/// `Range::prefix`.
pub async fn a_prefix_finds_its_rows_and_no_others(tables: Arc<dyn Tables>) {
    let rows =
        ["bill", "bill|", "bill|1", "bill|1|a", "bill|2", "bill|}}", "bill}", "bills|1", "bil", "bilz"];
    fill(&*tables, &rows).await;
    let found = all(&*tables, &Range::prefix(PARTITION, "bill|"), 1_000).await;
    let found: Vec<String> = found.into_iter().map(|row| row.row).collect();
    assert_eq!(found, ["bill|", "bill|1", "bill|1|a", "bill|2", "bill|}}"]);
    let other = all(&*tables, &Range::prefix("b0002", "bill|"), 1_000).await;
    assert_eq!(other, []);
}

/// A range without rows, one that ends where it begins, and one that ends before it.
pub async fn a_range_of_nothing_is_empty(tables: Arc<dyn Tables>) {
    assert_eq!(names(&*tables, " ", "~").await, Vec::<String>::new());
    fill(&*tables, &["a", "c"]).await;
    for (from, to) in [("b", "c"), ("a", "a"), ("c", "a")] {
        assert_eq!(names(&*tables, from, to).await, Vec::<String>::new(), "{from} to {to}");
    }
}

/// 5,000 rows, in pages of several sizes: no row is missing, none comes twice, and each is as it is read alone.
pub async fn pages_together_are_the_range(tables: Arc<dyn Tables>) {
    let rows: Vec<String> = (0..5_000).map(|n| format!("r{n:04}")).collect();
    for rows in rows.chunks(100) {
        let ops: Vec<Op> = rows.iter().map(|row| insert(row, row)).collect();
        commit(&*tables, &ops).await.unwrap();
    }
    let everything = Range::prefix(PARTITION, "r");
    for limit in [PAGE_ENTITIES_MAX, 999, 777] {
        let found = all(&*tables, &everything, limit).await;
        assert!(found.iter().map(|row| &row.row).eq(&rows), "in pages of {limit}");
    }
    let some = Range { partition: PARTITION.to_owned(), from: "r1000".to_owned(), to: "r1010".to_owned() };
    for limit in [1, 3, 10, 11] {
        let found = all(&*tables, &some, limit).await;
        assert!(found.iter().map(|row| &row.row).eq(&rows[1_000..1_010]), "in pages of {limit}");
        assert_eq!(found.first(), read(&*tables, "r1000").await.as_ref());
    }
}

/// 0 and 1,001 rows are no page.
pub async fn a_page_has_one_to_a_thousand_rows(tables: Arc<dyn Tables>) {
    let range = Range::prefix(PARTITION, "a");
    for limit in [0, PAGE_ENTITIES_MAX + 1, usize::MAX] {
        // A page may be cut short, but what is asked for must be a page.
        check_error(&tables.query(TABLE, &range, limit, None).await, "invalid");
    }
}

/// What is deleted or inserted between two pages does not disturb the others.
pub async fn rows_may_come_and_go_between_pages(tables: Arc<dyn Tables>) {
    fill(&*tables, &["a", "c", "e", "g", "i"]).await;
    let range = Range { partition: PARTITION.to_owned(), from: "a".to_owned(), to: "z".to_owned() };
    let mut found = Vec::new();
    let mut continuation = None;
    while found.len() < 2 {
        let page = tables.query(TABLE, &range, 2 - found.len(), continuation.as_deref()).await.unwrap();
        found.extend(page.rows.into_iter().map(|row| row.row));
        continuation = page.continuation;
        assert!(continuation.is_some(), "the range is not at its end after {found:?}");
    }
    // The last row that was seen, the next one, and one further on.
    let ops = ["c", "e", "g"].map(|row| Op::delete(row, None));
    commit(&*tables, &ops).await.unwrap();
    fill(&*tables, &["b", "h"]).await;
    while continuation.is_some() {
        let page = tables.query(TABLE, &range, 1_000, continuation.as_deref()).await.unwrap();
        found.extend(page.rows.into_iter().map(|row| row.row));
        continuation = page.continuation;
    }
    assert_eq!(found, ["a", "c", "h", "i"]);
}
