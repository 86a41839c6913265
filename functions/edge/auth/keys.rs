//! The issuer's keys, kept and renewed.
//!
//! However many callers wait, one asks. A key that is not known makes us ask again, but not more often than every
//! [`PAUSE_SECONDS`]: until then, what the last answer did not have does not exist. When the issuer is down, the keys
//! that we have go on being good for [`KEPT_HOURS`].

use super::source::KeySource;
use app::ports::Clock;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Mutex;

/// Seconds between two questions to the issuer.
const PAUSE_SECONDS: i64 = 10;
/// Seconds between two questions to an issuer that never answered yet.
const FIRST_PAUSE_SECONDS: i64 = 1;
/// Hours after which the keys are asked for again, so that a withdrawn key goes away.
const FRESH_HOURS: i64 = 1;
/// Hours for which keys are used when the issuer is down.
const KEPT_HOURS: i64 = 24;

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyError {
    /// The issuer has none of this name.
    Unknown,
    /// The issuer did not answer.
    Unavailable,
}

/// A public key and the one algorithm that it may be used with.
pub(crate) struct Key {
    pub(crate) decoding: DecodingKey,
    pub(crate) algorithm: Algorithm,
}

#[derive(Clone, Default)]
struct State {
    by_kid: HashMap<String, Arc<Key>>,
    fetched_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    failed: bool,
}

/// What can be said about a key without asking the issuer.
enum Known {
    /// This, for sure.
    Surely(Result<Arc<Key>, KeyError>),
    /// This, if the issuer does not say otherwise.
    Perhaps(Result<Arc<Key>, KeyError>),
}

/// The keys of one issuer.
pub(crate) struct Keys {
    source: Box<dyn KeySource>,
    clock: Arc<dyn Clock>,
    state: RwLock<State>,
    turn: Mutex<()>,
}

impl Keys {
    /// No keys yet; they are fetched when the first token comes.
    pub(crate) fn new(source: Box<dyn KeySource>, clock: Arc<dyn Clock>) -> Self {
        Self { source, clock, state: RwLock::default(), turn: Mutex::new(()) }
    }

    /// The key of a name.
    pub(crate) async fn find(&self, kid: &str) -> Result<Arc<Key>, KeyError> {
        let known = match self.known(kid) {
            Known::Surely(answer) => return answer,
            Known::Perhaps(answer) => answer,
        };
        // A key that only grows old is no reason to wait while somebody else asks.
        let _turn = match (self.turn.try_lock(), known) {
            (Ok(turn), _) => turn,
            (Err(_), Ok(key)) => return Ok(key),
            (Err(_), Err(_)) => self.turn.lock().await,
        };
        if let Known::Surely(answer) = self.known(kid) {
            return answer; // somebody asked while we waited
        }
        self.ask().await;
        match self.known(kid) {
            Known::Surely(answer) | Known::Perhaps(answer) => answer,
        }
    }

    fn known(&self, kid: &str) -> Known {
        let now = self.clock.now();
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let key = state.by_kid.get(kid);
        let answer = match key {
            Some(key) if within(state.fetched_at, now, SignedDuration::from_hours(KEPT_HOURS)) => {
                Ok(Arc::clone(key))
            }
            Some(_) => Err(KeyError::Unavailable),
            None if state.failed => Err(KeyError::Unavailable),
            None => Err(KeyError::Unknown),
        };
        let pause = if state.by_kid.is_empty() { FIRST_PAUSE_SECONDS } else { PAUSE_SECONDS };
        let fresh = key.is_some() && within(state.fetched_at, now, SignedDuration::from_hours(FRESH_HOURS));
        let asked = within(state.asked_at, now, SignedDuration::from_secs(pause));
        if fresh || asked { Known::Surely(answer) } else { Known::Perhaps(answer) }
    }

    async fn ask(&self) {
        let fetched = self.source.fetch().await;
        let now = self.clock.now();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.asked_at = Some(now);
        let keys = match &fetched {
            Ok(document) => parse(document),
            Err(error) => {
                let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
                tracing::warn!(error = %error, cause, "could not fetch the token issuer's keys");
                HashMap::new()
            }
        };
        state.failed = keys.is_empty();
        if keys.is_empty() {
            if fetched.is_ok() {
                tracing::warn!("the token issuer has no key that can be used");
            }
            return;
        }
        state.by_kid = keys;
        state.fetched_at = Some(now);
    }
}

/// Whether `then` is less than `span` before `now`. A clock that was set back makes it "no".
fn within(then: Option<Timestamp>, now: Timestamp, span: SignedDuration) -> bool {
    then.is_some_and(|then| (SignedDuration::ZERO..span).contains(&now.duration_since(then)))
}

/// The keys that can be used. The others, for encryption, of other kinds or malformed, are passed over.
fn parse(document: &[u8]) -> HashMap<String, Arc<Key>> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set = serde_json::from_slice(document).unwrap_or(Set { keys: Vec::new() });
    set.keys.into_iter().filter_map(usable).map(|(kid, key)| (kid, Arc::new(key))).collect()
}

fn usable(value: Value) -> Option<(String, Key)> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let algorithm = algorithm(&jwk)?;
    if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let decoding = DecodingKey::from_jwk(&jwk).ok()?;
    Some((jwk.common.key_id?, Key { decoding, algorithm }))
}

fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let named = jwk.common.key_algorithm;
    let rsa = matches!(jwk.algorithm, AlgorithmParameters::RSA(_));
    let p256 =
        matches!(&jwk.algorithm, AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256);
    if rsa && matches!(named, None | Some(KeyAlgorithm::RS256)) {
        Some(Algorithm::RS256)
    } else if p256 && matches!(named, None | Some(KeyAlgorithm::ES256)) {
        Some(Algorithm::ES256)
    } else {
        None
    }
}
