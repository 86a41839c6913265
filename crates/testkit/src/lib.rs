//! The ports in memory, for tests: with faults at any call, counted, and the same in every run.
//!
//! One [`Faults`] goes to the tables, the bus, the gateway and the documents of a test, and sees all their calls in one sequence. So
//! a test can let every call of a use case fail in turn, in every way, until there is no further call:
//!
//! ```
//! # use testkit::{Fault, Faults, FaultyTables, MemoryTables};
//! # use app::ports::{Op, Table, Tables};
//! # use std::sync::Arc;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! for n in 1.. {
//!     let faults = Faults::default();
//!     faults.nth(n, |_| true, Fault::DieAfter);
//!     let tables = FaultyTables::new(Arc::new(MemoryTables::default()), &faults);
//!     let ops = [Op::insert("row", "{}".to_owned())];
//!     let use_case = tables.commit(Table::Meta, "b0000", &ops);
//!     if faults.survives(use_case).await.is_some() {
//!         break; // it has fewer than `n` calls
//!     }
//!     // look at what is left behind, deliver again, compare
//! }
//! # }
//! ```

mod bus;
mod chance;
mod clock;
mod deliveries;
pub mod document_contract;
mod documents;
mod faults;
mod gateway;
mod ids;
pub mod table_contract;
mod tables;
mod topology;
mod typesetter;

pub use bus::MemoryBus;
pub use chance::Chance;
pub use clock::StoppedClock;
pub use deliveries::{Deliveries, Delivery};
pub use documents::MemoryDocuments;
pub use faults::{Call, Fault, Faults};
pub use gateway::{Card, FakeGateway, Ledger};
pub use ids::CountingIds;
pub use tables::{CountingTables, Counts, FaultyTables, MemoryTables, TableCounts};
pub use topology::Topology;
pub use typesetter::PlainTypesetter;
