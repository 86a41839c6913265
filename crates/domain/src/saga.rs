//! Sagas: the steps of every business transaction, what completes each, and what undoes it.
//!
//! The forward path is choreography: services react to each other's events. This record watches the events, holds
//! the deadline, and when a step fails or time runs out asks for the undo of the steps in reverse.

mod history;
mod record;
mod steps;

pub use history::{DEADLINE, Direction, Exchange, StepChange};
pub use record::{Command, Refusal, Saga, Status, StepRecord, StepState};
pub use steps::{Kind, Meaning, Step, Undo};
