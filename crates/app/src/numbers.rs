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

/// What is known of a number. One that nobody ever had has no row.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Number {
    /// A line has it, or had it last.
    Assigned(Assignment),
    /// Nobody has it, and somebody had.
    Free(Free),
}

/// A number that somebody had, given back by an order that came to nothing: the next line is not its first.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Free {
    free_since: Timestamp,
}

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
        let known: Loaded<Number> = self.load(Table::Numbers, &key).await?.ok_or(Failure::Changed)?;
        match known.value {
            Number::Assigned(holder) if holder.order_id == order.order_id => {
                return Ok(holder.released_at.is_none());
            }
            Number::Assigned(holder) if !holder.is_free_at(now) => return Ok(false),
            Number::Assigned(_) | Number::Free(_) => {}
        }
        let mut changes = Changes::new(Table::Numbers, key.partition);
        changes.replace(key.row, known.etag, &Assignment { used_before: true, ..assignment })?;
        self.commit(changes).await.map(|_| true)
    }

    /// Frees whatever number the order was given before it came to nothing. That somebody had the number before is
    /// kept: usage of that time may still come, and is not the next line's.
    pub(crate) async fn free_numbers(&self, order: &Order, now: Timestamp) -> Result<(), Failure> {
        for number in order.candidates() {
            let key = self.buckets.number(&number);
            let Some(known) = self.load::<Number>(Table::Numbers, &key).await? else { continue };
            let Number::Assigned(holder) = known.value else { continue };
            if holder.order_id != order.order_id {
                continue;
            }
            let mut changes = Changes::new(Table::Numbers, key.partition);
            if holder.used_before {
                changes.replace(key.row, known.etag, &Number::Free(Free { free_since: now }))?;
            } else {
                changes.delete(key.row, Some(known.etag));
            }
            self.commit(changes).await?;
        }
        Ok(())
    }

    /// Lets the number of a closed line rest.
    pub(crate) async fn retire_number(&self, order: &Order, now: Timestamp) -> Result<(), Failure> {
        let Some(number) = &order.number else { return Ok(()) };
        let key = self.buckets.number(number);
        let Some(known) = self.load::<Number>(Table::Numbers, &key).await? else { return Ok(()) };
        let Number::Assigned(holder) = known.value else { return Ok(()) };
        if holder.order_id != order.order_id || holder.released_at.is_some() {
            return Ok(());
        }
        let mut changes = Changes::new(Table::Numbers, key.partition);
        changes.replace(key.row, known.etag, &Assignment { released_at: Some(now), ..holder })?;
        self.commit(changes).await.map(|_| ())
    }

    /// Who has a number, or had it last.
    pub(crate) async fn holder(&self, number: &PhoneNumber) -> Result<Option<Assignment>, Failure> {
        let known = self.load::<Number>(Table::Numbers, &self.buckets.number(number)).await?;
        Ok(known.and_then(|known| match known.value {
            Number::Assigned(holder) => Some(holder),
            Number::Free(_) => None,
        }))
    }
}
