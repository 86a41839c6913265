use super::{PARTITION, TABLE, body, check_error, commit, insert, names, read, write};
use app::ports::{Key, Op, Tables};
use domain::limits::{ENTITY_BODY_BYTES_MAX, KEY_CHARS_MAX, TRANSACTION_BYTES_MAX};
use std::sync::Arc;

/// Printable ASCII without the characters that Azure Tables keeps for itself, and `%`.
fn allowed() -> impl Iterator<Item = char> {
    (' '..='~').filter(|c| !r"/\#?%".contains(*c))
}

/// Each of them at each place of a row key and of a partition key.
pub async fn every_allowed_character_makes_a_key(tables: Arc<dyn Tables>) {
    let rows: Vec<String> =
        allowed().flat_map(|c| [format!("a{c}b"), format!("{c}a"), format!("a{c}")]).collect();
    let mut unique = rows.clone();
    unique.sort();
    unique.dedup();
    for rows in unique.chunks(100) {
        let ops: Vec<Op> = rows.iter().map(|row| insert(row, row)).collect();
        commit(&*tables, &ops).await.unwrap();
    }
    for row in &rows {
        assert_eq!(body(&*tables, row).await.as_ref(), Some(row));
    }
    let found = names(&*tables, " ", "~~~").await;
    assert_eq!(found, unique, "ordinal order");
    let partition: String = allowed().collect();
    tables.commit(TABLE, &partition, &[insert("a", "1")]).await.unwrap();
    assert!(tables.read(TABLE, &Key::new(partition, "a")).await.unwrap().is_some());
    assert_eq!(read(&*tables, "a").await, None);
}

/// Control characters, `/ \ # ? %`, and everything that is not ASCII.
pub async fn no_other_character_makes_a_key(tables: Arc<dyn Tables>) {
    let control = ('\0'..' ').chain(['\u{7f}', '\u{80}', '\u{9f}']);
    for c in control.chain(r"/\#?%".chars()).chain(['é', '한', '😀', '\u{a0}']) {
        let name = format!("a{c}b");
        check_error(&commit(&*tables, &[insert("fine", "1"), insert(&name, "1")]).await, "invalid");
        check_error(&tables.commit(TABLE, &name, &[insert("fine", "1")]).await, "invalid");
    }
    assert_eq!(read(&*tables, "fine").await, None);
}

/// No character, 512 and 513.
pub async fn a_key_has_one_to_512_characters(tables: Arc<dyn Tables>) {
    let longest = "k".repeat(KEY_CHARS_MAX);
    let longer = format!("{longest}k");
    for name in ["", &longer] {
        check_error(&commit(&*tables, &[insert(name, "1")]).await, "invalid");
        check_error(&tables.commit(TABLE, name, &[insert("a", "1")]).await, "invalid");
    }
    tables.commit(TABLE, &longest, &[insert(&longest, "1")]).await.unwrap();
    assert!(tables.read(TABLE, &Key::new(&longest, &longest)).await.unwrap().is_some());
}

/// The largest body, and one byte more.
pub async fn a_body_has_a_limit(tables: Arc<dyn Tables>) {
    let largest = "x".repeat(ENTITY_BODY_BYTES_MAX);
    check_error(&commit(&*tables, &[insert("a", &format!("{largest}x"))]).await, "invalid");
    write(&*tables, insert("a", &largest)).await;
    assert_eq!(body(&*tables, "a").await, Some(largest));
}

/// 4 MiB, and a little more.
pub async fn a_transaction_has_a_limit_in_bytes(tables: Arc<dyn Tables>) {
    let rows = 10;
    let keys = rows * (PARTITION.len() + "r0".len());
    let largest = "x".repeat((TRANSACTION_BYTES_MAX - keys) / rows);
    let ops: Vec<Op> = (0..rows).map(|n| insert(&format!("r{n}"), &largest)).collect();
    let larger: Vec<Op> = (0..rows).map(|n| insert(&format!("r{n}"), &format!("{largest}x"))).collect();
    check_error(&commit(&*tables, &larger).await, "invalid");
    assert_eq!(read(&*tables, "r0").await, None);
    assert_eq!(commit(&*tables, &ops).await.unwrap().len(), rows);
    assert_eq!(body(&*tables, "r9").await, Some(largest));
}

/// Bodies may hold any text: no character is lost or changed.
pub async fn any_text_is_a_body(tables: Arc<dyn Tables>) {
    let texts =
        ["", " ", "한국어 요금제", "😀", "line\r\nline\ttab", r#"{"a":"\u0000 % ' \" \\"}"#, "null", "007"];
    for (n, text) in texts.into_iter().enumerate() {
        let row = format!("r{n}");
        write(&*tables, insert(&row, text)).await;
        assert_eq!(body(&*tables, &row).await.as_deref(), Some(text));
    }
}
