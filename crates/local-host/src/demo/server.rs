//! The local host to play against: one that is there, or one of the demo's own.

use super::screen::Screen;
use functions::HOST_STDIN;
use serde_json::Value;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

/// Where `cargo run` serves when nobody says otherwise.
const USUAL_URL: &str = "http://127.0.0.1:7071";
/// How long somebody at an address may take to say who it is.
const INTRODUCES_ITSELF_IN: Duration = Duration::from_secs(5);
/// How long a local host may take to be ready, what it installs first included.
const READY_IN: Duration = Duration::from_mins(3);
/// Lines of the own host's log that are kept for the case of a failure.
const LOG_LINES_KEPT: usize = 40;
/// The line of the greeting that holds the address.
const ADDRESS_LINE: &str = "Home";

/// Why there is no local host to play against.
#[derive(Debug, thiserror::Error)]
pub(super) enum ServerError {
    /// `--url` names something else, or nothing.
    #[error("no local host answers at {0}; start one with `cargo run`, or leave --url away")]
    NotThere(String),
    /// The temporary one cannot be started.
    #[error("a temporary local host cannot be started")]
    Start(#[source] std::io::Error),
    /// It ended, or did not get ready in time.
    #[error("the temporary local host did not get ready; its last lines were:\n{0}")]
    NotReady(String),
}

/// The last lines of a log.
type Tail = Arc<Mutex<VecDeque<String>>>;

/// A local host.
pub(super) struct Server {
    url: String,
    own: Option<Own>,
}

/// A local host that the demo has started.
struct Own {
    child: Child,
    tail: Tail,
    data: TempDir,
}

impl Server {
    pub(super) async fn find(url: Option<&str>, store: Option<&str>) -> Result<Self, ServerError> {
        if url.is_none() && store.is_some() {
            return Self::start(store).await;
        }
        let wished = url.unwrap_or(USUAL_URL).trim_end_matches('/');
        if is_local_host(wished).await {
            return Ok(Self { url: wished.to_owned(), own: None });
        }
        match url {
            Some(url) => Err(ServerError::NotThere(url.to_owned())),
            None => Self::start(None).await,
        }
    }

    async fn start(store: Option<&str>) -> Result<Self, ServerError> {
        let data = tempfile::tempdir().map_err(ServerError::Start)?;
        let program = std::env::current_exe().map_err(ServerError::Start)?;
        let mut child = command(&program, data.path(), store).spawn().map_err(ServerError::Start)?;
        let tail = Tail::default();
        let (found, address) = oneshot::channel();
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(read(stdout, Arc::clone(&tail), Some(found)));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(read(stderr, Arc::clone(&tail), None));
        }
        let own = Own { child, tail, data };
        if let Ok(Ok(url)) = tokio::time::timeout(READY_IN, address).await {
            return Ok(Self { url, own: Some(own) });
        }
        let log = own.log();
        own.stop().await;
        Err(ServerError::NotReady(log))
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn introduction(&self) -> String {
        match &self.own {
            Some(_) => format!("Playing on a temporary local host, {}: it is gone afterwards.", self.url),
            None => format!(
                "Playing on the local host at {}, with fresh customers. It sets that host's clock for a moment and puts it back.",
                self.url
            ),
        }
    }

    /// What the demo's own host said last.
    pub(super) fn print_log(&self, screen: &mut Screen) {
        if let Some(own) = &self.own {
            // The failure itself is told in any case.
            let _ = screen.line("\nThe local host said last:").and_then(|()| screen.block(own.log()));
        }
    }

    /// Ends the demo's own host, and removes what it kept.
    pub(super) async fn stop(self) {
        if let Some(own) = self.own {
            own.stop().await;
        }
    }
}

impl Own {
    fn log(&self) -> String {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    /// Killed, like everything here may be; its handlers end with it.
    async fn stop(mut self) {
        let _ = self.child.kill().await;
        remove(self.data.keep()).await;
    }
}

fn command(program: &Path, data: &Path, store: Option<&str>) -> Command {
    let mut command = Command::new(program);
    command
        .args(["--port", "0", "--data"])
        .arg(data)
        .args(store.map(|store| format!("--store={store}")))
        // It ends with this process, however this process ends.
        .env(HOST_STDIN, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // Ctrl-C is for the demo, which then ends its host.
    #[cfg(unix)]
    command.process_group(0);
    command
}

/// Keeps the last lines, and tells the address when it comes by.
async fn read(from: impl AsyncRead + Unpin, tail: Tail, mut found: Option<oneshot::Sender<String>>) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(url) = address(&line)
            && let Some(found) = found.take()
        {
            let _ = found.send(url);
        }
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.len() == LOG_LINES_KEPT {
            tail.pop_front();
        }
        tail.push_back(line);
    }
}

/// `  Home      http://127.0.0.1:7071/`
fn address(line: &str) -> Option<String> {
    let url = line.trim().strip_prefix(ADDRESS_LINE)?.trim().strip_suffix('/')?;
    url.starts_with("http://").then(|| url.to_owned())
}

/// A handler takes a moment to notice that its host is gone, and may write until then.
async fn remove(folder: PathBuf) {
    for _ in 0..50 {
        if std::fs::remove_dir_all(&folder).is_ok() || !folder.exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Whether it is a local host that answers there, and not something else.
async fn is_local_host(url: &str) -> bool {
    let ask = async {
        let http = reqwest::Client::builder().no_proxy().build().ok()?;
        let response = http.get(format!("{url}/admin/host/status")).send().await.ok()?;
        let status: Value = response.json().await.ok()?;
        status["versionDetails"].as_str().map(|version| version.starts_with("local-host"))
    };
    tokio::time::timeout(INTRODUCES_ITSELF_IN, ask).await.ok().flatten().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_greeting() {
        assert_eq!(address("  Home      http://127.0.0.1:41234/").as_deref(), Some("http://127.0.0.1:41234"));
        for line in ["", "Home", "  Sign in   http://127.0.0.1:41234/dev/sign-in", "{\"message\":\"Home\"}"] {
            assert_eq!(address(line), None, "{line}");
        }
    }
}
