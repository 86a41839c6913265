//! GET /api/sagas: business transactions, all or those of a status.

use crate::Handler;
use crate::edge::{Failure, Limit, Operator, Query};
use app::saga::SagaView;
use app::{List, PageRequest};
use axum::Json;
use axum::extract::State;
use domain::saga::Status;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SagasQuery {
    #[serde(default)]
    limit: Limit,
    cursor: Option<String>,
    status: Option<Status>,
}

pub(crate) async fn handle(
    State(handler): State<Handler>,
    _: Operator,
    Query(query): Query<SagasQuery>,
) -> Result<Json<List<SagaView>>, Failure> {
    let page = PageRequest { limit: query.limit.get(), cursor: query.cursor };
    Ok(Json(handler.app.sagas(query.status, &page).await?))
}
