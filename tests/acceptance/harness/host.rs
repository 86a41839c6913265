//! A local host in a process of its own.

use super::{Api, SOON, Store, until};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// How a local host is started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub(crate) workers: u8,
    /// What `RUST_LOG` says, for the host and its handlers.
    pub(crate) log: &'static str,
    /// Where tables and documents are.
    pub(crate) store: &'static str,
    /// Functions that do not run.
    pub(crate) disabled: &'static [&'static str],
    /// Further settings.
    pub(crate) settings: &'static [(&'static str, String)],
}

impl Default for Options {
    fn default() -> Self {
        Self { workers: 1, log: "warn", store: "embedded", disabled: &[], settings: &[] }
    }
}

/// A running local host. It ends with the test.
pub(crate) struct LocalHost {
    options: Options,
    child: Child,
    data: TempDir,
    pub(crate) api: Api,
}

/// The executable that Cargo has built together with these tests.
pub(crate) fn executable() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_acceptance-host"))
}

/// The project's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The staged function app that all hosts run, when it is the one that is tested.
pub(crate) fn staged_app() -> Option<PathBuf> {
    let named = || std::env::var_os("STAGED_APP").expect("STAGED_APP names the staged function app");
    cfg!(feature = "staged").then(named).map(PathBuf::from)
}

impl LocalHost {
    pub(crate) async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// A host whose clock shows this time.
    pub(crate) async fn start_at(now: &str) -> Self {
        let host = Self::start().await;
        host.api.set_clock(now).await;
        host
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut child = spawn(data.path(), 0, options);
        let url = ready(&mut child, data.path(), 0).await;
        Self { options, child, data, api: Api::new(&url) }
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ctrl-C.
    pub(crate) fn stop(&mut self) {
        signal(self.child.id(), "INT");
        assert!(self.child.wait().unwrap().success(), "it stopped with an error: {}", self.log());
    }

    /// Starts it again, after it was killed or stopped, on the same data and port.
    pub(crate) async fn start_again(&mut self) {
        let written = self.log().len();
        let (_, port) = self.api.url.rsplit_once(':').unwrap();
        self.child = spawn(self.data.path(), port.parse().unwrap(), self.options);
        let url = ready(&mut self.child, self.data.path(), written).await;
        assert_eq!(url, self.api.url);
    }

    /// Starts it again with all functions but these.
    pub(crate) async fn restart_without(&mut self, disabled: &'static [&'static str]) {
        self.stop();
        self.options.disabled = disabled;
        self.start_again().await;
    }

    /// The process ids of the handlers that listen.
    pub(crate) async fn handlers(&self) -> Vec<u32> {
        let status = self.api.get("/admin/host/status").expect(200).await;
        let pid = |worker: &serde_json::Value| worker["processId"].as_u64();
        status.list_at("/workers").iter().map(|worker| pid(worker).unwrap().try_into().unwrap()).collect()
    }

    /// `kill -9` of a handler; comes back when another one listens.
    pub(crate) async fn kill_handler(&self, pid: u32) {
        signal(pid, "KILL");
        until("the handler's restart", SOON, async || {
            let handlers = self.handlers().await;
            (!handlers.is_empty() && !handlers.contains(&pid)).then_some(())
        })
        .await;
    }

    /// SIGTERM for a handler.
    pub(crate) fn terminate_handler(pid: u32) {
        signal(pid, "TERM");
    }

    /// The folder of its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.data.path().join("data")
    }

    /// Everything that it and its handlers have printed.
    pub(crate) fn log(&self) -> String {
        log(self.data.path())
    }

    /// What the handler has stored.
    pub(crate) fn store(&self) -> Store {
        Store::open(&self.store_file())
    }

    /// The file of its tables.
    pub(crate) fn store_file(&self) -> PathBuf {
        self.data.path().join("data/tables.db")
    }
}

impl Drop for LocalHost {
    fn drop(&mut self) {
        // It may have been killed by the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(30).collect();
            eprintln!("the local host's last lines, the newest first:\n{}", tail.join("\n"));
        }
    }
}

fn log(folder: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(folder.join("log")).unwrap_or_default()).into_owned()
}

fn spawn(folder: &Path, port: u16, options: Options) -> Child {
    let log = std::fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
    let mut command = Command::new(executable());
    if let Some(app) = staged_app() {
        command.arg("--script-root").arg(app);
    }
    command
        .args(["--port", &port.to_string(), "--workers", &options.workers.to_string()])
        .args(["--store", options.store, "--data"])
        .arg(folder.join("data"))
        .current_dir(root())
        .env("RUST_LOG", options.log)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    for function in options.disabled {
        command.env(format!("AzureWebJobs_{function}_Disabled"), "true");
    }
    for (name, value) in options.settings {
        command.env(name, value);
    }
    command.spawn().unwrap()
}

/// Waits for the greeting, and reads the address from it.
async fn ready(child: &mut Child, folder: &Path, from: usize) -> String {
    until("the local host's start", SOON, async || {
        let log = log(folder);
        assert!(child.try_wait().unwrap().is_none(), "the local host ended: {log}");
        let line = log[from..].lines().find_map(|line| line.trim().strip_prefix("Home").map(str::trim))?;
        Some(line.strip_suffix('/')?.to_owned())
    })
    .await
}

/// Every shell has `kill`, whatever else is installed.
fn signal(pid: u32, name: &str) {
    let status = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status().unwrap();
    assert!(status.success(), "{pid} is not there");
}
