//! What every adapter of [`Documents`] keeps, as one check for each rule.
//!
//! `testkit::document_contract!(make)` in a module of tests makes a test of every check. `make` is an expression that
//! yields a future of `(Arc<dyn Documents>, guard)`: an empty container, and what must live as long as it does, such
//! as a temporary folder. It is evaluated once for each check.
#![allow(clippy::missing_panics_doc, reason = "a check fails by panicking")]
#![expect(clippy::unwrap_used, reason = "a check fails by panicking")]

use app::ports::{DOCUMENT_NAME_CHARS_MAX, Document, DocumentError, Documents, ETag, Reading, Stored};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::task::JoinSet;

/// One test for each check of the contract; see [`document_contract!`](crate::document_contract!).
#[macro_export]
macro_rules! document_contract {
    ($make:expr) => {
        $crate::document_contract! { @tests $make;
            a_document_is_read_as_it_was_stored
            a_name_without_a_document_is_missing
            a_document_is_stored_once_and_never_changed
            a_version_that_is_known_is_not_read_again
            of_many_who_store_at_the_same_time_one_does
            every_allowed_name_is_a_document_of_its_own
            no_other_name_is_a_document
            the_document_store_answers_a_ping
        }
    };
    (@tests $make:expr; $($check:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                let (documents, _guard) = $make.await;
                $crate::document_contract::$check(documents).await;
            }
        )+
    };
}

const HTML: &str = "text/html; charset=utf-8";
/// Larger than the blocks in which Azure's client reads and writes (4 MiB).
const LARGE_BYTES: usize = 9 * 1024 * 1024 + 1;

async fn create(documents: &dyn Documents, name: &str, content: impl Into<Bytes>) -> Stored {
    documents.create(name, HTML, content.into()).await.unwrap()
}

async fn found(documents: &dyn Documents, name: &str) -> Document {
    let read = documents.read(name, None).await.unwrap();
    let Reading::Found(document) = read else { panic!("{name}: {read:?}") };
    document
}

/// Any bytes are a document, none at all and many of them as well.
pub async fn a_document_is_read_as_it_was_stored(documents: Arc<dyn Documents>) {
    let large: Vec<u8> = (0..LARGE_BYTES).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let contents: [&[u8]; 5] = ["청구서 <&>\r\n\0".as_bytes(), b"\xff\xfe\x00\x80", b"", b" ", &large];
    for (n, content) in contents.into_iter().enumerate() {
        let name = format!("2026-10/{n}.html");
        assert_eq!(create(&*documents, &name, content.to_vec()).await, Stored::Created, "{name}");
        let read = found(&*documents, &name).await;
        assert!(read.content == content, "{name}: {} of {} bytes", read.content.len(), content.len());
    }
}

/// Whatever version the reader knows of, and whatever is stored beside it.
pub async fn a_name_without_a_document_is_missing(documents: Arc<dyn Documents>) {
    let known = ETag("\"0x8DD0000000000000\"".to_owned());
    for name in ["a", "b/c", "b/d/e.html"] {
        assert_eq!(documents.read(name, None).await.unwrap(), Reading::Missing, "{name}");
        assert_eq!(documents.read(name, Some(&known)).await.unwrap(), Reading::Missing, "{name}");
    }
    create(&*documents, "b/c.html", "1").await;
    for name in ["b", "b/c", "c.html"] {
        assert_eq!(documents.read(name, None).await.unwrap(), Reading::Missing, "{name}");
    }
}

/// The first content stays, whatever is stored later under the name.
pub async fn a_document_is_stored_once_and_never_changed(documents: Arc<dyn Documents>) {
    assert_eq!(create(&*documents, "a.html", "first").await, Stored::Created);
    let first = found(&*documents, "a.html").await;
    for content in ["second", "first", ""] {
        assert_eq!(create(&*documents, "a.html", content).await, Stored::Already, "{content}");
    }
    assert_eq!(found(&*documents, "a.html").await, first);
    assert_eq!(first.content, "first");
}

/// A reader that knows the version gets no content; one that knows another version does.
pub async fn a_version_that_is_known_is_not_read_again(documents: Arc<dyn Documents>) {
    create(&*documents, "a", "1").await;
    create(&*documents, "b", "2").await;
    let (a, b) = (found(&*documents, "a").await, found(&*documents, "b").await);
    assert_eq!(documents.read("a", Some(&a.etag)).await.unwrap(), Reading::Unchanged);
    assert_eq!(documents.read("b", Some(&b.etag)).await.unwrap(), Reading::Unchanged);
    let other = ETag("\"another\"".to_owned());
    assert_eq!(documents.read("a", Some(&other)).await.unwrap(), Reading::Found(a));
}

/// Each with a content of its own: one content is stored, and every one of them reads it.
pub async fn of_many_who_store_at_the_same_time_one_does(documents: Arc<dyn Documents>) {
    let mut callers = JoinSet::new();
    for caller in 0..16 {
        let documents = Arc::clone(&documents);
        callers.spawn(async move {
            let stored = create(&*documents, "raced.html", format!("by {caller:02}").repeat(1_000)).await;
            (stored, found(&*documents, "raced.html").await.content)
        });
    }
    let answers = callers.join_all().await;
    let created = answers.iter().filter(|(stored, _)| *stored == Stored::Created).count();
    let contents: BTreeSet<&Bytes> = answers.iter().map(|(_, content)| content).collect();
    assert_eq!((created, contents.len()), (1, 1));
}

/// Names differ in every character, and a name may begin as another does.
pub async fn every_allowed_name_is_a_document_of_its_own(documents: Arc<dyn Documents>) {
    let long = format!("{}/{}", "d".repeat(100), "n".repeat(DOCUMENT_NAME_CHARS_MAX - 101));
    let allowed = "abcdefghijklmnopqrstuvwxyz-0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZ.html";
    let names = [allowed, &long, "x", "x.", "x..y", ".x", "-x", "_x", "d/x", "d/d/x", "d.d/x", "0"];
    for name in names {
        assert_eq!(create(&*documents, name, name.to_owned()).await, Stored::Created, "{name}");
    }
    for name in names {
        assert_eq!(found(&*documents, name).await.content, name);
    }
}

/// Nothing is stored under it, and nothing is looked for.
pub async fn no_other_name_is_a_document(documents: Arc<dyn Documents>) {
    let long = "a".repeat(DOCUMENT_NAME_CHARS_MAX + 1);
    for name in
        ["", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../../b", "a\\b", "a b", "a%2fb", "한", &long]
    {
        let stored = documents.create(name, HTML, Bytes::from_static(b"1")).await;
        assert!(matches!(stored, Err(DocumentError::Name)), "{name}: {stored:?}");
        let read = documents.read(name, None).await;
        assert!(matches!(read, Err(DocumentError::Name)), "{name}: {read:?}");
    }
}

/// An empty container is as well as any other.
pub async fn the_document_store_answers_a_ping(documents: Arc<dyn Documents>) {
    documents.ping().await.unwrap();
}
