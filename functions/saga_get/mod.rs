//! GET /api/sagas/{sagaId}: a business transaction, step by step.

use crate::Handler;
use crate::edge::{Caller, Failure, Id};
use app::saga::SagaView;
use axum::Json;
use axum::extract::State;
use domain::ids::SagaId;

pub(crate) async fn handle(
    State(handler): State<Handler>,
    caller: Caller,
    Id(saga): Id<SagaId>,
) -> Result<Json<SagaView>, Failure> {
    Ok(Json(handler.app.saga(&saga, caller.confined_to()).await?))
}
