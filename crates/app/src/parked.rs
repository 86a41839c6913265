//! What waits for an operator: messages that cannot be handled, dead letters, lines that cannot be billed.

use crate::consumer::{Consumer, Incoming};
use crate::failure::chain;
use crate::idempotency::abandoned;
use crate::keys::digest;
use crate::ports::{ETag, Key, Range, Table};
use crate::store::{Changes, Committed, Loaded, retry_on_change};
use crate::{Answer, App, Failure, List, PageRequest};
use contract::problem::Code;
use domain::bill::Bill;
use domain::calendar::rfc3339;
use domain::ids::BillId;
use domain::limits::{CONFLICT_RETRIES_MAX, TRANSACTION_ENTITIES_MAX};
use futures::future::try_join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashSet;

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

impl What {
    /// The function that did not get done with a message, as far as it is known.
    fn function(&self) -> Option<&str> {
        match self {
            Self::Message { function, .. } => Some(function),
            Self::DeadLetter { function, .. } => function.as_deref(),
            Self::BillingLine { .. } => None,
        }
    }
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
    /// When an operator's replay of it began that has not ended. It still waits: should the replay's process be gone,
    /// it is anybody's again as soon as no invocation can be that old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaying_since: Option<Timestamp>,
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
    /// When a replay of it began that may still be at it, RFC 3339. Nobody can replay or discard it meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaying_since: Option<String>,
    #[serde(flatten)]
    what: What,
}

impl ParkedView {
    fn of(parked: Parked, now: Timestamp) -> Self {
        Self {
            parked_at: rfc3339(parked.parked_at),
            replaying_since: parked.being_replayed(now).map(rfc3339),
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
            replaying_since: None,
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
        let id = line_id(&bill.bill_id);
        let reason = bill.reason.clone().unwrap_or_else(|| "unknown".to_owned());
        Self::new(id, &reason, What::BillingLine { bill: Box::new(bill.clone()) }, now)
    }

    /// Since when somebody has been replaying it; `None` when nobody can be.
    fn being_replayed(&self, now: Timestamp) -> Option<Timestamp> {
        self.replaying_since.filter(|since| !abandoned(*since, now))
    }

    fn row(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.parked_id)
    }
}

impl Loaded<Parked> {
    fn end(self, state: State, changes: &mut Changes) -> Result<Parked, Failure> {
        let ended = Parked { state, replaying_since: None, ..self.value };
        changes.delete(self.row, Some(self.etag)).upsert(ended.row(DONE), &ended)?;
        Ok(ended)
    }
}

/// The id of the record of a line that could not be billed.
fn line_id(bill: &BillId) -> String {
    digest(&["line", bill.as_str()])
}

/// Where the rows of what waits are.
pub(crate) fn waiting() -> Range {
    Range::prefix(PARTITION, OPEN)
}

impl App {
    /// Parks something for an operator. Parking it again is no news, and leaves the record to who may be replaying it.
    pub(crate) async fn park(&self, parked: Parked) -> Result<(), Failure> {
        self.park_all(vec![parked]).await
    }

    /// Parks what one transaction can hold.
    pub(crate) async fn park_all(&self, mut parked: Vec<Parked>) -> Result<(), Failure> {
        for _ in 0..=CONFLICT_RETRIES_MAX {
            if parked.is_empty() {
                return Ok(());
            }
            let mut changes = Changes::new(Table::Parked, PARTITION);
            for parked in &parked {
                changes.insert(parked.row(OPEN), parked)?;
            }
            match self.commit(changes).await {
                Ok(_) => {
                    for Parked { parked_id, reason, what, .. } in &parked {
                        tracing::warn!(
                            parked.id = parked_id,
                            parked.reason = reason,
                            parked.function = what.function(),
                            "parked for an operator"
                        );
                    }
                    return Ok(());
                }
                Err(Failure::Changed) if parked.len() > 1 => parked = self.not_waiting(parked).await?,
                Err(Failure::Changed) => return Ok(()),
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::Changed)
    }

    /// Those of which nothing waits for an operator yet.
    pub(crate) async fn not_waiting(&self, parked: Vec<Parked>) -> Result<Vec<Parked>, Failure> {
        let waiting = self.records(parked.iter().map(|parked| parked.row(OPEN))).await?;
        let new = parked.into_iter().zip(waiting).filter(|(_, waiting)| waiting.is_none());
        Ok(new.map(|(parked, _)| parked).collect())
    }

    /// Those of the bills on hold that an operator has discarded.
    pub(crate) async fn discarded_lines(
        &self,
        bills: impl Iterator<Item = &BillId>,
    ) -> Result<HashSet<BillId>, Failure> {
        let bills: Vec<&BillId> = bills.collect();
        let ended = self.records(bills.iter().map(|bill| format!("{DONE}{}", line_id(bill)))).await?;
        let discarded = bills.into_iter().zip(ended).filter(|(_, record)| {
            record.as_ref().is_some_and(|record| record.value.state == State::Discarded)
        });
        Ok(discarded.map(|(bill, _)| bill.clone()).collect())
    }

    async fn records(
        &self,
        rows: impl Iterator<Item = String>,
    ) -> Result<Vec<Option<Loaded<Parked>>>, Failure> {
        let reads = rows.map(|row| async move {
            let key = Key::new(PARTITION, row);
            self.load::<Parked>(Table::Parked, &key).await
        });
        try_join_all(reads).await
    }

    /// Ends the records of lines that a billing run could bill after all, as an operator's replay ends them. One that is
    /// being replayed is left to the replay, which finds the bill issued.
    pub(crate) async fn end_lines(&self, bills: Vec<&BillId>) -> Result<(), Failure> {
        retry_on_change!(self.try_end_lines(&bills).await)
    }

    async fn try_end_lines(&self, bills: &[&BillId]) -> Result<(), Failure> {
        let now = self.now();
        let rows = bills.iter().map(|bill| format!("{OPEN}{}", line_id(bill)));
        let waiting = self.records(rows).await?.into_iter().flatten();
        let free: Vec<_> = waiting.filter(|it| it.value.being_replayed(now).is_none()).collect();
        // Each is two of a transaction's entities: one is deleted and one is written.
        for batch in free.chunks(TRANSACTION_ENTITIES_MAX / 2) {
            let mut changes = Changes::new(Table::Parked, PARTITION);
            for parked in batch {
                parked.clone().end(State::Replayed, &mut changes)?;
            }
            self.commit(changes).await?;
        }
        Ok(())
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
        let now = self.now();
        let view = |row| Ok(Some(ParkedView::of(Loaded::<Parked>::of(row)?.value, now)));
        self.list(Table::Parked, &range, page, view).await
    }

    /// Handles something parked again; it stays parked when that fails. Nobody else can replay or discard it meanwhile,
    /// so that its record says what became of it.
    pub async fn replay_parked(&self, id: &str) -> Result<Answer, Failure> {
        let parked = self.load_parked(id).await?;
        let since = Some(self.now());
        let claimed =
            self.rewrite_parked(Parked { replaying_since: since, ..parked.value }, parked.etag).await?;
        match self.handle_parked(&claimed.value.what).await {
            Ok(()) => self.end_parked(claimed, State::Replayed).await,
            Err(failure) => {
                let waiting = Parked { replaying_since: None, ..claimed.value };
                if let Err(failure) = self.rewrite_parked(waiting, claimed.etag).await {
                    let error = chain(&failure);
                    tracing::warn!(parked.id = id, error, "it can be replayed again in a while only");
                }
                Err(again(failure))
            }
        }
    }

    /// Gives something parked up.
    pub async fn discard_parked(&self, id: &str) -> Result<Answer, Failure> {
        let parked = self.load_parked(id).await?;
        self.end_parked(parked, State::Discarded).await
    }

    async fn handle_parked(&self, what: &What) -> Result<(), Failure> {
        match what {
            What::Message { function, message }
            | What::DeadLetter { function: Some(function), message, .. } => {
                let consumer = Consumer::named(function).ok_or_else(|| Failure::not_found("consumer"))?;
                self.handle(consumer, message).await
            }
            What::DeadLetter { function: None, .. } => {
                Err(Failure::refused(Code::WrongState, "the message has no consumer to replay it"))
            }
            What::BillingLine { bill } => self.release_bill(bill).await,
        }
    }

    /// Something that waits, unless somebody is replaying it.
    async fn load_parked(&self, id: &str) -> Result<Loaded<Parked>, Failure> {
        let valid = id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit());
        let key = Key::new(PARTITION, format!("{OPEN}{id}"));
        let found = if valid { self.load::<Parked>(Table::Parked, &key).await? } else { None };
        let parked = found.ok_or_else(|| Failure::not_found("parked item"))?;
        if parked.value.being_replayed(self.now()).is_some() {
            return Err(Failure::refused(Code::WrongState, "it is being replayed at the moment"));
        }
        Ok(parked)
    }

    async fn rewrite_parked(&self, parked: Parked, etag: ETag) -> Result<Loaded<Parked>, Failure> {
        let row = parked.row(OPEN);
        let mut changes = Changes::new(Table::Parked, PARTITION);
        changes.replace(row.clone(), etag, &parked)?;
        let Committed::Applied(etags) = self.commit(changes).await.map_err(meanwhile)? else {
            return Err(Failure::Changed);
        };
        let etag = etags.into_iter().flatten().next().ok_or(Failure::Changed)?;
        Ok(Loaded { row, value: parked, etag })
    }

    async fn end_parked(&self, parked: Loaded<Parked>, state: State) -> Result<Answer, Failure> {
        let mut changes = Changes::new(Table::Parked, PARTITION);
        let ended = parked.end(state, &mut changes)?;
        self.commit(changes).await.map_err(meanwhile)?;
        Ok(Answer { status: 200, body: json!({ "parkedId": ended.parked_id, "state": state }) })
    }
}

/// What the operator is told of a replay that failed: what would fail each time is no accident of this request's, and
/// what its consumer does not find is not what the operator asked for.
fn again(failure: Failure) -> Failure {
    match failure {
        Failure::Refused(problem) => problem.seen_as(Code::WrongState).into(),
        Failure::Malformed(_) | Failure::Fault(_) => {
            let why = format!("it cannot be handled as it is: {}", chain(&failure));
            Failure::refused(Code::WrongState, why)
        }
        Failure::Changed | Failure::Unavailable(_) => failure,
    }
}

/// Of two operators who are at the same record, one is first.
fn meanwhile(failure: Failure) -> Failure {
    if matches!(failure, Failure::Changed) {
        return Failure::refused(Code::WrongState, "somebody else was at it at the same time");
    }
    failure
}
