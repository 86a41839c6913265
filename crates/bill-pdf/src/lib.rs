//! Sets bills as PDF: archivable (PDF/A-2a) and readable by people who hear or feel documents (PDF/UA-1), with the
//! typeface in the document, and the same bytes for the same bill.

mod draw;
mod face;
mod layout;

use app::ports::{Sheet, TypesetError, Typesetter};
use bytes::Bytes;
use draw::Reading;
use face::Faces;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::Point;
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::{Document, SerializeSettings};

/// The typesetter with its typeface.
pub struct PdfTypesetter {
    faces: Faces,
}

impl PdfTypesetter {
    /// Fails only when the typeface that was built in is broken.
    pub fn new() -> Result<Self, TypesetError> {
        let faces = Faces::load().ok_or_else(|| TypesetError("the typeface is broken".into()))?;
        Ok(Self { faces })
    }
}

impl Typesetter for PdfTypesetter {
    fn pdf(&self, sheet: &Sheet) -> Result<Bytes, TypesetError> {
        let mut document = Document::new_with(settings()?);
        let (width, height) = layout::PAGE;
        let blocks = layout::blocks(sheet, &self.faces);
        let pages = layout::pages(&blocks);
        let mut reading = Reading::new();
        for (index, placed) in pages.iter().enumerate() {
            let size = PageSettings::from_wh(width, height);
            let mut page = document.start_page_with(size.ok_or_else(|| TypesetError("no paper".into()))?);
            let mut surface = page.surface();
            draw::page(&mut surface, placed, &self.faces, &mut reading);
            draw::page_number(&mut surface, index + 1, pages.len(), &self.faces);
            surface.finish();
            page.finish();
        }
        document.set_tag_tree(reading.into_tree());
        document.set_outline(contents(sheet));
        document.set_metadata(metadata(sheet));
        let pdf = document.finish().map_err(|error| TypesetError(format!("{error:?}").into()))?;
        Ok(pdf.into())
    }
}

fn settings() -> Result<SerializeSettings, TypesetError> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|error| TypesetError(format!("{error:?}").into()))?;
    Ok(SerializeSettings { configuration, ..SerializeSettings::default() })
}

/// One entry, for a bill has no chapters.
fn contents(sheet: &Sheet) -> Outline {
    let top = XyzDestination::new(0, Point::from_xy(0.0, 0.0));
    let mut outline = Outline::new();
    outline.push_child(OutlineNode::new(sheet.title.ko.clone(), top));
    outline
}

/// The date is the bill's own: that of the rendering would make another document each time.
fn metadata(sheet: &Sheet) -> Metadata {
    let (year, month, day) = (sheet.issued.year(), sheet.issued.month(), sheet.issued.day());
    let date = DateTime::new(year.unsigned_abs()).month(month.unsigned_abs()).day(day.unsigned_abs());
    Metadata::new()
        .creation_date(date)
        .title(format!("{} / {} {}", sheet.title.ko, sheet.title.en, sheet.id))
        .language("ko".to_owned())
        .document_id(sheet.id.clone())
}
