//! Billing runs: starting one, following it, and starting each month's by itself.

use crate::keys;
use crate::ports::{Key, Range, Table};
use crate::store::{Changes, Entity, Loaded, Outgoing, retry_on_change};
use crate::{Answer, App, Failure};
use contract::event::{BillingChunk, BillingCounts};
use contract::problem::Code;
use domain::calendar::{UsageMonth, rfc3339};
use domain::limits::BUCKETS_AT_ONCE;
use futures::future::{ready, try_join_all};
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Months that a missed monthly run looks back for.
const CATCH_UP_MONTHS: usize = 12;
/// The row of a run.
const RUN: &str = "run";
/// The prefix of the rows of its buckets.
const BUCKET: &str = "bucket|";

/// A run over a usage month. A month has one; running it again is another pass, which bills what had no bill.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    pass: u32,
    started_at: Timestamp,
}

/// How far a pass is in one bucket. Only the bucket's own chunk writes it, one after another.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Progress {
    pub(super) pass: u32,
    pub(super) next: BillingChunk,
    pub(super) done: bool,
    pub(super) at: Timestamp,
}

/// Whether a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum RunStatus {
    Running,
    Completed,
}

/// A run as the API shows it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunView {
    usage_month: UsageMonth,
    status: RunStatus,
    /// Passes over the month, this one included.
    passes: u32,
    #[serde(flatten)]
    counts: BillingCounts,
    /// Buckets that are done, and how many there are.
    buckets_done: u32,
    buckets: u32,
    started_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
}

fn partition(month: UsageMonth) -> String {
    format!("m{}", month.compact())
}

struct State {
    run: Loaded<Run>,
    progress: Vec<Progress>,
}

impl App {
    /// Starts the run of a month, or goes on with it. A month that was run is run again: that bills lines that had no
    /// bill yet, and nobody twice.
    pub async fn start_billing_run(&self, month: UsageMonth) -> Result<Answer, Failure> {
        let now = self.now();
        if !month.has_ended(now) {
            return Err(Failure::refused(Code::MonthNotOver, format!("{month} is not over in Seoul")));
        }
        retry_on_change!(self.try_start_run(month, now).await)?;
        Answer::new(202, &json!({ "usageMonth": month, "status": RunStatus::Running }))
    }

    async fn try_start_run(&self, month: UsageMonth, now: Timestamp) -> Result<(), Failure> {
        let mut changes = Changes::new(Table::Runs, partition(month));
        let pass = match self.run_state(month).await? {
            None => {
                changes.insert(RUN, &Run { pass: 1, started_at: now })?;
                1
            }
            Some(state) if self.is_done(&state) => {
                let pass = state.run.value.pass + 1;
                changes.replace(RUN, state.run.etag, &Run { pass, started_at: now })?;
                pass
            }
            // Its messages go out again, in case they were lost; a bucket that is at work does nothing twice.
            Some(state) => state.run.value.pass,
        };
        let plan = BillingChunk {
            usage_month: month,
            pass,
            bucket: None,
            after: None,
            counts: BillingCounts::default(),
        };
        changes.send(chunk_message(&plan, &self.ports.ids.mint(now), now)?);
        self.commit(changes).await.map(|_| ())
    }

    /// How far the run of a month is.
    pub async fn billing_run(&self, month: UsageMonth) -> Result<RunView, Failure> {
        let state = self.run_state(month).await?.ok_or_else(|| Failure::not_found("billing run"))?;
        let current: Vec<&Progress> = state.current().collect();
        let done = self.is_done(&state);
        let finished = current.iter().map(|progress| progress.at).max().filter(|_| done);
        Ok(RunView {
            usage_month: month,
            status: if done { RunStatus::Completed } else { RunStatus::Running },
            passes: state.run.value.pass,
            counts: current.iter().fold(BillingCounts::default(), |sum, p| sum.plus(p.next.counts)),
            buckets_done: u32::try_from(current.iter().filter(|p| p.done).count()).unwrap_or(u32::MAX),
            buckets: self.buckets.count(),
            started_at: rfc3339(state.run.value.started_at),
            finished_at: finished.map(rfc3339),
        })
    }

    async fn run_state(&self, month: UsageMonth) -> Result<Option<State>, Failure> {
        let rows = self.load_all(Table::Runs, &Range::prefix(partition(month), "")).await?;
        let mut run = None;
        let mut progress = Vec::new();
        for row in rows {
            if row.row == RUN {
                run = Some(Loaded::of(row)?);
            } else if row.row.starts_with(BUCKET) {
                progress.push(Loaded::of(row)?.value);
            }
        }
        Ok(run.map(|run| State { run, progress }))
    }

    fn is_done(&self, state: &State) -> bool {
        let done = state.current().filter(|progress| progress.done).count();
        u32::try_from(done).is_ok_and(|done| done >= self.buckets.count())
    }

    /// Sends the message of each bucket that is not done, from where it stands.
    pub(super) async fn plan_run(&self, plan: &BillingChunk) -> Result<(), Failure> {
        let state = self.run_state(plan.usage_month).await?.ok_or(Failure::Changed)?;
        for bucket in 0..self.buckets.count() {
            let chunk = match state.current().find(|progress| progress.next.bucket == Some(bucket)) {
                Some(progress) if progress.done => continue,
                Some(progress) => progress.next.clone(),
                None => BillingChunk {
                    bucket: Some(bucket),
                    after: None,
                    pass: state.run.value.pass,
                    ..plan.clone()
                },
            };
            self.send_chunk(&chunk).await?;
        }
        Ok(())
    }

    /// Sends the message of the next chunk. The message at work is delivered again until this has succeeded.
    pub(super) async fn send_chunk(&self, chunk: &BillingChunk) -> Result<(), Failure> {
        let now = self.now();
        Ok(self.send(&chunk_message(chunk, &self.ports.ids.mint(now), now)?).await?)
    }

    pub(super) async fn record_progress(&self, progress: &Progress) -> Result<(), Failure> {
        let chunk = &progress.next;
        let mut changes = Changes::new(Table::Runs, partition(chunk.usage_month));
        // A chunk of an earlier pass may come late: it has a row of its own.
        let row = format!("{BUCKET}{:06}|{:04}", progress.pass, chunk.bucket.unwrap_or(0));
        changes.upsert(row, progress)?;
        self.commit(changes).await.map(|_| ())
    }

    /// The monthly timer: runs the month before, and every month that was missed since the first run of the last twelve
    /// months. A store that never had one begins with the month before, and only when it had a line then: what is older
    /// was never this store's to bill. The timer fires every hour, so there is nothing left to do as a rule, which one
    /// read for each of the months tells.
    pub async fn run_ended_months(&self) -> Result<(), Failure> {
        let months: Vec<UsageMonth> = ended_months(self.now()).collect();
        let runs = try_join_all(months.iter().map(|month| self.has_run(*month))).await?;
        let missed = match (runs.iter().rposition(|has_run| *has_run), months.first()) {
            (Some(oldest), _) => {
                let since = months.into_iter().zip(runs).take(oldest);
                since.filter(|(_, has_run)| !has_run).map(|(month, _)| month).collect()
            }
            (None, Some(last)) if self.had_lines(*last).await? => vec![*last],
            (None, _) => Vec::new(),
        };
        for month in missed.into_iter().rev() {
            tracing::info!(billing.usage_month = %month, "the month's billing run starts");
            self.start_billing_run(month).await?;
        }
        Ok(())
    }

    async fn has_run(&self, month: UsageMonth) -> Result<bool, Failure> {
        Ok(self.ports.tables.read(Table::Runs, &Key::new(partition(month), RUN)).await?.is_some())
    }

    /// Whether a line may have been in service by the end of a month: one whose order was placed by then.
    async fn had_lines(&self, month: UsageMonth) -> Result<bool, Failure> {
        let found = self.buckets.partitions().map(|partition| async move {
            let range = keys::accounts_before(&partition, month.end());
            Ok(!self.load_some(Table::Bills, &range, 1).await?.0.is_empty())
        });
        let found = stream::iter(found).buffer_unordered(BUCKETS_AT_ONCE);
        found.try_any(ready).await
    }
}

impl State {
    /// The progress of the pass at hand, without what an earlier pass left.
    fn current(&self) -> impl Iterator<Item = &Progress> {
        self.progress.iter().filter(|progress| progress.pass == self.run.value.pass)
    }
}

/// The id is minted: a chunk that is sent again, because it may have been lost, must not be dropped as a repeat.
fn chunk_message(chunk: &BillingChunk, id: &str, now: Timestamp) -> Result<Outgoing, Failure> {
    Outgoing::new(Entity::Billing, id, "billing.chunk", chunk, now)
}

/// The partitions in which a run's messages may have been left behind.
pub(crate) fn run_partitions(now: Timestamp) -> Vec<String> {
    ended_months(now).map(partition).collect()
}

/// The last months that have ended, the last one first.
fn ended_months(now: Timestamp) -> impl Iterator<Item = UsageMonth> {
    let last = UsageMonth::of(now).previous();
    std::iter::successors(Some(last), |month| Some(month.previous())).take(CATCH_UP_MONTHS)
}
