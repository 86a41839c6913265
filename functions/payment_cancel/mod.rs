//! POST /api/payments/{paymentId}/cancellation: gives the money back.

use crate::Handler;
use crate::edge::{Answered, Caller, Failure, Id, IdempotencyKey, Json, Query, WhoseQuery, once};
use axum::extract::State;
use domain::ids::PaymentId;
use serde::{Deserialize, Serialize};

/// Characters of a reason (Toss Payments, `cancelReason`).
const REASON_CHARS_MAX: usize = 200;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Cancellation {
    reason: Reason,
}

#[derive(Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Reason(String);

impl TryFrom<String> for Reason {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let valid =
            (1..=REASON_CHARS_MAX).contains(&text.chars().count()) && !text.contains(char::is_control);
        if valid {
            Ok(Self(text))
        } else {
            Err(format!("must be 1 to {REASON_CHARS_MAX} characters, none of them a control character"))
        }
    }
}

pub(crate) async fn handle(
    State(handler): State<Handler>,
    caller: Caller,
    Id(payment): Id<PaymentId>,
    Query(whose): Query<WhoseQuery>,
    key: IdempotencyKey,
    Json(form): Json<Cancellation>,
) -> Result<Answered, Failure> {
    let customer = caller.sees(whose.customer_id)?;
    let once = once("payment_cancel", &caller.subject, Some(&customer), Some(&key), &(&payment, &form))?;
    Ok(Answered(handler.app.cancel_payment(&customer, &payment, &form.reason.0, once.as_ref()).await?))
}
