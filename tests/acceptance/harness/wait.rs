use futures::stream::{self, StreamExt};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long something in the background may take on a busy machine.
pub(crate) const SOON: Duration = Duration::from_mins(1);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks until there is something to see; a test that waits longer than `at_most` has failed.
#[track_caller]
pub(crate) fn until<T, L>(what: &str, at_most: Duration, mut look: L) -> impl Future<Output = T>
where
    L: AsyncFnMut() -> Option<T>,
{
    let caller = std::panic::Location::caller();
    async move {
        let deadline = Instant::now() + at_most;
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            assert!(Instant::now() < deadline, "{what} did not happen in {at_most:?} ({caller})");
            sleep(LOOK_EVERY).await;
        }
    }
}

/// Does something with every item, so many at a time; what came of it is in the order of the items.
pub(crate) async fn with_each<I, F>(
    items: impl IntoIterator<Item = I>,
    at_a_time: usize,
    work: impl FnMut(I) -> F,
) -> Vec<F::Output>
where
    F: Future,
{
    stream::iter(items).map(work).buffered(at_a_time).collect().await
}
