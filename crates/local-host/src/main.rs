//! The executable of `cargo run`.

use std::process::ExitCode;

fn main() -> ExitCode {
    local_host::cli::main()
}
