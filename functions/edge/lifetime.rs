//! The end of a process whose host is gone.

use std::io::Read;

/// The setting by which a host says that it holds the other end of this process's standard input, and does so for as
/// long as it lives.
pub const HOST_STDIN: &str = "LOCAL_HOST_STDIN";

/// From now on this process ends with the host that started it, however that ended, if the host said [`HOST_STDIN`].
/// A handler that outlived its host would keep its database open, and nobody would know of it.
pub fn end_with_host() {
    if std::env::var_os(HOST_STDIN).is_some() {
        std::thread::spawn(end_with_stdin);
    }
}

fn end_with_stdin() {
    let mut nothing = [0; 64];
    while let Ok(1..) = std::io::stdin().read(&mut nothing) {}
    std::process::exit(1);
}
