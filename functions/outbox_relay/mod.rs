//! Timer: publishes messages that were left behind in an outbox.

use crate::Handler;
use crate::edge::{Failure, Trigger};
use axum::Json;
use axum::extract::State;
use contract::envelope::Reply;

pub(crate) async fn handle(State(handler): State<Handler>, trigger: Trigger) -> Result<Json<Reply>, Failure> {
    trigger.run(handler.app.relay_outbox()).await
}
