use app::ports::Clock;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::fs::Metadata;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// The system's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the time enters")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The system's clock, moved by what a file says, so that every process on a machine follows the same test clock.
///
/// The file holds `{"offsetMs": 86400000}`: what is added to the system's time, in milliseconds. Until there is such
/// a file nothing is added; while it cannot be read, the last offset stays.
#[derive(Debug)]
pub struct FileClock {
    path: PathBuf,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    stamp: Option<Stamp>,
    offset: SignedDuration,
}

/// Tells one state of a file from the next without reading it.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    inode: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClockFile {
    offset_ms: i64,
}

impl FileClock {
    /// A clock that follows the file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), last: Mutex::default() }
    }

    fn offset(&self) -> SignedDuration {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = std::fs::metadata(&self.path).ok().map(|file| Stamp::of(&file));
        if stamp.is_some() && stamp != last.stamp {
            last.stamp = stamp;
            match self.read() {
                Ok(offset) => last.offset = offset,
                Err(error) => {
                    tracing::warn!(%error, file = %self.path.display(), "the clock file cannot be read");
                }
            }
        }
        last.offset
    }

    fn read(&self) -> std::io::Result<SignedDuration> {
        let file: ClockFile = serde_json::from_slice(&std::fs::read(&self.path)?)?;
        Ok(SignedDuration::from_millis(file.offset_ms))
    }
}

impl Clock for FileClock {
    /// An offset that leads out of the calendar is not added.
    fn now(&self) -> Timestamp {
        let now = SystemClock.now();
        now.checked_add(self.offset()).unwrap_or(now)
    }
}

impl Stamp {
    fn of(file: &Metadata) -> Self {
        Self { modified: file.modified().ok(), bytes: file.len(), inode: inode(file) }
    }
}

#[cfg(unix)]
fn inode(file: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(file)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

    /// Whole days between the system's time and the clock's.
    #[track_caller]
    fn check_days(clock: &FileClock, days: i64) {
        let ahead = clock.now().duration_since(SystemClock.now()) + SignedDuration::from_secs(60);
        assert_eq!(ahead.as_hours().div_euclid(24), days);
    }

    #[test]
    fn without_a_file_the_clock_is_the_systems() {
        let folder = tempfile::tempdir().unwrap();
        check_days(&FileClock::new(folder.path().join("clock.json")), 0);
    }

    #[test]
    fn the_clock_follows_every_change_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clock.json");
        let clock = FileClock::new(&path);
        for days in [1, 40, -40, 0, 365] {
            // Written aside and renamed, as the local host does: never half a file.
            let new = folder.path().join("new.json");
            fs::write(&new, format!(r#"{{"offsetMs": {}}}"#, days * DAY_MS)).unwrap();
            fs::rename(&new, &path).unwrap();
            check_days(&clock, days);
        }
    }

    #[test]
    fn while_the_file_is_no_good_the_last_offset_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clock.json");
        let clock = FileClock::new(&path);
        for garbled in ["", "{", "[]", r#"{"offsetMs": "soon"}"#] {
            fs::write(&path, garbled).unwrap();
            check_days(&clock, 0);
        }
        fs::write(&path, format!(r#"{{"offsetMs": {}}}"#, 3 * DAY_MS)).unwrap();
        check_days(&clock, 3);
        fs::write(&path, "{").unwrap();
        check_days(&clock, 3);
        fs::remove_file(&path).unwrap();
        check_days(&clock, 3);
    }

    #[test]
    fn an_offset_out_of_the_calendar_is_not_added() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clock.json");
        fs::write(&path, format!(r#"{{"offsetMs": {}}}"#, i64::MAX)).unwrap();
        check_days(&FileClock::new(&path), 0);
    }
}
