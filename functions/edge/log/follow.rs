//! Follows the document that says which lines are written: `runtime.json` in the container `config` (on one machine:
//! in `{DATA_DIR}/documents/config`).

use super::Log;
use super::levels::Levels;
use app::failure::chain;
use app::ports::{Document, DocumentError, Documents, ETag, Reading};
use std::sync::Arc;
use std::time::Duration;

/// The document's name.
const NAME: &str = "runtime.json";
/// Milliseconds between two looks, unless `RUNTIME_POLL_MS` says otherwise. A look at a document that has not changed
/// is one conditional read, some 130,000 a month and instance.
const POLL_MS_DEFAULT: u64 = 20_000;
/// The shortest time between two looks that can be set.
const POLL_MS_MIN: u64 = 20;
/// The longest.
const POLL_MS_MAX: u64 = 3_600_000;
/// Seconds after which a look is given up; the next one comes anyhow.
const READ_SECONDS_MAX: u64 = 10;

/// How often to look, from `RUNTIME_POLL_MS`; a value that cannot be used is the default.
pub(crate) fn poll_interval(setting: Option<&str>) -> Duration {
    let wished = setting.and_then(|text| text.parse().ok());
    let wished = wished.filter(|millis| (POLL_MS_MIN..=POLL_MS_MAX).contains(millis));
    Duration::from_millis(wished.unwrap_or(POLL_MS_DEFAULT))
}

/// Keeps the log as the document says.
pub(crate) struct Follower {
    documents: Arc<dyn Documents>,
    log: Log,
    /// The version that was read last, whether it could be used or not.
    known: Option<ETag>,
    /// Whether a document's levels are in force.
    followed: bool,
    /// Whether the last look failed.
    blind: bool,
}

impl Follower {
    /// Nothing is looked at before [`run`](Self::run).
    pub(crate) fn new(documents: Arc<dyn Documents>, log: Log) -> Self {
        Self { documents, log, known: None, followed: false, blind: false }
    }

    /// Looks at once, and then again and again.
    pub(crate) async fn run(mut self, every: Duration) {
        loop {
            self.look().await;
            tokio::time::sleep(every).await;
        }
    }

    /// Changes the levels when the document has changed. One that cannot be read or used changes nothing, and is told
    /// of once.
    async fn look(&mut self) {
        let read = self.documents.read(NAME, self.known.as_ref());
        let read = tokio::time::timeout(Duration::from_secs(READ_SECONDS_MAX), read).await;
        match read {
            Ok(Ok(Reading::Unchanged)) => self.blind = false,
            Ok(Ok(Reading::Missing)) => self.missing(),
            Ok(Ok(Reading::Found(document))) => self.found(document),
            Ok(Err(error)) => self.failed(&error),
            Err(_) => self.failed(&DocumentError::Busy { retry_after: None }),
        }
    }

    fn missing(&mut self) {
        self.blind = false;
        self.known = None;
        if std::mem::take(&mut self.followed) {
            tracing::info!(document = NAME, "the log levels are those of the start again");
            self.log.reset();
        }
    }

    fn found(&mut self, document: Document) {
        self.blind = false;
        self.known = Some(document.etag);
        match Levels::parse(&document.content, &self.log.start) {
            Ok(levels) => {
                tracing::info!(document = NAME, levels = %levels, "the log levels change");
                self.log.apply(levels);
                self.followed = true;
            }
            Err(error) => {
                let error = chain(&error);
                tracing::warn!(document = NAME, error, "log levels that cannot be used change nothing");
            }
        }
    }

    fn failed(&mut self, error: &DocumentError) {
        if !std::mem::replace(&mut self.blind, true) {
            tracing::warn!(document = NAME, error = chain(error), "the log levels cannot be read");
        }
    }
}

#[cfg(test)]
mod tests;
