//! Work on every partition of the store, as timers do it.

use domain::limits::BUCKETS_AT_ONCE;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;

/// Does the work at every place, [`BUCKETS_AT_ONCE`] at a time, and answers with what came of each, in any order.
///
/// Each second begins at another place, so that a tick that meets its deadline leaves other places behind than the tick
/// before. What goes wrong at one place holds up no other.
pub(crate) async fn sweep<P, F: Future>(
    mut places: Vec<P>,
    now: Timestamp,
    work: impl Fn(P) -> F,
) -> Vec<F::Output> {
    let first = start(now, places.len());
    places.rotate_left(first);
    stream::iter(places.into_iter().map(work)).buffer_unordered(BUCKETS_AT_ONCE).collect().await
}

/// Where among so many places a second begins: multiples of the golden ratio spread evenly, whatever the time between
/// two of them (Knuth, The Art of Computer Programming, volume 3, section 6.4).
fn start(now: Timestamp, places: usize) -> usize {
    /// The fraction of the golden ratio, in 2^64ths.
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let fraction = now.as_second().unsigned_abs().wrapping_mul(GOLDEN);
    let start = (u128::from(fraction) * places as u128) >> 64;
    usize::try_from(start).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Places of a store with the largest number of buckets.
    const PLACES: usize = 5 * 1024;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(1_791_000_000 + second).unwrap()
    }

    #[tokio::test]
    async fn every_place_is_worked_on_once_and_only_so_many_at_a_time() {
        let (at_once, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let seen = Mutex::new(BTreeSet::new());
        let (at_once, most, seen) = (&at_once, &most, &seen);
        let sum = sweep((0..PLACES).collect(), second(0), |place| async move {
            most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            at_once.fetch_sub(1, Ordering::SeqCst);
            assert!(seen.lock().unwrap().insert(place), "{place} twice");
            1
        });
        assert_eq!((sum.await.into_iter().sum::<usize>(), seen.lock().unwrap().len()), (PLACES, PLACES));
        assert_eq!(most.load(Ordering::SeqCst), BUCKETS_AT_ONCE);
    }

    #[tokio::test]
    async fn ticks_that_are_cut_off_reach_every_place_in_time() {
        // A tick every ten seconds that comes to a fiftieth of the places only.
        const REACHED: usize = PLACES / 50;
        let reached = Mutex::new(BTreeSet::new());
        let reached = &reached;
        for tick in 0..150 {
            let left = AtomicUsize::new(REACHED);
            let left = &left;
            let cut_off = sweep((0..PLACES).collect(), second(10 * tick), |place| async move {
                let more = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
                if more.is_ok() {
                    reached.lock().unwrap().insert(place);
                }
            });
            cut_off.await;
        }
        assert_eq!(reached.lock().unwrap().len(), PLACES);
    }
}
