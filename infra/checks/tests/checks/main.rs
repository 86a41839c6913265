//! Infrastructure and deployment agree with the code, and with the tools that will read them.
#![expect(clippy::unwrap_used, reason = "the helpers of a test may fail it")]

mod bicep;
mod deploy;
mod names;
mod workflows;

use std::path::{Path, PathBuf};

/// The root of the project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}
