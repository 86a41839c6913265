use crate::faults::{Call, Faults};
use app::ports::Document;
use app::ports::{DocumentError, Documents, ETag, Reading, Stored, validate_name};
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug, Clone)]
struct Entry {
    version: u64,
    content_type: String,
    content: Bytes,
}

/// Documents in memory, with the rules of the real ones.
#[derive(Debug, Default)]
pub struct MemoryDocuments {
    faults: Faults,
    entries: Mutex<BTreeMap<String, Entry>>,
}

impl MemoryDocuments {
    /// Documents whose calls go wrong as `faults` has it.
    pub fn new(faults: &Faults) -> Self {
        Self { faults: faults.clone(), entries: Mutex::default() }
    }

    /// Every document: its name, content type and content.
    pub fn contents(&self) -> Vec<(String, String, Bytes)> {
        let entry = |(name, entry): (&String, &Entry)| {
            (name.clone(), entry.content_type.clone(), entry.content.clone())
        };
        self.entries().iter().map(entry).collect()
    }

    /// Stores a document in the place of what is there, as another program does that is no part of the product.
    pub fn put(&self, name: &str, content: impl Into<Bytes>) {
        let mut entries = self.entries();
        let version = entries.get(name).map_or(1, |entry| entry.version + 1);
        let entry = Entry { version, content_type: String::new(), content: content.into() };
        entries.insert(name.to_owned(), entry);
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look_up(&self, name: &str, known: Option<&ETag>) -> Reading {
        let entries = self.entries();
        let Some(entry) = entries.get(name) else { return Reading::Missing };
        let etag = ETag(entry.version.to_string());
        if known == Some(&etag) {
            Reading::Unchanged
        } else {
            Reading::Found(Document { etag, content: entry.content.clone() })
        }
    }

    fn store(&self, name: &str, content_type: &str, content: Bytes) -> Stored {
        let mut entries = self.entries();
        if entries.contains_key(name) {
            return Stored::Already;
        }
        let entry = Entry { version: 1, content_type: content_type.to_owned(), content };
        entries.insert(name.to_owned(), entry);
        Stored::Created
    }
}

fn busy() -> DocumentError {
    DocumentError::Busy { retry_after: None }
}

fn unknown() -> DocumentError {
    DocumentError::Store("a fault of the test".into())
}

#[async_trait]
impl Documents for MemoryDocuments {
    async fn read(&self, name: &str, known: Option<&ETag>) -> Result<Reading, DocumentError> {
        validate_name(name)?;
        let call = || Call::ReadDocument(name.to_owned());
        self.faults.around(call, async { Ok(self.look_up(name, known)) }, busy, unknown).await
    }

    async fn create(&self, name: &str, content_type: &str, content: Bytes) -> Result<Stored, DocumentError> {
        validate_name(name)?;
        let call = || Call::CreateDocument(name.to_owned());
        self.faults.around(call, async { Ok(self.store(name, content_type, content)) }, busy, unknown).await
    }

    async fn ping(&self) -> Result<(), DocumentError> {
        self.faults.around(|| Call::Ping, async { Ok(()) }, busy, unknown).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fault;
    use std::sync::Arc;

    crate::document_contract!(async { (Arc::new(MemoryDocuments::default()), ()) });

    async fn create(documents: &MemoryDocuments, name: &str) -> Result<Stored, DocumentError> {
        documents.create(name, "text/plain", Bytes::from_static(b"1")).await
    }

    /// Creates three documents with `fault` at the second one: which of them are there then.
    async fn check(fault: Fault, left: &[&str]) {
        let faults = Faults::default();
        faults.nth(2, |call| matches!(call, Call::CreateDocument(_)), fault);
        let documents = MemoryDocuments::new(&faults);
        let mut failed = 0;
        for name in ["a", "b", "c"] {
            failed += usize::from(create(&documents, name).await.is_err());
        }
        assert_eq!(failed, 1, "{fault:?}");
        let names: Vec<String> = documents.contents().into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, left, "{fault:?}");
    }

    #[tokio::test]
    async fn a_fault_hits_the_call_it_is_meant_for_and_no_other() {
        check(Fault::Refused, &["a", "c"]).await;
        check(Fault::LostBefore, &["a", "c"]).await;
        check(Fault::LostAfter, &["a", "b", "c"]).await;
    }

    #[tokio::test]
    async fn what_another_program_puts_in_place_is_another_version() {
        let documents = MemoryDocuments::default();
        documents.put("a", "1");
        let Ok(Reading::Found(first)) = documents.read("a", None).await else { panic!("it is there") };
        documents.put("a", "2");
        let Ok(Reading::Found(second)) = documents.read("a", Some(&first.etag)).await else {
            panic!("it has changed")
        };
        assert_eq!((first.content, second.content), (Bytes::from_static(b"1"), Bytes::from_static(b"2")));
    }
}
