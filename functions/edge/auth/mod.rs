//! Who calls: the bearer token, checked.
//!
//! After OWASP ASVS 5.0, chapter V9: the signature first, by a key that only the configured issuer can have put
//! there, with an algorithm that belongs to the key; then issuer, audience, times and type. `kid` is a key to look
//! up and nothing else; `jku`, `jwk` and `x5u` are not looked at.

mod caller;
mod keys;
mod source;
#[cfg(test)]
pub(in crate::edge) mod tests;
mod verified;

pub(crate) use caller::{Caller, Operator};

use crate::edge::settings::Tokens;
use app::ports::Clock;
use domain::ids::CustomerId;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use keys::{Key, KeyError, Keys};
use serde::Deserialize;
use source::{HttpSource, KeySource};
use std::sync::Arc;
use verified::{Token, TokenDigest, Verified};

/// Seconds by which the issuer's clock may differ from ours.
const LEEWAY_SECONDS: f64 = 60.0;
/// Bytes of a token: a dozen times what an access token takes.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Not three parts of Base64 with JSON in them, too large, or a claim has another type.
    #[error("the token is malformed")]
    Malformed,
    /// Not an access token: a logout token, a proof of possession.
    #[error("the token is of another type")]
    Type,
    /// `none`, `HS256` and all the others that are not the algorithm of the key.
    #[error("the token's algorithm is not allowed")]
    Algorithm,
    /// The issuer has no such key.
    #[error("the token's key is not known")]
    Key,
    /// The signature does not fit, or what was signed has been changed.
    #[error("the token's signature is not valid")]
    Signature,
    /// From somebody else, or for somebody else.
    #[error("the token is not from our issuer, or not for us")]
    Origin,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` has not come.
    #[error("the token is not valid yet")]
    NotYet,
    /// `sub` is not one of our ids.
    #[error("the token names no customer or operator")]
    Subject,
    /// The issuer's keys cannot be had, so nothing can be said about the token.
    #[error("the token issuer does not answer")]
    IssuerUnavailable,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    exp: f64,
    nbf: Option<f64>,
    #[serde(default)]
    roles: Vec<String>,
}

/// Checks tokens of one issuer for one audience.
pub(crate) struct Verifier {
    issuer: String,
    audience: String,
    keys: Keys,
    clock: Arc<dyn Clock>,
    verified: Verified,
}

impl Verifier {
    /// A verifier that fetches the issuer's keys when it needs them. Fails when the machine has no TLS to offer.
    pub(crate) fn new(settings: &Tokens, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let source = HttpSource::new(&settings.jwks)?;
        Ok(Self::with_source(settings, clock, Box::new(source)))
    }

    fn with_source(settings: &Tokens, clock: Arc<dyn Clock>, source: Box<dyn KeySource>) -> Self {
        Self {
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
            keys: Keys::new(source, Arc::clone(&clock)),
            clock,
            verified: Verified::default(),
        }
    }

    /// The caller that a token speaks for.
    pub(crate) async fn verify(&self, token: &str) -> Result<Caller, Refusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Refusal::Malformed);
        }
        let digest = TokenDigest::of(token);
        if let Some(seen) = self.verified.find(&digest)
            && Arc::ptr_eq(&seen.key, &self.key(&seen.kid).await?)
        {
            return self.caller(&seen.claims, self.clock.now());
        }
        let header = decode_header(token).map_err(|_| Refusal::Malformed)?;
        check_header(&header)?;
        let kid = header.kid.ok_or(Refusal::Key)?;
        let key = self.key(&kid).await?;
        let validation = self.validation(key.algorithm);
        let claims =
            decode::<Claims>(token, &key.decoding, &validation).map_err(|error| refusal(&error))?.claims;
        let caller = self.caller(&claims, self.clock.now())?;
        self.verified.remember(digest, Token { claims, kid, key });
        Ok(caller)
    }

    async fn key(&self, kid: &str) -> Result<Arc<Key>, Refusal> {
        self.keys.find(kid).await.map_err(|error| match error {
            KeyError::Unknown => Refusal::Key,
            KeyError::Unavailable => Refusal::IssuerUnavailable,
        })
    }

    /// The library compares times with the machine's clock, so they are left to [`Self::caller`].
    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.set_audience(&[&self.audience]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation
    }

    fn caller(&self, claims: &Claims, now: Timestamp) -> Result<Caller, Refusal> {
        let now = now.as_duration().as_secs_f64();
        if claims.iss != self.issuer {
            return Err(Refusal::Origin);
        }
        if now >= claims.exp + LEEWAY_SECONDS {
            return Err(Refusal::Expired);
        }
        if claims.nbf.is_some_and(|nbf| now + LEEWAY_SECONDS < nbf) {
            return Err(Refusal::NotYet);
        }
        let subject = CustomerId::parse(claims.sub.as_str()).map_err(|_| Refusal::Subject)?;
        let has = |role: &str| claims.roles.iter().any(|it| it == role);
        Ok(Caller { subject, customer: has("customer"), operator: has("operator") })
    }
}

/// A `crit` header names extensions that must be understood (RFC 7515, 4.1.11); we understand none.
fn check_header(header: &Header) -> Result<(), Refusal> {
    if !matches!(header.alg, Algorithm::RS256 | Algorithm::ES256) {
        return Err(Refusal::Algorithm);
    }
    if header.crit.is_some() {
        return Err(Refusal::Malformed);
    }
    let kind = header.typ.as_deref().map(str::to_ascii_lowercase);
    match kind.as_deref() {
        None | Some("jwt" | "at+jwt" | "application/at+jwt") => Ok(()),
        Some(_) => Err(Refusal::Type),
    }
}

/// The library's enum is open; whatever else it finds is no reason to trust a token.
fn refusal(error: &jsonwebtoken::errors::Error) -> Refusal {
    use jsonwebtoken::errors::ErrorKind as E;
    let kind = error.kind();
    if matches!(kind, E::InvalidSignature) {
        Refusal::Signature
    } else if matches!(kind, E::InvalidAlgorithm | E::InvalidKeyFormat) {
        Refusal::Algorithm
    } else if matches!(kind, E::InvalidIssuer | E::InvalidAudience) {
        Refusal::Origin
    } else {
        Refusal::Malformed
    }
}
