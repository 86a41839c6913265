//! Installs and runs [Azurite](https://learn.microsoft.com/azure/storage/common/storage-use-azurite), Microsoft's
//! emulator of Azure Storage: for tests of the adapters and for a developer's machine. Needs Node.js and npm on the
//! PATH; everything else is fetched once into a cache outside the project.

mod install;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The account that every Azurite has.
pub const ACCOUNT: &str = "devstoreaccount1";

/// The ports that everybody expects Azurite on.
pub const STANDARD_BLOB_PORT: u16 = 10_000;
/// See [`STANDARD_BLOB_PORT`].
pub const STANDARD_TABLE_PORT: u16 = 10_002;

const START_SECONDS: u64 = 60;
const STOP_SECONDS: u64 = 10;

/// How Azurite is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The folder that keeps what is stored; in memory only when `None`.
    pub data: Option<PathBuf>,
    /// The port of the blob service on 127.0.0.1; 0 takes any that is free.
    pub blob_port: u16,
    /// The port of the table service, likewise.
    pub table_port: u16,
}

/// Why Azurite does not run.
#[derive(Debug, thiserror::Error)]
pub enum AzuriteError {
    /// The folder that it is installed into cannot be used.
    #[error("the folder that Azurite is installed into cannot be used")]
    Cache(#[source] std::io::Error),
    /// `node` or `npm` cannot be started.
    #[error("Azurite needs Node.js and npm")]
    Node(#[source] std::io::Error),
    /// npm's own words.
    #[error("npm could not install Azurite: {0}")]
    Install(String),
    /// It ended, or did not say within a minute that it listens. What it said instead.
    #[error("Azurite did not start: {0}")]
    Start(String),
}

/// An Azurite that runs until this is dropped, or the process ends.
#[derive(Debug)]
pub struct Azurite {
    child: Child,
    blobs: String,
    tables: String,
    lines: Receiver<String>,
}

impl Azurite {
    /// Installs the pinned version if it is not there, starts it, and returns when it listens. Blocks.
    pub fn start(options: &Options) -> Result<Self, AzuriteError> {
        let installed = install::install(&tool_cache::folder())?;
        let mut node = Command::new("node");
        node.arg("--require").arg(&installed.preload).arg(&installed.program);
        // The client speaks the version it was built for; which ones this Azurite knows by name does not matter.
        node.args(["--skipApiVersionCheck", "--disableTelemetry", "--silent", "--queuePort", "0"]);
        node.args([
            "--blobPort",
            &options.blob_port.to_string(),
            "--tablePort",
            &options.table_port.to_string(),
        ]);
        match &options.data {
            Some(folder) => node.arg("--location").arg(folder),
            None => node.arg("--inMemoryPersistence"),
        };
        let child = node.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = child.map_err(AzuriteError::Node)?;
        let lines = follow(&mut child);
        let mut azurite = Self { child, blobs: String::new(), tables: String::new(), lines };
        azurite.listen()?;
        Ok(azurite)
    }

    /// The address of the blob service, the account in it.
    pub fn blobs_endpoint(&self) -> &str {
        &self.blobs
    }

    /// The address of the table service, the account in it.
    pub fn tables_endpoint(&self) -> &str {
        &self.tables
    }

    fn listen(&mut self) -> Result<(), AzuriteError> {
        let deadline = Instant::now() + Duration::from_secs(START_SECONDS);
        let mut said = Vec::new();
        while self.blobs.is_empty() || self.tables.is_empty() {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some((service, address)) =
                        line.split_once(" service is successfully listening at ")
                    {
                        let endpoint = format!("{}/{ACCOUNT}", address.trim().trim_end_matches('/'));
                        match service.trim() {
                            "Azurite Blob" => self.blobs = endpoint,
                            "Azurite Table" => self.tables = endpoint,
                            _ => {}
                        }
                    }
                    said.push(line);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    return Err(AzuriteError::Start(said.join("; ")));
                }
            }
        }
        Ok(())
    }
}

impl Drop for Azurite {
    /// Lets it write what it holds in memory, within a deadline.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let deadline = Instant::now() + Duration::from_secs(STOP_SECONDS);
        // Its output ends when it does.
        while let Ok(_) | Err(RecvTimeoutError::Timeout) =
            self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            if Instant::now() >= deadline {
                break;
            }
        }
        // One that has ended cannot be killed, and that is well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of the process's output as they come; at its end the channel closes.
fn follow(child: &mut Child) -> Receiver<String> {
    let (sender, lines) = channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Nobody may be listening any more; the pipe is read all the same, or the process would block.
                let _ = sender.send(line);
            }
        });
    }
    lines
}
