mod counting;
mod faulty;
mod memory;

pub use counting::{CountingTables, Counts, TableCounts};
pub use faulty::FaultyTables;
pub use memory::MemoryTables;
