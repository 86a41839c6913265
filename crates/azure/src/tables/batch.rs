//! An entity group transaction as one `multipart/mixed` request, and its answer.
//!
//! Source: Microsoft Learn, "Performing entity group transactions".

use super::address;
use super::entity;
use crate::endpoint::Endpoint;
use app::ports::{Op, OpKind, Table};

/// The `Content-Type` of [`encode`]. No line of a batch but its delimiters begins with `--`: an entity is one line and
/// begins with a brace. So the boundaries need not be new each time.
pub(super) const CONTENT_TYPE: &str = "multipart/mixed; boundary=batch_1";
const BATCH: &str = "--batch_1\r\nContent-Type: multipart/mixed; boundary=changeset_1\r\n\r\n";
const OPERATION: &str =
    "--changeset_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n";
const END: &str = "--changeset_1--\r\n--batch_1--\r\n";
/// Errors come as JSON; nothing else is answered.
const HEADERS: &str = "Accept: application/json;odata=minimalmetadata\r\nDataServiceVersion: 3.0;\r\n";
/// Of an operation that brings an entity.
const ENTITY_HEADERS: &str = "Content-Type: application/json\r\nPrefer: return-no-content\r\n";
/// Headers of one operation's answer.
const ANSWER_HEADERS_MAX: usize = 64;
/// An answer holds a batch, which holds a change set, which holds answers.
const DEPTH_MAX: usize = 2;

/// The body of the request.
pub(super) fn encode(
    endpoint: &Endpoint,
    table: Table,
    partition: &str,
    ops: &[Op],
) -> serde_json::Result<String> {
    let mut text = BATCH.to_owned();
    for op in ops {
        text.push_str(OPERATION);
        text.push_str(&operation(endpoint, table, partition, op)?);
        text.push_str("\r\n");
    }
    text.push_str(END);
    Ok(text)
}

fn operation(endpoint: &Endpoint, table: Table, partition: &str, op: &Op) -> serde_json::Result<String> {
    let written = |body: &str| {
        entity::encode(partition, &op.row, body).map(|entity| format!("{ENTITY_HEADERS}\r\n{entity}"))
    };
    let url = match op.kind {
        OpKind::Insert(_) => address::table(endpoint, table),
        OpKind::Replace(..) | OpKind::Upsert(_) | OpKind::Delete(_) => {
            address::entity(endpoint, table, partition, &op.row)
        }
    };
    let (method, rest) = match &op.kind {
        OpKind::Insert(body) => ("POST", written(body)?),
        OpKind::Replace(etag, body) => ("PUT", format!("If-Match: {}\r\n{}", etag.0, written(body)?)),
        OpKind::Upsert(body) => ("PUT", written(body)?),
        OpKind::Delete(Some(etag)) => ("DELETE", format!("If-Match: {}\r\n\r\n", etag.0)),
        OpKind::Delete(None) => ("DELETE", "If-Match: *\r\n\r\n".to_owned()),
    };
    Ok(format!("{method} {url} HTTP/1.1\r\n{HEADERS}{rest}"))
}

/// The answer to one operation, or to the whole batch when it failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The status code.
    pub(super) status: u16,
    /// The version that was written.
    pub(super) etag: Option<String>,
    /// JSON, of a failure.
    pub(super) body: String,
}

/// The answers in an answer's body; `None` when it is no batch. It may be cut short behind any whole answer: the
/// caller knows how many there must be.
pub(super) fn decode(body: &str) -> Option<Vec<Answer>> {
    let mut answers = Vec::new();
    collect(body, DEPTH_MAX, &mut answers)?;
    Some(answers)
}

fn collect(text: &str, depth: usize, answers: &mut Vec<Answer>) -> Option<()> {
    let text = text.trim_start();
    if text.starts_with("HTTP/") {
        answers.push(answer(text)?);
        return Some(());
    }
    let delimiter = text.lines().next().filter(|line| line.len() > 2 && line.starts_with("--"))?;
    for part in text.split(delimiter).skip(1).take_while(|part| !part.starts_with("--")) {
        let (_headers, content) = part.split_once("\r\n\r\n")?;
        collect(content, depth.checked_sub(1)?, answers)?;
    }
    Some(())
}

fn answer(text: &str) -> Option<Answer> {
    let mut headers = [httparse::EMPTY_HEADER; ANSWER_HEADERS_MAX];
    let mut parsed = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = parsed.parse(text.as_bytes()).ok()? else { return None };
    let status = parsed.code?;
    let etag = parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case("etag"));
    let etag = etag.and_then(|header| std::str::from_utf8(header.value).ok()).map(str::to_owned);
    Some(Answer { status, etag, body: text.get(head..)?.trim().to_owned() })
}

#[cfg(test)]
mod tests;
