//! What answers where the apps would be: a real HTTP server on a free port.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A status and a body.
pub(super) type Answer = (u16, String);

/// The server. Its thread ends with the test's process.
pub(super) struct Site {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// Answers each path with its answers in turn, the last one from then on; 404 to every other path.
    pub(super) fn start(answers: HashMap<&'static str, Vec<Answer>>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away is not this server's failure.
                let _ = serve(stream, &answers, &log);
            }
        });
        Self { address, seen }
    }

    /// `127.0.0.1:port`.
    pub(super) fn host(&self) -> String {
        self.address.to_string()
    }

    /// The paths that were asked for, in their order.
    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: TcpStream,
    answers: &HashMap<&'static str, Vec<Answer>>,
    log: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let earlier = {
        let mut log = log.lock().unwrap();
        log.push(path.clone());
        log.iter().filter(|other| **other == path).count() - 1
    };
    let (status, body) = match answers.get(path.as_str()) {
        Some(turns) => turns[earlier.min(turns.len() - 1)].clone(),
        None => (404, String::new()),
    };
    let length = body.len();
    write!(stream, "HTTP/1.1 {status} -\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}
