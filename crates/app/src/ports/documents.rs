use super::ETag;
use async_trait::async_trait;
use bytes::Bytes;
use std::time::Duration;

/// Files that are kept whole under a name: customers' documents, and the settings that a process follows while it runs.
///
/// An adapter is bound to one container (in Azure: a blob container; on one machine: a folder).
#[async_trait]
pub trait Documents: Send + Sync {
    /// Reads a document, or says that it is still the version that is `known`.
    async fn read(&self, name: &str, known: Option<&ETag>) -> Result<Reading, DocumentError>;

    /// Stores a document that is never changed again. When there already is one of that name it stays as it is, and
    /// that is [`Stored::Already`]: also the answer to a second try whose first one was done after all.
    async fn create(&self, name: &str, content_type: &str, content: Bytes) -> Result<Stored, DocumentError>;

    /// Answers when the store can be reached and the container is there. Cheap: for readiness.
    async fn ping(&self) -> Result<(), DocumentError>;
}

/// What was found under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// Nothing.
    Missing,
    /// The version that the reader knows.
    Unchanged,
    /// A version that the reader does not know.
    Found(Document),
}

/// A document as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The version that was read.
    pub etag: ETag,
    /// The whole content.
    pub content: Bytes,
}

/// What became of a document that was to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is stored now.
    Created,
    /// There was one of that name; it was left as it is.
    Already,
}

/// Why a document could not be read or stored.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The name cannot be a document's: see [`validate_name`].
    #[error("a document cannot have this name")]
    Name,
    /// The store asks for patience.
    #[error("the document store is busy")]
    Busy {
        /// How long it asks to wait, when it says so.
        retry_after: Option<Duration>,
    },
    /// The store cannot be reached, refuses, or answers what cannot be understood. Whether a document was stored is
    /// not known.
    #[error("the document store failed")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The longest name of a document, in characters: far below the 1,024 of a blob.
pub const DOCUMENT_NAME_CHARS_MAX: usize = 200;

/// Whether every adapter can keep a document under this name: segments of `a-z`, `A-Z`, `0-9`, `-`, `_` and `.`,
/// none of them empty or of dots only, with `/` between them.
pub fn validate_name(name: &str) -> Result<(), DocumentError> {
    let segment = |segment: &str| {
        segment.chars().any(|char| char != '.')
            && segment.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.'))
    };
    if name.len() <= DOCUMENT_NAME_CHARS_MAX && name.split('/').all(segment) {
        Ok(())
    } else {
        Err(DocumentError::Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_plain_segments() {
        for good in ["a", "2026-10/bill_1.html", "a/b/c.d"] {
            assert!(validate_name(good).is_ok(), "{good}");
        }
        let long = "a".repeat(DOCUMENT_NAME_CHARS_MAX + 1);
        for bad in ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "한", "a b", "a?b", "a\\b", &long] {
            assert!(matches!(validate_name(bad), Err(DocumentError::Name)), "{bad}");
        }
    }
}
