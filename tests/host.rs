//! The local host as `cargo run` starts it, under a name of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    local_host::cli::main()
}
