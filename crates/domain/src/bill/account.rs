//! The lines that billing knows.

use crate::calendar::{UsageMonth, term_end};
use crate::ids::{BillId, CustomerId, OrderId, PhoneNumber, PlanCode};
use crate::rating::LineTerms;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Whether billing counts a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// Known; the line does not work yet.
    Opened,
    /// The line works and is billed.
    Active,
    /// The line has had its final bill. Whether it is closed for good is not known yet.
    Final,
    /// The line is closed for good: what is left to bill is usage that comes after the final bill.
    Ended,
    /// There is no such line: its order came to nothing.
    Closed,
}

/// What billing knows of a line: whom to bill for it, and by which terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The line.
    pub order_id: OrderId,
    /// Whom to bill.
    pub customer_id: CustomerId,
    /// The plan.
    pub plan: PlanCode,
    /// Months of the discount contract, from the first day of service on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_months: Option<u8>,
    /// Whether it is billed.
    pub status: AccountStatus,
    /// The number, once the line works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<PhoneNumber>,
    /// The first day of service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_from: Option<Date>,
    /// The last day of service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_to: Option<Date>,
    /// The last closing of the line that was undone: an earlier or equal one that arrives late must not happen.
    #[serde(default)]
    pub closings_undone: u32,
    /// The final bill, while there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_bill: Option<BillId>,
    /// The last batch of usage that was taken in before the final bill; 0 when there was none, or is no final bill.
    #[serde(default)]
    pub final_through: u64,
}

/// The days of a discount contract (선택약정), in Seoul.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractTerm {
    /// The first day (약정 시작일).
    pub from: Date,
    /// The last day (약정 만료일).
    pub to: Date,
}

impl Account {
    /// The account of a line that does not work yet, without discount.
    pub fn open(order_id: OrderId, customer_id: CustomerId, plan: PlanCode) -> Self {
        Self {
            order_id,
            customer_id,
            plan,
            contract_months: None,
            status: AccountStatus::Opened,
            number: None,
            service_from: None,
            service_to: None,
            closings_undone: 0,
            final_bill: None,
            final_through: 0,
        }
    }

    /// Whether there is a final bill and it is for the month: it has charged the fee, and the usage that was known.
    pub fn is_closed_in(&self, month: UsageMonth) -> bool {
        self.final_bill.as_ref().is_some_and(|last| last.month() == month)
    }

    /// Whether the final bill has charged the usage of a batch that a month bills. The month's run charges the rest.
    pub fn has_charged(&self, month: UsageMonth, batch: u64) -> bool {
        self.is_closed_in(month) && batch <= self.final_through
    }

    /// The term of the discount contract, once the line works.
    pub fn contract(&self) -> Option<ContractTerm> {
        let (from, months) = self.service_from.zip(self.contract_months)?;
        Some(ContractTerm { from, to: term_end(from, months) })
    }

    /// The terms of the bill that the month's run makes out. A line that was never in service has nothing but usage to
    /// charge.
    pub fn terms(&self, month: UsageMonth) -> LineTerms {
        LineTerms {
            plan: self.plan.clone(),
            contract_to: self.contract().map(|contract| contract.to),
            service_from: self.service_from.unwrap_or_else(|| month.next().first_day()),
            service_to: self.service_to,
            fee_charged: self.is_closed_in(month),
        }
    }

    /// Whether the line was in service on a day of the month.
    pub fn served_in(&self, month: UsageMonth) -> bool {
        let begun = self.service_from.is_some_and(|from| from <= month.last_day());
        begun && self.service_to.is_none_or(|to| to >= month.first_day())
    }
}
