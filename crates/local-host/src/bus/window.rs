use jiff::{SignedDuration, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

/// Message ids the window remembers. Beyond it the oldest are forgotten before their time, which a sender can only
/// notice by sending a message again later than half a million others.
pub(super) const IDS_MAX: usize = 500_000;

/// The duplicate-detection history of all entities.
///
/// It keeps 128 keyed bits of each id: half a million ids would take three times the memory, and a collision
/// is less likely than a broken disk.
pub(super) struct Window {
    length: SignedDuration,
    ids_max: usize,
    keys: [RandomState; 2],
    seen: HashMap<u128, i64>,
    oldest_first: VecDeque<Entry>,
    pruned_through: Option<i64>,
}

struct Entry {
    id: u128,
    sequence_number: i64,
    at: Timestamp,
}

impl Window {
    pub(super) fn new(length: SignedDuration, ids_max: usize) -> Self {
        let keys = [RandomState::new(), RandomState::new()];
        let (seen, oldest_first) = (HashMap::new(), VecDeque::new());
        Self { length, ids_max, keys, seen, oldest_first, pruned_through: None }
    }

    /// Remembers the id of a message that is being accepted; false when it is a duplicate.
    pub(super) fn admit(
        &mut self,
        entity: u16,
        message_id: &str,
        sequence_number: i64,
        now: Timestamp,
    ) -> bool {
        let length = self.length;
        while let Some(oldest) = self.oldest_first.pop_front_if(|e| now.duration_since(e.at) >= length) {
            self.forget(&oldest);
        }
        let id = self.id(entity, message_id);
        if self.seen.contains_key(&id) {
            return false;
        }
        self.seen.insert(id, sequence_number);
        self.oldest_first.push_back(Entry { id, sequence_number, at: now });
        if self.oldest_first.len() > self.ids_max
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.forget(&oldest);
        }
        true
    }

    /// Forgets messages from `sequence_number` on: they were not accepted after all.
    pub(super) fn retract(&mut self, sequence_number: i64) {
        while let Some(entry) =
            self.oldest_first.pop_back_if(|entry| entry.sequence_number >= sequence_number)
        {
            self.seen.remove(&entry.id);
        }
    }

    /// The last sequence number that was forgotten since this was last asked.
    pub(super) fn take_pruned(&mut self) -> Option<i64> {
        self.pruned_through.take()
    }

    fn forget(&mut self, entry: &Entry) {
        self.seen.remove(&entry.id);
        self.pruned_through = Some(entry.sequence_number);
    }

    fn id(&self, entity: u16, message_id: &str) -> u128 {
        let [high, low] = self.keys.each_ref().map(|key| u128::from(key.hash_one((entity, message_id))));
        high << 64 | low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::UNIX_EPOCH;

    fn window(ids_max: usize) -> Window {
        Window::new(SignedDuration::from_mins(10), ids_max)
    }

    fn minutes(count: i64) -> Timestamp {
        NOON + SignedDuration::from_mins(count)
    }

    #[test]
    fn an_id_is_a_duplicate_until_the_window_has_passed() {
        let mut window = window(100);
        assert!(window.admit(1, "a", 1, NOON));
        assert!(!window.admit(1, "a", 2, minutes(9)), "inside the window");
        assert!(
            window.admit(1, "a", 3, minutes(10)),
            "the first was ten minutes ago; the repeat does not extend it"
        );
        assert_eq!(window.take_pruned(), Some(1));
        assert_eq!(window.take_pruned(), None);
    }

    #[test]
    fn entities_do_not_share_ids() {
        let mut window = window(100);
        assert!(window.admit(1, "a", 1, NOON));
        assert!(window.admit(2, "a", 2, NOON));
    }

    #[test]
    fn what_was_not_accepted_is_no_duplicate() {
        let mut window = window(100);
        assert!(window.admit(1, "a", 1, NOON));
        assert!(window.admit(1, "b", 2, NOON));
        window.retract(2);
        assert!(window.admit(1, "b", 3, NOON));
        assert!(!window.admit(1, "a", 4, NOON));
    }

    #[test]
    fn the_oldest_ids_go_when_there_are_too_many() {
        let mut window = window(2);
        for (number, id) in [(1, "a"), (2, "b"), (3, "c")] {
            assert!(window.admit(1, id, number, NOON));
        }
        assert!(window.admit(1, "a", 4, NOON), "forgotten");
        assert!(!window.admit(1, "c", 5, NOON));
    }

    #[test]
    fn a_clock_set_back_drops_no_other_message() {
        let mut window = window(100);
        assert!(window.admit(1, "a", 1, minutes(60)));
        assert!(window.admit(1, "b", 2, NOON));
        assert!(!window.admit(1, "a", 3, NOON));
    }
}
