//! The page on which people sign in: what the page of an `OpenID` Connect provider is in production.
//!
//! The authorization code flow with PKCE (RFC 6749, RFC 7636) for one public client, the product's own pages on this
//! machine. Nobody has a password: one chooses who one is.

use crate::chance;
use crate::issuer::{Issuer, Role};
use crate::pages::escaped;
use crate::problem::Problem;
use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::{Form, Query, State};
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::CustomerId;
use serde::Deserialize;
use serde_json::json;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The client id of the pages: the handler's `WEB_CLIENT_ID`.
pub(crate) const CLIENT_ID: &str = "phone-pages";
/// Seconds that a token of this page is valid.
const TTL_SECONDS: i64 = 12 * 3_600;
/// How long a code may be exchanged, in real time.
const CODE_LASTS: Duration = Duration::from_mins(1);
/// Codes that are kept at a time.
const CODES_MAX: usize = 1_000;

/// Who can be chosen: the id, and what to call them in Korean and in English.
const CUSTOMERS: [(&str, &str, &str); 4] = [
    ("kim-minji", "김민지", "Kim Minji"),
    ("lee-jun", "이준", "Lee Jun"),
    ("park-seoyeon", "박서연", "Park Seoyeon"),
    ("choi-doyun", "최도윤", "Choi Doyun"),
];
const OPERATOR: (&str, &str, &str) = ("operator-1", "청구 운영자", "Billing operator");

/// What a code can be exchanged for.
struct Grant {
    sub: CustomerId,
    role: Role,
    redirect_uri: String,
    challenge: String,
    given_at: Instant,
}

/// The issuer and the codes that it gave.
struct SignIn {
    issuer: Arc<Issuer>,
    codes: Mutex<HashMap<String, Grant>>,
}

/// `/issuer/authorize` and `/issuer/token`.
pub(crate) fn routes(issuer: Arc<Issuer>) -> Router {
    let state = Arc::new(SignIn { issuer, codes: Mutex::default() });
    Router::new()
        .route("/issuer/authorize", get(ask).post(choose))
        .route("/issuer/token", post(exchange))
        .with_state(state)
}

/// The parameters of an authorization request.
#[derive(Debug, Clone, Deserialize)]
struct Request {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    state: String,
    code_challenge: String,
    code_challenge_method: String,
}

impl Request {
    /// Only our own pages are sent back to, so that no code goes elsewhere.
    fn check(&self) -> Result<(), Problem> {
        let local = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
        let ours = local.iter().any(|start| self.redirect_uri.starts_with(start));
        let well_formed = self.response_type == "code"
            && self.client_id == CLIENT_ID
            && self.code_challenge_method == "S256"
            && self.code_challenge.len() == 43
            && !self.redirect_uri.contains(['?', '#', '@']);
        if ours && well_formed {
            Ok(())
        } else {
            Err(Problem::invalid("this is no authorization request of the pages on this machine"))
        }
    }

    /// As fields of a form.
    fn fields(&self) -> String {
        let fields = [
            ("response_type", &self.response_type),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("state", &self.state),
            ("code_challenge", &self.code_challenge),
            ("code_challenge_method", &self.code_challenge_method),
        ];
        fields.iter().fold(String::new(), |mut html, (name, value)| {
            let value = escaped(value);
            // Writing to a String cannot fail.
            let _ = write!(html, r#"<input type="hidden" name="{name}" value="{value}">"#);
            html
        })
    }
}

async fn ask(Query(request): Query<Request>) -> Result<Response, Problem> {
    request.check()?;
    let customers = CUSTOMERS.iter().map(|who| choice(who, "customer")).collect::<String>();
    let page = include_str!("sign_in.html")
        .replace("{{fields}}", &request.fields())
        .replace("{{customers}}", &customers)
        .replace("{{operators}}", &choice(&OPERATOR, "operator"));
    let policy =
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'";
    Ok(([(CACHE_CONTROL, "no-store"), (CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response())
}

fn choice((id, korean, english): &(&str, &str, &str), role: &str) -> String {
    format!(
        "<button name=\"who\" value=\"{role}:{id}\"><span class=\"name\">{korean}</span> \
         <span class=\"sub\" lang=\"en\">{english}</span></button>"
    )
}

#[derive(Deserialize)]
struct Choice {
    #[serde(flatten)]
    request: Request,
    /// `customer:` or `operator:` and the id.
    who: String,
    /// The id when it is none of those on the page.
    other: Option<String>,
}

async fn choose(State(page): State<Arc<SignIn>>, Form(choice): Form<Choice>) -> Result<Redirect, Problem> {
    let Choice { request, who, other } = choice;
    request.check()?;
    let (role, id) = who.split_once(':').unwrap_or_default();
    let role = match role {
        "operator" => Role::Operator,
        _ => Role::Customer,
    };
    let id = if id.is_empty() { other.unwrap_or_default() } else { id.to_owned() };
    let sub = CustomerId::parse(id.trim()).map_err(|error| Problem::invalid(format!("who: {error}")))?;
    let code = page.give(Grant {
        sub,
        role,
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.code_challenge,
        given_at: Instant::now(),
    });
    let state = percent_encoding::utf8_percent_encode(&request.state, percent_encoding::NON_ALPHANUMERIC);
    Ok(Redirect::to(&format!("{}?code={code}&state={state}", request.redirect_uri)))
}

#[derive(Deserialize)]
struct Exchange {
    grant_type: String,
    client_id: String,
    code: String,
    redirect_uri: String,
    code_verifier: String,
}

/// As other providers do, any page may ask: the code and its verifier are the proof.
async fn exchange(State(page): State<Arc<SignIn>>, Form(wish): Form<Exchange>) -> Result<Response, Problem> {
    let refused = || Problem::new(axum::http::StatusCode::BAD_REQUEST, "invalid_grant", "no such code");
    let grant = page.take(&wish.code).ok_or_else(refused)?;
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, wish.code_verifier.as_bytes()));
    let proven = wish.grant_type == "authorization_code"
        && wish.client_id == CLIENT_ID
        && wish.redirect_uri == grant.redirect_uri
        && challenge == grant.challenge;
    if !proven {
        return Err(refused());
    }
    let token = page.issuer.token(&grant.sub, &[grant.role], TTL_SECONDS);
    let token = token.map_err(|error| Problem::internal(error.to_string()))?;
    let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": TTL_SECONDS });
    let headers = [(CACHE_CONTROL, "no-store"), (ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    Ok((headers, Json(body)).into_response())
}

impl SignIn {
    fn give(&self, grant: Grant) -> String {
        let code = chance::hex();
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|_, grant| grant.given_at.elapsed() < CODE_LASTS);
        if codes.len() < CODES_MAX {
            codes.insert(code.clone(), grant);
        }
        code
    }

    /// A code is good once.
    fn take(&self, code: &str) -> Option<Grant> {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.remove(code).filter(|grant| grant.given_at.elapsed() < CODE_LASTS)
    }
}
