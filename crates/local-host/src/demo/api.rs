//! Calls, each printed as it is made.

use super::screen::Screen;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// How long one call may take: longer than the handler gives itself.
const CALL_MAX: Duration = Duration::from_secs(90);
/// How long something that happens in the background may take.
const HAPPENS_IN: Duration = Duration::from_mins(1);
/// Between two looks at it.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Why a call did not bring what was wanted.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// The connection could not be made, or broke.
    #[error("{0} was not answered")]
    Call(String, #[source] reqwest::Error),
    /// Answered with another status.
    #[error("{call} was answered with {status}, not with {wanted}: {body}")]
    Status {
        /// Method and path.
        call: String,
        /// What came.
        status: u16,
        /// What was to come.
        wanted: u16,
        /// What the answer said.
        body: String,
    },
    /// The answer is JSON, but lacks something.
    #[error("{call} was answered without {member}: {body}")]
    Member {
        /// Method and path.
        call: String,
        /// A JSON pointer.
        member: String,
        /// What the answer said.
        body: String,
    },
    /// What was awaited did not happen.
    #[error("{0} did not happen in time; the last answer was {1}")]
    Late(String, String),
    /// There is no TLS, or nothing to connect with.
    #[error("no client can be made")]
    Client(#[source] reqwest::Error),
    /// The call cannot be shown.
    #[error("nothing can be printed")]
    Screen(#[from] std::io::Error),
}

/// The local host, as its callers see it.
pub(super) struct Api<'a> {
    http: reqwest::Client,
    url: &'a str,
    screen: &'a mut Screen,
    calls: u32,
}

/// Somebody with a token.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// `sub`.
    pub(super) id: String,
    role: &'static str,
    token: String,
}

/// What is sent with a call.
enum Body<'a> {
    None,
    Json(Value),
    Csv(&'a str),
}

/// A call before it is made.
pub(super) struct Call<'a> {
    method: Method,
    path: String,
    caller: Option<&'a Caller>,
    key: Option<String>,
    body: Body<'a>,
    wanted: StatusCode,
}

impl<'a> Call<'a> {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), caller: None, key: None, body: Body::None, wanted: StatusCode::OK }
    }

    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn post(path: impl Into<String>, body: Value) -> Self {
        Self { body: Body::Json(body), ..Self::new(Method::POST, path) }
    }

    pub(super) fn put(path: impl Into<String>, body: Value) -> Self {
        Self { body: Body::Json(body), ..Self::new(Method::PUT, path) }
    }

    pub(super) fn upload(path: impl Into<String>, csv: &'a str) -> Self {
        Self { body: Body::Csv(csv), ..Self::new(Method::POST, path) }
    }

    pub(super) fn by(self, caller: &'a Caller) -> Self {
        Self { caller: Some(caller), ..self }
    }

    /// With a fresh `Idempotency-Key`.
    pub(super) fn once(self) -> Self {
        Self { key: Some(crate::chance::hex()), ..self }
    }

    pub(super) fn wants(self, status: StatusCode) -> Self {
        Self { wanted: status, ..self }
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// An answer, with the call that it belongs to.
pub(super) struct Answer {
    call: String,
    /// The body; null when there was none.
    pub(super) body: Value,
}

impl Answer {
    /// The error for an answer that has no such member, or no use for it.
    pub(super) fn lacks(&self, member: &str) -> ApiError {
        ApiError::Member { call: self.call.clone(), member: member.to_owned(), body: self.body.to_string() }
    }

    /// The text at a JSON pointer.
    pub(super) fn text(&self, pointer: &str) -> Result<&str, ApiError> {
        self.body.pointer(pointer).and_then(Value::as_str).ok_or_else(|| self.lacks(pointer))
    }

    /// The whole number at a JSON pointer.
    pub(super) fn number(&self, pointer: &str) -> Result<i64, ApiError> {
        self.body.pointer(pointer).and_then(Value::as_i64).ok_or_else(|| self.lacks(pointer))
    }

    /// The list at a JSON pointer.
    pub(super) fn list(&self, pointer: &str) -> Result<&[Value], ApiError> {
        let list = self.body.pointer(pointer).and_then(Value::as_array);
        list.map(Vec::as_slice).ok_or_else(|| self.lacks(pointer))
    }
}

impl<'a> Api<'a> {
    pub(super) fn new(url: &'a str, screen: &'a mut Screen) -> Result<Self, ApiError> {
        // A proxy of the developer's cannot reach the developer's own machine.
        let http =
            reqwest::Client::builder().no_proxy().timeout(CALL_MAX).build().map_err(ApiError::Client)?;
        Ok(Self { http, url, screen, calls: 0 })
    }

    pub(super) fn screen(&mut self) -> &mut Screen {
        self.screen
    }

    /// Calls so far.
    pub(super) fn calls(&self) -> u32 {
        self.calls
    }

    /// Makes a call, and prints it with the status that it was answered with.
    pub(super) async fn call(&mut self, call: Call<'_>) -> Result<Answer, ApiError> {
        let (status, answer) = self.send(&call).await?;
        self.print(&call, status, "")?;
        check(&call, status, &answer)?;
        Ok(answer)
    }

    /// The status of a call, whatever it is.
    pub(super) async fn status(&mut self, call: Call<'_>) -> Result<StatusCode, ApiError> {
        let (status, _) = self.send(&call).await?;
        self.print(&call, status, "")?;
        Ok(status)
    }

    /// Makes the same call until the answer is the one that is waited for; prints it once.
    pub(super) async fn until(
        &mut self,
        call: Call<'_>,
        what: &str,
        is_so: impl Fn(&Answer) -> bool,
    ) -> Result<Answer, ApiError> {
        let deadline = Instant::now() + HAPPENS_IN;
        let mut asked = 1;
        loop {
            let (status, answer) = self.send(&call).await?;
            let found = status == call.wanted && is_so(&answer);
            if found {
                self.print(&call, status, &polled(asked))?;
                return Ok(answer);
            }
            if Instant::now() >= deadline {
                self.print(&call, status, ", again and again")?;
                return Err(ApiError::Late(what.to_owned(), answer.body.to_string()));
            }
            asked += 1;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Somebody fresh signs in.
    pub(super) async fn sign_in(&mut self, role: &'static str) -> Result<Caller, ApiError> {
        let id = format!("demo-{role}-{}", &crate::chance::hex()[..8]);
        let mut caller = Caller { id, role, token: String::new() };
        self.renew(&mut caller).await?;
        Ok(caller)
    }

    /// The same again, for a token is good for an hour of the clock.
    pub(super) async fn renew(&mut self, caller: &mut Caller) -> Result<(), ApiError> {
        let wish = json!({ "sub": caller.id, "roles": [caller.role] });
        let answer = self.call(Call::post("/dev/token", wish)).await?;
        answer.text("/access_token")?.clone_into(&mut caller.token);
        Ok(())
    }

    async fn send(&mut self, call: &Call<'_>) -> Result<(StatusCode, Answer), ApiError> {
        self.calls += 1;
        let mut request = self.http.request(call.method.clone(), format!("{}{}", self.url, call.path));
        if let Some(caller) = call.caller {
            request = request.bearer_auth(&caller.token);
        }
        if let Some(key) = &call.key {
            request = request.header("Idempotency-Key", key);
        }
        request = match &call.body {
            Body::None => request,
            Body::Json(body) => request.json(body),
            Body::Csv(text) => request.header("Content-Type", "text/csv").body((*text).to_owned()),
        };
        let failed = |error| ApiError::Call(call.name(), error);
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(failed)?;
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap_or_else(|_| text())
        };
        Ok((status, Answer { call: call.name(), body }))
    }

    fn print(&mut self, call: &Call<'_>, status: StatusCode, more: &str) -> std::io::Result<()> {
        let who = call.caller.map(|caller| format!(" by {}", caller.id)).unwrap_or_default();
        self.screen.line(format!(
            "  {:<4} {} -> {}{who}{more}",
            call.method.as_str(),
            call.path,
            status.as_u16()
        ))
    }
}

/// How often a call was made until its answer was the one that was waited for.
fn polled(times: u32) -> String {
    match times {
        0 | 1 => String::new(),
        2 => ", polled twice".to_owned(),
        times => format!(", polled {times} times"),
    }
}

fn check(call: &Call<'_>, status: StatusCode, answer: &Answer) -> Result<(), ApiError> {
    if status == call.wanted {
        return Ok(());
    }
    let (status, wanted, body) = (status.as_u16(), call.wanted.as_u16(), answer.body.to_string());
    Err(ApiError::Status { call: call.name(), status, wanted, body })
}
