//! Finding a customer by whatever an operator has at hand: point reads only.

use crate::ports::{Range, Table};
use crate::{App, Failure};
use domain::ids::{CustomerId, OrderId, PhoneNumber, SagaId};
use serde::Serialize;

/// How a customer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// By the customer's own id.
    CustomerId,
    /// By a number that the customer's line has, or had last.
    Number,
    /// By the id of a line, or of a bill, a payment or a saga of a line.
    Line,
}

/// A customer who was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// Who.
    pub customer_id: CustomerId,
    /// How.
    pub by: By,
    /// The line, when it was found by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
}

impl App {
    /// The customers that a text stands for: a customer id, a phone number, or an id that names a line.
    pub async fn find_customers(&self, text: &str) -> Result<Vec<Found>, Failure> {
        // As people write it down: `010 1234 5678`.
        if let Ok(number) = PhoneNumber::parse(&text.replace(' ', ""))
            && let Some(holder) = self.holder(&number).await?
        {
            let order_id = Some(holder.order_id);
            return Ok(vec![Found { customer_id: holder.customer_id, by: By::Number, order_id }]);
        }
        // Ids of bills, payments and sagas hold the line's.
        if let Some(order) = text.split('-').find_map(|part| OrderId::parse(part).ok())
            && let Some(record) = self.load_saga(&SagaId::open(&order)).await?
        {
            let customer_id = record.saga.customer_id;
            return Ok(vec![Found { customer_id, by: By::Line, order_id: Some(order) }]);
        }
        let Ok(customer_id) = CustomerId::parse(text) else { return Ok(Vec::new()) };
        let known = self.has_orders(&customer_id).await?;
        let found = known.then_some(Found { customer_id, by: By::CustomerId, order_id: None });
        Ok(found.into_iter().collect())
    }

    async fn has_orders(&self, customer: &CustomerId) -> Result<bool, Failure> {
        let key = self.buckets.customer(customer);
        let range = Range::prefix(&key.partition, &key.orders());
        let (rows, _) = self.load_some(Table::Orders, &range, 1).await?;
        Ok(!rows.is_empty())
    }
}
