//! The local host: plays the Functions host, Service Bus, the payment gateway and the token issuer on one machine.
//!
//! [`LocalHost`] is all of it in this process; [`gateway`] and [`bus`] are of use on their own.

pub mod bus;
pub mod cli;
pub mod gateway;

mod card_form;
mod chance;
mod clock;
mod console;
mod demo;
mod host;
mod issuer;
mod options;
mod pages;
mod problem;
mod server;
mod sign_in;
mod storage;

pub use clock::TestClock;
pub use host::{ConfigError, Program};
pub use issuer::{AUDIENCE, Issuer, IssuerError, Role};
pub use options::{FunctionApp, Options};
pub use server::{LocalHost, StartError, TOSS_SECRET_KEY};
pub use storage::Store;
