//! The adapters of storage on Azurite, Microsoft's own emulator: one of it for all tests here.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "azurite/documents.rs"]
mod documents;
#[path = "azurite/proxy.rs"]
mod proxy;
#[path = "azurite/tables.rs"]
mod tables;

use azurite::{Azurite, Options};
use std::sync::{LazyLock, Mutex, MutexGuard};

/// The emulator, in memory and on free ports. It notices by itself when this process ends.
fn emulator() -> MutexGuard<'static, Azurite> {
    static EMULATOR: LazyLock<Mutex<Azurite>> =
        LazyLock::new(|| Mutex::new(Azurite::start(&Options::default()).unwrap()));
    EMULATOR.lock().unwrap()
}

/// The address of its blob service.
fn blobs() -> String {
    emulator().blobs_endpoint().to_owned()
}

/// The address of its table service.
fn tables_endpoint() -> String {
    emulator().tables_endpoint().to_owned()
}
