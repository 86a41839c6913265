//! The use cases of the phone company, and the ports they need.
//!
//! A use case reads, asks `domain` what follows, and writes once. Adapters for the ports live in `azure`, `embedded`
//! and `testkit`.

pub mod ports;
