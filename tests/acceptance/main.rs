//! Acceptance tests: real HTTP against real processes, each test with a local host of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "the helpers of tests may fail them")]

mod harness;

mod bad_input;
mod billing;
mod cards;
mod crash;
mod demo;
mod logs;
mod published_usage;
mod reload;
mod restart;
mod six_steps;
