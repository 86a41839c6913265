//! The workers that are asked at the moment, and how they are replaced while requests go on.

use super::generation::Generation;
use super::worker::{Launch, Lease, Program, Worker};
use crate::console::Console;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How long a reload lets the old workers finish: longer than any invocation of ours may take.
const DRAIN_FOR_RELOAD: Duration = Duration::from_secs(90);
/// How long a request that found nobody waits for another worker.
const WAIT_FOR_ANOTHER: Duration = Duration::from_secs(1);
/// Invocations wait for a first handler this many initialization timeouts, then the host stops (`WorkerFunctionInvoker`).
const INITIALIZATIONS_WAITED: u32 = 4;

pub(crate) struct Pool {
    current: Mutex<Arc<Generation>>,
    /// Counts replacements.
    replaced: watch::Sender<u64>,
    turn: AtomicUsize,
    reloading: tokio::sync::Mutex<()>,
    /// An invocation waited in vain.
    gave_up: watch::Sender<bool>,
    workers: usize,
    console: Console,
}

/// No worker was ready in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoWorker;

/// What a reload did.
pub(crate) struct Reloaded {
    pub(crate) workers: usize,
    /// Every request of the old workers was finished before they were killed.
    pub(crate) drained: bool,
}

impl Pool {
    pub(crate) fn start(launch: Launch, workers: usize, console: Console) -> Self {
        let generation = Generation::start(launch, workers, console.clone());
        Self {
            current: Mutex::new(generation),
            replaced: watch::Sender::new(0),
            turn: AtomicUsize::new(0),
            reloading: tokio::sync::Mutex::new(()),
            gave_up: watch::Sender::new(false),
            workers,
            console,
        }
    }

    /// The next ready worker, waited for as long as the real host waits.
    pub(crate) async fn lease(&self) -> Result<Lease, NoWorker> {
        if let Some(lease) = self.try_lease(None) {
            return Ok(lease);
        }
        let timeout = self.current().launch().initialization_timeout * INITIALIZATIONS_WAITED;
        let lease = self.wait_for_lease(None, timeout).await;
        if lease.is_none() {
            self.gave_up.send_replace(true);
        }
        lease.ok_or(NoWorker)
    }

    /// A worker other than the one that could not be reached.
    pub(crate) async fn lease_another(&self, than: &str) -> Result<Lease, NoWorker> {
        self.wait_for_lease(Some(than), WAIT_FOR_ANOTHER).await.ok_or(NoWorker)
    }

    async fn wait_for_lease(&self, except: Option<&str>, at_most: Duration) -> Option<Lease> {
        let wait = async {
            loop {
                let mut replaced = self.replaced.subscribe();
                let mut changes = self.current().changes();
                if let Some(lease) = self.try_lease(except) {
                    return lease;
                }
                tokio::select! {
                    _ = changes.changed() => {}
                    _ = replaced.changed() => {}
                }
            }
        };
        tokio::time::timeout(at_most, wait).await.ok()
    }

    /// Under the lock that a reload takes to switch: no request goes to workers that are being drained.
    fn try_lease(&self, except: Option<&str>) -> Option<Lease> {
        let current = self.lock();
        current.lease(self.turn.fetch_add(1, Ordering::Relaxed), except)
    }

    /// Starts new workers, switches to them when they are ready, and ends the old ones when they have finished.
    pub(crate) async fn reload(&self, program: impl FnOnce(Program) -> Program) -> Result<Reloaded, String> {
        let _one_at_a_time = self.reloading.lock().await;
        let mut launch = self.current().launch().clone();
        launch.program = program(launch.program);
        let fresh = Generation::start(launch, self.workers, self.console.clone());
        if let Err(reason) = fresh.ready().await {
            fresh.stop().await;
            return Err(reason);
        }
        let old = std::mem::replace(&mut *self.lock(), fresh);
        self.replaced.send_modify(|times| *times += 1);
        let drained = old.drain(DRAIN_FOR_RELOAD).await;
        old.stop().await;
        Ok(Reloaded { workers: self.workers, drained })
    }

    /// Waits until the host has to stop because of its workers, and tells why.
    pub(crate) async fn failed(&self) -> String {
        let mut gave_up = self.gave_up.subscribe();
        loop {
            let mut replaced = self.replaced.subscribe();
            let current = self.current();
            tokio::select! {
                reason = current.failed() => return reason,
                _ = gave_up.wait_for(|gave_up| *gave_up) => {
                    return "no handler was ready for as long as an invocation waits".to_owned();
                }
                _ = replaced.changed() => {}
            }
        }
    }

    /// Waits until every worker is ready.
    pub(crate) async fn ready(&self) -> Result<(), String> {
        self.current().ready().await
    }

    /// Waits until a first worker was ready.
    pub(crate) async fn first_ready(&self) {
        self.current().first_ready().await;
    }

    /// Whether there ever was a worker that could be asked.
    pub(crate) fn was_ready(&self) -> bool {
        self.current().was_ready()
    }

    /// The workers that listen.
    pub(crate) fn workers(&self) -> Vec<Arc<Worker>> {
        self.current().workers()
    }

    /// How many workers there are to be.
    pub(crate) fn size(&self) -> usize {
        self.workers
    }

    /// Requests and invocations that are being worked on.
    pub(crate) fn in_flight(&self) -> usize {
        self.workers().iter().map(|worker| worker.in_flight()).sum()
    }

    /// Lets the workers finish for a while, then kills them.
    pub(crate) async fn stop(&self, drain_at_most: Duration) {
        let current = self.current();
        current.drain(drain_at_most).await;
        current.stop().await;
    }

    fn current(&self) -> Arc<Generation> {
        Arc::clone(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Generation>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
