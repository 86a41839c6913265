//! The local host with a real handler process behind it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod clock;
mod http;
mod messages;
mod processes;
mod reload;
mod rig;
mod services;
mod sign_in;
mod workers;
