//! Bill: accounts, usage, billing runs, bills, and what payments do to them.

mod account;
mod chunk;
mod closing;
mod document;
mod intake;
mod issue;
mod reader;
mod run;
mod settlement;
mod usage;

pub use document::{BillDocument, DocumentForm};
pub use intake::{Intake, Rejected, UsageRecord};
pub use run::RunView;
pub(crate) use run::run_partitions;

use crate::keys::CustomerKey;
use crate::ports::{Range, Table};
use crate::store::Loaded;
use crate::{App, Failure, List, PageRequest};
use domain::bill::{Bill, ContractTerm, Status};
use domain::calendar::{UsageMonth, rfc3339};
use domain::ids::{BillId, CustomerId, OrderId, PhoneNumber, PlanCode};
use domain::money::Won;
use domain::rating::ChargeLine;
use jiff::civil::Date;
use serde::Serialize;

/// A bill as the API shows it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BillView {
    bill_id: BillId,
    customer_id: CustomerId,
    order_id: OrderId,
    usage_month: UsageMonth,
    number: Option<PhoneNumber>,
    plan: PlanCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract: Option<ContractTerm>,
    amount: Won,
    paid: Won,
    outstanding: Won,
    status: Status,
    due_date: Date,
    issued_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    lines: Vec<ChargeLine>,
}

impl From<Bill> for BillView {
    fn from(bill: Bill) -> Self {
        Self {
            outstanding: bill.outstanding(),
            issued_at: rfc3339(bill.issued_at),
            bill_id: bill.bill_id,
            customer_id: bill.customer_id,
            order_id: bill.order_id,
            usage_month: bill.usage_month,
            number: bill.number,
            plan: bill.plan,
            contract: bill.contract,
            amount: bill.amount,
            paid: bill.paid,
            status: bill.status,
            due_date: bill.due_date,
            reason: bill.reason,
            lines: bill.lines,
        }
    }
}

/// Which bills a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillFilter {
    /// All that the customer has received.
    All,
    /// Those with something due.
    Unpaid,
}

impl BillFilter {
    fn shows(self, bill: &Bill) -> bool {
        match self {
            Self::All => bill.status != Status::OnHold,
            Self::Unpaid => bill.outstanding().is_positive(),
        }
    }
}

impl App {
    /// A customer's bills, oldest usage month first. One on hold is not shown: it is not a bill yet.
    pub async fn bills(
        &self,
        customer: &CustomerId,
        filter: BillFilter,
        page: &PageRequest,
    ) -> Result<List<BillView>, Failure> {
        let key = self.buckets.customer(customer);
        let range = Range::prefix(key.partition.clone(), &key.bills());
        self.list(Table::Bills, &range, page, |row| {
            let bill = Loaded::<Bill>::of(row)?.value;
            Ok(filter.shows(&bill).then(|| bill.into()))
        })
        .await
    }

    /// One of a customer's bills.
    pub async fn bill(&self, customer: &CustomerId, id: &BillId) -> Result<BillView, Failure> {
        let bill = self.load_bill(&self.buckets.customer(customer), id).await?.value;
        if bill.status == Status::OnHold { Err(Failure::not_found("bill")) } else { Ok(bill.into()) }
    }

    async fn load_bill(&self, key: &CustomerKey, id: &BillId) -> Result<Loaded<Bill>, Failure> {
        self.load(Table::Bills, &key.bill(id)).await?.ok_or_else(|| Failure::not_found("bill"))
    }
}
