use super::errors::TossError;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Characters of an `Idempotency-Key`.
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 300;

/// Callers present `Basic base64("{secret key}:")`; the colon matters.
pub(super) fn check(headers: &HeaderMap, secret_key: &str) -> Result<(), TossError> {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let basic = value.and_then(|value| value.strip_prefix("Basic ")).ok_or(TossError::UnauthorizedKey)?;
    let decoded = STANDARD.decode(basic.trim()).map_err(|_| TossError::UnauthorizedKey)?;
    let Some(key) = decoded.strip_suffix(b":") else {
        return Err(TossError::IncorrectBasicAuthFormat);
    };
    if key == secret_key.as_bytes() { Ok(()) } else { Err(TossError::UnauthorizedKey) }
}

/// The `Idempotency-Key`, if there is one.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, TossError> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().map_err(|_| TossError::InvalidIdempotencyKey)?;
    let fits = (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len());
    if fits { Ok(Some(key)) } else { Err(TossError::InvalidIdempotencyKey) }
}

/// The error that a test asks for.
pub(super) fn wished_error(headers: &HeaderMap) -> Result<(), TossError> {
    let Some(value) = headers.get("tosspayments-test-code") else { return Ok(()) };
    let named = value.to_str().ok().and_then(TossError::named);
    Err(named.unwrap_or(TossError::InvalidRequest))
}
