//! GET /api/orders: a customer's orders.

use crate::Handler;
use crate::edge::{Caller, Failure, ListQuery, Query};
use app::List;
use app::order::OrderView;
use axum::Json;
use axum::extract::State;

pub(crate) async fn handle(
    State(handler): State<Handler>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<List<OrderView>>, Failure> {
    let customer = caller.sees(query.customer_id.clone())?;
    Ok(Json(handler.app.orders(&customer, &query.page()).await?))
}
