//! Acceptance tests: real HTTP against real processes, each test with a local host of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "the helpers of tests may fail them")]

mod harness;

mod bad_input;
mod billing;
mod cards;
mod crash;
mod demo;
mod documents;
mod logs;
mod published_usage;
mod readme;
mod reload;
mod restart;
mod runtime_levels;
mod six_steps;
#[cfg(feature = "staged")]
mod staged;
mod stuck;
mod telemetry;
