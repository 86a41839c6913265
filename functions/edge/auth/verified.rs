//! Tokens whose signature was found good, so that the next request with the same token does not pay for it again.
//!
//! Remembered is that a key of the issuer has signed these very bytes, and nothing that changes with time: whether the
//! key is still the issuer's and whether the token is valid now is looked at each time. Tokens are kept as digests, so
//! none lies in memory to be stolen.

use super::Claims;
use super::keys::Key;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Tokens of one generation. Two are kept, some hundred bytes each: a megabyte at most.
pub(super) const GENERATION_TOKENS: usize = 1_024;

/// SHA-256 of a token as it was sent, header, claims and signature.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TokenDigest([u8; 32]);

impl TokenDigest {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

/// What a token says, and the key that has signed it.
pub(super) struct Token {
    pub(super) claims: Claims,
    pub(super) kid: String,
    pub(super) key: Arc<Key>,
}

/// The tokens that were seen last. When a generation is full it becomes the old one, and the old one is forgotten, but
/// for what is used meanwhile.
#[derive(Default)]
pub(super) struct Verified(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: HashMap<TokenDigest, Arc<Token>>,
    old: HashMap<TokenDigest, Arc<Token>>,
}

impl Verified {
    pub(super) fn find(&self, digest: &TokenDigest) -> Option<Arc<Token>> {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = generations.young.get(digest) {
            return Some(Arc::clone(token));
        }
        let token = generations.old.remove(digest)?;
        generations.add(*digest, Arc::clone(&token));
        Some(token)
    }

    /// Remembers a token. Only for tokens that were accepted: others would push these out.
    pub(super) fn remember(&self, digest: TokenDigest, token: Token) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(digest, Arc::new(token));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let generations = self.0.lock().unwrap();
        generations.young.len() + generations.old.len()
    }
}

impl Generations {
    fn add(&mut self, digest: TokenDigest, token: Arc<Token>) {
        if self.young.len() >= GENERATION_TOKENS {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(digest, token);
    }
}
