//! GET /api/plans: what is on offer today. Open to everybody, as a price list is.

use crate::Handler;
use crate::edge::{NoParameters, Query};
use axum::Json;
use axum::extract::State;
use domain::calendar::seoul_date;
use domain::catalogue::ListedPlan;
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Plans {
    items: Vec<ListedPlan>,
}

pub(crate) async fn handle(
    State(handler): State<Handler>,
    Query(NoParameters {}): Query<NoParameters>,
) -> Json<Plans> {
    let today = seoul_date(handler.app.now());
    Json(Plans { items: handler.app.catalogue().listed_on(today) })
}
