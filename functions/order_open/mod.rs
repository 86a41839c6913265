//! POST /api/orders: opens a line.

use crate::Handler;
use crate::edge::{Answered, Caller, Failure, IdempotencyKey, Json, NoParameters, Query, once};
use app::order::OpenLine;
use axum::extract::State;
use domain::ids::{CustomerId, PhoneNumber, PlanCode};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewOrder {
    plan: PlanCode,
    wish_number: Option<PhoneNumber>,
    contract_months: Option<ContractMonths>,
    customer_id: Option<CustomerId>,
}

/// The lengths that a discount contract (선택약정) can have.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "i64")]
struct ContractMonths(u8);

impl TryFrom<i64> for ContractMonths {
    type Error = &'static str;

    fn try_from(months: i64) -> Result<Self, Self::Error> {
        match months {
            12 => Ok(Self(12)),
            24 => Ok(Self(24)),
            _ => Err("must be 12 or 24"),
        }
    }
}

pub(crate) async fn handle(
    State(handler): State<Handler>,
    caller: Caller,
    Query(NoParameters {}): Query<NoParameters>,
    key: Option<IdempotencyKey>,
    Json(form): Json<NewOrder>,
) -> Result<Answered, Failure> {
    let customer = caller.acts_for(form.customer_id.clone())?;
    let once = once("order_open", &caller.subject, Some(&customer), key.as_ref(), &form)?;
    let line = OpenLine {
        plan: form.plan,
        contract_months: form.contract_months.map(|months| months.0),
        wish_number: form.wish_number,
    };
    Ok(Answered(handler.app.open_line(&customer, line, once.as_ref()).await?))
}
