//! Timer: asks the gateway what became of payments that have no outcome.

use crate::Handler;
use crate::edge::{Failure, Trigger};
use axum::Json;
use axum::extract::State;
use contract::envelope::Reply;

pub(crate) async fn handle(State(handler): State<Handler>, trigger: Trigger) -> Result<Json<Reply>, Failure> {
    trigger.run(Box::pin(handler.app.resolve_payments())).await
}
