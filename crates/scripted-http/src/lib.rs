//! An HTTP server that plays a script: the first request gets the first answer, and so on.
//!
//! For the tests of adapters. It answers, and misbehaves, byte by byte as it is told, which a well-behaved HTTP
//! library would not do; and it keeps every request as it came, so that a test can hold the exact headers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the server does with one request.
#[derive(Debug, Clone)]
pub enum Step {
    /// Answers and keeps the connection open.
    Answer {
        /// The status code.
        status: u16,
        /// Headers besides `Content-Length`.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// Reads the request and closes the connection without an answer.
    HangUp,
    /// Reads the request and never answers.
    Silence,
    /// Answers 200 with this much of a body that was announced to be longer, and closes the connection.
    Cut(String),
}

impl Step {
    /// An answer with a status and a JSON body.
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Self::Answer { status, headers, body: body.into() }
    }

    /// An answer with a status and nothing else.
    pub fn status(status: u16) -> Self {
        Self::Answer { status, headers: Vec::new(), body: String::new() }
    }

    /// The same answer with one more header; other steps stay as they are.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// Path and query, still encoded.
    pub target: String,
    /// The headers in their order and case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// Which connection it came on, counted from 0.
    pub connection: usize,
}

impl Seen {
    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let same = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.headers.iter().find(same).map(|(_, value)| value.as_str())
    }
}

/// The server; it stops when this is dropped.
#[derive(Debug)]
pub struct Server {
    address: std::net::SocketAddr,
    state: Arc<Mutex<State>>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    script: VecDeque<Step>,
    seen: Vec<Seen>,
}

impl Server {
    /// Listens on a free port of this machine and plays `script`; a request after its end gets 500.
    pub async fn play(script: impl IntoIterator<Item = Step>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State { script: script.into_iter().collect(), seen: Vec::new() }));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self { address, state, accepting })
    }

    /// `http://127.0.0.1:{port}`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far, in their order.
    pub fn seen(&self) -> Vec<Seen> {
        locked(&self.state).seen.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connection = 0;
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, Arc::clone(&state), connection));
        connection += 1;
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>, connection: usize) -> Option<()> {
    let mut buffer = Vec::new();
    loop {
        let seen = read(&mut stream, &mut buffer, connection).await?;
        let step = take(&state, seen);
        match step {
            Step::Answer { status, headers, body } => {
                stream.write_all(&answer(status, &headers, &body)).await.ok()?;
            }
            Step::HangUp => return None,
            Step::Silence => std::future::pending().await,
            Step::Cut(start) => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{start}", start.len() + 1);
                return stream.write_all(head.as_bytes()).await.ok();
            }
        }
    }
}

fn take(state: &Mutex<State>, seen: Seen) -> Step {
    let mut state = locked(state);
    state.seen.push(seen);
    state.script.pop_front().unwrap_or_else(|| Step::json(500, r#"{"message":"the script is at its end"}"#))
}

fn locked(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(status: u16, headers: &[(String, String)], body: &str) -> Vec<u8> {
    use std::fmt::Write;
    let mut text = format!("HTTP/1.1 {status} Scripted\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        // Writing to a string does not fail.
        let _ = write!(text, "{name}: {value}\r\n");
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

/// One request; `None` when the connection ends, or does not speak HTTP.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>, connection: usize) -> Option<Seen> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        more(stream, buffer).await?;
    };
    let head = String::from_utf8(buffer[..end].to_vec()).ok()?;
    let mut seen = parse(&head, connection)?;
    let length: usize = seen.header("content-length").map_or(Some(0), |text| text.parse().ok())?;
    while buffer.len() < end + length {
        more(stream, buffer).await?;
    }
    seen.body = String::from_utf8(buffer[end..end + length].to_vec()).ok()?;
    buffer.drain(..end + length);
    Some(seen)
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    match stream.read_buf(buffer).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(()),
    }
}

fn parse(head: &str, connection: usize) -> Option<Seen> {
    let mut lines = head.trim_end().lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    Some(Seen { method, target, headers, body: String::new(), connection })
}
