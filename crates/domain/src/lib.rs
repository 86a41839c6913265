//! The business rules of the phone company: orders, lines, usage, bills, payments and sagas.
//!
//! Everything here is pure and synchronous: no input or output, no clock, no chance. Time and ids come in as
//! values. The use cases in `app` read, ask this crate what follows, and write.

pub mod bill;
pub mod calendar;
pub mod catalogue;
pub mod event;
pub mod ids;
pub mod limits;
pub mod money;
pub mod order;
pub mod pay;
pub mod rating;
pub mod saga;
