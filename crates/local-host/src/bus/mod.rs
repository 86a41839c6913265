//! Service Bus for one machine: topics with correlation filters, queues, peek-lock, dead letters, scheduled
//! messages, duplicate detection, the REST surface to send, and that of the resource manager to count.
//!
//! Ready messages are in memory; a `SQLite` file is the durable copy. One thread writes it and commits everything that
//! waits together (`writer`). What the time does to a queue is in `source`, which is pure.

mod broker;
pub mod management;
mod message;
pub mod rest;
mod shared;
mod source;
mod store;
mod topology;
mod window;
mod writer;

#[cfg(test)]
mod tests;

pub use broker::{Broker, Limits, LockLost, MESSAGE_ID_CHARS_MAX, ReceiveError, SendError};
pub use message::{Delivery, IncomingMessage, Lock, Message};
pub use source::Counts;
pub use store::OpenError;
pub use topology::{Queue, Subscription, Topic, Topology, TopologyError};
