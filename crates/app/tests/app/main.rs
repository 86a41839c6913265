//! The use cases on ports in memory: whole business transactions, with everything that can go wrong.
#![allow(
    clippy::large_futures,
    clippy::similar_names,
    clippy::wildcard_enum_match_arm,
    reason = "whole worlds are played here, and most courses of a play have nothing to do"
)]

#[cfg(test)]
mod billing;
#[cfg(test)]
mod books;
#[cfg(test)]
mod budgets;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod happy;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod numbers;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod parked;
#[cfg(test)]
mod queues;
#[cfg(test)]
mod resolve;
#[cfg(test)]
mod sagas;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod stored;
#[cfg(test)]
mod tallies;
mod traces;
#[cfg(test)]
mod world;
