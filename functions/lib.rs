//! The handler: one folder per function, its binding (`function.json`) beside the code behind it.
//!
//! The Functions host starts this process, forwards HTTP requests to it as they came, and posts the messages of
//! Service Bus and the ticks of timers to `/{folder}`. `edge` is what all functions need before and after their own
//! code; they translate, call `app`, and answer.

mod edge;
mod wire;

use crate::edge::auth::Verifier;
use app::App;
use app::ports::{Clock, Ids};
use axum::extract::FromRef;
use edge::serve::{Function, router, serve};
use std::process::ExitCode;
use std::sync::Arc;

/// What functions work with.
#[derive(Clone)]
pub(crate) struct Handler {
    pub(crate) app: Arc<App>,
    pub(crate) tokens: Arc<Verifier>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
}

impl FromRef<Handler> for Arc<Verifier> {
    fn from_ref(handler: &Handler) -> Self {
        Arc::clone(&handler.tokens)
    }
}

/// Runs the handler with the settings in the environment, until it is killed.
///
/// Never ends well: a host that sees its handler exit with 0 does not start it again, and fails every call.
pub fn run() -> ExitCode {
    // A setting that is empty is one that is not set: app settings cannot be taken away in every tool.
    let get = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    edge::log::start(&edge::settings::log_filter(get));
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(error = edge::answer::chain(&error), "cannot start");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(serve_forever(get));
    ExitCode::FAILURE
}

async fn serve_forever(get: impl Fn(&'static str) -> Option<String>) {
    let wired = match wire::wire(get).await {
        Ok(wired) => wired,
        Err(error) => {
            tracing::error!(error = edge::answer::chain(&error), "cannot start");
            return;
        }
    };
    match serve(wired.port, router(table(), wired.handler)).await {
        Ok(()) => tracing::error!("the server ended"),
        Err(error) => tracing::error!(error = edge::answer::chain(&error), "cannot serve"),
    }
}
