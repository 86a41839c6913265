use rusqlite::Connection;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Jobs that may wait for the file.
const WAITING_MAX: usize = 4_096;
/// Jobs that are committed together, so that the first does not wait long for the last.
const GROUP_MAX: usize = 256;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS payments (
        payment_key TEXT PRIMARY KEY,
        order_id TEXT NOT NULL,
        card TEXT NOT NULL,
        amount INTEGER NOT NULL,
        balance INTEGER NOT NULL,
        status TEXT NOT NULL,
        requested_at TEXT NOT NULL,
        approved_at TEXT,
        failure TEXT,
        confirmations INTEGER NOT NULL,
        cancels TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS answers (
        scope TEXT PRIMARY KEY,
        status INTEGER NOT NULL,
        body TEXT NOT NULL,
        answered_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// Why the gateway's file did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened.
    #[error("the gateway's file cannot be opened")]
    Open(#[source] rusqlite::Error),
    /// There is no thread to use it from.
    #[error("the gateway's thread cannot be started")]
    Thread(#[source] std::io::Error),
    /// The job was not committed. It may be tried again.
    #[error("the gateway's file did not take the change")]
    NotCommitted,
}

/// Tells the caller what its job found; called when the group is committed.
type Tell = Box<dyn FnOnce() + Send>;
type Job = Box<dyn FnOnce(&Connection) -> rusqlite::Result<Tell> + Send>;

/// One `SQLite` file behind one thread. Jobs that come together are synced to disk together, and none is answered
/// before.
pub(super) struct Store {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Store {
    pub(super) fn open(file: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(file).map_err(StoreError::Open)?;
        connection.execute_batch(SCHEMA).map_err(StoreError::Open)?;
        let (jobs, waiting) = sync_channel(WAITING_MAX);
        let builder = std::thread::Builder::new().name("gateway".to_owned());
        let thread = builder.spawn(move || serve(&connection, &waiting)).map_err(StoreError::Thread)?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Does `work` in a transaction that others share, and answers when that is on disk.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let value = work(connection)?;
            // Nobody waits when the caller has hung up.
            Ok(Box::new(move || drop(answer.send(value))))
        });
        match self.jobs.as_ref().map(|jobs| jobs.try_send(job)) {
            Some(Ok(())) => answered.await.map_err(|_| StoreError::NotCommitted),
            Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) | None => {
                Err(StoreError::NotCommitted)
            }
        }
    }
}

impl Drop for Store {
    /// Finishes what was accepted.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic was reported when it happened.
            let _ = thread.join();
        }
    }
}

fn serve(connection: &Connection, waiting: &Receiver<Job>) {
    while let Ok(first) = waiting.recv() {
        let rest = std::iter::from_fn(|| waiting.try_recv().ok()).take(GROUP_MAX - 1);
        let group = std::iter::once(first).chain(rest);
        match commit(connection, group) {
            Ok(tells) => tells.into_iter().for_each(|tell| tell()),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a group was not committed");
                if !connection.is_autocommit() {
                    // When this fails too, the next group fails, and says so.
                    let _ = connection.execute_batch("ROLLBACK");
                }
            }
        }
    }
}

fn commit(connection: &Connection, group: impl Iterator<Item = Job>) -> rusqlite::Result<Vec<Tell>> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let tells = group.map(|job| job(connection)).collect::<rusqlite::Result<Vec<_>>>()?;
    connection.execute_batch("COMMIT")?;
    Ok(tells)
}
