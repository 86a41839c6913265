//! POST /api/billing-runs: bills a usage month.

use crate::Handler;
use crate::edge::{Answered, Failure, IdempotencyKey, Json, NoParameters, Operator, Query, once};
use axum::extract::State;
use domain::calendar::UsageMonth;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewRun {
    usage_month: UsageMonth,
}

pub(crate) async fn handle(
    State(handler): State<Handler>,
    Operator(operator): Operator,
    Query(NoParameters {}): Query<NoParameters>,
    key: Option<IdempotencyKey>,
    Json(form): Json<NewRun>,
) -> Result<Answered, Failure> {
    let once = once("billing_run_start", &operator, None, key.as_ref(), &form)?;
    let work = handler.app.start_billing_run(form.usage_month);
    Ok(Answered(handler.app.once(once, work).await?))
}
