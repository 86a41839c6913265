//! The console: what handlers print, line by line, without ever holding them up.

use std::io::Write;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Lines that may wait for a slow console; more are dropped, for a handler must not stand still because nobody reads.
const LINES_WAITING_MAX: usize = 10_000;
/// Bytes of one line that are passed through.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// Which of our own streams a line goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

enum Entry {
    Line(Stream, Vec<u8>),
    Flush(SyncSender<()>),
}

/// Writes lines to our stdout and stderr from a thread of its own.
#[derive(Clone)]
pub(crate) struct Console {
    lines: SyncSender<Entry>,
}

impl Console {
    pub(crate) fn start() -> Self {
        let (lines, entries) = sync_channel(LINES_WAITING_MAX);
        std::thread::spawn(move || write_all(&entries));
        Self { lines }
    }

    /// Prints one line; drops it when the console is too slow.
    pub(crate) fn line(&self, stream: Stream, mut line: Vec<u8>) {
        line.push(b'\n');
        match self.lines.try_send(Entry::Line(stream, line)) {
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }

    /// Waits until everything printed so far is out, for a moment at most.
    pub(crate) async fn flush(&self) {
        let (done, wait) = sync_channel(1);
        if self.lines.try_send(Entry::Flush(done)).is_ok() {
            let wait = move || wait.recv_timeout(Duration::from_secs(1));
            let _ = tokio::task::spawn_blocking(wait).await;
        }
    }

    /// Passes through what a handler prints, until its end of the pipe is closed.
    pub(crate) async fn copy(self, stream: Stream, from: impl AsyncRead + Unpin) {
        let mut reader = BufReader::new(from);
        let mut line = Vec::new();
        while let Ok(1..) = reader.read_until(b'\n', &mut line).await {
            if line.last() == Some(&b'\n') {
                line.pop();
            }
            line.truncate(LINE_BYTES_MAX);
            self.line(stream, std::mem::take(&mut line));
        }
    }
}

fn write_all(entries: &Receiver<Entry>) {
    while let Ok(entry) = entries.recv() {
        // A console that is gone is no reason to stop serving.
        match entry {
            Entry::Line(Stream::Out, line) => drop(std::io::stdout().write_all(&line)),
            Entry::Line(Stream::Err, line) => drop(std::io::stderr().write_all(&line)),
            Entry::Flush(done) => {
                drop(std::io::stdout().flush());
                let _ = done.send(());
            }
        }
    }
}
