//! GET /api/bills: a customer's bills.

use crate::Handler;
use crate::edge::{Caller, Failure, Limit, Query};
use app::bill::{BillFilter, BillView};
use app::{List, PageRequest};
use axum::Json;
use axum::extract::State;
use domain::ids::CustomerId;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BillsQuery {
    #[serde(default)]
    limit: Limit,
    cursor: Option<String>,
    customer_id: Option<CustomerId>,
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    #[default]
    All,
    Unpaid,
}

pub(crate) async fn handle(
    State(handler): State<Handler>,
    caller: Caller,
    Query(query): Query<BillsQuery>,
) -> Result<Json<List<BillView>>, Failure> {
    let customer = caller.sees(query.customer_id)?;
    let filter = match query.status {
        Status::All => BillFilter::All,
        Status::Unpaid => BillFilter::Unpaid,
    };
    let page = PageRequest { limit: query.limit.get(), cursor: query.cursor };
    Ok(Json(handler.app.bills(&customer, filter, &page).await?))
}
