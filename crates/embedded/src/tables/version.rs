//! The versions of rows, which are their `ETag`s.

use app::ports::ETag;

/// Versions that one opening of the store can give: 36 years of a thousand writes a second.
const COUNT_BITS: u32 = 40;

/// Gives versions. No two of a file are the same, by whichever process and however often a row is deleted and
/// written again.
pub(super) struct Versions(i64);

impl Versions {
    /// The versions of one opening of the store; `epoch` counts its openings from 1.
    pub(super) fn new(epoch: i64) -> Self {
        Self(epoch << COUNT_BITS)
    }

    pub(super) fn next(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }
}

pub(super) fn to_etag(version: i64) -> ETag {
    ETag(version.to_string())
}

/// What is not one of our versions is no row's version either.
pub(super) fn of_etag(etag: &ETag) -> i64 {
    etag.0.parse().unwrap_or(0)
}
