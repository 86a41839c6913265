use app::ports::{Sheet, TypesetError, Typesetter};
use bytes::Bytes;

/// Sets a sheet as what it is made of, for tests that look at what is printed and not at how.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainTypesetter;

impl Typesetter for PlainTypesetter {
    fn pdf(&self, sheet: &Sheet) -> Result<Bytes, TypesetError> {
        Ok(format!("%PDF-plain\n{sheet:#?}\n").into())
    }
}
