//! What the service's refusals mean.

use super::patience::LongPause;
use app::ports::DocumentError;
use azure_core::error::ErrorKind;
use azure_core::http::StatusCode;
use azure_core::http::headers::{Headers, RETRY_AFTER};
use azure_storage_blob::models::StorageErrorCode;
use std::error::Error;
use std::time::Duration;

/// The call took longer than it may. What became of it is not known.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {0:?}")]
struct Deadline(Duration);

/// A blob was answered without the header that names its version.
#[derive(Debug, thiserror::Error)]
#[error("the blob has no ETag")]
pub(super) struct NoETag;

impl From<NoETag> for azure_core::Error {
    fn from(error: NoETag) -> Self {
        Self::new(ErrorKind::DataConversion, error)
    }
}

/// The answer of a call, if it comes in time.
pub(super) async fn within<T>(
    deadline: Duration,
    call: impl Future<Output = azure_core::Result<T>>,
) -> Result<azure_core::Result<T>, DocumentError> {
    let answer = tokio::time::timeout(deadline, call).await;
    answer.map_err(|_| DocumentError::Store(Box::new(Deadline(deadline))))
}

/// The error that the port has for what the caller can do nothing about.
pub(super) fn failure(error: azure_core::Error) -> DocumentError {
    if let Some(pause) = long_pause(&error) {
        return DocumentError::Busy { retry_after: Some(pause) };
    }
    if !matches!(error.http_status(), Some(StatusCode::TooManyRequests | StatusCode::ServiceUnavailable)) {
        return DocumentError::Store(Box::new(error));
    }
    let ErrorKind::HttpResponse { raw_response: Some(answer), .. } = error.kind() else {
        return DocumentError::Busy { retry_after: None };
    };
    DocumentError::Busy { retry_after: retry_after(answer.headers()) }
}

/// The pause that ended the call, whatever the pipeline has put around it since.
fn long_pause(error: &azure_core::Error) -> Option<Duration> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(found) = cause {
        if let Some(LongPause(pause)) = found.downcast_ref() {
            return Some(*pause);
        }
        cause = found.source();
    }
    None
}

/// The pause that an answer asks for, in whole seconds, as Azure Storage writes it.
pub(super) fn retry_after(headers: &Headers) -> Option<Duration> {
    let seconds = headers.get_optional_str(&RETRY_AFTER)?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Whether the service refused with this code.
pub(super) fn is(error: &azure_core::Error, code: &StorageErrorCode) -> bool {
    matches!(error.kind(), ErrorKind::HttpResponse { error_code: Some(found), .. } if found == code.as_ref())
}

/// The blob is the version that the reader named.
pub(super) fn is_not_modified(error: &azure_core::Error) -> bool {
    error.http_status() == Some(StatusCode::NotModified)
}

/// There is a blob of that name: 409 for a blob that was there when the upload began, 412 for one that came to be
/// while it went on. Other conflicts (a lease, a container that is being deleted) have other codes.
pub(super) fn is_taken(error: &azure_core::Error) -> bool {
    is(error, &StorageErrorCode::BlobAlreadyExists) || is(error, &StorageErrorCode::ConditionNotMet)
}
