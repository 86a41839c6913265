//! POST /api/orders/{orderId}/resumption: unblocks a line (해제). For operators.

use crate::Handler;
use crate::edge::{Answered, Caller, Failure, Id, IdempotencyKey, Operator, Query, WhoseQuery, once};
use axum::extract::State;
use domain::ids::OrderId;

pub(crate) async fn handle(
    State(handler): State<Handler>,
    Operator(operator): Operator,
    caller: Caller,
    Id(order): Id<OrderId>,
    Query(whose): Query<WhoseQuery>,
    key: Option<IdempotencyKey>,
) -> Result<Answered, Failure> {
    let customer = caller.sees(whose.customer_id)?;
    let once = once("order_resume", &operator, Some(&customer), key.as_ref(), &order)?;
    Ok(Answered(handler.app.resume_line(&customer, &order, once.as_ref()).await?))
}
