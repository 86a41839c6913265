//! The Functions host: functions, their triggers, and the handler processes that run them.

mod admin;
mod config;
mod envelope;
mod function;
mod generation;
mod invoke;
mod listener;
mod pool;
mod proxy;
mod restarts;
mod routes;
mod schedule;
mod settings;
mod template;
mod timers;
mod timespan;
mod worker;

pub(crate) use config::HostConfig;
pub(crate) use function::{Context, Function, load_all};
pub(crate) use settings::Settings;
pub(crate) use worker::Launch;
pub use worker::Program;

use crate::bus::{Broker, Topology};
use crate::clock::TestClock;
use crate::console::Console;
use crate::problem;
use axum::Router;
use function::Trigger;
use listener::BusFunction;
use pool::Pool;
use routes::Routes;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use timers::TimerFunction;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long a host that stops lets its functions finish (`WebJobsScriptHostService`).
const DRAIN_AT_STOP: Duration = Duration::from_secs(10);

/// A file of the function app that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// It says something that the host does not take.
    #[error("{}: {reason}", path.display())]
    Wrong {
        /// The file or folder.
        path: PathBuf,
        /// What it says.
        reason: String,
    },
}

impl ConfigError {
    pub(crate) fn read(path: &Path, source: std::io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }

    pub(crate) fn wrong(path: &Path, reason: impl Into<String>) -> Self {
        Self::Wrong { path: path.to_owned(), reason: reason.into() }
    }
}

/// What the host does with messages, timers and requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    /// Messages and timers rest; requests are answered.
    Draining,
    /// Nothing new is begun.
    Stopping,
}

/// What a host is made of.
pub(crate) struct Parts {
    pub(crate) config: HostConfig,
    pub(crate) functions: Vec<Function>,
    pub(crate) topology: Topology,
    pub(crate) broker: Arc<Broker>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) launch: Launch,
    pub(crate) workers: usize,
    pub(crate) console: Console,
}

/// The Functions host.
pub(crate) struct Host {
    id: String,
    functions: Vec<Function>,
    routes: Routes,
    pool: Pool,
    broker: Arc<Broker>,
    clock: Arc<TestClock>,
    function_timeout: Option<Duration>,
    max_concurrent_calls: usize,
    max_lock_renewal: Duration,
    lock_for: Duration,
    phase: watch::Sender<Phase>,
    triggers: Mutex<JoinSet<()>>,
    started: Instant,
}

impl Host {
    /// Starts the workers, and listens to the triggers.
    pub(crate) fn start(parts: Parts) -> Arc<Self> {
        let Parts { config, functions, topology, broker, clock, launch, workers, console } = parts;
        let host = Arc::new(Self {
            id: crate::chance::hex(),
            routes: Routes::new(&config.route_prefix, &functions),
            functions,
            pool: Pool::start(launch, workers, console),
            broker,
            clock,
            function_timeout: config.function_timeout,
            max_concurrent_calls: config.max_concurrent_calls,
            max_lock_renewal: config.max_lock_renewal,
            lock_for: listener::lock_for(topology.lock_seconds),
            phase: watch::Sender::new(Phase::Running),
            triggers: Mutex::default(),
            started: Instant::now(),
        });
        host.listen();
        host
    }

    fn listen(self: &Arc<Self>) {
        let mut triggers = self.triggers.lock().unwrap_or_else(PoisonError::into_inner);
        for function in self.functions.iter().filter(|function| !function.disabled) {
            if let Some(function) = function.as_bus_function() {
                triggers.spawn(listener::listen(Arc::clone(self), function));
            } else if let Some(function) = function.as_timer() {
                triggers.spawn(timers::run(Arc::clone(self), function));
            }
        }
    }

    /// Waits until every worker is ready, or tells why that will not be.
    pub(crate) async fn ready(&self) -> Result<(), String> {
        self.pool.ready().await
    }

    /// Waits until a first worker was ready.
    pub(crate) async fn first_ready(&self) {
        self.pool.first_ready().await;
    }

    /// Waits until the host has to stop because of its workers, and tells why.
    pub(crate) async fn failed(&self) -> String {
        self.pool.failed().await
    }

    /// The functions, in the order of their names.
    pub(crate) fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// Begins nothing new, lets what is under way finish for a while, and kills the workers.
    pub(crate) async fn stop(&self) {
        let deadline = Instant::now() + DRAIN_AT_STOP;
        self.phase.send_replace(Phase::Stopping);
        let mut triggers = std::mem::take(&mut *self.triggers.lock().unwrap_or_else(PoisonError::into_inner));
        if self.pool.was_ready() {
            let settled = async { while triggers.join_next().await.is_some() {} };
            let in_time = tokio::time::timeout_at(deadline, settled).await;
            if in_time.is_err() {
                tracing::warn!("some functions did not finish in time; their messages are delivered again");
            }
        } else {
            // They wait for a first worker, and have begun nothing.
            triggers.shutdown().await;
        }
        self.pool.stop(deadline.saturating_duration_since(Instant::now())).await;
    }

    /// Waits while the host drains; false when it stops.
    async fn listening(&self) -> bool {
        let mut phase = self.phase.subscribe();
        let phase = phase.wait_for(|phase| *phase != Phase::Draining).await;
        phase.is_ok_and(|phase| *phase == Phase::Running)
    }

    /// Waits until the host drains or stops.
    async fn paused(&self) {
        let mut phase = self.phase.subscribe();
        // The sender lives as long as the host.
        let _ = phase.wait_for(|phase| *phase != Phase::Running).await;
    }

    fn is_stopping(&self) -> bool {
        *self.phase.borrow() == Phase::Stopping
    }
}

impl Function {
    fn as_bus_function(&self) -> Option<BusFunction> {
        match &self.trigger {
            Trigger::ServiceBus { binding, source } => {
                let (name, binding, source) = (self.name.clone(), binding.clone(), source.clone());
                Some(BusFunction { name, binding, source })
            }
            Trigger::Http { .. } | Trigger::Timer { .. } => None,
        }
    }

    fn as_timer(&self) -> Option<TimerFunction> {
        match &self.trigger {
            Trigger::Timer { binding, schedule, monitored } => Some(TimerFunction {
                name: self.name.clone(),
                binding: binding.clone(),
                schedule: (**schedule).clone(),
                monitored: *monitored,
            }),
            Trigger::Http { .. } | Trigger::ServiceBus { .. } => None,
        }
    }
}

/// The host's own paths, and everything below the route prefix.
pub(crate) fn routes(host: &Arc<Host>, prefix: &str) -> Router {
    let own = admin::routes(Arc::clone(host));
    let forward = axum::routing::any(proxy::forward).with_state(Arc::clone(host));
    if prefix.is_empty() {
        return own.fallback_service(forward);
    }
    own.route_service(&format!("/{prefix}"), forward.clone())
        .route_service(&format!("/{prefix}/"), forward.clone())
        .route_service(&format!("/{prefix}/{{*path}}"), forward)
        .fallback(problem::unknown_path)
}
