//! What waits for an operator: messages that cannot be handled, dead letters, lines that cannot be billed.

use crate::consumer::{Consumer, Incoming};
use crate::failure::chain;
use crate::keys::digest;
use crate::ports::{Key, Range, Table};
use crate::store::{Changes, Loaded};
use crate::{Answer, App, Failure, List, PageRequest};
use contract::problem::Code;
use domain::bill::Bill;
use domain::calendar::rfc3339;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The one partition of what is parked: there is little of it, and operators list it in one piece.
const PARTITION: &str = "parked";
/// The prefix of rows that wait.
const OPEN: &str = "open|";
/// The prefix of rows that an operator has dealt with.
const DONE: &str = "done|";

/// What is parked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
enum What {
    /// A message that its consumer cannot handle.
    Message { function: String, message: Incoming },
    /// A message that failed too often, or expired.
    DeadLetter { function: Option<String>, source: Option<String>, message: Incoming },
    /// A line that a billing run could not bill.
    BillingLine { bill: Box<Bill> },
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Waiting,
    Replayed,
    Discarded,
}

/// A record of something parked.
#[expect(clippy::struct_field_names, reason = "these are the names that the API has")]
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Parked {
    parked_id: String,
    state: State,
    reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    parked_at: Timestamp,
    what: What,
}

/// Something parked, as the API shows it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParkedView {
    parked_id: String,
    state: State,
    reason: String,
    detail: Option<String>,
    parked_at: String,
    #[serde(flatten)]
    what: What,
}

impl From<Parked> for ParkedView {
    fn from(parked: Parked) -> Self {
        Self {
            parked_at: rfc3339(parked.parked_at),
            parked_id: parked.parked_id,
            state: parked.state,
            reason: parked.reason,
            detail: parked.detail,
            what: parked.what,
        }
    }
}

impl Parked {
    fn new(id: String, reason: &str, what: What, now: Timestamp) -> Self {
        Self {
            parked_id: id,
            state: State::Waiting,
            reason: reason.to_owned(),
            detail: None,
            parked_at: now,
            what,
        }
    }

    /// A message that its consumer cannot handle. The same message of the same consumer is parked once.
    pub(crate) fn message(consumer: Consumer, message: &Incoming, failure: &Failure, now: Timestamp) -> Self {
        let id = digest(&["message", consumer.name(), &message.message_id]);
        let what = What::Message { function: consumer.name().to_owned(), message: message.clone() };
        Self { detail: Some(chain(failure)), ..Self::new(id, failure.code(), what, now) }
    }

    /// A dead letter.
    fn dead_letter(message: &Incoming, source: Option<&str>, reason: &str, now: Timestamp) -> Self {
        let consumer = source.and_then(Consumer::of_source);
        let id = digest(&["dead letter", source.unwrap_or_default(), &message.message_id]);
        let what = What::DeadLetter {
            function: consumer.map(|consumer| consumer.name().to_owned()),
            source: source.map(ToOwned::to_owned),
            message: message.clone(),
        };
        Self::new(id, reason, what, now)
    }

    /// A line that a billing run could not bill: its bill is on hold.
    pub(crate) fn line(bill: &Bill, now: Timestamp) -> Self {
        let id = digest(&["line", bill.bill_id.as_str()]);
        let reason = bill.reason.clone().unwrap_or_else(|| "unknown".to_owned());
        Self::new(id, &reason, What::BillingLine { bill: Box::new(bill.clone()) }, now)
    }

    fn row(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.parked_id)
    }
}

/// Where the rows of what waits are.
pub(crate) fn waiting() -> Range {
    Range::prefix(PARTITION, OPEN)
}

impl App {
    /// Parks something for an operator. Parking it again is no news.
    pub(crate) async fn park(&self, parked: Parked) -> Result<(), Failure> {
        tracing::warn!(parked.id = parked.parked_id, parked.reason = parked.reason, "parked for an operator");
        let mut changes = Changes::new(Table::Parked, PARTITION);
        changes.upsert(parked.row(OPEN), &parked)?;
        self.commit(changes).await.map(|_| ())
    }

    /// A message of the dead-letter queue.
    pub async fn record_dead_letter(
        &self,
        message: &Incoming,
        source: Option<&str>,
        reason: Option<&str>,
    ) -> Result<(), Failure> {
        self.park(Parked::dead_letter(message, source, reason.unwrap_or("dead_letter"), self.now())).await
    }

    /// What waits for an operator, or what operators have dealt with.
    pub async fn parked(&self, done: bool, page: &PageRequest) -> Result<List<ParkedView>, Failure> {
        let range = Range::prefix(PARTITION, if done { DONE } else { OPEN });
        self.list(Table::Parked, &range, page, |row| Ok(Some(Loaded::<Parked>::of(row)?.value.into()))).await
    }

    /// Handles something parked again; it stays parked when that fails.
    pub async fn replay_parked(&self, id: &str) -> Result<Answer, Failure> {
        let parked = self.load_parked(id).await?;
        match &parked.value.what {
            What::Message { function, message }
            | What::DeadLetter { function: Some(function), message, .. } => {
                let consumer = Consumer::named(function).ok_or_else(|| Failure::not_found("consumer"))?;
                self.handle(consumer, message).await?;
            }
            What::DeadLetter { function: None, .. } => {
                return Err(Failure::refused(Code::WrongState, "the message has no consumer to replay it"));
            }
            What::BillingLine { bill } => self.release_bill(bill).await?,
        }
        self.end_parked(parked, State::Replayed).await
    }

    /// Gives something parked up.
    pub async fn discard_parked(&self, id: &str) -> Result<Answer, Failure> {
        let parked = self.load_parked(id).await?;
        self.end_parked(parked, State::Discarded).await
    }

    async fn load_parked(&self, id: &str) -> Result<Loaded<Parked>, Failure> {
        let valid = id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit());
        let key = Key::new(PARTITION, format!("{OPEN}{id}"));
        let found = if valid { self.load(Table::Parked, &key).await? } else { None };
        found.ok_or_else(|| Failure::not_found("parked item"))
    }

    async fn end_parked(&self, parked: Loaded<Parked>, state: State) -> Result<Answer, Failure> {
        let ended = Parked { state, ..parked.value };
        let mut changes = Changes::new(Table::Parked, PARTITION);
        changes.delete(parked.row, Some(parked.etag)).upsert(ended.row(DONE), &ended)?;
        match self.commit(changes).await {
            Err(Failure::Changed) => {
                return Err(Failure::refused(Code::WrongState, "somebody else was at it at the same time"));
            }
            ended => ended?,
        };
        Ok(Answer { status: 200, body: json!({ "parkedId": ended.parked_id, "state": state }) })
    }
}
