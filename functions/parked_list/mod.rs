//! GET /api/parked: what waits for an operator, or what operators have dealt with.

use crate::Handler;
use crate::edge::{Failure, Limit, Operator, Query};
use app::parked::ParkedView;
use app::{List, PageRequest};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ParkedQuery {
    #[serde(default)]
    limit: Limit,
    cursor: Option<String>,
    #[serde(default)]
    status: Status,
}

#[derive(Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    #[default]
    Waiting,
    Done,
}

pub(crate) async fn handle(
    State(handler): State<Handler>,
    _: Operator,
    Query(query): Query<ParkedQuery>,
) -> Result<Json<List<ParkedView>>, Failure> {
    let page = PageRequest { limit: query.limit.get(), cursor: query.cursor };
    Ok(Json(handler.app.parked(query.status == Status::Done, &page).await?))
}
