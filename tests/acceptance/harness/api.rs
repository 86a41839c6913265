//! Calls over HTTP.

use super::{SOON, until};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use std::time::Duration;

/// Seconds that tokens of tests are valid: as long as the issuer gives.
const TTL_SECONDS: i64 = 86_400;
/// How long a call may take, waits of the host included.
const CALL_MAX: Duration = Duration::from_mins(2);

/// A local host, as callers see it.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    pub(crate) url: String,
}

/// Somebody with a token.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) api: Api,
    pub(crate) id: String,
    pub(crate) token: String,
}

/// A call before it is made.
#[derive(Debug)]
pub(crate) struct Request {
    builder: reqwest::RequestBuilder,
    name: String,
}

/// What a call was answered with.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// Null when the text is not JSON.
    pub(crate) body: Value,
}

impl Api {
    pub(crate) fn new(url: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(CALL_MAX).build().unwrap();
        Self { http, url: url.to_owned() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> Request {
        let name = format!("{method} {path}");
        Request { builder: self.http.request(method, format!("{}{path}", self.url)), name }
    }

    pub(crate) fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Request {
        self.request(Method::POST, path).json(body)
    }

    /// Somebody signs in.
    pub(crate) async fn user(&self, id: &str, role: &str) -> User {
        User { api: self.clone(), id: id.to_owned(), token: self.token(id, role, TTL_SECONDS).await }
    }

    pub(crate) async fn customer(&self, id: &str) -> User {
        self.user(id, "customer").await
    }

    pub(crate) async fn operator(&self) -> User {
        self.user("operator-1", "operator").await
    }

    pub(crate) async fn token(&self, id: &str, role: &str, ttl_seconds: i64) -> String {
        let wish = json!({ "sub": id, "roles": [role], "ttlSeconds": ttl_seconds });
        let answer = self.post("/dev/token", &wish).expect(200).await;
        answer.text_at("/access_token")
    }

    /// Sets the clock that every process follows.
    pub(crate) async fn set_clock(&self, now: &str) {
        self.request(Method::PUT, "/dev/clock").json(&json!({ "now": now })).expect(200).await;
    }

    pub(crate) async fn now(&self) -> jiff::Timestamp {
        self.get("/dev/clock").expect(200).await.text_at("/now").parse().unwrap()
    }

    pub(crate) async fn advance_clock(&self, seconds: i64) {
        let then = self.now().await + jiff::SignedDuration::from_secs(seconds);
        self.set_clock(&then.to_string()).await;
    }

    /// Sets a function off that a timer would set off some time.
    pub(crate) async fn fire(&self, timer: &str) {
        self.request(Method::POST, &format!("/admin/functions/{timer}")).json(&json!({})).expect(202).await;
    }

    /// Waits until no message waits or is being handled.
    pub(crate) async fn quiet(&self) {
        until("quiet on the bus", 3 * SOON, async || {
            self.get("/dev/bus").expect(200).await.body["idle"].as_bool().filter(|idle| *idle)
        })
        .await;
    }
}

impl User {
    pub(crate) fn request(&self, method: Method, path: &str) -> Request {
        self.api.request(method, path).token(&self.token)
    }

    pub(crate) fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Request {
        self.request(Method::POST, path).json(body)
    }
}

impl Request {
    fn with(self, change: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder) -> Self {
        Self { builder: change(self.builder), name: self.name }
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.with(|builder| builder.bearer_auth(token))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.with(|builder| builder.json(body))
    }

    pub(crate) fn body(self, content_type: Option<&str>, body: impl Into<reqwest::Body>) -> Self {
        let this = self.with(|builder| builder.body(body));
        match content_type {
            Some(value) => this.header("Content-Type", value),
            None => this,
        }
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        self.with(|builder| builder.header(name, value))
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("Idempotency-Key", key)
    }

    /// Makes the call; an error is a connection that could not be made or broke.
    pub(crate) async fn send(self) -> reqwest::Result<Answer> {
        let response = self.builder.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(Answer { status, headers, text, body })
    }

    /// Makes the call and wants this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> impl Future<Output = Answer> {
        let caller = std::panic::Location::caller();
        async move {
            let name = self.name.clone();
            let answer = self.send().await.unwrap_or_else(|error| panic!("{name}: {error:?} ({caller})"));
            assert_eq!(answer.status, status, "{name}: {} ({caller})", answer.text);
            answer
        }
    }
}

impl Answer {
    /// The text at a JSON pointer.
    #[track_caller]
    pub(crate) fn text_at(&self, pointer: &str) -> String {
        let text = self.body.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no text at {pointer}: {}", self.text)).to_owned()
    }

    /// The whole number at a JSON pointer.
    #[track_caller]
    pub(crate) fn number_at(&self, pointer: &str) -> i64 {
        let number = self.body.pointer(pointer).and_then(Value::as_i64);
        number.unwrap_or_else(|| panic!("no whole number at {pointer}: {}", self.text))
    }

    /// The list at a JSON pointer.
    #[track_caller]
    pub(crate) fn list_at(&self, pointer: &str) -> Vec<Value> {
        let list = self.body.pointer(pointer).and_then(Value::as_array);
        list.unwrap_or_else(|| panic!("no list at {pointer}: {}", self.text)).clone()
    }

    /// The problem's code; empty for an answer that is none.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}
