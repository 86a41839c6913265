//! One handler process: its port, its client, and what it is working on.

use super::restarts::End;
use crate::chance;
use crate::console::{Console, Printed, Stream};
use axum::body::Body;
use axum::http::uri::{Authority, PathAndQuery};
use axum::http::{Request, Response, Uri};
use functions::HOST_STDIN;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::sync::{Notify, watch};

/// How often the host asks a new handler whether it listens (`WorkerConstants`).
const PROBE_EVERY: Duration = Duration::from_millis(25);
/// Seconds an unused connection to a handler is kept.
const IDLE_CONNECTION: Duration = Duration::from_mins(1);

/// The program that plays the handler, and how it is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The executable.
    pub path: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// All that is needed to start a handler.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    pub(crate) program: Program,
    pub(crate) directory: PathBuf,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) initialization_timeout: Duration,
}

/// A handler process as those who call it see it.
pub(crate) struct Worker {
    pub(crate) id: String,
    pub(crate) port: u16,
    pub(crate) pid: Option<u32>,
    authority: Authority,
    client: Client<HttpConnector, Body>,
    in_flight: AtomicUsize,
    idle: Notify,
    condemned: watch::Sender<bool>,
}

/// The right to send one request to a worker. It is not replaced before all are dropped, or their time is up.
pub(crate) struct Lease {
    worker: Arc<Worker>,
}

/// The process behind a worker. Dropping it kills the process.
pub(crate) struct Process {
    child: Child,
    printed: Printed,
    /// Closed when this host ends, however it ends.
    _stdin: Option<tokio::process::ChildStdin>,
}

impl Launch {
    /// Starts a handler on a free port.
    pub(crate) fn start(&self, console: &Console) -> std::io::Result<(Process, Arc<Worker>)> {
        let port = free_port()?;
        let id = chance::uuid().to_string();
        let mut child = self.command(port, &id).spawn()?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let mut printed = Printed::default();
        if let Some(stdout) = stdout {
            printed.follow(console, Stream::Out, stdout);
        }
        if let Some(stderr) = stderr {
            printed.follow(console, Stream::Err, stderr);
        }
        let worker = Worker::new(id, port, child.id()).map_err(std::io::Error::other)?;
        Ok((Process { child, printed, _stdin: stdin }, Arc::new(worker)))
    }

    fn command(&self, port: u16, id: &str) -> Command {
        let mut command = Command::new(&self.program.path);
        command
            .args(&self.program.arguments)
            .current_dir(&self.directory)
            .envs(&self.environment)
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
            .env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", id)
            .env("FUNCTIONS_HTTPWORKER_PORT", port.to_string())
            .env("FUNCTIONS_HTTPWORKER_ID", id)
            .env("FUNCTIONS_APP_ROOT_PATH", &self.directory)
            .env(HOST_STDIN, "1")
            // The bus is this host's, so nothing may lead to a real one.
            .env_remove("SERVICEBUS__fullyQualifiedNamespace")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Ctrl-C is for this host, which lets its handlers finish first.
        #[cfg(unix)]
        command.process_group(0);
        command
    }
}

/// A port that was free a moment ago. When another process takes it first, the handler fails and is started again.
fn free_port() -> std::io::Result<u16> {
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

impl Process {
    /// Waits until the process ends by itself.
    pub(crate) async fn exited(&mut self) -> End {
        // When the system cannot say how it ended, it counts as an error.
        End::Exited(self.child.wait().await.ok().and_then(|status| status.code()))
    }

    /// Kills it, and leaves what it printed: the real host sends SIGKILL and nothing else.
    pub(crate) async fn kill(mut self) -> Printed {
        // It may have ended by itself.
        let _ = self.child.kill().await;
        self.printed
    }
}

impl Worker {
    fn new(id: String, port: u16, pid: Option<u32>) -> Result<Self, axum::http::uri::InvalidUri> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_CONNECTION)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(Self {
            authority: format!("127.0.0.1:{port}").parse()?,
            id,
            port,
            pid,
            client,
            in_flight: AtomicUsize::new(0),
            idle: Notify::new(),
            condemned: watch::Sender::new(false),
        })
    }

    /// Asks until somebody listens: any answer will do.
    pub(crate) async fn ready(&self) {
        while self.ping().await.is_err() {
            tokio::time::sleep(PROBE_EVERY).await;
        }
    }

    /// `GET /`.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = self.uri(PathAndQuery::from_static("/"));
        self.client.request(request).await.map(drop)
    }

    /// Sends a request; its URI must come from [`uri`](Self::uri).
    pub(crate) async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>, Error> {
        self.client.request(request).await
    }

    /// The address of a path.
    pub(crate) fn uri(&self, path_and_query: PathAndQuery) -> Uri {
        let mut parts = axum::http::uri::Parts::default();
        parts.scheme = Some(axum::http::uri::Scheme::HTTP);
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path_and_query);
        Uri::from_parts(parts).unwrap_or_default()
    }

    pub(crate) fn lease(self: &Arc<Self>) -> Lease {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        Lease { worker: Arc::clone(self) }
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    /// Waits until nothing is in flight.
    pub(crate) async fn idle(&self) {
        loop {
            let mut idle = std::pin::pin!(self.idle.notified());
            // From here on the end of the last request wakes us, also one between the look and the wait.
            idle.as_mut().enable();
            if self.in_flight() == 0 {
                return;
            }
            idle.await;
        }
    }

    /// Has the process killed and replaced: a function in it took too long. From now on it gets no new requests.
    pub(crate) fn condemn(&self) {
        self.condemned.send_replace(true);
    }

    pub(crate) fn is_condemned(&self) -> bool {
        *self.condemned.borrow()
    }

    /// Waits until the process is to be killed.
    pub(crate) async fn condemned(&self) -> End {
        // The sender lives as long as the worker.
        let _ = self.condemned.subscribe().wait_for(|condemned| *condemned).await;
        End::TimedOut
    }
}

impl Lease {
    /// The worker, for somebody who may want to condemn it later.
    pub(crate) fn shared(&self) -> Arc<Worker> {
        Arc::clone(&self.worker)
    }
}

impl std::ops::Deref for Lease {
    type Target = Worker;

    fn deref(&self) -> &Worker {
        &self.worker
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.worker.in_flight.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.worker.idle.notify_waiters();
        }
    }
}
