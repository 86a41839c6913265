//! Timer: bills the month that has ended, at 00:00 on the 1st in Seoul.
//!
//! That is 15:00 UTC on the last day of a month, which a schedule cannot name: it fires every hour. When the months that
//! have ended have their runs, nothing is done, at the cost of a read for each. A run that could not be started, because
//! the host or the tables were down at the time, is started an hour later.

use crate::Handler;
use crate::edge::{Failure, Trigger};
use axum::Json;
use axum::extract::State;
use contract::envelope::Reply;

pub(crate) async fn handle(State(handler): State<Handler>, trigger: Trigger) -> Result<Json<Reply>, Failure> {
    trigger.run(handler.app.run_ended_months()).await
}
