//! GET /api/bills/{billId}: a bill with its lines.

use crate::Handler;
use crate::edge::{Caller, Failure, Id, Query, WhoseQuery};
use app::bill::BillView;
use axum::Json;
use axum::extract::State;
use domain::ids::BillId;

pub(crate) async fn handle(
    State(handler): State<Handler>,
    caller: Caller,
    Id(bill): Id<BillId>,
    Query(whose): Query<WhoseQuery>,
) -> Result<Json<BillView>, Failure> {
    let customer = caller.sees(whose.customer_id)?;
    Ok(Json(handler.app.bill(&customer, &bill).await?))
}
