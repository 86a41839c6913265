//! The handler: one folder per function, its binding (`function.json`) beside the code behind it.
//!
//! The Functions host starts this process, forwards HTTP requests to it as they came, and posts the messages of
//! Service Bus and the ticks of timers to `/{folder}`. `edge` is what all functions need before and after their own
//! code; they translate, call `app`, and answer.

mod edge;
mod wire;

mod bill_document;
mod bill_get;
mod bill_on_cancellation_requested;
mod bill_on_order_activated;
mod bill_on_order_placed;
mod bill_on_payment_captured;
mod bill_on_termination_requested;
mod billing_chunk;
mod billing_monthly;
mod billing_run_get;
mod billing_run_start;
mod bills_list;
mod cleanup;
mod customers_search;
mod dead_letters;
mod figures;
mod health;
mod mypage;
mod mypage_project;
mod openapi;
mod order_get;
mod order_on_account_opened;
mod order_on_final_issued;
mod order_open;
mod order_resume;
mod order_suspend;
mod order_terminate;
mod orders_list;
mod outbox_relay;
mod parked_discard;
mod parked_list;
mod parked_replay;
mod pay_on_bill_issued;
mod pay_on_bill_reopened;
mod pay_on_bill_settled;
mod payment_cancel;
mod payment_create;
mod payment_get;
mod payments_resolve;
mod plans;
mod ready;
mod saga_compensate;
mod saga_deadline;
mod saga_get;
mod saga_retry;
mod saga_track;
mod sagas_list;
mod tally_fold;
mod usage_intake;
mod web_asset;
mod web_console;
mod web_mypage;
mod web_settings;

use crate::edge::auth::Verifier;
use crate::edge::site::Site;
use app::App;
use app::failure::chain;
use app::ports::{Clock, Ids};
use axum::extract::FromRef;
use axum::routing::{get, post};
pub use edge::lifetime::{HOST_STDIN, end_with_host};
use edge::log::{Follower, Log, poll_interval};
use edge::serve::{Function, router, serve};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use telemetry::Export;

/// What functions work with.
#[derive(Clone)]
pub(crate) struct Handler {
    pub(crate) app: Arc<App>,
    pub(crate) tokens: Arc<Verifier>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) site: Arc<Site>,
    /// How long the first failed delivery of a message is held back.
    pub(crate) redelivery_pause: Duration,
}

impl FromRef<Handler> for Arc<Verifier> {
    fn from_ref(handler: &Handler) -> Self {
        Arc::clone(&handler.tokens)
    }
}

/// Every function: its folder, the path that the host calls, and the code behind it. `edge::layout` holds each row
/// against its `function.json`.
fn table() -> Vec<Function> {
    vec![
        // HTTP: forwarded as it came.
        ("plans", "/api/plans", get(plans::handle)),
        ("order_open", "/api/orders", post(order_open::handle)),
        ("orders_list", "/api/orders", get(orders_list::handle)),
        ("order_get", "/api/orders/{orderId}", get(order_get::handle)),
        ("order_terminate", "/api/orders/{orderId}/termination", post(order_terminate::handle)),
        ("order_suspend", "/api/orders/{orderId}/suspension", post(order_suspend::handle)),
        ("order_resume", "/api/orders/{orderId}/resumption", post(order_resume::handle)),
        ("usage_intake", "/api/usage", post(usage_intake::handle)),
        ("billing_run_start", "/api/billing-runs", post(billing_run_start::handle)),
        ("billing_run_get", "/api/billing-runs/{usageMonth}", get(billing_run_get::handle)),
        ("bills_list", "/api/bills", get(bills_list::handle)),
        ("bill_get", "/api/bills/{billId}", get(bill_get::handle)),
        ("bill_document", "/api/bills/{billId}/document", get(bill_document::handle)),
        ("payment_create", "/api/payments", post(payment_create::handle)),
        ("payment_get", "/api/payments/{paymentId}", get(payment_get::handle)),
        ("payment_cancel", "/api/payments/{paymentId}/cancellation", post(payment_cancel::handle)),
        ("mypage", "/api/mypage", get(mypage::handle)),
        ("sagas_list", "/api/sagas", get(sagas_list::handle)),
        ("saga_get", "/api/sagas/{sagaId}", get(saga_get::handle)),
        ("saga_retry", "/api/sagas/{sagaId}/retry", post(saga_retry::handle)),
        ("parked_list", "/api/parked", get(parked_list::handle)),
        ("parked_replay", "/api/parked/{parkedId}/replay", post(parked_replay::handle)),
        ("parked_discard", "/api/parked/{parkedId}/discard", post(parked_discard::handle)),
        ("health", "/api/health", get(health::handle)),
        ("ready", "/api/ready", get(ready::handle)),
        ("openapi", "/api/openapi.json", get(openapi::handle)),
        ("customers_search", "/api/customers/search", post(customers_search::handle)),
        ("figures", "/api/figures", get(figures::handle)),
        ("web_mypage", "/api/web/mypage", get(web_mypage::handle)),
        ("web_console", "/api/web/console", get(web_console::handle)),
        ("web_asset", "/api/web/assets/{version}/{asset}", get(web_asset::handle)),
        ("web_settings", "/api/web/settings", get(web_settings::handle)),
        // Service Bus: posted to /{folder}.
        ("bill_on_order_placed", "/bill_on_order_placed", post(bill_on_order_placed::handle)),
        ("order_on_account_opened", "/order_on_account_opened", post(order_on_account_opened::handle)),
        ("bill_on_order_activated", "/bill_on_order_activated", post(bill_on_order_activated::handle)),
        (
            "bill_on_termination_requested",
            "/bill_on_termination_requested",
            post(bill_on_termination_requested::handle),
        ),
        ("order_on_final_issued", "/order_on_final_issued", post(order_on_final_issued::handle)),
        ("pay_on_bill_issued", "/pay_on_bill_issued", post(pay_on_bill_issued::handle)),
        ("bill_on_payment_captured", "/bill_on_payment_captured", post(bill_on_payment_captured::handle)),
        ("pay_on_bill_settled", "/pay_on_bill_settled", post(pay_on_bill_settled::handle)),
        (
            "bill_on_cancellation_requested",
            "/bill_on_cancellation_requested",
            post(bill_on_cancellation_requested::handle),
        ),
        ("pay_on_bill_reopened", "/pay_on_bill_reopened", post(pay_on_bill_reopened::handle)),
        ("mypage_project", "/mypage_project", post(mypage_project::handle)),
        ("saga_track", "/saga_track", post(saga_track::handle)),
        ("saga_compensate", "/saga_compensate", post(saga_compensate::handle)),
        ("saga_deadline", "/saga_deadline", post(saga_deadline::handle)),
        ("billing_chunk", "/billing_chunk", post(billing_chunk::handle)),
        ("dead_letters", "/dead_letters", post(dead_letters::handle)),
        // Timers: likewise.
        ("outbox_relay", "/outbox_relay", post(outbox_relay::handle)),
        ("payments_resolve", "/payments_resolve", post(payments_resolve::handle)),
        ("cleanup", "/cleanup", post(cleanup::handle)),
        ("billing_monthly", "/billing_monthly", post(billing_monthly::handle)),
        ("tally_fold", "/tally_fold", post(tally_fold::handle)),
    ]
}

/// Runs the handler with the settings in the environment, until it is killed.
///
/// Never ends well: a host that sees its handler exit with 0 does not start it again, and fails every call.
pub fn run() -> ExitCode {
    // A setting that is empty is one that is not set: app settings cannot be taken away in every tool.
    let get = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    // Before the runtime: the exporter has a thread of its own, with a client that blocks.
    let (export, problem) = match Export::from_environment() {
        Ok(export) => (export, None),
        Err(error) => (None, Some(error)),
    };
    let log = edge::log::start(get, export.as_ref());
    if let Some(error) = problem {
        tracing::warn!(error = chain(&error), "no spans are exported");
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(error = chain(&error), "cannot start");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(serve_forever(get, log, export.is_some()));
    if let Some(export) = export {
        export.shut_down();
    }
    ExitCode::FAILURE
}

async fn serve_forever(get: impl Fn(&'static str) -> Option<String>, log: Log, traced: bool) {
    let poll = poll_interval(get("RUNTIME_POLL_MS").as_deref());
    let wired = match wire::wire(get, traced).await {
        Ok(wired) => wired,
        Err(error) => {
            tracing::error!(error = chain(&error), "cannot start");
            return;
        }
    };
    let following = tokio::spawn(Follower::new(wired.config, log).run(poll));
    match serve(wired.port, router(table(), wired.handler), terminated()).await {
        Ok(()) => tracing::info!("the server ended"),
        Err(error) => tracing::error!(error = chain(&error), "cannot serve"),
    }
    following.abort();
}

/// Waits for SIGTERM.
#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
