use super::schema::{OpenError, connect};
use rusqlite::Connection;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::{self, JoinHandle};

/// Pages of 4 KiB in the write-ahead log that are not in the database file yet, at which they are moved there.
const LOG_PAGES_MAX: i64 = 4_096;
/// Moves what no reader needs in the log, while others go on.
const MOVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
/// Counts only.
const COUNT: &str = "PRAGMA wal_checkpoint(NOOP)";

/// Moves committed pages from the write-ahead log into the database file, so that the log does not grow.
///
/// A thread of its own does nearly all of it, and two syncs to the disk, while the writer goes on. The writer moves
/// the few pages that it wrote meanwhile: only when nothing is left over can it begin the log anew.
pub(super) struct Checkpoints {
    start: Option<SyncSender<()>>,
    done: Receiver<()>,
    running: bool,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    pub(super) fn start(path: &Path) -> Result<Self, OpenError> {
        let connection = connect(path)?;
        let (start, starts) = sync_channel(1);
        let (finished, done) = sync_channel(1);
        let run = move || run(&connection, &starts, &finished);
        let thread = thread::Builder::new().name("tables-log".to_owned()).spawn(run)?;
        Ok(Self { start: Some(start), done, running: false, thread: Some(thread) })
    }

    /// To be called by the writer after each commit.
    pub(super) fn after_commit(&mut self, writer: &Connection) {
        if self.running {
            self.running = self.done.try_recv() == Err(TryRecvError::Empty);
            if !self.running {
                checkpoint(writer, MOVE);
            }
        } else if checkpoint(writer, COUNT).is_some_and(|pages| pages > LOG_PAGES_MAX) {
            self.running = self.start.as_ref().is_some_and(|start| start.try_send(()).is_ok());
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.start = None;
        if let Some(thread) = self.thread.take() {
            // A panic was printed when it happened.
            let _ = thread.join();
        }
    }
}

fn run(connection: &Connection, starts: &Receiver<()>, finished: &SyncSender<()>) {
    while starts.recv().is_ok() {
        // The second time moves what was written during the first, and leaves little to the writer.
        checkpoint(connection, MOVE);
        checkpoint(connection, MOVE);
        if finished.send(()).is_err() {
            break;
        }
    }
}

/// The pages of the log that are not in the database file; `None` when another process is at it. A checkpoint that
/// fails loses nothing: the log is kept, and the next one tries again.
fn checkpoint(connection: &Connection, sql: &str) -> Option<i64> {
    let counts =
        |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
    match connection.prepare_cached(sql).and_then(|mut statement| statement.query_row([], counts)) {
        Ok((busy, log, moved)) => (busy == 0).then_some(log - moved),
        Err(error) => {
            tracing::warn!(%error, "the store's log was not moved into its file");
            None
        }
    }
}
