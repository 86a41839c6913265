//! GET /api/billing-runs/{usageMonth}: how far a billing run is.

use crate::Handler;
use crate::edge::{Failure, Id, Operator};
use app::bill::RunView;
use axum::Json;
use axum::extract::State;
use domain::calendar::UsageMonth;

pub(crate) async fn handle(
    State(handler): State<Handler>,
    _: Operator,
    Id(month): Id<UsageMonth>,
) -> Result<Json<RunView>, Failure> {
    Ok(Json(handler.app.billing_run(month).await?))
}
