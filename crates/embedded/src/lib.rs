//! Adapters for one machine: tables in an `SQLite` file, the system's clock, fresh ids.
//!
//! [`SqliteTables`] keeps the rules of Azure Tables, so that what works here works there. Several processes may open
//! the same file.

mod clock;
mod ids;
mod tables;

pub use clock::{FileClock, SystemClock};
pub use ids::SystemIds;
pub use tables::{OpenError, SqliteTables};
