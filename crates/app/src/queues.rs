//! How many messages wait on the bus, for operators.

use crate::App;
use crate::failure::chain;
use crate::ports::Depth;
use std::convert::Infallible;

/// Seconds for which the answer is kept: the resource manager that is asked in Azure counts requests, and its counts
/// are no newer.
const FRESH_SECONDS: i64 = 15;

impl App {
    /// How many messages wait on each queue and subscription, up to 15 s ago; however many ask at the same time, the bus
    /// is asked once.
    ///
    /// `None` when this deployment cannot say, or when the bus did not: that is no reason for a page of other numbers
    /// to fail.
    pub async fn queue_depths(&self) -> Option<Vec<Depth>> {
        // A failure is an answer, so that a bus in trouble is asked no oftener.
        let ask = async {
            let depths = self.ports.bus.depths().await.unwrap_or_else(|error| {
                tracing::warn!(error = chain(&error), "nobody says how many messages wait");
                None
            });
            Ok::<_, Infallible>(depths)
        };
        let Ok(depths) = self.kept_depths.get(&*self.ports.clock, FRESH_SECONDS, ask).await;
        depths
    }
}
