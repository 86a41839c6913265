//! A stand-in for the payment gateway, after Toss Payments' core API: confirm, cancel, look up.
//!
//! It is as strict as the real one, answers with the same error codes, and its cards misbehave in the ways that hurt:
//! they decline, they never answer, they charge and lose the answer. Everything is in one `SQLite` file and committed
//! before it is answered.

mod auth;
mod card;
mod errors;
mod object;
mod payment;
mod routes;
mod rows;
mod store;
#[cfg(test)]
mod tests;

pub use card::Card;
pub use payment::Status;
pub use routes::routes;
pub use store::StoreError;

use app::ports::Clock;
use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use store::Store;

/// The gateway: its payments, and what it is working on at the moment.
pub struct Gateway {
    store: Store,
    clock: Arc<dyn Clock>,
    secret_key: String,
    in_flight: Mutex<HashSet<String>>,
}

impl Gateway {
    /// Opens the gateway's file, which is made when it is missing. Callers present `secret_key`.
    pub fn open(
        file: &Path,
        clock: Arc<dyn Clock>,
        secret_key: impl Into<String>,
    ) -> Result<Arc<Self>, StoreError> {
        let store = Store::open(file)?;
        let in_flight = Mutex::default();
        Ok(Arc::new(Self { store, clock, secret_key: secret_key.into(), in_flight }))
    }

    /// Takes a place for one request with an `Idempotency-Key`; `None` while another has it.
    fn enter(self: &Arc<Self>, scope: &str) -> Option<InFlight> {
        let fresh = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).insert(scope.to_owned());
        fresh.then(|| InFlight { gateway: Arc::clone(self), scope: scope.to_owned() })
    }
}

/// A request that is being worked on; dropped when it is answered, or when its caller has hung up.
struct InFlight {
    gateway: Arc<Gateway>,
    scope: String,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.gateway.in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.scope);
    }
}
