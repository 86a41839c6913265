//! POST /api/sagas/{sagaId}/retry: asks again for the undo of a stuck saga.

use crate::Handler;
use crate::edge::{Answered, Failure, Id, IdempotencyKey, NoParameters, Operator, Query, once};
use axum::extract::State;
use domain::ids::SagaId;

pub(crate) async fn handle(
    State(handler): State<Handler>,
    Operator(operator): Operator,
    Id(saga): Id<SagaId>,
    Query(NoParameters {}): Query<NoParameters>,
    key: Option<IdempotencyKey>,
) -> Result<Answered, Failure> {
    let once = once("saga_retry", &operator, None, key.as_ref(), &saga)?;
    Ok(Answered(handler.app.once(once, handler.app.retry_saga(&saga)).await?))
}
