//! Wire forms: what the Functions host posts and expects, problems, traces.

pub mod envelope;
pub mod event;
pub mod problem;
pub mod trace;
