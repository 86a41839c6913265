use crate::chance::Chance;
use app::ports::Ids;
use jiff::Timestamp;
use std::sync::Mutex;
use std::sync::PoisonError;

/// UUIDs of version 7 that are the same for the same seed and times, and ascend in the order in which they are
/// made as long as time does.
#[derive(Debug)]
pub struct CountingIds(Mutex<(u32, Chance)>);

impl CountingIds {
    /// The ids of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(Mutex::new((0, Chance::new(seed))))
    }
}

impl Ids for CountingIds {
    fn mint(&self, now: Timestamp) -> String {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, chance) = &mut *state;
        *count += 1;
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        // 48 bits of time, version 7, 12 bits of the count, variant 2, 20 bits of the count, 42 of chance.
        let uuid = u128::from(millis) << 80
            | 7 << 76
            | u128::from(*count >> 20) << 64
            | 2 << 62
            | u128::from(*count & 0xF_FFFF) << 42
            | u128::from(chance.next_u64() >> 22);
        format!("{uuid:032x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::OrderId;

    fn minted(seed: u64) -> Vec<String> {
        let ids = CountingIds::new(seed);
        (0..1_000).map(|_| ids.mint(Timestamp::UNIX_EPOCH)).collect()
    }

    #[test]
    fn the_same_seed_makes_the_same_ids() {
        assert_eq!(minted(7), minted(7));
        assert_ne!(minted(7), minted(8));
    }

    #[test]
    fn the_ids_are_valid_and_ascend() {
        let minted = minted(7);
        assert!(minted.is_sorted_by(|a, b| a < b));
        assert!(minted.into_iter().all(|id| OrderId::parse(id).is_ok()));
    }
}
