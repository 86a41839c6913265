//! Service Bus, by its REST API.
//!
//! Source: Microsoft Learn, "Service Bus REST API: Send Message" and "Message headers and properties".
//!
//! One message a request: nothing documents in which AMQP section the bodies of the REST batch form arrive, and
//! the triggers need data sections.

mod authorization;
mod depths;
mod wire;

pub use crate::endpoint::ClientError;
pub use depths::DepthsOptions;

use crate::connection::{CONNECT_SECONDS, pipeline, retrying, transport};
use crate::credential::{StaticToken, credential_from_settings};
use crate::endpoint::Endpoint;
use app::ports::{Bus, BusError, Depth, Message};
use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_core::http::{
    ClientOptions, Context, Method, Pipeline, PipelineSendOptions, RawResponse, Request, RetryOptions,
};
use depths::DepthsClient;
use domain::limits::HANDLER_SECONDS_MAX;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// The audience of the token. Source: Microsoft Learn, "Authenticate and authorize an application with Microsoft
/// Entra ID to access Azure Service Bus entities".
const SCOPE: &str = "https://servicebus.azure.net/.default";
/// Seconds that sending may take in all, retries and the fetching of a token included.
const SEND_SECONDS: u64 = 10;
/// Seconds that one try may take, so that a dead connection leaves time for another.
const TRY_SECONDS: u64 = 4;
/// Seconds that [`Bus::ping`] may take.
const PING_SECONDS: u64 = 2;
/// Tries after the first one.
const RETRIES_MAX: u32 = 4;

const _: () = assert!(SEND_SECONDS < HANDLER_SECONDS_MAX);
const _: () = assert!(CONNECT_SECONDS < TRY_SECONDS && TRY_SECONDS * 2 < SEND_SECONDS);

/// How a [`ServiceBusClient`] behaves.
#[derive(Debug, Clone)]
pub struct ServiceBusClientOptions {
    /// Policies, retries, transport and telemetry, as every client of the Azure SDK has them. Without a transport
    /// the client makes its own, which reuses connections and follows no redirects.
    pub client_options: ClientOptions,
    /// How long one send may take, retries included.
    pub send_deadline: Duration,
    /// How long one ping may take.
    pub ping_deadline: Duration,
    /// Where to ask how many messages wait; without it nobody is asked.
    pub depths: Option<DepthsOptions>,
}

impl Default for ServiceBusClientOptions {
    fn default() -> Self {
        Self {
            client_options: retrying(RETRIES_MAX),
            send_deadline: Duration::from_secs(SEND_SECONDS),
            ping_deadline: Duration::from_secs(PING_SECONDS),
            depths: None,
        }
    }
}

/// Sends messages to one Service Bus namespace, or to the local host's stand-in for it, and asks how many wait.
///
/// Clones share their connections. 408, 429, 5xx and broken connections are tried again with growing, jittered
/// delays (`Retry-After` is honoured) under one overall deadline; the message's id stays the same, so that the bus
/// drops what arrives twice.
#[derive(Debug, Clone)]
pub struct ServiceBusClient {
    endpoint: Endpoint,
    sending: Pipeline,
    probing: Pipeline,
    send_deadline: Duration,
    ping_deadline: Duration,
    depths: Option<DepthsClient>,
}

impl ServiceBusClient {
    /// A client for `endpoint`: `https://{namespace}.servicebus.windows.net`, or plain `http` when it is on this
    /// machine. Opens no connection yet.
    pub fn new(
        endpoint: &str,
        credential: Arc<dyn TokenCredential>,
        options: Option<ServiceBusClientOptions>,
    ) -> Result<Self, ClientError> {
        let endpoint = Endpoint::parse(endpoint)?;
        let options = options.unwrap_or_default();
        let client_options = connected(options.client_options, &endpoint, TRY_SECONDS)?;
        let ask = |depths| DepthsClient::new(depths, Arc::clone(&credential));
        let depths = options.depths.map(ask).transpose()?;
        let probe = ClientOptions {
            retry: RetryOptions::none(),
            transport: client_options.transport.clone(),
            ..ClientOptions::default()
        };
        let authorization = authorization::policy(&endpoint, credential, SCOPE);
        Ok(Self {
            sending: pipeline(client_options, vec![authorization]),
            probing: pipeline(probe, Vec::new()),
            endpoint,
            send_deadline: options.send_deadline,
            ping_deadline: options.ping_deadline,
            depths,
        })
    }

    /// The client that the settings describe: `BUS_ENDPOINT` with `BUS_TOKEN` (the local host), else the namespace
    /// of `SERVICEBUS__fullyQualifiedNamespace`, which the triggers' connection uses as well, with
    /// [`credential_from_settings`].
    ///
    /// `BUS_RESOURCE_URL` is the namespace as a resource ([`DepthsOptions::resource_url`]), which is asked how many
    /// messages wait; nobody is when it is not set.
    pub fn from_settings(get: impl Fn(&'static str) -> Option<String>) -> Result<Self, ClientError> {
        let resource_url = get("BUS_RESOURCE_URL").filter(|url| !url.is_empty());
        let options = ServiceBusClientOptions {
            depths: resource_url.map(DepthsOptions::new),
            ..ServiceBusClientOptions::default()
        };
        if let Some((endpoint, token)) = get("BUS_ENDPOINT").zip(get("BUS_TOKEN")) {
            return Self::new(&endpoint, Arc::new(StaticToken::new(token)), Some(options));
        }
        let namespace = get("SERVICEBUS__fullyQualifiedNamespace").ok_or(ClientError::NoEndpoint)?;
        let credential = credential_from_settings(get).map_err(ClientError::Identity)?;
        Self::new(&format!("https://{namespace}"), credential, Some(options))
    }
}

#[async_trait]
impl Bus for ServiceBusClient {
    async fn send(&self, message: &Message) -> Result<(), BusError> {
        let mut request = wire::request(&self.endpoint, message)?;
        let answer = within(self.send_deadline, answer(&self.sending, &mut request)).await?;
        wire::verdict(&answer)
    }

    /// Asks for the head of the namespace's root, without a token: any answer but a 5xx, a refusal included, shows
    /// that names resolve, that connections and TLS work and that the service's front end is up. It costs no
    /// message operation and needs no right.
    async fn ping(&self) -> Result<(), BusError> {
        let mut request = Request::new(self.endpoint.root(), Method::Head);
        let answer = within(self.ping_deadline, answer(&self.probing, &mut request)).await?;
        if answer.status().is_server_error() { Err(wire::unreachable(&answer)) } else { Ok(()) }
    }

    async fn depths(&self) -> Result<Option<Vec<Depth>>, BusError> {
        match &self.depths {
            Some(client) => client.depths().await.map(Some),
            None => Ok(None),
        }
    }
}

/// Why a message may not have reached the bus.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error("no answer within {0:?}")]
    Deadline(Duration),
    #[error("the bus answered {status}: {detail}")]
    Answered { status: u16, detail: String },
}

/// The options with a transport of their own, where they bring none.
fn connected(
    mut options: ClientOptions,
    endpoint: &Endpoint,
    try_seconds: u64,
) -> Result<ClientOptions, ClientError> {
    if options.transport.is_none() {
        options.transport = Some(transport(endpoint, try_seconds)?);
    }
    Ok(options)
}

async fn within<T>(
    deadline: Duration,
    work: impl Future<Output = Result<T, BusError>>,
) -> Result<T, BusError> {
    let late = |_| Err(BusError::Unreachable(Box::new(SendError::Deadline(deadline))));
    tokio::time::timeout(deadline, work).await.unwrap_or_else(late)
}

async fn answer(pipeline: &Pipeline, request: &mut Request) -> Result<RawResponse, BusError> {
    // The caller judges the status; the pipeline's own check would read every error body as JSON.
    let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
    let answer = pipeline.send(&Context::new(), request, Some(options)).await;
    answer.map_err(|error| BusError::Unreachable(Box::new(error)))
}

#[cfg(test)]
mod tests;
