//! The handler as it is deployed.

use std::process::ExitCode;

fn main() -> ExitCode {
    functions::run()
}
