//! Adapters on Azure: the only crate that knows it.
//!
//! There is no 1.x crate of the Azure SDK for Service Bus yet, so [`bus`] is a thin client in the SDK's own design
//! (endpoint, credential, options; retry, telemetry and bearer policies of `azure_core`). It gives way to the
//! official one when that is published.

pub mod bus;
pub mod credential;
