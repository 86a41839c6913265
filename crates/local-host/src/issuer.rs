//! The token issuer: what an `OpenID` Connect provider is in production.

use crate::chance;
use crate::clock::TestClock;
use crate::problem::{JsonBody, Problem};
use app::ports::Clock;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use axum::extract::State;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::ids::CustomerId;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// `aud` of every token: what the handler expects as `TOKEN_AUDIENCE`.
pub const AUDIENCE: &str = "phone-api";
/// Seconds a token is valid when nobody says.
const TTL_SECONDS_DEFAULT: i64 = 3_600;
/// Seconds a token is valid at most: a day.
const TTL_SECONDS_MAX: i64 = 86_400;

/// Signs tokens with a key that is kept in the data folder, so that tokens outlive a restart.
pub struct Issuer {
    key: EncodingKey,
    jwks: JwkSet,
    header: Header,
    url: String,
    clock: Arc<TestClock>,
}

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees and does only what is its own.
    Customer,
    /// Works for the phone company.
    Operator,
}

/// Why there is no issuer.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// The key file cannot be read or written.
    #[error("the key file cannot be used")]
    File(#[source] std::io::Error),
    /// The file holds no P-256 key; when it is deleted, a new one is made, and tokens of the old one end.
    #[error("the key file holds no usable key")]
    Key,
    /// No token can be signed with the key.
    #[error("a token cannot be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    roles: &'a [Role],
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
}

impl Issuer {
    /// The issuer with the key of `key_file`, which is made when it is missing. `url` is the local host's.
    pub fn open(key_file: &Path, url: &str, clock: Arc<TestClock>) -> Result<Self, IssuerError> {
        let key = EncodingKey::from_ec_der(&load_or_make(key_file)?);
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).map_err(|_| IssuerError::Key)?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| IssuerError::Key)?;
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        let header = Header { kid: Some(kid), ..Header::new(Algorithm::ES256) };
        Ok(Self { key, jwks: JwkSet { keys: vec![jwk] }, header, url: format!("{url}/issuer"), clock })
    }

    /// `iss` of every token: what the handler expects as `TOKEN_ISSUER`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the public key is: `TOKEN_JWKS_URL`.
    pub fn jwks_url(&self) -> String {
        format!("{}/jwks.json", self.url)
    }

    /// A token for `sub` that is valid for `ttl_seconds` from now on.
    pub fn token(&self, sub: &CustomerId, roles: &[Role], ttl_seconds: i64) -> Result<String, IssuerError> {
        let now = self.clock.now().as_second();
        let claims = Claims {
            iss: &self.url,
            aud: AUDIENCE,
            sub: sub.as_str(),
            roles,
            iat: now,
            nbf: now,
            exp: now + ttl_seconds,
            jti: chance::hex(),
        };
        jsonwebtoken::encode(&self.header, &claims, &self.key).map_err(IssuerError::Sign)
    }
}

fn load_or_make(path: &Path) -> Result<Vec<u8>, IssuerError> {
    match std::fs::read(path) {
        Ok(der) => Ok(der),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => make(path),
        Err(error) => Err(IssuerError::File(error)),
    }
}

fn make(path: &Path) -> Result<Vec<u8>, IssuerError> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| IssuerError::Key)?;
    let der = pair.to_pkcs8v1().map_err(|_| IssuerError::Key)?.as_ref().to_vec();
    write_private(path, &der).map_err(IssuerError::File)?;
    Ok(der)
}

/// Only the owner may read the key; half a key is never left behind.
fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(temporary, path)
}

/// `/issuer/…` and `POST /dev/token`.
pub(crate) fn routes(issuer: Arc<Issuer>) -> Router {
    Router::new()
        .route("/issuer/.well-known/openid-configuration", get(configuration))
        .route("/issuer/jwks.json", get(jwks))
        .route("/dev/token", post(token))
        .with_state(issuer)
}

/// As at other issuers, pages of any origin may read it.
async fn configuration(State(issuer): State<Arc<Issuer>>) -> impl IntoResponse {
    let configuration = json!({
        "issuer": issuer.url,
        "jwks_uri": issuer.jwks_url(),
        "authorization_endpoint": format!("{}/authorize", issuer.url),
        "token_endpoint": format!("{}/token", issuer.url),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    });
    ([(ACCESS_CONTROL_ALLOW_ORIGIN, "*")], Json(configuration))
}

async fn jwks(State(issuer): State<Arc<Issuer>>) -> Json<JwkSet> {
    Json(issuer.jwks.clone())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TokenRequest {
    sub: String,
    roles: Vec<Role>,
    ttl_seconds: Option<i64>,
}

async fn token(
    State(issuer): State<Arc<Issuer>>,
    JsonBody(request): JsonBody<TokenRequest>,
) -> Result<impl IntoResponse, Problem> {
    let sub = CustomerId::parse(request.sub).map_err(|error| Problem::invalid(format!("sub: {error}")))?;
    let ttl_seconds = request.ttl_seconds.unwrap_or(TTL_SECONDS_DEFAULT);
    if !(1..=TTL_SECONDS_MAX).contains(&ttl_seconds) {
        return Err(Problem::invalid(format!("ttlSeconds: must be 1 to {TTL_SECONDS_MAX}")));
    }
    if request.roles.is_empty() {
        return Err(Problem::invalid("roles: name at least one of customer and operator"));
    }
    let token = issuer.token(&sub, &request.roles, ttl_seconds);
    let token = token.map_err(|error| Problem::internal(error.to_string()))?;
    let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": ttl_seconds });
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)))
}
