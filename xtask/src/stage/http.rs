//! As much of an HTTP client as it takes to ask a program of ours on this machine.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An answer that takes longer does not come.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What a GET request is answered with; an error when nobody listens, or the answer is not 200 with JSON in it.
pub(super) fn get(address: &str, path: &str) -> Result<Value> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(ANSWER_MAX))?;
    // In version 1.0 the answer ends with the connection, and comes in one piece.
    write!(connection, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("this is no answer")?;
    ensure!(head.split(' ').nth(1) == Some("200"), "GET {path}: {}", head.lines().next().unwrap_or_default());
    serde_json::from_str(body).with_context(|| format!("GET {path} is not answered with JSON"))
}
