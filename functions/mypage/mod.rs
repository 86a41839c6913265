//! GET /api/mypage: a customer's lines, bills and payments with their histories, from the view computed ahead.

use crate::Handler;
use crate::edge::{Caller, Failure, Query, WhoseQuery};
use app::mypage::MyPage;
use axum::Json;
use axum::extract::State;

pub(crate) async fn handle(
    State(handler): State<Handler>,
    caller: Caller,
    Query(whose): Query<WhoseQuery>,
) -> Result<Json<MyPage>, Failure> {
    let customer = caller.sees(whose.customer_id)?;
    Ok(Json(handler.app.my_page(&customer).await?))
}
