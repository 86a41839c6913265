//! The use cases of the phone company, and the ports they need.
//!
//! A use case reads, asks `domain` what follows, and writes once: the change, the proof that the message or request
//! was handled, and the messages that it causes, in one entity group transaction. Adapters for the ports live in
//! `azure`, `toss`, `embedded` and `testkit`.

pub mod bill;
mod consumer;
pub mod failure;
pub mod figures;
mod housekeeping;
pub mod idempotency;
mod kept;
pub mod keys;
pub mod mypage;
mod numbers;
pub mod order;
pub mod parked;
pub mod pay;
pub mod ports;
mod queues;
pub mod saga;
pub mod search;
mod store;
mod sweep;
pub mod trace;

pub use consumer::{Consumer, Incoming};
pub use failure::{Failure, Fate};
pub use idempotency::{Answer, Once};
pub use keys::Buckets;

use contract::event::Event;
use domain::catalogue::Catalogue;
use domain::event::EventType;
use domain::ids::{CustomerId, EventId, SagaId};
use jiff::Timestamp;
use kept::Kept;
use ports::{Bus, Clock, Depth, Documents, Gateway, Ids, Tables, Typesetter};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{Entity, Outgoing};

/// The adapters that the use cases work with.
#[derive(Clone)]
pub struct Ports {
    /// The tables.
    pub tables: Arc<dyn Tables>,
    /// The message bus.
    pub bus: Arc<dyn Bus>,
    /// The payment gateway.
    pub gateway: Arc<dyn Gateway>,
    /// Customers' documents.
    pub documents: Arc<dyn Documents>,
    /// What sets documents for printing.
    pub typesetter: Arc<dyn Typesetter>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn Ids>,
}

/// The phone company's back end.
#[derive(Clone)]
pub struct App {
    ports: Ports,
    catalogue: Arc<Catalogue>,
    buckets: Buckets,
    kept_figures: Kept<figures::Counted>,
    kept_depths: Kept<Option<Vec<Depth>>>,
}

/// One page of a list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct List<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins; none at the end. Opaque.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Which page of a list is asked for.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// Items at most, 1 to [`PAGE_ITEMS_MAX`](domain::limits::PAGE_ITEMS_MAX).
    pub limit: usize,
    /// The cursor of the page before.
    pub cursor: Option<String>,
}

impl App {
    /// The back end on these adapters.
    pub fn new(ports: Ports, catalogue: Arc<Catalogue>, buckets: Buckets) -> Self {
        Self { ports, catalogue, buckets, kept_figures: Kept::default(), kept_depths: Kept::default() }
    }

    /// The catalogue of plans.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Now, by the clock that everything follows.
    pub fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    fn event(&self, kind: EventType, now: Timestamp) -> Result<Event, Failure> {
        let id = self.ports.ids.mint(now);
        Ok(Event {
            event_id: EventId::parse(id).map_err(|error| Failure::Fault(Box::new(error)))?,
            kind,
            occurred_at: now,
            saga_id: None,
            customer_id: None,
            order: None,
            bills: Vec::new(),
            payment: None,
            reason: None,
        })
    }

    fn saga_event(
        &self,
        kind: EventType,
        saga: &SagaId,
        customer: &CustomerId,
        now: Timestamp,
    ) -> Result<Event, Failure> {
        let event = self.event(kind, now)?;
        Ok(Event { saga_id: Some(saga.clone()), customer_id: Some(customer.clone()), ..event })
    }
}

/// The message that announces an event.
fn announcement(event: &Event, now: Timestamp) -> Result<Outgoing, Failure> {
    let saga = event.saga_id.as_ref().map(ToString::to_string);
    let message = Outgoing::new(Entity::Events, event.event_id.as_str(), event.kind.as_str(), event, now)?;
    Ok(message.correlated(saga))
}
