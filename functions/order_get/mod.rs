//! GET /api/orders/{orderId}: an order and its line.

use crate::Handler;
use crate::edge::{Caller, Failure, Id, Query, WhoseQuery};
use app::order::OrderView;
use axum::Json;
use axum::extract::State;
use domain::ids::OrderId;

pub(crate) async fn handle(
    State(handler): State<Handler>,
    caller: Caller,
    Id(order): Id<OrderId>,
    Query(whose): Query<WhoseQuery>,
) -> Result<Json<OrderView>, Failure> {
    let customer = caller.sees(whose.customer_id)?;
    Ok(Json(handler.app.order(&customer, &order).await?))
}
