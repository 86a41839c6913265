//! Every step of every saga made to fail in turn, and every delivery that a saga causes: afterwards the saga has ended
//! and money, bills, numbers and view agree.

mod alerts;
mod end;
mod matrix;
mod messages;
mod orders;
mod play;
mod requests;
