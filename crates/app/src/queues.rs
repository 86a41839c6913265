//! How many messages wait on the bus, for operators.

use crate::App;
use crate::failure::chain;
use crate::ports::Depth;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// Seconds for which the answer is kept: the resource manager that is asked in Azure counts requests, and its counts
/// are no newer.
const FRESH_SECONDS: i64 = 15;

/// What was answered last, and when. `None` stands for a failure as well, so that a bus in trouble is asked no oftener.
pub(crate) type Kept = Arc<tokio::sync::Mutex<Option<(Timestamp, Option<Vec<Depth>>)>>>;

impl App {
    /// How many messages wait on each queue and subscription, up to 15 s ago; however many ask at the same time, the bus
    /// is asked once.
    ///
    /// `None` when this deployment cannot say, or when the bus did not: that is no reason for a page of other numbers
    /// to fail.
    pub async fn queue_depths(&self) -> Option<Vec<Depth>> {
        let mut kept = self.kept_depths.lock().await;
        let now = self.now();
        let fresh = |at: Timestamp| now.duration_since(at).abs() < SignedDuration::from_secs(FRESH_SECONDS);
        if let Some((at, depths)) = kept.as_ref()
            && fresh(*at)
        {
            return depths.clone();
        }
        let depths = self.ports.bus.depths().await.unwrap_or_else(|error| {
            tracing::warn!(error = chain(&error), "nobody says how many messages wait");
            None
        });
        *kept = Some((now, depths.clone()));
        depths
    }
}
