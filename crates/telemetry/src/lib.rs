//! Spans of requests, messages and calls, and their export to an OpenTelemetry collector by OTLP (HTTP, protobuf).
//!
//! Export is on when `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` or `OTEL_EXPORTER_OTLP_ENDPOINT` is set. When none is, nothing
//! here runs: no thread, no allocation, and [`spans`] makes spans that are disabled. Spans carry ids, names and
//! outcomes; never a key of a table, a body, or anything personal. Names follow the OpenTelemetry semantic conventions.

mod export;
mod loss;
mod ports;
pub mod spans;

pub use export::{Export, ExportError};
pub use ports::traced;

/// The target of every span that is exported, and of nothing else: the log leaves it out.
pub const TARGET: &str = "otel_span";
