//! The payment is off its bill: Pay gives the money back.

use crate::Handler;
use crate::edge::{Failure, Trigger};
use app::Consumer;
use axum::Json;
use axum::extract::State;
use contract::envelope::Reply;

pub(crate) async fn handle(State(handler): State<Handler>, trigger: Trigger) -> Result<Json<Reply>, Failure> {
    trigger.hand_to(Consumer::PayOnBillReopened, &handler.app).await
}
