//! What all tests need: a local host in a folder of its own, callers with tokens, and ways to wait.

mod api;
mod host;
mod raw;
mod scenario;
mod store;
mod wait;

pub(crate) use api::{Answer, Api, Request, User};
#[cfg(feature = "staged")]
pub(crate) use host::staged_app;
pub(crate) use host::{LocalHost, Options, executable, root};
pub(crate) use raw::raw;
pub(crate) use scenario::{Bill, at, month_file};
pub(crate) use store::Store;
pub(crate) use wait::{SOON, until, with_each};
