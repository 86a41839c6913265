//! A token issuer for tests, and what is held against it.

mod http;
mod renewal;
mod tokens;
mod verified;

use super::source::{FetchError, KeySource};
use super::{Caller, Refusal, Verifier};
use crate::edge::settings::{Settings, Tokens};
use app::ports::Clock;
use async_trait::async_trait;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use testkit::StoppedClock;

pub(in crate::edge) const ISSUER: &str = "https://issuer.example/";
pub(in crate::edge) const AUDIENCE: &str = "phone";
const NOW: i64 = 1_793_458_800;

/// A private key of the issuer and its name.
#[derive(Clone)]
pub(in crate::edge) struct SigningKey {
    kid: String,
    algorithm: Algorithm,
    private: EncodingKey,
}

impl SigningKey {
    fn rsa(kid: &str) -> Self {
        static KEY: LazyLock<EncodingKey> = LazyLock::new(|| {
            let der = AsDer::as_der(&KeyPair::generate(KeySize::Rsa2048).unwrap()).unwrap();
            let label = "PRIVATE KEY";
            let pem = format!(
                "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
                STANDARD.encode(der.as_ref())
            );
            EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()
        });
        Self { kid: kid.to_owned(), algorithm: Algorithm::RS256, private: KEY.clone() }
    }

    pub(in crate::edge) fn elliptic(kid: &str) -> Self {
        let der =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let private = EncodingKey::from_ec_der(der.as_ref());
        Self { kid: kid.to_owned(), algorithm: Algorithm::ES256, private }
    }

    fn public(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.private, self.algorithm).unwrap();
        jwk.common.key_id = Some(self.kid.clone());
        serde_json::to_value(jwk).unwrap()
    }

    fn header(&self) -> Header {
        Header { kid: Some(self.kid.clone()), ..Header::new(self.algorithm) }
    }

    pub(in crate::edge) fn sign(&self, claims: &Value) -> String {
        encode(&self.header(), claims, &self.private).unwrap()
    }
}

fn key_set(keys: &[&SigningKey]) -> Value {
    json!({ "keys": keys.iter().map(|key| key.public()).collect::<Vec<_>>() })
}

/// Claims of a customer's good token, with changes; `null` takes a claim away.
fn claims(changes: Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "customer-1", "roles": ["customer"],
        "iat": NOW, "nbf": NOW, "exp": NOW + 600
    });
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    for (name, value) in changes {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(&name);
        } else {
            claims[name] = value;
        }
    }
    claims
}

/// An issuer whose key set the test chooses; `None` is an issuer that is down.
struct Published {
    keys: Mutex<Option<Value>>,
    asked: AtomicUsize,
}

impl Published {
    fn publish(&self, keys: Option<Value>) {
        *self.keys.lock().unwrap() = keys;
    }

    fn times_asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl KeySource for Arc<Published> {
    async fn fetch(&self) -> Result<Vec<u8>, FetchError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let keys = self.keys.lock().unwrap().clone();
        keys.map(|keys| keys.to_string().into_bytes()).ok_or(FetchError::TooLarge)
    }
}

/// A verifier, its clock, and its issuer.
struct World {
    verifier: Arc<Verifier>,
    clock: Arc<StoppedClock>,
    issuer: Arc<Published>,
}

impl World {
    fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }
}

fn settings(jwks: &str) -> Tokens {
    let jwks = jwks.to_owned();
    let all = move |name| match name {
        "TOKEN_JWKS_URL" => Some(jwks.clone()),
        "TOKEN_ISSUER" => Some(ISSUER.to_owned()),
        "TOKEN_AUDIENCE" => Some(AUDIENCE.to_owned()),
        "FUNCTIONS_CUSTOMHANDLER_PORT" => Some("1".to_owned()),
        "STORE" => Some("embedded".to_owned()),
        "DATA_DIR" => Some("/data".to_owned()),
        _ => None,
    };
    Settings::from_vars(all).unwrap().tokens
}

/// A verifier of an issuer with one key, for tests of what is behind it.
pub(in crate::edge) fn verifier(key: &SigningKey, clock: Arc<dyn Clock>) -> Verifier {
    let issuer = Arc::new(Published { keys: Mutex::new(Some(key_set(&[key]))), asked: AtomicUsize::new(0) });
    Verifier::with_source(&settings("https://issuer.example/keys"), clock, Box::new(issuer))
}

fn world(keys: Option<Value>) -> World {
    let clock = Arc::new(StoppedClock::new(Timestamp::from_second(NOW).unwrap()));
    let issuer = Arc::new(Published { keys: Mutex::new(keys), asked: AtomicUsize::new(0) });
    let source = Box::new(Arc::clone(&issuer));
    let verifier = Verifier::with_source(&settings("https://issuer.example/keys"), clock.clone(), source);
    World { verifier: Arc::new(verifier), clock, issuer }
}

fn unsigned(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode(signature))
}
