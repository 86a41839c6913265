//! For tests: a credential, and the other end of an `https` connection, that write down what they were asked.

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::headers::{AUTHORIZATION, Headers};
use azure_core::http::{AsyncRawResponse, HttpClient, Request, StatusCode};
use azure_core::time::{Duration, OffsetDateTime};
use std::sync::Mutex;

#[derive(Debug, Default)]
pub(crate) struct Notes(Mutex<Vec<String>>);

impl Notes {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn add(&self, note: String) {
        self.0.lock().unwrap().push(note);
    }
}

#[async_trait]
impl TokenCredential for Notes {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.add(format!("token for {scopes:?}"));
        let expires_on = OffsetDateTime::UNIX_EPOCH + Duration::days(365 * 1_000);
        Ok(AccessToken::new("entra".to_owned(), expires_on))
    }
}

#[async_trait]
impl HttpClient for Notes {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let authorization = request.headers().get_optional_string(&AUTHORIZATION).unwrap_or_default();
        self.add(format!("{} {authorization}", request.url()));
        Ok(AsyncRawResponse::from_bytes(StatusCode::Created, Headers::new(), ""))
    }
}
