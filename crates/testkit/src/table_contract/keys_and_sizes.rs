use super::{PARTITION, TABLE, all, body, check_error, commit, insert, names, read, write};
use app::ports::{Key, Op, Range, Tables, is_key, transaction_bytes};
use domain::limits::{ENTITY_BODY_BYTES_MAX, KEY_CHARS_MAX, TRANSACTION_BYTES_MAX};
use std::sync::Arc;

/// Printable ASCII without the characters that Azure Tables keeps for itself, `%`, and the `~` that closes prefixes.
fn allowed() -> impl Iterator<Item = char> {
    (' '..='~').filter(|c| !r"/\#?%~".contains(*c))
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
    let found = names(&*tables, " ", "~").await;
    assert_eq!(found, unique, "ordinal order");
    let partition: String = allowed().collect();
    tables.commit(TABLE, &partition, &[insert("a", "1")]).await.unwrap();
    assert!(tables.read(TABLE, &Key::new(partition, "a")).await.unwrap().is_some());
    assert_eq!(read(&*tables, "a").await, None);
}

/// Control characters, `/ \ # ? % ~`, and everything that is not ASCII. Nothing is ever found under such a name.
pub async fn no_other_character_makes_a_key(tables: Arc<dyn Tables>) {
    let control = ('\0'..' ').chain(['\u{7f}', '\u{80}', '\u{9f}']);
    for c in control.chain(r"/\#?%~".chars()).chain(['é', '한', '😀', '\u{a0}']) {
        let name = format!("a{c}b");
        assert!(!is_key(&name));
        check_error(&commit(&*tables, &[insert("fine", "1"), insert(&name, "1")]).await, "invalid");
        check_error(&tables.commit(TABLE, &name, &[insert("fine", "1")]).await, "invalid");
        assert_eq!(read(&*tables, &name).await, None);
        assert_eq!(tables.read(TABLE, &Key::new(&*name, "fine")).await.unwrap(), None);
        assert_eq!(all(&*tables, &Range::prefix(&*name, ""), 10).await, []);
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

/// The largest body, and one byte more, whatever the text is: Azure counts in UTF-16, and `"` is escaped on its way.
pub async fn a_body_has_a_limit(tables: Arc<dyn Tables>) {
    for character in ["x", "\"", "é", "한", "😀"] {
        let mut largest = character.repeat(ENTITY_BODY_BYTES_MAX / character.len());
        largest.push_str(&"x".repeat(ENTITY_BODY_BYTES_MAX - largest.len()));
        check_error(&commit(&*tables, &[Op::upsert("a", format!("{largest}x"))]).await, "invalid");
        write(&*tables, Op::upsert("a", largest.clone())).await;
        assert!(body(&*tables, "a").await == Some(largest), "{character}");
    }
    write(&*tables, Op::upsert("a", "short".to_owned())).await;
    assert_eq!(body(&*tables, "a").await.as_deref(), Some("short"), "nothing of the long body is left");
}

/// `TRANSACTION_BYTES_MAX` as [`transaction_bytes`] counts, and one byte more.
pub async fn a_transaction_has_a_limit_in_bytes(tables: Arc<dyn Tables>) {
    let ops = |last: usize| {
        let row = |n: usize| insert(&format!("r{n}"), &"x".repeat(if n < 4 { 450_000 } else { last }));
        (0..5).map(row).collect::<Vec<_>>()
    };
    let largest = TRANSACTION_BYTES_MAX - transaction_bytes(PARTITION, &ops(0));
    check_error(&commit(&*tables, &ops(largest + 1)).await, "invalid");
    assert_eq!(read(&*tables, "r0").await, None);
    assert_eq!(commit(&*tables, &ops(largest)).await.unwrap().len(), 5);
    assert_eq!(body(&*tables, "r4").await.map(|body| body.len()), Some(largest));
}

/// Bodies may hold any text: no character is lost or changed.
pub async fn any_text_is_a_body(tables: Arc<dyn Tables>) {
    let every: String = ('\0'..='\u{2fff}').chain('\u{f900}'..='\u{fffd}').collect();
    let texts = [
        "",
        " ",
        "한국어 요금제",
        "😀 👩\u{200d}👩\u{200d}👧 🇰🇷 e\u{301} \u{202e}abc",
        "line\r\nline\ttab\u{2028}line\u{2029}line\u{85}line",
        r#"{"a":"\u0000 % ' \" \\"}"#,
        "null",
        "007",
        "2026-11-22T00:00:00Z",
        "--changeset_1\r\n\r\n--batch_1--",
        &every,
    ];
    for (n, text) in texts.into_iter().enumerate() {
        let row = format!("r{n}");
        write(&*tables, insert(&row, text)).await;
        assert_eq!(body(&*tables, &row).await.as_deref(), Some(text));
    }
    let found = all(&*tables, &Range::prefix(PARTITION, "r"), texts.len()).await;
    assert!(found.iter().any(|row| row.body == every));
}
