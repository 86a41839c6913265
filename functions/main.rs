//! The handler as it is deployed.

use std::process::ExitCode;

/// musl's own allocator has one lock for all threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    functions::end_with_host();
    functions::run()
}
