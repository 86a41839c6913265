//! Documents: the contract, and what another program sees of them.

use super::blobs;
use app::ports::{DocumentError, Documents, Reading, Stored};
use azure::documents::BlobDocuments;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A container that no other test uses; it is made when `made` says so.
async fn container(made: bool) -> Arc<BlobDocuments> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("documents-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let documents = BlobDocuments::emulator(&blobs(), &name, None).unwrap();
    if made {
        documents.ensure_container().await.unwrap();
    }
    Arc::new(documents)
}

testkit::document_contract!(async {
    let documents: Arc<dyn Documents> = container(true).await;
    (documents, ())
});

#[tokio::test]
async fn a_container_may_be_there_already() {
    let documents = container(true).await;
    let kept = documents.create("a/b.html", "text/html", Bytes::from_static(b"1")).await.unwrap();
    assert_eq!(kept, Stored::Created);
    documents.ensure_container().await.unwrap();
    assert!(matches!(documents.read("a/b.html", None).await.unwrap(), Reading::Found(_)));
}

#[tokio::test]
async fn a_container_that_is_missing_is_no_empty_one() {
    let documents = container(false).await;
    let read = documents.read("a", None).await;
    assert!(matches!(read, Err(DocumentError::Store(_))), "{read:?}");
    let stored = documents.create("a", "text/html", Bytes::new()).await;
    assert!(matches!(stored, Err(DocumentError::Store(_))), "{stored:?}");
    assert!(documents.ping().await.is_err());
}
