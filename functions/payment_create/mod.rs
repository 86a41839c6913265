//! POST /api/payments: pays a bill, or a part of it.

use crate::Handler;
use crate::edge::{Answered, Caller, Failure, IdempotencyKey, Json, Query, WhoseQuery, once};
use app::pay::Pay;
use axum::extract::State;
use domain::ids::{BillId, PaymentKey};
use domain::money::Won;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewPayment {
    bill_id: BillId,
    amount: Option<Won>,
    payment_key: PaymentKey,
}

pub(crate) async fn handle(
    State(handler): State<Handler>,
    caller: Caller,
    Query(whose): Query<WhoseQuery>,
    key: IdempotencyKey,
    Json(form): Json<NewPayment>,
) -> Result<Answered, Failure> {
    let customer = caller.sees(whose.customer_id)?;
    let once = once("payment_create", &caller.subject, Some(&customer), Some(&key), &form)?;
    let pay = Pay { bill: form.bill_id, amount: form.amount, payment_key: form.payment_key };
    Ok(Answered(handler.app.pay(&customer, pay, once.as_ref()).await?))
}
