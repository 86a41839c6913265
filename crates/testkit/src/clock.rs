use app::ports::Clock;
use jiff::{SignedDuration, Timestamp};
use std::sync::{Mutex, PoisonError};

/// A clock that stands until a test moves it.
#[derive(Debug)]
pub struct StoppedClock(Mutex<Timestamp>);

impl StoppedClock {
    /// A clock that stands at `now`.
    pub const fn new(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    /// A clock that stands at a time as RFC 3339 writes it, such as `2026-10-01T00:00:00Z`.
    ///
    /// # Panics
    /// When the text is not a time.
    #[track_caller]
    pub fn at(text: &str) -> Self {
        match text.parse() {
            Ok(now) => Self::new(now),
            Err(error) => panic!("{text}: {error}"),
        }
    }

    /// Moves the clock to `now`, forward or back.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves the clock by `time`, and says what it shows.
    ///
    /// # Panics
    /// When that leads out of the calendar.
    pub fn advance(&self, time: SignedDuration) -> Timestamp {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now += time;
        *now
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_moves_only_when_it_is_told_to() {
        let clock = StoppedClock::at("2026-10-01T00:00:00Z");
        assert_eq!(clock.now().to_string(), "2026-10-01T00:00:00Z");
        assert_eq!(clock.now(), clock.now());
        assert_eq!(clock.advance(SignedDuration::from_mins(10)).to_string(), "2026-10-01T00:10:00Z");
        clock.set(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
    }
}
