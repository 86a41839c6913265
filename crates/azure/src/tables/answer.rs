//! What an answer means.
//!
//! Source: Microsoft Learn, "Table service error codes", "Common REST API error codes", "Performing entity group
//! transactions" (the message of a failed operation begins with its index).

use super::batch::{self, Answer};
use app::ports::{ETag, Op, OpKind, TableError};
use azure_core::http::headers::{
    ERROR_CODE, HeaderName, Headers, RETRY_AFTER, RETRY_AFTER_MS, X_MS_RETRY_AFTER_MS,
};
use azure_core::http::{RawResponse, StatusCode};
use serde::Deserialize;
use std::fmt;
use std::time::Duration;

/// Characters of the service's message that are kept for the log. It names rows, never what is in them.
const DETAIL_CHARS_MAX: usize = 300;

/// A failure in the service's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: String,
    message: String,
    pub(super) retry_after: Option<Duration>,
}

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "odata.error")]
    error: BodyError,
}

#[derive(Deserialize)]
struct BodyError {
    code: String,
    #[serde(default)]
    message: BodyMessage,
}

#[derive(Default, Deserialize)]
struct BodyMessage {
    value: String,
}

impl Refusal {
    /// From an answer. The code stands in the body, and not always in a header.
    pub(super) fn of(status: StatusCode, headers: &Headers, body: &[u8]) -> Self {
        let mut refusal = Self::parse(status.into(), &String::from_utf8_lossy(body));
        if let (true, Some(code)) = (refusal.code.is_empty(), headers.get_optional_str(&ERROR_CODE)) {
            code.clone_into(&mut refusal.code);
        }
        refusal.retry_after = retry_after(headers);
        refusal
    }

    fn parse(status: u16, body: &str) -> Self {
        let (code, message) = match serde_json::from_str::<Body>(body) {
            Ok(Body { error }) => (error.code, error.message.value),
            Err(_) => (String::new(), body.to_owned()),
        };
        let detail = |text: String| text.chars().filter(|c| !c.is_control()).take(DETAIL_CHARS_MAX).collect();
        Self { status, code: detail(code), message: detail(message), retry_after: None }
    }

    /// The service asks to slow down, before it has done anything. A 503 without that code says nothing: it may come
    /// from something in between.
    pub(super) fn is_busy(&self) -> bool {
        self.status == 429 || self.status == 503 && self.code == "ServerBusy"
    }

    /// The operation that failed: `3:The specified entity already exists.`
    fn index(&self) -> Option<usize> {
        self.message.split_once(':').and_then(|(index, _)| index.parse().ok())
    }

    /// The fate of a call that is not, or not only, about one operation.
    pub(super) fn into_error(self) -> TableError {
        match self.status {
            _ if self.is_busy() => TableError::Throttled { retry_after: self.retry_after },
            400 | 413 => TableError::Invalid(invalid(&self.code)),
            _ => TableError::Unknown(Box::new(TablesAnswered(self))),
        }
    }
}

/// What the tables do not take, although it passed our own checks.
fn invalid(code: &str) -> &'static str {
    match code {
        "EntityTooLarge" => "EntityTooLarge",
        "InvalidDuplicateRow" => "InvalidDuplicateRow",
        "InvalidInput" => "InvalidInput",
        "KeyValueTooLarge" => "KeyValueTooLarge",
        "OutOfRangeInput" => "OutOfRangeInput",
        "PropertyValueTooLarge" => "PropertyValueTooLarge",
        "RequestBodyTooLarge" => "RequestBodyTooLarge",
        "TooManyProperties" => "TooManyProperties",
        _ => "the answer was 400 or 413",
    }
}

/// Milliseconds in the headers of Azure, seconds in the standard one.
fn retry_after(headers: &Headers) -> Option<Duration> {
    let milliseconds = number(headers, &X_MS_RETRY_AFTER_MS).or_else(|| number(headers, &RETRY_AFTER_MS));
    let seconds = || number(headers, &RETRY_AFTER).map(Duration::from_secs);
    milliseconds.map(Duration::from_millis).or_else(seconds)
}

fn number(headers: &Headers, name: &HeaderName) -> Option<u64> {
    headers.get_optional_str(name).and_then(|text| text.trim().parse().ok())
}

/// The tables answered with a failure.
#[derive(Debug)]
pub(super) struct TablesAnswered(pub(super) Refusal);

impl fmt::Display for TablesAnswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refusal { status, code, message, .. } = &self.0;
        write!(f, "the tables answered {status} {code}: {message}")
    }
}

impl std::error::Error for TablesAnswered {}

/// The answer does not have the form that it should have.
#[derive(Debug, thiserror::Error)]
#[error("the tables answered {0} that cannot be read")]
pub(super) struct Malformed(pub(super) &'static str);

impl From<Malformed> for TableError {
    /// What was done is not known.
    fn from(malformed: Malformed) -> Self {
        Self::Unknown(Box::new(malformed))
    }
}

/// A failure of the whole call, if the answer is one.
pub(super) fn refusal(answer: &RawResponse) -> Option<Refusal> {
    let failed = !answer.status().is_success();
    failed.then(|| Refusal::of(answer.status(), answer.headers(), answer.body()))
}

/// What became of a transaction.
pub(super) fn committed(ops: &[Op], answer: &RawResponse) -> Result<Vec<Option<ETag>>, TableError> {
    if let Some(refusal) = refusal(answer) {
        return Err(one_failed(ops, refusal));
    }
    let body = std::str::from_utf8(answer.body()).map_err(|_| Malformed("a batch"))?;
    let answers = batch::decode(body).ok_or(Malformed("a batch"))?;
    if let Some(failed) = answers.iter().find(|answer| !(200..300).contains(&answer.status)) {
        let refusal = Refusal::parse(failed.status, &failed.body);
        return Err(one_failed(ops, Refusal { retry_after: retry_after(answer.headers()), ..refusal }));
    }
    if answers.len() != ops.len() {
        return Err(Malformed("another number of operations").into());
    }
    ops.iter().zip(answers).map(version).collect()
}

fn version((op, answer): (&Op, Answer)) -> Result<Option<ETag>, TableError> {
    match (op.body(), answer.etag) {
        (Some(_), Some(etag)) => Ok(Some(ETag(etag))),
        (Some(_), None) => Err(Malformed("no version").into()),
        (None, _) => Ok(None),
    }
}

/// The failure of the operation that the service names. Nothing of the transaction was applied. Not to know which
/// operation it was is not to know what is there: then the caller has to read.
fn one_failed(ops: &[Op], refusal: Refusal) -> TableError {
    let index = refusal.index().or_else(|| (ops.len() == 1).then_some(0));
    let Some((index, op)) = index.and_then(|index| ops.get(index).map(|op| (index, op))) else {
        return refusal.into_error();
    };
    match (refusal.status, refusal.code.as_str(), &op.kind) {
        (409, "EntityAlreadyExists", OpKind::Insert(_)) => TableError::Exists { index },
        (412, _, OpKind::Replace(..) | OpKind::Delete(Some(_))) => TableError::Changed { index },
        (404, "ResourceNotFound" | "EntityNotFound", OpKind::Replace(..) | OpKind::Delete(Some(_))) => {
            TableError::Changed { index }
        }
        (404, "ResourceNotFound" | "EntityNotFound", OpKind::Delete(None)) => TableError::Missing { index },
        _ => refusal.into_error(),
    }
}
