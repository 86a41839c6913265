use super::{PARTITION, TABLE, body, check_error, commit, insert, key, read, write};
use app::ports::{ETag, Key, Op, Row, Table, TableError, Tables};
use std::collections::HashSet;
use std::sync::Arc;

/// What is read is what was written, and its version the one that the commit answered.
pub async fn a_row_is_read_as_it_was_written(tables: Arc<dyn Tables>) {
    assert_eq!(read(&*tables, "a").await, None);
    let etag = write(&*tables, insert("a", r#"{"n":1}"#)).await;
    let expected = Row { row: "a".to_owned(), etag, body: r#"{"n":1}"#.to_owned() };
    assert_eq!(read(&*tables, "a").await, Some(expected));
}

/// `Insert` of a row that is there.
pub async fn a_row_that_is_there_is_not_inserted(tables: Arc<dyn Tables>) {
    write(&*tables, insert("a", "1")).await;
    check_error(&commit(&*tables, &[insert("a", "2")]).await, "exists 0");
    assert_eq!(body(&*tables, "a").await.as_deref(), Some("1"));
}

/// `Replace` with the version that is there, and with an older one.
pub async fn a_replaced_row_must_be_the_version_that_was_read(tables: Arc<dyn Tables>) {
    let first = write(&*tables, insert("a", "1")).await;
    let second = write(&*tables, Op::replace("a", first.clone(), "2".to_owned())).await;
    assert_ne!(first, second);
    check_error(&commit(&*tables, &[Op::replace("a", first, "3".to_owned())]).await, "changed 0");
    let row = read(&*tables, "a").await.unwrap();
    assert_eq!((row.body.as_str(), row.etag), ("2", second));
}

/// `Replace` of a row that is gone, or never was.
pub async fn a_deleted_row_is_not_replaced(tables: Arc<dyn Tables>) {
    let etag = write(&*tables, insert("a", "1")).await;
    commit(&*tables, &[Op::delete("a", None)]).await.unwrap();
    check_error(&commit(&*tables, &[Op::replace("a", etag.clone(), "2".to_owned())]).await, "changed 0");
    check_error(&commit(&*tables, &[Op::replace("b", etag, "2".to_owned())]).await, "changed 0");
    assert_eq!(read(&*tables, "a").await, None);
}

/// A row that is written again, even with the same text, has another version: also when it was deleted before.
pub async fn a_version_never_comes_back(tables: Arc<dyn Tables>) {
    let mut seen = HashSet::new();
    for _ in 0..3 {
        let inserted = write(&*tables, insert("a", "1")).await;
        let replaced = write(&*tables, Op::replace("a", inserted.clone(), "1".to_owned())).await;
        let upserted = write(&*tables, Op::upsert("a", "1".to_owned())).await;
        commit(&*tables, &[Op::delete("a", Some(upserted.clone()))]).await.unwrap();
        let etags = [inserted, replaced, upserted];
        assert!(etags.into_iter().all(|ETag(text)| seen.insert(text)), "{seen:?}");
    }
}

/// `Upsert` of a row that is not there, and of one that is.
pub async fn an_upsert_writes_whatever_is_there(tables: Arc<dyn Tables>) {
    let first = write(&*tables, Op::upsert("a", "1".to_owned())).await;
    let second = write(&*tables, Op::upsert("a", "2".to_owned())).await;
    assert_ne!(first, second);
    assert_eq!(read(&*tables, "a").await.unwrap().etag, second);
    assert_eq!(body(&*tables, "a").await.as_deref(), Some("2"));
}

/// `Delete` with the version that is there, with an older one, and of what is gone.
pub async fn a_version_is_deleted_once(tables: Arc<dyn Tables>) {
    let first = write(&*tables, insert("a", "1")).await;
    let second = write(&*tables, Op::replace("a", first.clone(), "2".to_owned())).await;
    check_error(&commit(&*tables, &[Op::delete("a", Some(first))]).await, "changed 0");
    assert_eq!(body(&*tables, "a").await.as_deref(), Some("2"));
    assert_eq!(commit(&*tables, &[Op::delete("a", Some(second.clone()))]).await.unwrap(), [None]);
    assert_eq!(read(&*tables, "a").await, None);
    check_error(&commit(&*tables, &[Op::delete("a", Some(second))]).await, "changed 0");
}

/// `Delete` without a version, of a row that is there and of one that is not.
pub async fn a_row_is_deleted_whatever_its_version(tables: Arc<dyn Tables>) {
    write(&*tables, insert("a", "1")).await;
    assert_eq!(commit(&*tables, &[Op::delete("a", None)]).await.unwrap(), [None]);
    assert_eq!(read(&*tables, "a").await, None);
    check_error(&commit(&*tables, &[Op::delete("a", None)]).await, "missing 0");
}

/// A text that the store never gave as a version is no row's version, `*` included.
pub async fn a_text_is_not_a_version_by_itself(tables: Arc<dyn Tables>) {
    write(&*tables, insert("a", "1")).await;
    for text in ["", "*", "nonsense", "W/\"datetime'2000-01-01T00%3A00%3A00.0000000Z'\"", "a\r\nb", "한"] {
        let never = || ETag(text.to_owned());
        check_error(&commit(&*tables, &[Op::replace("a", never(), "2".to_owned())]).await, "changed 0");
        check_error(
            &commit(&*tables, &[insert("b", "1"), Op::delete("a", Some(never()))]).await,
            "changed 1",
        );
    }
    assert_eq!(body(&*tables, "a").await.as_deref(), Some("1"));
    assert_eq!(read(&*tables, "b").await, None);
}

/// The versions stand in the order of the operations.
pub async fn the_answer_has_the_version_of_each_row(tables: Arc<dyn Tables>) {
    let old = write(&*tables, insert("c", "1")).await;
    write(&*tables, insert("b", "1")).await;
    let delete = Op::delete("b", None);
    let ops =
        [Op::replace("c", old, "2".to_owned()), delete, insert("a", "2"), Op::upsert("d", "2".to_owned())];
    let etags = commit(&*tables, &ops).await.unwrap();
    assert_eq!(etags.len(), 4);
    for (row, etag) in ["c", "b", "a", "d"].into_iter().zip(etags) {
        assert_eq!(read(&*tables, row).await.map(|row| row.etag), etag, "{row}");
    }
}

/// Each kind of failure at the last operation leaves nothing of those before it.
pub async fn a_failing_operation_is_named_and_nothing_is_applied(tables: Arc<dyn Tables>) {
    let kept = write(&*tables, insert("kept", "1")).await;
    let gone = write(&*tables, insert("gone", "1")).await;
    commit(&*tables, &[Op::delete("gone", None)]).await.unwrap();
    let failures = [
        (insert("kept", "2"), "exists 3"),
        (Op::replace("gone", gone.clone(), "2".to_owned()), "changed 3"),
        (Op::delete("gone", Some(gone)), "changed 3"),
        (Op::delete("gone", None), "missing 3"),
    ];
    for (failing, expected) in failures {
        let kept_op = match failing.row.as_str() {
            "kept" => insert("other", "2"),
            _ => Op::replace("kept", kept.clone(), "2".to_owned()),
        };
        let ops = [insert("a", "2"), kept_op, Op::upsert("b", "2".to_owned()), failing];
        check_error(&commit(&*tables, &ops).await, expected);
        for row in ["a", "b", "other", "gone"] {
            assert_eq!(read(&*tables, row).await, None, "{expected}: {row}");
        }
        let expected_row = Row { row: "kept".to_owned(), etag: kept.clone(), body: "1".to_owned() };
        assert_eq!(read(&*tables, "kept").await, Some(expected_row), "{expected}");
    }
}

/// The same row key in another partition, or in another table, is another row.
pub async fn rows_of_other_tables_and_partitions_are_not_touched(tables: Arc<dyn Tables>) {
    for table in Table::ALL {
        for partition in [PARTITION, "b0002"] {
            let text = format!("{} {partition}", table.name());
            tables.commit(table, partition, &[insert("a", &text)]).await.unwrap();
        }
    }
    commit(&*tables, &[Op::delete("a", None)]).await.unwrap();
    for table in Table::ALL {
        for partition in [PARTITION, "b0002"] {
            let found = tables.read(table, &Key::new(partition, "a")).await.unwrap().map(|row| row.body);
            let deleted = table == TABLE && partition == PARTITION;
            assert_eq!(found, (!deleted).then(|| format!("{} {partition}", table.name())));
        }
    }
}

/// No operation, 100 and 101.
pub async fn a_transaction_has_one_to_a_hundred_operations(tables: Arc<dyn Tables>) {
    let ops: Vec<Op> = (0..101).map(|n| insert(&format!("r{n:03}"), "1")).collect();
    check_error(&commit(&*tables, &[]).await, "invalid");
    check_error(&commit(&*tables, &ops).await, "invalid");
    assert_eq!(read(&*tables, "r000").await, None);
    let etags = commit(&*tables, &ops[..100]).await.unwrap();
    for n in [0, 50, 99] {
        let row = read(&*tables, &format!("r{n:03}")).await.unwrap();
        assert_eq!(Some(row.etag), etags[n]);
    }
    check_error(&commit(&*tables, &ops[1..101]).await, "exists 0");
    assert_eq!(read(&*tables, "r100").await, None);
    let deletions: Vec<Op> = (1..101).rev().map(|n| Op::delete(format!("r{n:03}"), None)).collect();
    check_error(&commit(&*tables, &deletions).await, "missing 0");
    check_error(&commit(&*tables, &[&deletions[1..], &[insert("r000", "2")]].concat()).await, "exists 99");
    assert!(read(&*tables, "r099").await.is_some());
    assert_eq!(commit(&*tables, &deletions[1..]).await.unwrap(), vec![None; 99]);
}

/// Two operations on one row.
pub async fn a_transaction_names_each_row_once(tables: Arc<dyn Tables>) {
    let ops = [Op::upsert("a", "1".to_owned()), insert("b", "1"), Op::delete("a", None)];
    let answer: Result<_, TableError> = commit(&*tables, &ops).await;
    check_error(&answer, "invalid");
    for row in ["a", "b"] {
        assert_eq!(tables.read(TABLE, &key(row)).await.unwrap(), None);
    }
}
