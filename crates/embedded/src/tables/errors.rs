use app::ports::TableError;
use rusqlite::ErrorCode;
use std::sync::Arc;
use std::time::Duration;

/// How long a caller is asked to wait while the store is busy or its disk is full.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// The store takes nothing more at the moment; nothing was applied.
pub(super) fn throttled() -> TableError {
    TableError::Throttled { retry_after: Some(RETRY_AFTER) }
}

/// The fate of a request that `SQLite` failed. One failed group answers many callers, so they share the cause.
pub(super) fn failed(cause: &Arc<rusqlite::Error>) -> TableError {
    match cause.sqlite_error_code() {
        // Nothing was applied: SQLite could not begin, or found no room for all of it.
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::DiskFull) => throttled(),
        _ => TableError::Unknown(Box::new(Arc::clone(cause))),
    }
}

/// The writer is gone, and perhaps the transaction with it.
pub(super) fn stopped() -> TableError {
    TableError::Unknown("the store's writer has stopped".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    fn fate(code: i32) -> TableError {
        failed(&Arc::new(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)))
    }

    #[test]
    fn a_busy_file_and_a_full_disk_ask_the_caller_to_wait() {
        for code in [ffi::SQLITE_BUSY, ffi::SQLITE_LOCKED, ffi::SQLITE_FULL] {
            assert!(matches!(fate(code), TableError::Throttled { retry_after: Some(_) }), "{code}");
        }
    }

    #[test]
    fn after_any_other_failure_nobody_knows() {
        for code in [ffi::SQLITE_IOERR, ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB, ffi::SQLITE_READONLY] {
            assert!(matches!(fate(code), TableError::Unknown(_)), "{code}");
        }
        assert!(matches!(stopped(), TableError::Unknown(_)));
    }
}
