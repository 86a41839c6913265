//! The test clock: system time plus an offset that every process of this machine follows through a file.

use crate::bus::Broker;
use crate::problem::{JsonBody, Problem};
use app::ports::Clock;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use embedded::SystemClock;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// The clock of the local host. It alone writes the file, so it need not read it again.
pub struct TestClock {
    system: SystemClock,
    offset_ms: AtomicI64,
    file: PathBuf,
    writing: Mutex<()>,
    set: watch::Sender<u64>,
}

/// What the clock file holds.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClockFile {
    offset_ms: i64,
}

impl TestClock {
    /// The clock as the file left it; a missing file is the system's time.
    pub fn open(file: impl Into<PathBuf>) -> std::io::Result<Self> {
        let file = file.into();
        let offset_ms = match std::fs::read(&file) {
            Ok(json) => serde_json::from_slice::<ClockFile>(&json)?.offset_ms,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Self {
            system: SystemClock,
            offset_ms: AtomicI64::new(offset_ms),
            file,
            writing: Mutex::new(()),
            set: watch::Sender::new(0),
        })
    }

    /// The file that other processes follow: `CLOCK_FILE`.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Milliseconds that this clock is ahead of the system's.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Acquire)
    }

    /// Sets the clock, which then runs on from there; `None` goes back to the system's time.
    pub fn set(&self, now: Option<Timestamp>) -> std::io::Result<()> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let system = self.system.now().as_millisecond();
        let offset_ms = now.map_or(0, |now| now.as_millisecond() - system);
        write_atomically(&self.file, &serde_json::to_vec(&ClockFile { offset_ms })?)?;
        self.set.send_modify(|times| {
            // Whoever sees the new time finds the setting counted, or waits for that.
            self.offset_ms.store(offset_ms, Ordering::Release);
            *times += 1;
        });
        Ok(())
    }

    /// Tells of every time the clock is set.
    pub(crate) fn settings(&self) -> watch::Receiver<u64> {
        self.set.subscribe()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let now = self.system.now();
        let offset = jiff::SignedDuration::from_millis(self.offset_ms());
        now.checked_add(offset).unwrap_or(now)
    }
}

/// Readers see the old content or the new, and a crash leaves one of the two.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = std::fs::File::create(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)
}

/// `GET|PUT /dev/clock`.
pub(crate) fn routes(clock: Arc<TestClock>, broker: Arc<Broker>) -> Router {
    let put = async move |state: State<Arc<TestClock>>, body: JsonBody<Setting>| {
        let shown = put(state, body).await;
        broker.clock_changed();
        shown
    };
    Router::new().route("/dev/clock", get(show).put(put)).with_state(clock)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    now: Timestamp,
    offset_ms: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    /// `null` is a wish, and a missing field a mistake.
    #[serde(deserialize_with = "nullable")]
    now: Option<Timestamp>,
}

fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Option::deserialize(deserializer)
}

async fn show(State(clock): State<Arc<TestClock>>) -> Json<Shown> {
    Json(Shown { now: clock.now(), offset_ms: clock.offset_ms() })
}

async fn put(
    State(clock): State<Arc<TestClock>>,
    JsonBody(setting): JsonBody<Setting>,
) -> Result<Json<Shown>, Problem> {
    if let Some(now) = setting.now {
        check(now)?;
    }
    clock.set(setting.now).map_err(|error| Problem::internal(format!("the clock is not set: {error}")))?;
    Ok(show(State(clock)).await)
}

/// Four-digit years, with room for deadlines to be added.
fn check(now: Timestamp) -> Result<(), Problem> {
    let years = 0..253_000_000_000;
    if years.contains(&now.as_second()) {
        Ok(())
    } else {
        Err(Problem::invalid("now: must be from 1970 to 9987"))
    }
}
