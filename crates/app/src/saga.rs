//! The saga table: the durable record of every business transaction, its deadline, and its compensation.

mod admin;
mod compensate;
mod track;
mod view;

pub use view::SagaView;

use crate::keys::digest;
use crate::ports::{ETag, Range, Table};
use crate::store::{Changes, Loaded};
use crate::{App, Failure};
use domain::ids::SagaId;
use domain::saga::{Saga, Status, StepRecord};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The header row's prefix; the step rows follow it with their index.
const SAGA: &str = "saga|";
/// The prefix of the rows by which sagas that have not ended are found by their status.
const INDEX: &str = "status|";

/// A saga as it was read, with the versions of its rows.
pub(crate) struct Record {
    pub(crate) saga: Saga,
    /// The header's version; none for a saga that is new.
    header: Option<ETag>,
    /// The status under which the index has it.
    indexed: Option<Status>,
    /// The steps as they are stored.
    stored: Vec<StepRecord>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Indexed {
    saga_id: SagaId,
}

fn header_row(saga: &SagaId) -> String {
    format!("{SAGA}{saga}|")
}

fn index_row(status: Status, saga: &Saga) -> String {
    let since = saga.started_at.as_millisecond().max(0);
    format!("{INDEX}{}|{since:012x}|{}", status.as_str(), digest(&[saga.saga_id.as_str()]))
}

/// The rows by which a bucket's sagas of a status are found, in the order of their beginning.
pub(crate) fn open_sagas(partition: &str, status: Status) -> Range {
    Range::prefix(partition, &format!("{INDEX}{}|", status.as_str()))
}

/// When the saga behind such a row began, from its key.
pub(crate) fn since(row: &str) -> Option<Timestamp> {
    let millisecond = i64::from_str_radix(row.strip_prefix(INDEX)?.split('|').nth(1)?, 16).ok()?;
    Timestamp::from_millisecond(millisecond).ok()
}

impl App {
    /// Reads a saga: one query for its header and its steps.
    pub(crate) async fn load_saga(&self, id: &SagaId) -> Result<Option<Record>, Failure> {
        let range = Range::prefix(self.buckets.saga(id), &header_row(id));
        let mut rows = self.load_all(Table::Sagas, &range).await?.into_iter();
        let Some(header) = rows.next() else { return Ok(None) };
        let Loaded { value: mut saga, etag, .. } = Loaded::<Saga>::of(header)?;
        for row in rows {
            saga.steps.push(Loaded::of(row)?.value);
        }
        let indexed = (!saga.status.has_ended()).then_some(saga.status);
        Ok(Some(Record { stored: saga.steps.clone(), header: Some(etag), indexed, saga }))
    }

    /// Writes what changed of a saga: its header, its steps, and where it is found.
    fn save_saga(&self, record: &Record) -> Result<Changes, Failure> {
        let saga = &record.saga;
        let mut changes = Changes::new(Table::Sagas, self.buckets.saga(&saga.saga_id));
        let header = Saga { steps: Vec::new(), ..saga.clone() };
        match &record.header {
            None => changes.insert(header_row(&saga.saga_id), &header)?,
            Some(etag) => changes.replace(header_row(&saga.saga_id), etag.clone(), &header)?,
        };
        for (index, step) in saga.steps.iter().enumerate() {
            if record.stored.get(index) != Some(step) {
                changes.upsert(format!("{}{index}", header_row(&saga.saga_id)), step)?;
            }
        }
        let index = (!saga.status.has_ended()).then_some(saga.status);
        if index != record.indexed {
            if let Some(old) = record.indexed {
                changes.delete(index_row(old, saga), None);
            }
            if let Some(new) = index {
                changes.upsert(index_row(new, saga), &Indexed { saga_id: saga.saga_id.clone() })?;
            }
        }
        Ok(changes)
    }
}

impl Record {
    fn begun(saga: Saga) -> Self {
        Self { saga, header: None, indexed: None, stored: Vec::new() }
    }
}
