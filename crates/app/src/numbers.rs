//! The inventory of phone numbers: which line has which number.
//!
//! A number is one row, so that the store keeps it unique: assigning it is an insert, and of two orders for one number
//! one fails. Order assigns and releases; usage intake asks whose a number is.

use crate::ports::Table;
use crate::store::{Changes, Committed, Loaded};
use crate::{App, Failure};
use domain::ids::{CustomerId, OrderId, PhoneNumber};
use domain::limits::NUMBER_QUARANTINE_DAYS;
use domain::order::Order;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Who has a number.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Assignment {
    pub(crate) order_id: OrderId,
    pub(crate) customer_id: CustomerId,
    pub(crate) since: Timestamp,
    /// Somebody else had the number before: usage from before `since` is not this line's.
    #[serde(default)]
    pub(crate) used_before: bool,
    /// The line is closed; the number rests before somebody else gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) released_at: Option<Timestamp>,
}

impl Assignment {
    fn is_free_at(&self, now: Timestamp) -> bool {
        let rest = SignedDuration::from_hours(24 * NUMBER_QUARANTINE_DAYS);
        self.released_at.is_some_and(|at| now.duration_since(at) > rest)
    }
}

impl App {
    /// Assigns the first of the order's candidates that is free; `None` when all are taken.
    pub(crate) async fn assign_number(
        &self,
        order: &Order,
        now: Timestamp,
    ) -> Result<Option<PhoneNumber>, Failure> {
        for number in order.candidates() {
            if self.try_assign(order, &number, now).await? {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    async fn try_assign(&self, order: &Order, number: &PhoneNumber, now: Timestamp) -> Result<bool, Failure> {
        let assignment = Assignment {
            order_id: order.order_id.clone(),
            customer_id: order.customer_id.clone(),
            since: now,
            used_before: false,
            released_at: None,
        };
        let key = self.buckets.number(number);
        let mut changes = Changes::new(Table::Numbers, key.partition.clone());
        changes.insert(key.row.clone(), &assignment)?;
        match self.commit(changes).await {
            Ok(Committed::Applied(_)) => return Ok(true),
            Ok(Committed::Repeat | Committed::KeyUsed) | Err(Failure::Changed) => {}
            Err(failure) => return Err(failure),
        }
        let holder: Loaded<Assignment> = self.load(Table::Numbers, &key).await?.ok_or(Failure::Changed)?;
        if holder.value.order_id == order.order_id {
            return Ok(holder.value.released_at.is_none());
        }
        if !holder.value.is_free_at(now) {
            return Ok(false);
        }
        let mut changes = Changes::new(Table::Numbers, key.partition);
        changes.replace(key.row, holder.etag, &Assignment { used_before: true, ..assignment })?;
        self.commit(changes).await.map(|_| true)
    }

    /// Frees whatever number the order was given before it came to nothing.
    pub(crate) async fn free_numbers(&self, order: &Order) -> Result<(), Failure> {
        for number in order.candidates() {
            let key = self.buckets.number(&number);
            let Some(holder) = self.load::<Assignment>(Table::Numbers, &key).await? else { continue };
            if holder.value.order_id == order.order_id {
                let mut changes = Changes::new(Table::Numbers, key.partition);
                changes.delete(key.row, Some(holder.etag));
                self.commit(changes).await?;
            }
        }
        Ok(())
    }

    /// Lets the number of a closed line rest.
    pub(crate) async fn retire_number(&self, order: &Order, now: Timestamp) -> Result<(), Failure> {
        let Some(number) = &order.number else { return Ok(()) };
        let key = self.buckets.number(number);
        let Some(holder) = self.load::<Assignment>(Table::Numbers, &key).await? else { return Ok(()) };
        if holder.value.order_id != order.order_id || holder.value.released_at.is_some() {
            return Ok(());
        }
        let mut changes = Changes::new(Table::Numbers, key.partition);
        changes.replace(key.row, holder.etag, &Assignment { released_at: Some(now), ..holder.value })?;
        self.commit(changes).await.map(|_| ())
    }

    /// Who has a number.
    pub(crate) async fn holder(&self, number: &PhoneNumber) -> Result<Option<Assignment>, Failure> {
        Ok(self.load(Table::Numbers, &self.buckets.number(number)).await?.map(|loaded| loaded.value))
    }
}
