//! How many messages wait, from Azure Resource Manager.
//!
//! Source: Microsoft Learn, REST API of the Service Bus resource provider: "Queues - List By Namespace", "Topics - List
//! By Namespace", "Subscriptions - List By Topic"; "Azure Service Bus - message counters".
//!
//! The namespace itself tells only who may manage it, and with that right could delete its queues. Here the right to
//! read is enough.

use super::{answer, authorization, connected, within};
use crate::connection::{pipeline, retrying};
use crate::endpoint::{ClientError, Endpoint};
use app::ports::{BusError, Depth};
use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, Method, Pipeline, Request, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

/// The version of the resource provider's API.
const API_VERSION: &str = "2024-01-01";
/// Seconds that all requests may take together: somebody looks at a page meanwhile.
const DEPTHS_SECONDS: u64 = 5;
/// Seconds that one try may take, so that a dead connection leaves time for another.
const TRY_SECONDS: u64 = 2;
/// Tries after the first one, of each request.
const RETRIES_MAX: u32 = 1;
/// Pages of one list. A bus with more entities than fit has outgrown this client, and says so.
const PAGES_MAX: usize = 4;
/// Characters of an error code that are kept for the log.
const CODE_CHARS_MAX: usize = 80;

const _: () = assert!(TRY_SECONDS * 2 < DEPTHS_SECONDS);

/// Where and how to ask how many messages wait.
#[derive(Debug, Clone)]
pub struct DepthsOptions {
    /// The namespace as a resource,
    /// `https://management.azure.com/subscriptions/{id}/resourceGroups/{name}/providers/Microsoft.ServiceBus/namespaces/{name}`.
    /// Tokens are asked for its origin, which is the audience of every cloud's resource manager.
    pub resource_url: String,
    /// Policies, retries, transport and telemetry, as every client of the Azure SDK has them.
    pub client_options: ClientOptions,
    /// How long the asking may take in all, retries and the fetching of a token included.
    pub deadline: Duration,
}

impl DepthsOptions {
    /// The usual options for the namespace with this resource URL.
    pub fn new(resource_url: impl Into<String>) -> Self {
        Self {
            resource_url: resource_url.into(),
            client_options: retrying(RETRIES_MAX),
            deadline: Duration::from_secs(DEPTHS_SECONDS),
        }
    }
}

/// Why there are no counts.
#[derive(Debug, thiserror::Error)]
enum DepthsError {
    #[error("the resource manager answered {status} {code}")]
    Answered { status: u16, code: String },
    #[error("the resource manager's answer cannot be read")]
    Unreadable(#[source] serde_json::Error),
    #[error("the resource manager names a next page elsewhere")]
    Elsewhere,
    #[error("the list has more than {PAGES_MAX} pages")]
    Endless,
}

impl From<DepthsError> for BusError {
    fn from(error: DepthsError) -> Self {
        Self::Unreachable(Box::new(error))
    }
}

/// Asks the resource manager about one namespace.
#[derive(Debug, Clone)]
pub(super) struct DepthsClient {
    resource: Endpoint,
    asking: Pipeline,
    deadline: Duration,
}

impl DepthsClient {
    pub(super) fn new(
        options: DepthsOptions,
        credential: Arc<dyn TokenCredential>,
    ) -> Result<Self, ClientError> {
        let resource = Endpoint::parse(&options.resource_url);
        let resource = resource.map_err(|error| ClientError::Resource(Box::new(error)))?;
        let scope = format!("{}/.default", resource.root().origin().ascii_serialization());
        let authorization = authorization::policy(&resource, credential, scope);
        let client_options = connected(options.client_options, &resource, TRY_SECONDS)?;
        let asking = pipeline(client_options, vec![authorization]);
        Ok(Self { resource, asking, deadline: options.deadline })
    }

    /// The counts of every queue, then of every topic's subscriptions, as the resource manager lists them.
    pub(super) async fn depths(&self) -> Result<Vec<Depth>, BusError> {
        within(self.deadline, self.ask()).await
    }

    async fn ask(&self) -> Result<Vec<Depth>, BusError> {
        let queues = self.list::<Counted>(&["queues"]).await?;
        let mut depths: Vec<_> = queues.into_iter().map(|queue| queue.depth("")).collect();
        for topic in self.list::<Named>(&["topics"]).await? {
            let subscriptions = self.list::<Counted>(&["topics", &topic.name, "subscriptions"]).await?;
            let front = format!("{}/", topic.name);
            depths.extend(subscriptions.into_iter().map(|subscription| subscription.depth(&front)));
        }
        Ok(depths)
    }

    /// Every item of a list below the namespace.
    async fn list<T: DeserializeOwned>(&self, below: &[&str]) -> Result<Vec<T>, BusError> {
        let mut url = self.resource.below(below);
        url.query_pairs_mut().append_pair("api-version", API_VERSION);
        let mut items = Vec::new();
        for _ in 0..PAGES_MAX {
            let page: Page<T> = self.page(url).await?;
            items.extend(page.value);
            match page.next_link.filter(|link| !link.is_empty()) {
                Some(link) => url = self.next(&link)?,
                None => return Ok(items),
            }
        }
        Err(DepthsError::Endless.into())
    }

    async fn page<T: DeserializeOwned>(&self, url: Url) -> Result<Page<T>, BusError> {
        let answer = answer(&self.asking, &mut Request::new(url, Method::Get)).await?;
        match u16::from(answer.status()) {
            200 => Ok(serde_json::from_slice(answer.body()).map_err(DepthsError::Unreadable)?),
            status => Err(DepthsError::Answered { status, code: code(answer.body()) }.into()),
        }
    }

    /// The token goes to no other place than the one that the setting names.
    fn next(&self, link: &str) -> Result<Url, DepthsError> {
        let url = Url::parse(link).map_err(|_| DepthsError::Elsewhere)?;
        if url.origin() == self.resource.root().origin() { Ok(url) } else { Err(DepthsError::Elsewhere) }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    value: Vec<T>,
    next_link: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Counted {
    name: String,
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    count_details: CountDetails,
}

/// Signed, as the provider has them: counts below zero have been seen, and mean none.
#[derive(Deserialize)]
struct CountDetails {
    #[serde(rename = "activeMessageCount")]
    active: i64,
    #[serde(rename = "scheduledMessageCount")]
    scheduled: i64,
    #[serde(rename = "deadLetterMessageCount")]
    dead: i64,
    /// Those that could not be forwarded to the queue of dead letters.
    #[serde(rename = "transferDeadLetterMessageCount", default)]
    stranded: i64,
}

impl Counted {
    fn depth(self, front: &str) -> Depth {
        let counts = self.properties.count_details;
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        Depth {
            entity: format!("{front}{}", self.name),
            active: count(counts.active),
            scheduled: count(counts.scheduled),
            dead_lettered: count(counts.dead) + count(counts.stranded),
        }
    }
}

/// The code of an error, such as `AuthorizationFailed`. Its message is not for the log: it can name a developer.
fn code(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Body {
        error: Code,
    }
    #[derive(Deserialize)]
    struct Code {
        code: String,
    }
    let code = serde_json::from_slice::<Body>(body).map_or_else(|_| String::new(), |body| body.error.code);
    code.chars().filter(char::is_ascii_alphanumeric).take(CODE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
