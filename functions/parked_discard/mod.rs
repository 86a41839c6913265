//! POST /api/parked/{parkedId}/discard: gives something parked up.

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
    let once = once("parked_discard", &operator, None, key.as_ref(), &parked)?;
    Ok(Answered(handler.app.once(once, handler.app.discard_parked(&parked)).await?))
}
