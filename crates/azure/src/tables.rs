//! Azure Tables, by its REST API: Azure Table Storage, Azure Cosmos DB for Table, and Azurite.
//!
//! Source: Microsoft Learn, "Table service REST API".
//!
//! Every commit is one `$batch` request, also one of a single operation: it is billed as one transaction either way,
//! and there is one form of answer.

mod address;
mod answer;
mod attempt;
mod batch;
mod entity;

use crate::connection::{CONNECT_SECONDS, pipeline, retrying, transport};
use crate::credential::credential_from_settings;
use crate::endpoint::{ClientError, Endpoint};
use crate::shared_key::{Service, SharedKeyPolicy};
use address::Next;
use answer::Malformed;
use app::ports::{ETag, Key, Op, OpKind, Page, Range, Row, Table, TableError, Tables, is_key, validate};
use async_trait::async_trait;
use attempt::{Attempt, OnlySafeRetries};
use azure_core::credentials::TokenCredential;
use azure_core::http::headers::{ACCEPT, CONTENT_TYPE, HeaderName, VERSION};
use azure_core::http::policies::Policy;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::{
    ClientOptions, Context, Method, Pipeline, PipelineSendOptions, RawResponse, Request, Url,
};
use domain::limits::{HANDLER_SECONDS_MAX, PAGE_ENTITIES_MAX};
use entity::Entity;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// The REST version that the SDKs of other languages send, with tokens, to the storage service and to Cosmos DB.
const REST_VERSION: &str = "2019-02-02";
/// Versions of entities come in the body; types are not needed, for every property is text.
const MINIMAL_METADATA: &str = "application/json;odata=minimalmetadata";
const DATA_SERVICE_VERSION: HeaderName = HeaderName::from_static("dataserviceversion");
const PREFER: HeaderName = HeaderName::from_static("prefer");
const NEXT_PARTITION: HeaderName = HeaderName::from_static("x-ms-continuation-nextpartitionkey");
const NEXT_ROW: HeaderName = HeaderName::from_static("x-ms-continuation-nextrowkey");

/// The audience of the token (Microsoft Learn, "Authorize access to tables using Microsoft Entra ID").
const STORAGE_SCOPE: &str = "https://storage.azure.com/.default";
/// The same for Cosmos DB for Table ("Connect to Azure Cosmos DB for Table using role-based access control and
/// Microsoft Entra ID").
const COSMOS_SCOPE: &str = "https://cosmos.azure.com/.default";
/// Hosts of Cosmos DB for Table; the second is the older one.
const COSMOS_HOSTS: [&str; 2] = [".table.cosmos.azure.com", ".table.cosmosdb.azure.com"];

/// Seconds that a call may take in all, retries and the fetching of a token included.
const CALL_SECONDS: u64 = 20;
/// Seconds that one try may take: longer than a large transaction takes on a busy day, for one that is given up is one
/// of which nobody knows whether it was applied.
const TRY_SECONDS: u64 = 10;
/// Seconds that [`Tables::ping`] may take.
const PING_SECONDS: u64 = 2;
/// Tries after the first one.
const RETRIES_MAX: u32 = 6;

const _: () = assert!(CALL_SECONDS < HANDLER_SECONDS_MAX);
const _: () = assert!(CONNECT_SECONDS < TRY_SECONDS && TRY_SECONDS < CALL_SECONDS);

/// How a [`TablesClient`] behaves.
#[derive(Debug, Clone)]
pub struct TablesClientOptions {
    /// Policies, retries, transport and telemetry, as every client of the Azure SDK has them. Without a transport
    /// the client makes its own, which reuses connections and follows no redirects.
    pub client_options: ClientOptions,
    /// How long one call may take, retries included.
    pub call_deadline: Duration,
    /// How long one ping may take.
    pub ping_deadline: Duration,
}

impl Default for TablesClientOptions {
    fn default() -> Self {
        Self {
            client_options: retrying(RETRIES_MAX),
            call_deadline: Duration::from_secs(CALL_SECONDS),
            ping_deadline: Duration::from_secs(PING_SECONDS),
        }
    }
}

/// The tables of one account.
///
/// Clones share their connections. Throttling is waited for, as long as the service asks and the deadline lets it.
/// Reads are repeated whatever went wrong; a commit of which nobody knows whether it was applied is not, and ends as
/// [`TableError::Unknown`].
#[derive(Debug, Clone)]
pub struct TablesClient {
    endpoint: Endpoint,
    pipeline: Pipeline,
    call_deadline: Duration,
    ping_deadline: Duration,
}

impl TablesClient {
    /// A client for `endpoint`, `https://{account}.table.core.windows.net` or
    /// `https://{account}.table.cosmos.azure.com`, with tokens of `credential`. Opens no connection yet.
    pub fn new(
        endpoint: &str,
        credential: Arc<dyn TokenCredential>,
        options: Option<TablesClientOptions>,
    ) -> Result<Self, ClientError> {
        let endpoint = Endpoint::parse(endpoint)?;
        if endpoint.is_local() {
            return Err(ClientError::Insecure);
        }
        let policy = BearerTokenAuthorizationPolicy::new(credential, [scope(&endpoint.root())]);
        Self::with_authorization(endpoint, Arc::new(policy), options)
    }

    /// A client for Azurite on this machine, `http://127.0.0.1:{port}/devstoreaccount1`, with the key that every
    /// Azurite has. Opens no connection yet.
    pub fn emulator(endpoint: &str, options: Option<TablesClientOptions>) -> Result<Self, ClientError> {
        let endpoint = Endpoint::parse(endpoint)?;
        if !endpoint.is_local() {
            return Err(ClientError::NotAnEndpoint);
        }
        let policy = SharedKeyPolicy::emulator(Service::Tables).map_err(ClientError::Identity)?;
        Self::with_authorization(endpoint, Arc::new(policy), options)
    }

    /// The client for where `endpoint` is: an emulator when it is plain `http` on this machine, else Azure with
    /// [`credential_from_settings`].
    pub fn from_settings(
        endpoint: &str,
        get: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, ClientError> {
        if Endpoint::parse(endpoint)?.is_local() {
            return Self::emulator(endpoint, None);
        }
        let credential = credential_from_settings(get).map_err(ClientError::Identity)?;
        Self::new(endpoint, credential, None)
    }

    fn with_authorization(
        endpoint: Endpoint,
        authorization: Arc<dyn Policy>,
        options: Option<TablesClientOptions>,
    ) -> Result<Self, ClientError> {
        let TablesClientOptions { mut client_options, call_deadline, ping_deadline } =
            options.unwrap_or_default();
        if client_options.transport.is_none() {
            client_options.transport = Some(transport(&endpoint, TRY_SECONDS)?);
        }
        let pipeline = pipeline(client_options, vec![authorization, Arc::new(OnlySafeRetries)]);
        Ok(Self { endpoint, pipeline, call_deadline, ping_deadline })
    }

    /// Creates every table that is not there. In Azure the tables come with the account (`infra/bicep`), so this is
    /// for Azurite.
    pub async fn create_tables(&self) -> Result<(), TableError> {
        for table in Table::ALL {
            let body = serde_json::json!({ "TableName": table.name() }).to_string();
            let mut request = request(Method::Post, address::tables(&self.endpoint));
            request.insert_header(CONTENT_TYPE, "application/json");
            request.insert_header(PREFER, "return-no-content");
            request.set_body(body);
            let answer = self.send(&mut request, Attempt::new(true, self.call_deadline)).await?;
            match answer::refusal(&answer) {
                Some(refusal) if refusal.code != "TableAlreadyExists" => return Err(refusal.into_error()),
                Some(_) | None => {}
            }
        }
        Ok(())
    }

    async fn send(&self, request: &mut Request, attempt: Attempt) -> Result<RawResponse, TableError> {
        let context = Context::new().with_value(attempt.clone());
        // `answer` judges the status; the pipeline's own check would know nothing of the errors of tables.
        let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
        let sending = self.pipeline.send(&context, request, Some(options));
        match tokio::time::timeout_at(attempt.deadline(), sending).await {
            Ok(answer) => answer.map_err(|error| attempt.failed(Box::new(error))),
            Err(late) => Err(attempt.failed(Box::new(late))),
        }
    }

    async fn read_within(&self, time: Duration, table: Table, key: &Key) -> Result<Option<Row>, TableError> {
        let url = address::entity(&self.endpoint, table, &key.partition, &key.row);
        let mut request = request(Method::Get, url);
        let answer = self.send(&mut request, Attempt::new(true, time)).await?;
        match answer::refusal(&answer) {
            None => {
                let entity: Entity =
                    serde_json::from_slice(answer.body()).map_err(|_| Malformed("an entity"))?;
                Ok(Some(entity.into()))
            }
            // Not "TableNotFound", which is no answer to the question.
            Some(refusal) if refusal.status == 404 && refusal.code == "ResourceNotFound" => Ok(None),
            Some(refusal) => Err(refusal.into_error()),
        }
    }
}

#[async_trait]
impl Tables for TablesClient {
    async fn read(&self, table: Table, key: &Key) -> Result<Option<Row>, TableError> {
        // Nothing was ever written under a text that is no key, and the service would refuse the request.
        if !is_key(&key.partition) || !is_key(&key.row) {
            return Ok(None);
        }
        self.read_within(self.call_deadline, table, key).await
    }

    async fn query(
        &self,
        table: Table,
        range: &Range,
        limit: usize,
        continuation: Option<&str>,
    ) -> Result<Page, TableError> {
        if !(1..=PAGE_ENTITIES_MAX).contains(&limit) {
            return Err(TableError::Invalid("a page has 1 to 1,000 rows"));
        }
        let next = match continuation {
            Some(text) => Some(Next::parse(text).ok_or(TableError::Invalid("no continuation of a query"))?),
            None => None,
        };
        if !is_key(&range.partition) {
            return Ok(Page { rows: Vec::new(), continuation: None });
        }
        let url = address::page(&self.endpoint, table, range, limit, next.as_ref());
        let mut request = request(Method::Get, url);
        let answer = self.send(&mut request, Attempt::new(true, self.call_deadline)).await?;
        match answer::refusal(&answer) {
            None => Ok(page(&answer)?),
            Some(refusal) => Err(refusal.into_error()),
        }
    }

    async fn commit(
        &self,
        table: Table,
        partition: &str,
        ops: &[Op],
    ) -> Result<Vec<Option<ETag>>, TableError> {
        validate(partition, ops)?;
        if let Some(index) = ops.iter().position(names_no_version) {
            return Err(TableError::Changed { index });
        }
        let body = batch::encode(&self.endpoint, table, partition, ops)
            .map_err(|_| TableError::Invalid("a body is no text"))?;
        let mut request = request(Method::Post, address::batch(&self.endpoint));
        request.insert_header(CONTENT_TYPE, batch::CONTENT_TYPE);
        request.set_body(body);
        let answer = self.send(&mut request, Attempt::new(false, self.call_deadline)).await?;
        answer::committed(ops, &answer)
    }

    /// Reads a row that is not there: shows that the account can be reached, that it takes our token, and that the
    /// table exists. One read transaction.
    async fn ping(&self) -> Result<(), TableError> {
        self.read_within(self.ping_deadline, Table::Meta, &Key::new("ping", "ping")).await.map(drop)
    }
}

/// The service's versions are weak `ETag`s. No row has another one, and `*`, which would be every version, least of all.
fn names_no_version(op: &Op) -> bool {
    match &op.kind {
        OpKind::Replace(ETag(text), _) | OpKind::Delete(Some(ETag(text))) => {
            let quoted = text.strip_prefix("W/\"").and_then(|rest| rest.strip_suffix('"'));
            !quoted.is_some_and(|version| version.bytes().all(|b| b.is_ascii_graphic() && b != b'"'))
        }
        OpKind::Insert(_) | OpKind::Upsert(_) | OpKind::Delete(None) => false,
    }
}

fn request(method: Method, url: Url) -> Request {
    let mut request = Request::new(url, method);
    request.insert_header(VERSION, REST_VERSION);
    request.insert_header(DATA_SERVICE_VERSION, "3.0;");
    request.insert_header(ACCEPT, MINIMAL_METADATA);
    request
}

#[derive(Deserialize)]
struct Entities {
    value: Vec<Entity>,
}

fn page(answer: &RawResponse) -> Result<Page, Malformed> {
    let found: Entities = serde_json::from_slice(answer.body()).map_err(|_| Malformed("a page"))?;
    let headers = answer.headers();
    let next = headers.get_optional_string(&NEXT_PARTITION);
    let next = next.map(|partition| Next(partition, headers.get_optional_string(&NEXT_ROW)));
    let rows = found.value.into_iter().map(Row::from).collect();
    Ok(Page { rows, continuation: next.map(Next::into_text) })
}

fn scope(endpoint: &Url) -> &'static str {
    let host = endpoint.host_str().unwrap_or_default();
    if COSMOS_HOSTS.iter().any(|suffix| host.ends_with(suffix)) { COSMOS_SCOPE } else { STORAGE_SCOPE }
}

#[cfg(test)]
mod tests;
