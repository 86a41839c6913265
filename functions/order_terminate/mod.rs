//! POST /api/orders/{orderId}/termination: closes a line.

use crate::Handler;
use crate::edge::{Answered, Caller, Failure, Id, IdempotencyKey, Query, WhoseQuery, once};
use axum::extract::State;
use domain::ids::OrderId;

pub(crate) async fn handle(
    State(handler): State<Handler>,
    caller: Caller,
    Id(order): Id<OrderId>,
    Query(whose): Query<WhoseQuery>,
    key: Option<IdempotencyKey>,
) -> Result<Answered, Failure> {
    let customer = caller.sees(whose.customer_id)?;
    let once = once("order_terminate", &caller.subject, Some(&customer), key.as_ref(), &order)?;
    Ok(Answered(handler.app.terminate_line(&customer, &order, once.as_ref()).await?))
}
