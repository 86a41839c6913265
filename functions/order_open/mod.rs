//! POST /api/orders: opens a line.

use crate::Handler;
use crate::edge::{Answered, Caller, Failure, IdempotencyKey, Json, once};
use app::order::OpenLine;
use axum::extract::State;
use contract::problem::Code;
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
#[serde(try_from = "u8")]
struct ContractMonths(u8);

impl TryFrom<u8> for ContractMonths {
    type Error = &'static str;

    fn try_from(months: u8) -> Result<Self, Self::Error> {
        if matches!(months, 12 | 24) { Ok(Self(months)) } else { Err("a contract is for 12 or 24 months") }
    }
}

pub(crate) async fn handle(
    State(handler): State<Handler>,
    caller: Caller,
    key: Option<IdempotencyKey>,
    Json(form): Json<NewOrder>,
) -> Result<Answered, Failure> {
    let customer = caller.customer(form.customer_id.clone(), Code::Forbidden)?;
    let once = once("order_open", &caller.subject, Some(&customer), key.as_ref(), &form)?;
    let line = OpenLine {
        plan: form.plan,
        contract_months: form.contract_months.map(|months| months.0),
        wish_number: form.wish_number,
    };
    Ok(Answered(handler.app.open_line(&customer, line, once.as_ref()).await?))
}
