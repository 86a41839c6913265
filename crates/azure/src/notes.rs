//! For tests: a credential, and the other end of an `https` connection, that write down what they were asked.

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::headers::{AUTHORIZATION, Headers};
use azure_core::http::{AsyncRawResponse, HttpClient, Request, StatusCode, Url};
use azure_core::time::{Duration, OffsetDateTime};
use serde_json::Value;
use std::fmt;
use std::sync::Mutex;

#[derive(Default)]
pub(crate) struct Notes {
    notes: Mutex<Vec<String>>,
    /// What it answers with 200; without it every answer is an empty 201.
    answers: Option<Answers>,
}

type Answers = Box<dyn Fn(&Url) -> Value + Send + Sync>;

impl Notes {
    pub(crate) fn all(&self) -> Vec<String> {
        self.notes.lock().unwrap().clone()
    }

    /// Notes that answer every request with JSON.
    pub(crate) fn answering(answers: impl Fn(&Url) -> Value + Send + Sync + 'static) -> Self {
        Self { answers: Some(Box::new(answers)), ..Self::default() }
    }

    fn add(&self, note: String) {
        self.notes.lock().unwrap().push(note);
    }
}

impl fmt::Debug for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Notes").field(&self.notes).finish()
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
        let (status, body) = match &self.answers {
            Some(answers) => (StatusCode::Ok, answers(request.url()).to_string()),
            None => (StatusCode::Created, String::new()),
        };
        Ok(AsyncRawResponse::from_bytes(status, Headers::new(), body))
    }
}
