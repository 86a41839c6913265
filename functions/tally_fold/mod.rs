//! Timer: folds the changes of the view's sums into the sums, so that the operators' figures stay one page a bucket.

use crate::Handler;
use crate::edge::{Failure, Trigger};
use axum::Json;
use axum::extract::State;
use contract::envelope::Reply;

pub(crate) async fn handle(State(handler): State<Handler>, trigger: Trigger) -> Result<Json<Reply>, Failure> {
    trigger.run(handler.app.fold_tallies()).await
}
