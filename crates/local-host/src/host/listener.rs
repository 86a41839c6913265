//! Service Bus triggers: messages are received, handed to the function, and settled by its answer.

use super::Host;
use super::envelope::{self, MessageFacts, Sys};
use super::invoke::Failure;
use super::worker::Lease;
use crate::bus::Delivery;
use crate::chance;
use app::ports::Clock;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// A function that messages set off.
#[derive(Debug, Clone)]
pub(crate) struct BusFunction {
    pub(crate) name: String,
    pub(crate) binding: String,
    pub(crate) source: String,
}

/// Receives until the host stops, and returns when everything received is settled.
pub(crate) async fn listen(host: Arc<Host>, function: BusFunction) {
    let calls = host.calls_at_a_time();
    let free = Arc::new(Semaphore::new(calls));
    let function = Arc::new(function);
    while host.listening().await {
        let next = async {
            let permit = Arc::clone(&free).acquire_owned().await.ok()?;
            let delivery = host.broker.receive(&function.source).await.ok()?;
            Some((permit, delivery))
        };
        let received = tokio::select! {
            received = next => received,
            () = host.paused() => continue,
        };
        // The bus is closed.
        let Some((permit, delivery)) = received else { break };
        let (host, function) = (Arc::clone(&host), Arc::clone(&function));
        tokio::spawn(async move {
            deliver(&host, &function, &delivery).await;
            drop(permit);
        });
    }
    // Every permit is back when the last message is settled.
    drop(free.acquire_many(u32::try_from(calls).unwrap_or(u32::MAX)).await);
}

/// One delivery, from lock to settlement.
async fn deliver(host: &Host, function: &BusFunction, delivery: &Delivery) {
    let facts = MessageFacts::of(delivery);
    let sys = Sys { function: &function.name, now: host.clock.now(), random: chance::uuid() };
    let envelope = envelope::message(&function.binding, &facts, &sys);
    let outcome = tokio::select! {
        outcome = host.invoke(&function.name, &envelope) => outcome,
        never = renew(host, delivery) => match never {},
    };
    settle(host, function, delivery, &outcome);
}

fn settle(host: &Host, function: &BusFunction, delivery: &Delivery, outcome: &Result<Lease, Failure>) {
    let settled = match outcome {
        Ok(_) => host.broker.complete(&delivery.lock),
        Err(failure) => {
            tracing::warn!(
                function = function.name,
                message.id = delivery.message.message_id,
                delivery.count = delivery.delivery_count,
                %failure,
                "the message was abandoned"
            );
            host.broker.abandon(&delivery.lock)
        }
    };
    if settled.is_err() {
        let (function, id) = (&function.name, &delivery.message.message_id);
        tracing::warn!(function, message.id = id, "the lock was lost, so the message is delivered again");
    }
}

/// Keeps the message locked while the function works, for as long as host.json allows.
async fn renew(host: &Host, delivery: &Delivery) -> std::convert::Infallible {
    let until = Instant::now() + host.max_lock_renewal;
    let mut clock_set = host.clock.settings();
    while Instant::now() < until {
        tokio::select! {
            () = tokio::time::sleep(host.lock_for / 2) => {}
            // The lock ends by the clock that was set.
            _ = clock_set.changed() => {}
        }
        if host.broker.renew(&delivery.lock).is_err() {
            break;
        }
    }
    std::future::pending().await
}

impl Host {
    /// The platform would run one host for each worker, and each would take so many messages of a function.
    fn calls_at_a_time(&self) -> usize {
        self.max_concurrent_calls.saturating_mul(self.pool.size()).min(Semaphore::MAX_PERMITS)
    }
}

/// Seconds of a lock, as time.
pub(crate) fn lock_for(lock_seconds: u32) -> Duration {
    Duration::from_secs(lock_seconds.into())
}
