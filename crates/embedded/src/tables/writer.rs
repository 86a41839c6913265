use super::checkpoint::Checkpoints;
use super::errors::{failed, stopped, throttled};
use super::group::{Answer, Group, Transaction};
use super::schema::{OpenError, connect};
use app::ports::TableError;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

/// Transactions that may wait for the writer; the callers behind them are asked to slow down.
const WAITING_MAX: usize = 1_024;
/// Operations after which a group is closed, so that its first transaction does not wait long for its last.
const GROUP_OPS_MAX: usize = 2_000;
/// Memory for pages of the writing connection.
const CACHE: &str = "PRAGMA cache_size = -8192";

struct Waiting {
    transaction: Transaction,
    answer: oneshot::Sender<Answer>,
}

/// The thread that writes. It commits everything that waits at once; while that is synced, the next group gathers.
pub(super) struct Writer {
    queue: Option<SyncSender<Waiting>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(path: &Path, epoch: i64) -> Result<Self, OpenError> {
        let connection = connect(path)?;
        connection.execute_batch(CACHE)?;
        let group = Group::new(connection, epoch);
        let checkpoints = Checkpoints::start(path)?;
        let (queue, waiting) = sync_channel(WAITING_MAX);
        let run = move || run(group, checkpoints, &waiting);
        let thread = thread::Builder::new().name("tables-writer".to_owned()).spawn(run)?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Answers when the transaction is on the disk, or refused. It goes on when the caller stops waiting.
    pub(super) async fn commit(&self, transaction: Transaction) -> Answer {
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        match queue.try_send(Waiting { transaction, answer }) {
            Ok(()) => answered.await.unwrap_or_else(|_| Err(stopped())),
            Err(TrySendError::Full(_)) => Err(throttled()),
            Err(TrySendError::Disconnected(_)) => Err(stopped()),
        }
    }

    pub(super) fn ping(&self) -> Result<(), TableError> {
        let runs = self.thread.as_ref().is_some_and(|thread| !thread.is_finished());
        if runs { Ok(()) } else { Err(stopped()) }
    }
}

impl Drop for Writer {
    /// Lets the writer finish what it was sent, and closes the file.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic was printed when it happened.
            let _ = thread.join();
        }
    }
}

fn run(mut group: Group, mut checkpoints: Checkpoints, queue: &Receiver<Waiting>) {
    while let Ok(first) = queue.recv() {
        let begun = group.begin();
        let all = gather(first, queue);
        let answers = begun.and_then(|()| group.commit(all.iter().map(|waiting| &waiting.transaction)));
        answer(all, answers);
        checkpoints.after_commit(group.connection());
    }
}

/// Everything that waits, up to the limit.
fn gather(first: Waiting, queue: &Receiver<Waiting>) -> Vec<Waiting> {
    let mut ops = first.transaction.ops.len();
    let mut all = vec![first];
    while ops < GROUP_OPS_MAX {
        let Ok(next) = queue.try_recv() else { break };
        ops += next.transaction.ops.len();
        all.push(next);
    }
    all
}

/// Nobody listens to the answer of a caller that gave up.
fn answer(all: Vec<Waiting>, answers: rusqlite::Result<Vec<Answer>>) {
    match answers {
        Ok(answers) => {
            for (waiting, answer) in all.into_iter().zip(answers) {
                let _ = waiting.answer.send(answer);
            }
        }
        Err(cause) => {
            tracing::error!(error = %cause, transactions.count = all.len(), "the store did not commit");
            let cause = Arc::new(cause);
            for waiting in all {
                let _ = waiting.answer.send(Err(failed(&cause)));
            }
        }
    }
}
