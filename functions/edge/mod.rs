//! The edge of the handler: what every function needs before and after its own code.

pub(crate) mod answer;
pub(crate) mod auth;
pub(crate) mod body;
mod conditional;
pub(crate) mod failure;
mod form;
pub(crate) mod layer;
pub(crate) mod lifetime;
pub(crate) mod log;
pub(crate) mod request;
pub(crate) mod serve;
pub(crate) mod settings;
pub(crate) mod site;
pub(crate) mod trigger;

#[cfg(test)]
mod layout;
#[cfg(test)]
mod tests;

pub(crate) use answer::{Answered, once};
pub(crate) use auth::{Caller, Operator};
pub(crate) use body::{Json, UsageFile, UsageFormat};
pub(crate) use failure::Failure;
pub(crate) use request::{Id, IdempotencyKey, Limit, ListQuery, NoParameters, Query, WhoseQuery};
pub(crate) use trigger::Trigger;
