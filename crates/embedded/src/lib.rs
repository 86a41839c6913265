//! Adapters for one machine: tables in an `SQLite` file, documents in a folder, the system's clock, fresh
//! ids.
//!
//! [`SqliteTables`] keeps the rules of Azure Tables, so that what works here works there. Several processes may open
//! the same file.

mod clock;
mod documents;
mod ids;
mod tables;

pub use clock::{FileClock, SystemClock};
pub use documents::FolderDocuments;
pub use ids::SystemIds;
pub use tables::{OpenError, SqliteTables};
