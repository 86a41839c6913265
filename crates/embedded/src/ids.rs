use app::ports::Ids;
use jiff::Timestamp;
use std::sync::atomic::{AtomicU32, Ordering};

/// Fresh UUIDs of version 7. Those that one process makes within a millisecond ascend too (RFC 9562, 6.2, method 1):
/// behind the time come 32 bits of a counter, then 42 bits of chance.
#[derive(Debug)]
pub struct SystemIds {
    counter: AtomicU32,
}

impl SystemIds {
    /// Ids that no other process makes.
    ///
    /// # Panics
    /// When the system has no randomness to give; so does `mint`.
    pub fn new() -> Self {
        // The top bit is clear: two thousand million ids ascend before the counter comes round.
        Self { counter: AtomicU32::new(u32::from_ne_bytes(random()) >> 1) }
    }
}

impl Default for SystemIds {
    fn default() -> Self {
        Self::new()
    }
}

impl Ids for SystemIds {
    fn mint(&self, now: Timestamp) -> String {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let count = u128::from(self.counter.fetch_add(1, Ordering::Relaxed));
        let chance = u64::from_ne_bytes(random()) >> 22;
        // 48 bits of time, version 7, 12 bits of the counter, variant 2, 20 bits of the counter, 42 of chance.
        let uuid = u128::from(millis) << 80
            | 7 << 76
            | count >> 20 << 64
            | 2 << 62
            | (count & 0xF_FFFF) << 42
            | u128::from(chance);
        format!("{uuid:032x}")
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where chance enters")]
fn random<const BYTES: usize>() -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    let filled = getrandom::fill(&mut bytes);
    assert!(filled.is_ok(), "the system has randomness to give");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::EventId;
    use std::collections::HashSet;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    #[test]
    fn an_id_is_a_uuid_of_version_7_made_at_the_given_time() {
        let id = SystemIds::new().mint(at(1_790_000_000_123));
        assert_eq!(&id[..12], format!("{:012x}", 1_790_000_000_123_u64), "the milliseconds");
        assert_eq!(&id[12..13], "7", "the version");
        assert!("89ab".contains(&id[16..17]), "the variant of RFC 9562 in {id}");
        assert_eq!(EventId::parse(id.clone()).unwrap().as_str(), id);
    }

    #[test]
    fn ids_of_the_same_millisecond_ascend() {
        let ids = SystemIds::new();
        let minted: Vec<String> = (0..10_000).map(|_| ids.mint(at(1_790_000_000_123))).collect();
        assert!(minted.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn ids_ascend_with_time() {
        let ids = SystemIds::new();
        let minted: Vec<String> = (0..1_000).map(|ms| ids.mint(at(1_790_000_000_000 + ms))).collect();
        assert!(minted.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn two_sources_never_make_the_same_id() {
        let (one, other) = (SystemIds::new(), SystemIds::new());
        let minted: HashSet<String> =
            (0..10_000).flat_map(|_| [one.mint(at(0)), other.mint(at(0))]).collect();
        assert_eq!(minted.len(), 20_000);
    }
}
