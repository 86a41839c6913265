//! An answer that is kept for a moment: however many ask, it is looked for once.

use crate::ports::Clock;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use tokio::sync::Mutex;

/// The last answer and when it came. Clones share it.
#[derive(Clone)]
pub(crate) struct Kept<T>(Arc<Mutex<Option<(Timestamp, T)>>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone> Kept<T> {
    /// The answer, when it came less than `seconds` ago by the clock; else what `look` finds. Others who ask meanwhile
    /// wait for it. A failure is not kept.
    pub(crate) async fn get<E>(
        &self,
        clock: &dyn Clock,
        seconds: i64,
        look: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut kept = self.0.lock().await;
        let fresh = |at| clock.now().duration_since(at).abs() < SignedDuration::from_secs(seconds);
        if let Some((at, answer)) = kept.as_ref()
            && fresh(*at)
        {
            return Ok(answer.clone());
        }
        let answer = look.await?;
        // As old as the answer, however long it took: who waited for it is not to look again.
        *kept = Some((clock.now(), answer.clone()));
        Ok(answer)
    }
}
