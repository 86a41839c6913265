//! Timer: bills the month that has ended, at 00:00 on the 1st in Seoul.
//!
//! That is 15:00 UTC on the last day of a month, which a schedule cannot name: it fires on the 28th to the 31st. On
//! the days that are not the last, the month before has been billed already, and nothing is done. A month that was
//! missed, because the host was down at the time, is billed on the next of these days.

use crate::Handler;
use crate::edge::{Failure, Trigger};
use axum::Json;
use axum::extract::State;
use contract::envelope::Reply;

pub(crate) async fn handle(State(handler): State<Handler>, trigger: Trigger) -> Result<Json<Reply>, Failure> {
    trigger.run(handler.app.run_ended_months()).await
}
