//! GET /api/payments/{paymentId}: a payment.

use crate::Handler;
use crate::edge::{Caller, Failure, Id, Query, WhoseQuery};
use app::pay::PaymentView;
use axum::Json;
use axum::extract::State;
use domain::ids::PaymentId;

pub(crate) async fn handle(
    State(handler): State<Handler>,
    caller: Caller,
    Id(payment): Id<PaymentId>,
    Query(whose): Query<WhoseQuery>,
) -> Result<Json<PaymentView>, Failure> {
    let customer = caller.sees(whose.customer_id)?;
    Ok(Json(handler.app.payment(&customer, &payment).await?))
}
