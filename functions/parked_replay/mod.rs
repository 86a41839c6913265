//! POST /api/parked/{parkedId}/replay: handles something parked again.

use crate::Handler;
use crate::edge::{Answered, Failure, Id, IdempotencyKey, NoParameters, Operator, Query, once};
use axum::extract::State;

pub(crate) async fn handle(
    State(handler): State<Handler>,
    Operator(operator): Operator,
    Id(parked): Id<String>,
    Query(NoParameters {}): Query<NoParameters>,
    key: Option<IdempotencyKey>,
) -> Result<Answered, Failure> {
    let once = once("parked_replay", &operator, None, key.as_ref(), &parked)?;
    // Any consumer may be the one to handle it, so its future is too large for the stack.
    let work = Box::pin(handler.app.replay_parked(&parked));
    Ok(Answered(handler.app.once(once, work).await?))
}
