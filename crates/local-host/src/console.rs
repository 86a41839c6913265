//! The console: what handlers print, line by line, without ever holding them up.

use serde_json::Value;
use std::io::Write;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::task::JoinHandle;

/// Lines that may wait for a slow console; more are dropped, for a handler must not stand still because nobody reads.
const LINES_WAITING_MAX: usize = 10_000;
/// Bytes of one line that are passed through.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// How long the last lines of a handler that has ended may take to come.
const READ_OUT_IN: Duration = Duration::from_secs(1);

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
    async fn copy(self, stream: Stream, from: impl AsyncRead + Unpin, last_error: LastError) {
        let mut reader = BufReader::new(from);
        let mut line = Vec::new();
        while let Ok(1..) = reader.read_until(b'\n', &mut line).await {
            if line.last() == Some(&b'\n') {
                line.pop();
            }
            line.truncate(LINE_BYTES_MAX);
            if let Some(error) = error(stream, &line) {
                *last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
            self.line(stream, std::mem::take(&mut line));
        }
    }
}

type LastError = Arc<Mutex<Option<String>>>;

/// What a handler prints: it goes to the console, and of its errors the last one is remembered, for it may be why the
/// handler ended.
#[derive(Default)]
pub(crate) struct Printed {
    last_error: LastError,
    copies: Vec<JoinHandle<()>>,
}

impl Printed {
    /// Passes one of the handler's streams to the console.
    pub(crate) fn follow(
        &mut self,
        console: &Console,
        stream: Stream,
        from: impl AsyncRead + Unpin + Send + 'static,
    ) {
        let copy = console.clone().copy(stream, from, Arc::clone(&self.last_error));
        self.copies.push(tokio::spawn(copy));
    }

    /// The last error of a handler that has ended.
    pub(crate) async fn last_error(self) -> Option<String> {
        for copy in self.copies {
            // What the handler started may hold its pipes open.
            let _ = tokio::time::timeout(READ_OUT_IN, copy).await;
        }
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The error that a line tells: a line of our handler's log, or whatever another handler prints where errors go.
fn error(stream: Stream, line: &[u8]) -> Option<String> {
    if let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(line) {
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let parts = [text("message"), text("error")].into_iter().flatten().collect::<Vec<_>>();
        return (text("level") == Some("ERROR") && !parts.is_empty()).then(|| parts.join(": "));
    }
    let text = String::from_utf8_lossy(line).trim().to_owned();
    (stream == Stream::Err && !text.is_empty()).then_some(text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_a_line_of_the_log_that_says_so_or_a_plain_line_on_stderr() {
        let log = r#"{"level":"ERROR","message":"cannot start","error":"the tables did not answer"}"#;
        for stream in [Stream::Out, Stream::Err] {
            let said = error(stream, log.as_bytes());
            assert_eq!(said.as_deref(), Some("cannot start: the tables did not answer"));
            for line in ["", "{}", r#"{"level":"INFO","message":"serving"}"#] {
                assert_eq!(error(stream, line.as_bytes()), None, "{line}");
            }
        }
        assert_eq!(error(Stream::Err, b"out of memory\n").as_deref(), Some("out of memory"));
        assert_eq!(error(Stream::Out, b"out of memory"), None);
    }
}
