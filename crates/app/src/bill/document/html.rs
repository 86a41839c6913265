//! A bill as one HTML page that stands for itself: no script, and nothing that is loaded from elsewhere.

use crate::ports::Sheet;
use askama::Template;
use bytes::Bytes;

#[derive(Template)]
#[template(path = "bill.html")]
struct Page<'a> {
    sheet: &'a Sheet,
}

/// The page of a sheet: the same bytes for the same sheet.
pub(super) fn render(sheet: &Sheet) -> Result<Bytes, askama::Error> {
    let mut text = Page { sheet }.render()?;
    // The last line break of a template is left out.
    text.push('\n');
    Ok(text.into())
}

#[cfg(test)]
mod tests;
