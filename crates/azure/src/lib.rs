//! Adapters on Azure: the only crate that knows it.
//!
//! There is no 1.x crate of the Azure SDK for Service Bus or for Tables yet, so [`bus`] and [`tables`] are thin clients
//! in the SDK's own design (endpoint, credential, options; retry, telemetry and bearer policies of `azure_core`). They
//! give way to the official ones when those are published.

pub mod bus;
mod connection;
pub mod credential;
pub mod documents;
mod endpoint;
#[cfg(test)]
mod notes;
pub mod shared_key;
pub mod tables;

pub use endpoint::ClientError;
