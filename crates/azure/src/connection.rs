//! What the clients of this crate share: connections and the pipeline of the SDK around them.

use crate::endpoint::{ClientError, Endpoint};
use azure_core::http::policies::Policy;
use azure_core::http::{ClientOptions, ExponentialRetryOptions, Pipeline, RetryOptions, Transport};
use std::sync::Arc;
use std::time::Duration;

/// Seconds that opening a connection may take.
pub(crate) const CONNECT_SECONDS: u64 = 3;
/// Seconds for which an unused connection is kept; the services' front ends close them after a few minutes.
const IDLE_SECONDS: u64 = 60;
/// Connections that are kept when they are not in use.
const IDLE_CONNECTIONS_MAX: usize = 64;

/// Milliseconds before the first retry, doubled for each further one; `azure_core` adds up to 255 at random.
const RETRY_DELAY_MS: i64 = 50;

/// The SDK's options, with as many retries after the first try.
pub(crate) fn retrying(retries_max: u32) -> ClientOptions {
    let retry = ExponentialRetryOptions {
        initial_delay: azure_core::time::Duration::milliseconds(RETRY_DELAY_MS),
        max_retries: retries_max,
        ..ExponentialRetryOptions::default()
    };
    ClientOptions { retry: RetryOptions::exponential(retry), ..ClientOptions::default() }
}

/// The SDK's pipeline, which tells the service the name and version of this crate.
pub(crate) fn pipeline(options: ClientOptions, per_try: Vec<Arc<dyn Policy>>) -> Pipeline {
    let (name, version) = (option_env!("CARGO_PKG_NAME"), option_env!("CARGO_PKG_VERSION"));
    Pipeline::new(name, version, options, Vec::new(), per_try, None)
}

/// A transport that reuses connections, follows no redirects, and gives up a try after `try_seconds`.
pub(crate) fn transport(endpoint: &Endpoint, try_seconds: u64) -> Result<Transport, ClientError> {
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(CONNECT_SECONDS))
        .timeout(Duration::from_secs(try_seconds))
        .pool_idle_timeout(Duration::from_secs(IDLE_SECONDS))
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX);
    // A developer's proxy cannot reach the developer's own machine.
    let builder = if endpoint.is_local() { builder.no_proxy() } else { builder };
    let client = builder.build().map_err(ClientError::Transport)?;
    Ok(Transport::new(Arc::new(client)))
}
