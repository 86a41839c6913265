//! Where the issuer publishes its keys.

use crate::edge::settings::HttpUrl;
use async_trait::async_trait;
use std::time::Duration;

/// Bytes of a key set: a hundred keys.
const KEYS_BYTES_MAX: usize = 256 * 1024;
/// Seconds for the whole answer.
const FETCH_SECONDS_MAX: u64 = 5;
/// Seconds to connect.
const CONNECT_SECONDS_MAX: u64 = 2;

/// Why the keys were not had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// No connection, no answer in time, or an error as answer.
    #[error("the token issuer does not answer")]
    Unreachable(#[source] reqwest::Error),
    /// More than [`KEYS_BYTES_MAX`].
    #[error("the token issuer's answer is too large")]
    TooLarge,
}

/// Gives the issuer's key set, a JSON document as RFC 7517 has it.
#[async_trait]
pub(crate) trait KeySource: Send + Sync {
    /// Asks once.
    async fn fetch(&self) -> Result<Vec<u8>, FetchError>;
}

/// The issuer's `jwks_uri`. Redirects are not followed: keys come from the place in the settings and no other.
pub(crate) struct HttpSource {
    client: reqwest::Client,
    url: HttpUrl,
}

impl HttpSource {
    /// A client of its own, with short timeouts.
    pub(crate) fn new(url: &HttpUrl) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX))
            .timeout(Duration::from_secs(FETCH_SECONDS_MAX));
        let client = if url.is_loopback() { client.no_proxy() } else { client };
        Ok(Self { client: client.build()?, url: url.clone() })
    }
}

#[async_trait]
impl KeySource for HttpSource {
    async fn fetch(&self) -> Result<Vec<u8>, FetchError> {
        let answer = self.client.get(self.url.as_str()).send().await;
        let mut answer =
            answer.and_then(reqwest::Response::error_for_status).map_err(FetchError::Unreachable)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(FetchError::Unreachable)? {
            if bytes.len() + chunk.len() > KEYS_BYTES_MAX {
                return Err(FetchError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}
