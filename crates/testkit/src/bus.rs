use crate::faults::{Call, Faults};
use crate::topology::Topology;
use app::ports::{Bus, BusError, Depth, Message};
use async_trait::async_trait;
use domain::limits::MESSAGE_BYTES_MAX;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A bus that keeps what it accepted, for [`Deliveries`](crate::Deliveries) to deliver.
#[derive(Debug, Default)]
pub struct MemoryBus {
    faults: Faults,
    accepted: Mutex<Accepted>,
}

#[derive(Debug, Default)]
struct Accepted {
    messages: Vec<Message>,
    taken: usize,
}

impl MemoryBus {
    /// A bus whose calls go wrong as `faults` has it.
    pub fn new(faults: &Faults) -> Self {
        Self { faults: faults.clone(), accepted: Mutex::default() }
    }

    /// Every message that was accepted, in the order of acceptance; one that was sent twice is there twice.
    pub fn sent(&self) -> Vec<Message> {
        self.accepted().messages.clone()
    }

    /// The messages that were accepted since the last time.
    pub fn take(&self) -> Vec<Message> {
        let mut accepted = self.accepted();
        let new = accepted.messages[accepted.taken..].to_vec();
        accepted.taken = accepted.messages.len();
        new
    }

    fn accept(&self, message: &Message) -> Result<(), BusError> {
        if message.body.len() > MESSAGE_BYTES_MAX {
            return Err(BusError::Refused("the message is too large".to_owned()));
        }
        self.accepted().messages.push(message.clone());
        Ok(())
    }

    /// What was accepted and not taken since. There is no clock here: a message with a time waits for it until it is
    /// taken.
    fn waiting(&self) -> Vec<Depth> {
        let topology = Topology::of_the_project();
        let accepted = self.accepted();
        let waiting = &accepted.messages[accepted.taken..];
        let depth = |place| {
            let here =
                |message: &&Message| topology.places(message.entity, &message.subject).contains(&place);
            let (scheduled, active): (Vec<_>, Vec<_>) =
                waiting.iter().filter(here).partition(|message| message.scheduled_at.is_some());
            let (scheduled, active) = (scheduled.len() as u64, active.len() as u64);
            Depth { entity: place.entity(), active, scheduled, dead_lettered: 0 }
        };
        topology.all_places().into_iter().map(depth).collect()
    }

    fn accepted(&self) -> MutexGuard<'_, Accepted> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused() -> BusError {
    BusError::Refused("a fault of the test".to_owned())
}

fn unreachable() -> BusError {
    BusError::Unreachable("a fault of the test".into())
}

#[async_trait]
impl Bus for MemoryBus {
    async fn send(&self, message: &Message) -> Result<(), BusError> {
        let work = async { self.accept(message) };
        self.faults.around(|| Call::Send(message.clone()), work, refused, unreachable).await
    }

    async fn ping(&self) -> Result<(), BusError> {
        self.faults.around(|| Call::Ping, async { Ok(()) }, refused, unreachable).await
    }

    async fn depths(&self) -> Result<Option<Vec<Depth>>, BusError> {
        self.faults.around(|| Call::Depths, async { Ok(Some(self.waiting())) }, refused, unreachable).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Fault;

    fn message(id: &str, subject: &str) -> Message {
        Message {
            entity: "events",
            message_id: id.to_owned(),
            subject: subject.to_owned(),
            correlation_id: None,
            properties: Vec::new(),
            scheduled_at: None,
            body: "{}".to_owned(),
        }
    }

    #[tokio::test]
    async fn what_was_accepted_is_taken_once() {
        let bus = MemoryBus::default();
        bus.send(&message("1", "a")).await.unwrap();
        assert_eq!(bus.take(), [message("1", "a")]);
        bus.send(&message("2", "a")).await.unwrap();
        assert_eq!(bus.take(), [message("2", "a")]);
        assert_eq!(bus.take(), []);
        assert_eq!(bus.sent().len(), 2);
    }

    #[tokio::test]
    async fn a_message_whose_acceptance_is_lost_was_accepted() {
        let faults = Faults::default();
        let bus = MemoryBus::new(&faults);
        faults.nth(1, |call| call.sends("a"), Fault::LostAfter);
        faults.nth(2, |call| call.sends("a"), Fault::Refused);
        faults.nth(3, |call| call.sends("a"), Fault::LostBefore);
        assert!(matches!(bus.send(&message("1", "a")).await, Err(BusError::Unreachable(_))));
        assert!(matches!(bus.send(&message("2", "a")).await, Err(BusError::Refused(_))));
        assert!(matches!(bus.send(&message("3", "a")).await, Err(BusError::Unreachable(_))));
        bus.send(&message("4", "b")).await.unwrap();
        assert_eq!(bus.sent(), [message("1", "a"), message("4", "b")]);
    }

    #[tokio::test]
    async fn every_place_holds_what_was_accepted_for_it_until_it_is_taken() {
        let bus = MemoryBus::default();
        let later = Some("2026-11-01T00:00:00Z".parse().unwrap());
        bus.send(&message("1", "order.placed")).await.unwrap();
        bus.send(&Message { entity: "billing", ..message("2", "chunk") }).await.unwrap();
        bus.send(&Message { entity: "saga-deadlines", scheduled_at: later, ..message("3", "x") })
            .await
            .unwrap();
        let depths = bus.depths().await.unwrap().unwrap();
        assert_eq!((depths.len(), depths[0].entity.as_str()), (16, "billing"));
        let held: Vec<_> = depths
            .iter()
            .filter(|depth| depth.active + depth.scheduled > 0)
            .map(|depth| (depth.entity.as_str(), depth.active, depth.scheduled))
            .collect();
        let expected = [
            ("billing", 1, 0),
            ("saga-deadlines", 0, 1),
            ("events/bill-on-order-placed", 1, 0),
            ("events/mypage-project", 1, 0),
            ("events/saga-track", 1, 0),
        ];
        assert_eq!(held, expected);
        bus.take();
        let depths = bus.depths().await.unwrap().unwrap();
        assert!(depths.iter().all(|depth| depth.active + depth.scheduled + depth.dead_lettered == 0));
    }

    #[tokio::test]
    async fn a_message_that_is_too_large_is_refused() {
        let large = Message { body: "x".repeat(MESSAGE_BYTES_MAX + 1), ..message("1", "a") };
        assert!(matches!(MemoryBus::default().send(&large).await, Err(BusError::Refused(_))));
    }
}
