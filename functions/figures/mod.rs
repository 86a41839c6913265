//! GET /api/figures: the numbers that matter to an operator now.

use crate::Handler;
use crate::edge::{Failure, Operator};
use app::figures::Figures;
use axum::Json;
use axum::extract::State;

pub(crate) async fn handle(State(handler): State<Handler>, _: Operator) -> Result<Json<Figures>, Failure> {
    Ok(Json(handler.app.figures().await?))
}
