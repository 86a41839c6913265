//! The numbers that matter to an operator now.
//!
//! What is open is counted from rows that exist only while it is, at most [`COUNTED_MAX`] of them in each bucket; how the
//! business stands is summed up beside the view behind MyPage. Nothing here walks over a table. The answer is kept for a
//! few seconds, however many look at it.

mod business;

use crate::bill::RunView;
use crate::keys;
use crate::mypage::Tally;
use crate::ports::{Depth, Range, Table};
use crate::saga;
use crate::{App, Failure, parked};
use business::Business;
use domain::calendar::{UsageMonth, rfc3339, seoul_date};
use domain::limits::BUCKETS_AT_ONCE;
use domain::saga::Status;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use serde::Serialize;

/// Rows that are counted in one bucket; where there are more, the count is a lower bound.
pub const COUNTED_MAX: usize = 200;
/// Seconds for which what was counted is kept.
const FRESH_SECONDS: i64 = 5;

/// A number of things that are open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Count {
    /// How many were counted.
    pub count: usize,
    /// There are more than were counted.
    pub more: bool,
}

/// What is open now, and how the business stands.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    #[serde(flatten)]
    counted: Counted,
    /// The run of the month before, if it was run.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run: Option<RunView>,
    /// How many messages wait, where this can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    queues: Option<Vec<Depth>>,
}

/// What takes a look into every bucket.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counted {
    /// When it was counted.
    as_of: String,
    /// Sagas on their way.
    running: Count,
    /// Sagas that are being undone.
    compensating: Count,
    /// Sagas that wait for an operator.
    stuck: Count,
    /// When the oldest saga that is open began.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_open_saga: Option<String>,
    /// Payments whose outcome is open at the gateway.
    open_payments: Count,
    /// What is parked for an operator.
    parked: Count,
    #[serde(flatten)]
    business: Business,
}

/// Statuses of sagas that have not ended.
const OPEN: [Status; 3] = [Status::Running, Status::Compensating, Status::Stuck];

/// What is open in one bucket, or in several.
#[derive(Default)]
struct Opened {
    /// Sagas, by the statuses of [`OPEN`].
    sagas: [Count; 3],
    oldest: Option<Timestamp>,
    payments: Count,
    tally: Tally,
}

impl App {
    /// The numbers that matter now: counted up to 5 s ago, but for the last run, which somebody may just have started.
    pub async fn figures(&self) -> Result<Figures, Failure> {
        let counted = self.kept_figures.get(&*self.ports.clock, FRESH_SECONDS, self.count_figures());
        // A bus that says nothing for a while keeps nobody waiting for longer than it must.
        let queues = async { Ok(self.queue_depths().await) };
        let (counted, last_run, queues) = tokio::try_join!(counted, self.last_run(), queues)?;
        Ok(Figures { counted, last_run, queues })
    }

    async fn last_run(&self) -> Result<Option<RunView>, Failure> {
        match self.billing_run(UsageMonth::of(self.now()).previous()).await {
            Ok(run) => Ok(Some(run)),
            Err(Failure::Refused(_)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn count_figures(&self) -> Result<Counted, Failure> {
        let now = self.now();
        let partitions = self.buckets.partitions().map(|partition| self.bucket(partition));
        let buckets = stream::iter(partitions).buffer_unordered(BUCKETS_AT_ONCE);
        let opened = buckets.try_fold(Opened::default(), async |sum, one| Ok(sum.plus(&one))).await?;
        let parked = self.counted(Table::Parked, &parked::waiting()).await?;
        let [running, compensating, stuck] = opened.sagas;
        Ok(Counted {
            as_of: rfc3339(now),
            running,
            compensating,
            stuck,
            oldest_open_saga: opened.oldest.map(rfc3339),
            open_payments: opened.payments,
            parked,
            business: Business::of(&opened.tally, seoul_date(now)),
        })
    }

    async fn bucket(&self, partition: String) -> Result<Opened, Failure> {
        let mut opened = Opened::default();
        for (status, count) in OPEN.into_iter().zip(&mut opened.sagas) {
            let (rows, more) =
                self.load_some(Table::Sagas, &saga::open_sagas(&partition, status), COUNTED_MAX).await?;
            *count = Count { count: rows.len(), more };
            // The rows of a status are in the order of their beginning.
            let first = rows.first().and_then(|row| saga::since(&row.row));
            opened.oldest = opened.oldest.into_iter().chain(first).min();
        }
        opened.tally = self.tally(&partition).await?;
        opened.payments = self.counted(Table::Payments, &Range::prefix(partition, keys::OPEN)).await?;
        Ok(opened)
    }

    async fn counted(&self, table: Table, range: &Range) -> Result<Count, Failure> {
        let (rows, more) = self.load_some(table, range, COUNTED_MAX).await?;
        Ok(Count { count: rows.len(), more })
    }
}

impl Opened {
    fn plus(mut self, other: &Self) -> Self {
        self.tally += &other.tally;
        Self {
            sagas: std::array::from_fn(|kind| self.sagas[kind].plus(other.sagas[kind])),
            oldest: self.oldest.into_iter().chain(other.oldest).min(),
            payments: self.payments.plus(other.payments),
            tally: self.tally,
        }
    }
}

impl Count {
    fn plus(self, other: Self) -> Self {
        Self { count: self.count + other.count, more: self.more || other.more }
    }
}
