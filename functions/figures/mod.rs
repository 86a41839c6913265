//! GET /api/figures: the numbers that matter to an operator now.

use crate::Handler;
use crate::edge::{Failure, NoParameters, Operator, Query};
use app::figures::Figures;
use axum::Json;
use axum::extract::State;

pub(crate) async fn handle(
    State(handler): State<Handler>,
    _: Operator,
    Query(NoParameters {}): Query<NoParameters>,
) -> Result<Json<Figures>, Failure> {
    Ok(Json(handler.app.figures().await?))
}
