//! How fast the staged handler starts, and what memory it takes.

use super::http;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Starts that count; the median is the middle one.
const STARTS: usize = 15;
/// A handler that takes longer has failed.
const START_MAX: Duration = Duration::from_secs(30);
/// Between two attempts to reach it.
const ASK_EVERY: Duration = Duration::from_micros(200);

/// What was measured.
pub(super) struct Figures {
    /// From the start of the process to its first answer over HTTP: the median.
    pub(super) start: Duration,
    /// Bytes of memory of a handler that has only started: the most of all starts.
    pub(super) resident: u64,
}

/// A process that ends with this value.
pub(super) struct Running(pub(super) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether the staged handler runs on this machine.
pub(super) fn possible() -> bool {
    cfg!(all(target_os = "linux", target_arch = "x86_64"))
}

/// Starts the handler of a staged app again and again, with the settings of a developer's machine.
pub(super) fn starts(root: &Path, app: &Path) -> Result<Figures> {
    let data = tempfile::tempdir()?;
    let settings = settings(root, data.path())?;
    // The first one makes the tables, and brings the program into the system's memory.
    start(app, &settings)?;
    let (mut times, mut resident) = (Vec::with_capacity(STARTS), 0);
    for _ in 0..STARTS {
        let (time, memory) = start(app, &settings)?;
        times.push(time);
        resident = memory.max(resident);
    }
    times.sort_unstable();
    Ok(Figures { start: times[STARTS / 2], resident })
}

/// Those of local.settings.json, with a data folder of our own, and what only a host knows.
fn settings(root: &Path, data: &Path) -> Result<Vec<(String, String)>> {
    let file: Value = serde_json::from_slice(&fs::read(root.join("local.settings.json"))?)?;
    let values = file["Values"].as_object().context("local.settings.json has no Values")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut settings: Vec<_> = values.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    let data = data.to_string_lossy();
    let ours =
        [("DATA_DIR", &*data), ("BUS_TOKEN", "none"), ("TOSS_SECRET_KEY", "none"), ("LOG_LEVEL", "warn")];
    settings.extend(ours.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Ok(settings)
}

/// One start: how long it took, and the memory afterwards.
#[expect(clippy::disallowed_methods, reason = "between two looks at a condition that has a deadline")]
fn start(app: &Path, settings: &[(String, String)]) -> Result<(Duration, u64)> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port().to_string();
    let mut command = Command::new(app.join("handler"));
    command.current_dir(app).env_clear().envs(settings.iter().map(|(name, value)| (name, value)));
    command.env("FUNCTIONS_CUSTOMHANDLER_PORT", &port).stdin(Stdio::null()).stdout(Stdio::inherit());
    let began = Instant::now();
    let mut handler = Running(command.spawn().context("the staged handler does not start")?);
    let address = format!("127.0.0.1:{port}");
    while let Err(error) = http::get(&address, "/api/health") {
        if let Some(status) = handler.0.try_wait()? {
            bail!("the staged handler ended: {status}");
        }
        ensure!(began.elapsed() < START_MAX, "the staged handler does not answer: {error:#}");
        std::thread::sleep(ASK_EVERY);
    }
    let time = began.elapsed();
    Ok((time, resident(handler.0.id())?))
}

/// Bytes of memory that a process has.
pub(super) fn resident(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    Ok(kibibytes.context("the system does not say how much memory a process has")? * 1024)
}
