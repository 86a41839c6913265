//! Usage as it is stored, and the fence that keeps it and the billing runs apart.

use crate::keys;
use crate::ports::{ETag, Key, Table};
use crate::store::{Changes, Loaded};
use crate::{App, Failure};
use domain::calendar::UsageMonth;
use domain::catalogue::UsageType;
use domain::limits::CONFLICT_RETRIES_MAX;
use domain::rating::{Quantity, Usage};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A usage record. The row's key holds the month of use, the line, and a digest of the record's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsageRow {
    pub(super) record_id: String,
    #[serde(rename = "type")]
    pub(super) kind: UsageType,
    pub(super) quantity: Quantity,
    pub(super) used_at: Timestamp,
    pub(super) day: Date,
    /// The month that bills it: the month of use, or a later one when that was closed.
    pub(super) billed_in: UsageMonth,
    /// The batch that it was taken in with, by the fence's count.
    pub(super) batch: u64,
}

impl UsageRow {
    pub(super) fn usage(&self) -> Usage {
        Usage { kind: self.kind, day: self.day, quantity: self.quantity }
    }
}

/// Which months are closed for usage in a bucket, and how many batches were taken in. Intake writes it with every batch,
/// and so do the run that closes a month and a final bill, each under the version that it read: so every record is either
/// seen by the run or goes to a later month, and is either on the final bill or of a later batch (ADR 4).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fence {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) closed_through: Option<UsageMonth>,
    /// Batches so far.
    pub(super) batches: u64,
}

impl Fence {
    /// The fence with one more batch.
    pub(super) fn with_batch(self) -> Self {
        Self { batches: self.batches + 1, ..self }
    }

    /// The month that bills usage of a month.
    pub(super) fn billed_in(&self, used: UsageMonth) -> UsageMonth {
        match self.closed_through {
            Some(closed) if closed >= used => closed.next(),
            Some(_) | None => used,
        }
    }
}

impl Changes {
    /// Writes the fence under the version that was read, so that what was decided by it holds.
    pub(super) fn fence(&mut self, fence: &Fence, etag: Option<ETag>) -> Result<&mut Self, Failure> {
        match etag {
            Some(etag) => self.replace(keys::FENCE, etag, fence),
            None => self.insert(keys::FENCE, fence),
        }
    }
}

impl App {
    /// The fence of a bucket, and its version; none while there is no such row.
    pub(super) async fn fence(&self, partition: &str) -> Result<(Fence, Option<ETag>), Failure> {
        let found = self.load::<Fence>(Table::Bills, &Key::new(partition, keys::FENCE)).await?;
        Ok(found.map_or_else(Default::default, |Loaded { value, etag, .. }| (value, Some(etag))))
    }

    /// Commits what holds until the next month is closed, whatever usage is taken in meanwhile: where that moved the
    /// fence, only the fence is read again.
    pub(super) async fn commit_in_month(
        &self,
        partition: &str,
        changes: Changes,
        fence: Fence,
        version: Option<ETag>,
    ) -> Result<(), Failure> {
        let closed_through = fence.closed_through;
        let mut held = (fence, version);
        for _ in 0..=CONFLICT_RETRIES_MAX {
            let mut attempt = changes.clone();
            attempt.fence(&held.0, held.1.clone())?;
            match self.commit(attempt).await {
                Err(Failure::Changed) => {}
                ended => return ended.map(|_| ()),
            }
            let now = self.fence(partition).await?;
            if now.0.closed_through != closed_through || now.1 == held.1 {
                break;
            }
            held = now;
        }
        Err(Failure::Changed)
    }

    /// Closes a month for usage in a bucket.
    pub(super) async fn close_month(&self, partition: &str, month: UsageMonth) -> Result<(), Failure> {
        let (fence, etag) = self.fence(partition).await?;
        if fence.closed_through >= Some(month) {
            return Ok(());
        }
        let mut changes = Changes::new(Table::Bills, partition);
        changes.fence(&Fence { closed_through: Some(month), ..fence }, etag)?;
        self.commit(changes).await.map(|_| ())
    }
}
