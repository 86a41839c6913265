//! Documents in Blob Storage, by the official client.
//!
//! Sources: Microsoft Learn, "Put Blob", "Get Blob", "Get Container Properties", "Create Container" and "Status and error
//! codes" of the Blob service's REST API.

mod failure;
mod patience;

use crate::connection::{CONNECT_SECONDS, retrying, transport};
use crate::credential::credential_from_settings;
use crate::endpoint::{ClientError, Endpoint};
use crate::shared_key::{Service, SharedKeyPolicy};
use app::ports::{Document, DocumentError, Documents, ETag, Reading, Stored, validate_name};
use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_core::http::ClientOptions;
use azure_storage_blob::models::{
    BlobClientDownloadOptions, BlobClientDownloadResult, BlockBlobClientUploadOptions, StorageErrorCode,
};
use azure_storage_blob::{BlobContainerClient, BlobContainerClientOptions};
use bytes::Bytes;
use domain::limits::HANDLER_SECONDS_MAX;
use failure::{NoETag, failure, is, within};
use patience::Patience;
use std::sync::Arc;
use std::time::Duration;

/// Seconds that one call may take in all, retries and the fetching of a token included.
const CALL_SECONDS: u64 = 10;
/// Seconds that one try may take, so that a dead connection leaves time for another.
const TRY_SECONDS: u64 = 4;
/// Seconds that [`Documents::ping`] may take.
const PING_SECONDS: u64 = 2;
/// Tries after the first one.
const RETRIES_MAX: u32 = 4;
/// Times that a document is asked for again whose content broke off, which the pipeline does not see.
const READS_AGAIN_MAX: u32 = 2;

const _: () = assert!(CALL_SECONDS < HANDLER_SECONDS_MAX);
const _: () = assert!(CONNECT_SECONDS < TRY_SECONDS && TRY_SECONDS * 2 < CALL_SECONDS);

/// How a [`BlobDocuments`] behaves.
#[derive(Debug, Clone)]
pub struct BlobDocumentsOptions {
    /// Policies, retries, transport and telemetry, as every client of the Azure SDK has them. Without a transport
    /// the client makes its own, which reuses connections and follows no redirects.
    pub client_options: ClientOptions,
    /// How long one call may take, retries included.
    pub call_deadline: Duration,
    /// How long one ping may take.
    pub ping_deadline: Duration,
}

impl Default for BlobDocumentsOptions {
    fn default() -> Self {
        Self {
            client_options: retrying(RETRIES_MAX),
            call_deadline: Duration::from_secs(CALL_SECONDS),
            ping_deadline: Duration::from_secs(PING_SECONDS),
        }
    }
}

/// [`Documents`] as the block blobs of one container, in Azure or in Azurite.
///
/// 408, 429, 5xx and broken connections are tried again with growing, jittered delays (`Retry-After` is honoured)
/// under one overall deadline. A pause that does not fit into it is the caller's: [`DocumentError::Busy`].
pub struct BlobDocuments {
    container: BlobContainerClient,
    call_deadline: Duration,
    ping_deadline: Duration,
}

impl BlobDocuments {
    /// A client for a container of the account at `endpoint`, `https://{account}.blob.core.windows.net`: every
    /// request carries a token of `credential` for Azure Storage. Opens no connection yet.
    pub fn new(
        endpoint: &str,
        container: &str,
        credential: Arc<dyn TokenCredential>,
        options: Option<BlobDocumentsOptions>,
    ) -> Result<Self, ClientError> {
        let endpoint = Endpoint::parse(endpoint)?;
        if endpoint.is_local() {
            return Err(ClientError::Insecure);
        }
        Self::build(&endpoint, container, Some(credential), options.unwrap_or_default())
    }

    /// A client for a container of the emulator at `endpoint`, `http://127.0.0.1:10000/devstoreaccount1`: every
    /// request is signed with the key that everybody knows.
    pub fn emulator(
        endpoint: &str,
        container: &str,
        options: Option<BlobDocumentsOptions>,
    ) -> Result<Self, ClientError> {
        let endpoint = Endpoint::parse(endpoint)?;
        if !endpoint.is_local() {
            return Err(ClientError::NotAnEndpoint);
        }
        let mut options = options.unwrap_or_default();
        let key = SharedKeyPolicy::emulator(Service::Blobs).map_err(ClientError::Identity)?;
        options.client_options.per_try_policies.push(Arc::new(key));
        Self::build(&endpoint, container, None, options)
    }

    /// The client for where `endpoint` is: an emulator when it is plain `http` on this machine, else Azure with
    /// [`credential_from_settings`].
    pub fn from_settings(
        endpoint: &str,
        container: &str,
        get: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, ClientError> {
        if Endpoint::parse(endpoint)?.is_local() {
            return Self::emulator(endpoint, container, None);
        }
        let credential = credential_from_settings(get).map_err(ClientError::Identity)?;
        Self::new(endpoint, container, credential, None)
    }

    fn build(
        endpoint: &Endpoint,
        container: &str,
        credential: Option<Arc<dyn TokenCredential>>,
        options: BlobDocumentsOptions,
    ) -> Result<Self, ClientError> {
        let mut client_options = options.client_options;
        if client_options.transport.is_none() {
            client_options.transport = Some(transport(endpoint, TRY_SECONDS)?);
        }
        client_options.per_try_policies.push(Arc::new(Patience::new(options.call_deadline)));
        let client_options = BlobContainerClientOptions { client_options, ..Default::default() };
        let url = endpoint.below(&[container]);
        let container = BlobContainerClient::new(url, credential, Some(client_options));
        Ok(Self {
            container: container.map_err(ClientError::Identity)?,
            call_deadline: options.call_deadline,
            ping_deadline: options.ping_deadline,
        })
    }

    /// Makes the container when it is not there: for a developer's machine, and for tests. In Azure it is there
    /// before the product is, and the product has no right to make one.
    pub async fn ensure_container(&self) -> Result<(), DocumentError> {
        match within(self.call_deadline, self.container.create(None)).await? {
            Err(error) if !is(&error, &StorageErrorCode::ContainerAlreadyExists) => Err(failure(error)),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn get(&self, name: &str, known: Option<&ETag>) -> azure_core::Result<Document> {
        let options = BlobClientDownloadOptions {
            if_none_match: known.map(|etag| etag.0.clone().into()),
            ..BlobClientDownloadOptions::default()
        };
        let blob = self.container.blob_client(name);
        let mut again = 0..READS_AGAIN_MAX;
        loop {
            let BlobClientDownloadResult { body, properties, .. } =
                blob.download(Some(options.clone())).await?;
            match body.collect().await {
                Ok(content) => {
                    let etag = properties.etag.ok_or(NoETag)?;
                    return Ok(Document { etag: ETag(etag.to_string()), content });
                }
                Err(error) => again.next().map(drop).ok_or(error)?,
            }
        }
    }
}

#[async_trait]
impl Documents for BlobDocuments {
    async fn read(&self, name: &str, known: Option<&ETag>) -> Result<Reading, DocumentError> {
        validate_name(name)?;
        match within(self.call_deadline, self.get(name, known)).await? {
            Ok(document) => Ok(Reading::Found(document)),
            Err(error) if is(&error, &StorageErrorCode::BlobNotFound) => Ok(Reading::Missing),
            Err(error) if failure::is_not_modified(&error) => Ok(Reading::Unchanged),
            Err(error) => Err(failure(error)),
        }
    }

    /// The condition `If-None-Match: *` is the service's own promise that of many creators one wins. A second try
    /// whose first one was done after all meets its own blob, which is the same answer to the caller.
    async fn create(&self, name: &str, content_type: &str, content: Bytes) -> Result<Stored, DocumentError> {
        validate_name(name)?;
        let options = BlockBlobClientUploadOptions {
            blob_content_type: Some(content_type.to_owned()),
            ..BlockBlobClientUploadOptions::default()
        };
        let blob = self.container.blob_client(name);
        let upload = blob.upload(content.into(), Some(options.if_not_exists()));
        match within(self.call_deadline, upload).await? {
            Ok(_) => Ok(Stored::Created),
            Err(error) if failure::is_taken(&error) => Ok(Stored::Already),
            Err(error) => Err(failure(error)),
        }
    }

    async fn ping(&self) -> Result<(), DocumentError> {
        let properties = within(self.ping_deadline, self.container.get_properties(None)).await?;
        properties.map(drop).map_err(failure)
    }
}

#[cfg(test)]
mod tests;
