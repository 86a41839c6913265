//! `Idempotency-Key`: the first answer is kept with the change that it belongs to, and replayed.
//!
//! The row is inserted by the request's own transaction, so that a repeat is found by the store without a read.

use crate::keys::{self, CustomerKey, digest};
use crate::ports::{ETag, Key, Table};
use crate::store::{Changes, Committed, Loaded};
use crate::{App, Failure};
use contract::problem::Code;
use domain::limits::HANDLER_SECONDS_MAX;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An answer that can be given again: the HTTP status and the JSON body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl Answer {
    /// An answer of a status with a body.
    pub fn new(status: u16, body: &impl Serialize) -> Result<Self, Failure> {
        Ok(Self { status, body: serde_json::to_value(body)? })
    }
}

/// A request that is to have its effect once.
#[derive(Debug, Clone)]
pub struct Once {
    row: String,
    fingerprint: String,
}

impl Once {
    /// From the caller, the route, the `Idempotency-Key` and the request's body in a canonical form. A key belongs to
    /// one caller and one route.
    pub fn new(caller: &str, route: &str, key: &str, body: &str) -> Self {
        let row = format!("{}{}", keys::IDEMPOTENCY, digest(&[caller, route, key]));
        Self { row, fingerprint: digest(&[caller, route, body]) }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    fingerprint: String,
    at: Timestamp,
    /// The id of what the request made, when it takes more than one transaction to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    /// None while the first request is being worked on.
    answer: Option<Answer>,
}

impl Record {
    /// Rows older than this are cleaned up.
    pub(crate) fn written_before(&self, limit: Timestamp) -> bool {
        self.at < limit
    }
}

/// What is known of a request with an `Idempotency-Key`.
pub(crate) enum Earlier {
    /// It is the first.
    None,
    /// It was answered.
    Answered(Answer),
    /// An earlier one began and never answered: its process was killed. It may be taken over.
    Abandoned {
        /// The version of its row.
        etag: ETag,
        /// The id of what it made.
        about: Option<String>,
    },
}

impl Changes {
    /// Keeps the answer with the change.
    pub(crate) fn once(
        &mut self,
        once: Option<&Once>,
        answer: Option<&Answer>,
        now: Timestamp,
    ) -> Result<&mut Self, Failure> {
        match once {
            Some(once) => self.insert(once.row.clone(), &once.record(answer, now)),
            None => Ok(self),
        }
    }

    /// Keeps that the request has begun, and what it makes; [`Once::answered`] adds the answer.
    pub(crate) fn once_begun(
        &mut self,
        once: Option<&Once>,
        about: &str,
        now: Timestamp,
    ) -> Result<&mut Self, Failure> {
        match once {
            Some(once) => {
                let record = Record { about: Some(about.to_owned()), ..once.record(None, now) };
                self.insert(once.row.clone(), &record)
            }
            None => Ok(self),
        }
    }
}

impl Once {
    fn record(&self, answer: Option<&Answer>, at: Timestamp) -> Record {
        Record { fingerprint: self.fingerprint.clone(), at, about: None, answer: answer.cloned() }
    }

    /// Adds the answer to the row that [`Changes::once`] inserted without one.
    pub(crate) fn answered(
        &self,
        changes: &mut Changes,
        etag: ETag,
        answer: &Answer,
        now: Timestamp,
    ) -> Result<(), Failure> {
        changes.replace(self.row.clone(), etag, &self.record(Some(answer), now)).map(|_| ())
    }
}

impl App {
    /// What is known of an earlier request with the same key.
    pub(crate) async fn earlier(
        &self,
        table: Table,
        partition: &str,
        once: &Once,
        now: Timestamp,
    ) -> Result<Earlier, Failure> {
        let key = Key::new(partition, once.row.clone());
        let Some(Loaded { value: record, etag, .. }) = self.load::<Record>(table, &key).await? else {
            return Ok(Earlier::None);
        };
        if record.fingerprint != once.fingerprint {
            return Err(Failure::refused(Code::IdempotencyKeyReused, "the key was used with another body"));
        }
        match record.answer {
            Some(answer) => Ok(Earlier::Answered(answer)),
            None if abandoned(record.at, now) => Ok(Earlier::Abandoned { etag, about: record.about }),
            None => {
                Err(Failure::refused(Code::IdempotencyKeyInFlight, "the first request is being worked on"))
            }
        }
    }

    /// The first answer, when a change was refused because its key was used before.
    pub(crate) async fn replayed(
        &self,
        table: Table,
        customer: &CustomerKey,
        once: Option<&Once>,
        ended: Result<Option<Answer>, Failure>,
        now: Timestamp,
    ) -> Result<Answer, Failure> {
        let failure = match ended {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => Failure::Changed,
            Err(failure @ Failure::Refused(_)) => failure,
            Err(failure) => return Err(failure),
        };
        let Some(once) = once else { return Err(failure) };
        match self.earlier(table, &customer.partition, once, now).await? {
            Earlier::Answered(answer) => Ok(answer),
            Earlier::None | Earlier::Abandoned { .. } => Err(failure),
        }
    }

    /// Does work that may safely be done again, and keeps its answer. For commands that are more than one
    /// transaction, each of them idempotent by its own means.
    pub async fn once<F>(&self, once: Option<Once>, work: F) -> Result<Answer, Failure>
    where
        F: Future<Output = Result<Answer, Failure>>,
    {
        let Some(once) = once else { return work.await };
        let now = self.now();
        let partition = keys::Buckets::partition(0);

        let mut begin = Changes::new(Table::Meta, partition.clone());
        begin.once(Some(&once), None, now)?;
        let etag = match self.commit(begin).await? {
            Committed::Applied(etags) => etags.into_iter().flatten().next(),
            Committed::Repeat | Committed::KeyUsed => {
                match self.earlier(Table::Meta, &partition, &once, now).await? {
                    Earlier::Answered(answer) => return Ok(answer),
                    Earlier::Abandoned { etag, .. } => Some(etag),
                    Earlier::None => None,
                }
            }
        };
        let etag = etag.ok_or(Failure::Changed)?;
        let ended = work.await;
        let mut end = Changes::new(Table::Meta, partition);
        match &ended {
            Ok(answer) => once.answered(&mut end, etag, answer, now)?,
            // A refusal is not kept: the same key may be used again when the cause is gone.
            Err(_) => drop(end.delete(once.row.clone(), Some(etag))),
        }
        self.commit(end).await?;
        ended
    }
}

/// Whether what began then and has not ended never will: no invocation takes so long.
pub(crate) fn abandoned(since: Timestamp, now: Timestamp) -> bool {
    let limit = SignedDuration::from_secs(i64::try_from(HANDLER_SECONDS_MAX).unwrap_or(i64::MAX));
    now.duration_since(since) > limit
}
