//! Workers that were started together, from the same program.

use super::restarts::{End, Next, Restarts};
use super::worker::{Launch, Lease, Process, Worker};
use crate::console::Console;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// A fixed number of workers, each kept alive by the rules of the real host.
pub(crate) struct Generation {
    launch: Launch,
    console: Console,
    slots: Mutex<Vec<Slot>>,
    /// Counts every change of a slot.
    changes: watch::Sender<u64>,
    /// Why these workers cannot go on.
    failure: watch::Sender<Option<String>>,
    /// One of them was ready at some time.
    was_ready: watch::Sender<bool>,
    stopping: watch::Sender<bool>,
    keepers: Mutex<JoinSet<()>>,
}

enum Slot {
    Starting,
    Ready(Arc<Worker>),
}

impl Generation {
    pub(crate) fn start(launch: Launch, workers: usize, console: Console) -> Arc<Self> {
        let generation = Arc::new(Self {
            launch,
            console,
            slots: Mutex::new((0..workers).map(|_| Slot::Starting).collect()),
            changes: watch::Sender::new(0),
            failure: watch::Sender::new(None),
            was_ready: watch::Sender::new(false),
            stopping: watch::Sender::new(false),
            keepers: Mutex::default(),
        });
        let mut keepers = generation.keepers.lock().unwrap_or_else(PoisonError::into_inner);
        for index in 0..workers {
            keepers.spawn(Arc::clone(&generation).keep(index));
        }
        drop(keepers);
        generation
    }

    pub(crate) fn launch(&self) -> &Launch {
        &self.launch
    }

    /// Tells of every worker that becomes ready or is gone.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// The worker whose turn it is, unless it is the one that the caller could not reach.
    pub(crate) fn lease(&self, turn: usize, except: Option<&str>) -> Option<Lease> {
        let slots = self.slots();
        let ready: Vec<&Arc<Worker>> = ready(&slots).filter(|worker| except != Some(&worker.id)).collect();
        let index = turn.checked_rem(ready.len())?;
        ready.get(index).map(|worker| worker.lease())
    }

    /// The workers that listen.
    pub(crate) fn workers(&self) -> Vec<Arc<Worker>> {
        ready(&self.slots()).cloned().collect()
    }

    /// How many workers there are to be.
    pub(crate) fn size(&self) -> usize {
        self.slots().len()
    }

    /// Waits until every worker is ready, or tells why that will not be.
    pub(crate) async fn ready(&self) -> Result<(), String> {
        let mut changes = self.changes();
        let mut failure = self.failure.subscribe();
        loop {
            if self.workers().len() == self.size() {
                return Ok(());
            }
            tokio::select! {
                _ = changes.changed() => {}
                reason = failed(&mut failure) => return Err(reason),
            }
        }
    }

    /// Waits until one of them was ready.
    pub(crate) async fn first_ready(&self) {
        set(&mut self.was_ready.subscribe()).await;
    }

    /// Whether one of them was ready at some time.
    pub(crate) fn was_ready(&self) -> bool {
        *self.was_ready.borrow()
    }

    /// Waits until these workers cannot go on, and tells why.
    pub(crate) async fn failed(&self) -> String {
        failed(&mut self.failure.subscribe()).await
    }

    /// Waits until nothing is in flight; false when that took too long.
    pub(crate) async fn drain(&self, at_most: Duration) -> bool {
        let idle = async {
            for worker in self.workers() {
                worker.idle().await;
            }
        };
        tokio::time::timeout(at_most, idle).await.is_ok()
    }

    /// Kills the workers.
    pub(crate) async fn stop(&self) {
        self.stopping.send_replace(true);
        let mut keepers = std::mem::take(&mut *self.keepers.lock().unwrap_or_else(PoisonError::into_inner));
        while keepers.join_next().await.is_some() {}
    }

    /// Keeps one worker alive.
    async fn keep(self: Arc<Self>, index: usize) {
        let mut stopping = self.stopping.subscribe();
        let mut restarts = Restarts::default();
        loop {
            let (mut process, worker) = match self.launch.start(&self.console) {
                Ok(started) => started,
                Err(error) => return self.fail(format!("{}: {error}", self.launch.program.path.display())),
            };
            let end = tokio::select! {
                end = self.live(index, &mut process, &worker) => end,
                () = set(&mut stopping) => return drop(process.kill().await),
            };
            let printed = process.kill().await;
            report(&worker, end);
            match restarts.after(end, Instant::now()) {
                Next::Restart => self.put(index, Slot::Starting),
                Next::Nothing => return set(&mut stopping).await,
                Next::StopHost => {
                    self.put(index, Slot::Starting);
                    let said = printed.last_error().await.map(|error| format!("; it said: {error}"));
                    let said = said.unwrap_or_default();
                    return self.fail(format!("the handler failed three times in a row{said}"));
                }
            }
        }
    }

    /// One life of a worker, from its start to its end.
    async fn live(&self, index: usize, process: &mut Process, worker: &Arc<Worker>) -> End {
        tokio::select! {
            end = process.exited() => return end,
            ready = tokio::time::timeout(self.launch.initialization_timeout, worker.ready()) => {
                if ready.is_err() {
                    return End::NotReady;
                }
            }
        }
        tracing::info!(worker.id, worker.port, worker.pid, "handler ready");
        self.put(index, Slot::Ready(Arc::clone(worker)));
        self.was_ready.send_replace(true);
        tokio::select! {
            end = process.exited() => end,
            end = worker.condemned() => end,
        }
    }

    fn put(&self, index: usize, slot: Slot) {
        if let Some(place) = self.slots().get_mut(index) {
            *place = slot;
        }
        self.changes.send_modify(|changes| *changes += 1);
    }

    fn fail(&self, reason: String) {
        tracing::error!(reason, "the handler cannot go on");
        self.failure.send_replace(Some(reason));
    }

    fn slots(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ready(slots: &[Slot]) -> impl Iterator<Item = &Arc<Worker>> {
    slots.iter().filter_map(|slot| match slot {
        Slot::Ready(worker) if !worker.is_condemned() => Some(worker),
        Slot::Ready(_) | Slot::Starting => None,
    })
}

/// Waits until a flag is set.
async fn set(flag: &mut watch::Receiver<bool>) {
    // The sender lives as long as the generation.
    let _ = flag.wait_for(|set| *set).await;
}

async fn failed(failure: &mut watch::Receiver<Option<String>>) -> String {
    let reason = failure.wait_for(Option::is_some).await.map(|reason| reason.clone());
    // The sender lives as long as the generation.
    reason.ok().flatten().unwrap_or_default()
}

fn report(worker: &Worker, end: End) {
    match end {
        End::Exited(Some(0)) => tracing::error!(
            worker.id,
            "the handler ended with exit code 0: the host takes that as finished and does not start it again"
        ),
        End::Exited(Some(code)) => tracing::warn!(worker.id, code, "the handler ended"),
        End::Exited(None) => tracing::warn!(worker.id, "the handler was killed by a signal"),
        End::NotReady => tracing::warn!(worker.id, "the handler did not listen in time"),
        End::TimedOut => tracing::warn!(worker.id, "a function took too long, so its process was killed"),
    }
}
