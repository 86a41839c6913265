//! A message was dead-lettered, in whichever queue or subscription: it is recorded for an operator.

use crate::Handler;
use crate::edge::{Failure, Trigger};
use axum::Json;
use axum::extract::State;
use contract::envelope::Reply;

pub(crate) async fn handle(State(handler): State<Handler>, trigger: Trigger) -> Result<Json<Reply>, Failure> {
    let (message, source) = (trigger.incoming(), trigger.invocation.dead_letter_source());
    let reason = trigger.invocation.property("DeadLetterReason");
    trigger.run(handler.app.record_dead_letter(&message, source.as_deref(), reason.as_deref())).await
}
