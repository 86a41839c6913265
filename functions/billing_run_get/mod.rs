//! GET /api/billing-runs/{usageMonth}: how far a billing run is.

use crate::Handler;
use crate::edge::{Failure, Id, NoParameters, Operator, Query};
use app::bill::RunView;
use axum::Json;
use axum::extract::State;
use domain::calendar::UsageMonth;

pub(crate) async fn handle(
    State(handler): State<Handler>,
    _: Operator,
    Id(month): Id<UsageMonth>,
    Query(NoParameters {}): Query<NoParameters>,
) -> Result<Json<RunView>, Failure> {
    Ok(Json(handler.app.billing_run(month).await?))
}
