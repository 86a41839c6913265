//! The six steps on the staged app, for the memory that the handler has afterwards.

use super::http;
use super::measure::{Running, resident};
use crate::tools::{cargo, run};
use anyhow::{Context, Result};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

/// Starts a local host on the staged app, plays the demo against it, and says how many bytes of memory the handler has.
pub(super) fn six_steps(root: &Path, app: &Path) -> Result<u64> {
    run(cargo(root).args(["build", "--locked", "--package", "local-host", "--bin", "local-host"]))?;
    let data = tempfile::tempdir()?;
    let local_host = ["run", "--quiet", "--locked", "--package", "local-host", "--"];
    let mut host = cargo(root);
    host.args(local_host).args(["--port", "0", "--script-root"]).arg(app).arg("--data").arg(data.path());
    let mut host =
        Running(host.env("LOG_LEVEL", "warn").stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?);
    let greeting = BufReader::new(host.0.stdout.take().context("its output is not there")?);
    let home = |line: String| Some(line.trim().strip_prefix("Home")?.trim().trim_end_matches('/').to_owned());
    let url = greeting.lines().map_while(Result::ok).find_map(home).context("the local host ended")?;
    run(cargo(root).args(local_host).args(["demo", "--url", &url]).stdout(Stdio::null()))?;
    let status = http::get(url.trim_start_matches("http://"), "/admin/host/status")?;
    let pid = status["workers"][0]["processId"].as_u64().context("the local host has no handler")?;
    resident(pid.try_into()?)
}
