//! Bills were issued or voided: Pay gets to know what can be paid.

use crate::Handler;
use crate::edge::{Failure, Trigger};
use app::Consumer;
use axum::Json;
use axum::extract::State;
use contract::envelope::Reply;

pub(crate) async fn handle(State(handler): State<Handler>, trigger: Trigger) -> Result<Json<Reply>, Failure> {
    trigger.hand_to(Consumer::PayOnBillIssued, &handler.app).await
}
