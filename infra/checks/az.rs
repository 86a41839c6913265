//! The Azure CLI's own argument parser, asked whether it takes a command line.

use crate::python::{AZ, PythonError};
use std::io::{self, Write};
use std::process::{Command, Stdio};

const DRIVER: &str = include_str!("az/parse.py");

/// Why the parser could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ParserError {
    /// The CLI is not there and cannot be installed.
    #[error(transparent)]
    Install(#[from] PythonError),
    /// Its Python cannot be started or talked to.
    #[error("the Azure CLI's parser cannot be run")]
    Run(#[source] io::Error),
    /// It ended before it had judged every line; its own words.
    #[error("the Azure CLI's parser failed: {0}")]
    Failed(String),
}

/// For each list of arguments (what follows `az`) why the CLI refuses it, or `None` when it takes it. Executes nothing.
/// `@file` is a file below the project's root.
///
/// Installs the CLI into the cache the first time.
pub fn refusals(lines: &[Vec<String>]) -> Result<Vec<Option<String>>, ParserError> {
    let python = AZ.install()?.join("python");
    let mut child = Command::new(python)
        .args(["-I", "-c", DRIVER])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(ParserError::Run)?;
    let lines_in: Vec<_> = lines.iter().map(|line| serde_json::json!(line).to_string()).collect();
    let input = format!("{}\n", lines_in.join("\n"));
    let stdin = child.stdin.take();
    // From a thread of its own, or both sides might wait for the other to read.
    let writer = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().map_err(ParserError::Run)?;
    // A parser that ended early has said why, which tells more than the broken pipe.
    let _ = writer.join();
    let answers: Result<Vec<_>, _> =
        String::from_utf8_lossy(&output.stdout).lines().map(serde_json::from_str).collect();
    match answers {
        Ok(answers) if output.status.success() && answers.len() == lines.len() => Ok(answers),
        _ => Err(ParserError::Failed(String::from_utf8_lossy(&output.stderr).into_owned())),
    }
}
