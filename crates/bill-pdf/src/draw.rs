//! Draws placed blocks, and tells readers that hear the document what each of them is.

use crate::face::Faces;
use crate::layout::{Block, Lang, MARGIN, PAGE, Piece, Placed, Role};
use krilla::color::luma;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, SpanTag, TableHeaderScope, Tag, TagGroup, TagTree,
};
use krilla::text::TextDirection;
use std::num::NonZeroU16;

const BLACK: u8 = 0x1a;
/// Contrast 7.4 to 1 on white.
const GREY: u8 = 0x55;

/// Draws the blocks of one page and collects what they are.
pub(crate) fn page(surface: &mut Surface<'_>, placed: &[Placed<'_>], faces: &Faces, reading: &mut Reading) {
    for Placed { block, top, again } in placed {
        if *again {
            // Somebody who hears the table has heard its head.
            surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::PaginationOther)));
            block.pieces.iter().for_each(|piece| text(surface, piece, *top, faces));
            surface.end_tagged();
        } else {
            let drawn = block.pieces.iter().map(|piece| (piece.cell, tagged(surface, piece, *top, faces)));
            reading.add(block, drawn.collect());
        }
        if let Some(thickness) = block.rule {
            rule(surface, top + block.height - 3.0, thickness);
        }
    }
}

/// The number of the page at its foot.
pub(crate) fn page_number(surface: &mut Surface<'_>, number: usize, of: usize, faces: &Faces) {
    let label = format!("{number} / {of}");
    let x = (PAGE.0 - faces.regular.width(&label, 8.0)) / 2.0;
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::PageNumber)));
    let piece = Piece { cell: 0, text: label, lang: Lang::Ko, bold: false, grey: true, size: 8.0, x, y: 0.0 };
    text(surface, &piece, PAGE.1 - 28.0, faces);
    surface.end_tagged();
}

fn tagged(surface: &mut Surface<'_>, piece: &Piece, top: f32, faces: &Faces) -> Identifier {
    let lang = match piece.lang {
        Lang::Ko => "ko",
        Lang::En => "en",
    };
    let identifier = surface.start_tagged(ContentTag::Span(SpanTag::empty().with_lang(Some(lang))));
    text(surface, piece, top, faces);
    surface.end_tagged();
    identifier
}

fn text(surface: &mut Surface<'_>, piece: &Piece, top: f32, faces: &Faces) {
    let face = if piece.bold { &faces.bold } else { &faces.regular };
    fill(surface, if piece.grey { GREY } else { BLACK });
    let at = Point::from_xy(piece.x, top + piece.y);
    surface.draw_text(at, face.font.clone(), piece.size, &piece.text, false, TextDirection::LeftToRight);
}

fn rule(surface: &mut Surface<'_>, y: f32, thickness: f32) {
    let mut path = PathBuilder::new();
    if let Some(bar) = Rect::from_xywh(MARGIN, y, PAGE.0 - 2.0 * MARGIN, thickness) {
        path.push_rect(bar);
    }
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
    fill(surface, BLACK);
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
    surface.end_tagged();
}

fn fill(surface: &mut Surface<'_>, lightness: u8) {
    surface.set_fill(Some(Fill { paint: luma::Color::new(lightness).into(), ..Fill::default() }));
}

/// What is read: a heading, paragraphs, a table.
pub(crate) struct Reading {
    tree: TagTree,
    table: TagGroup,
}

impl Reading {
    pub(crate) fn new() -> Self {
        Self { tree: TagTree::new(), table: TagGroup::new(Tag::Table) }
    }

    fn add(&mut self, block: &Block, drawn: Vec<(usize, Identifier)>) {
        match block.role {
            Role::Title => {
                let title =
                    block.pieces.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join(" ");
                self.tree.push(group(TagGroup::new(Tag::Hn(NonZeroU16::MIN, Some(title))), drawn));
            }
            Role::Fact => self.tree.push(group(TagGroup::new(Tag::P), drawn)),
            Role::Caption => self.table.push(group(TagGroup::new(Tag::Caption), drawn)),
            Role::Head | Role::Line | Role::Total => self.table.push(row(block.role, drawn)),
            Role::Note => {
                let table = std::mem::replace(&mut self.table, TagGroup::new(Tag::Table));
                self.tree.push(table);
                self.tree.push(group(TagGroup::new(Tag::P), drawn));
            }
        }
    }

    pub(crate) fn into_tree(self) -> TagTree {
        self.tree
    }
}

fn group(mut group: TagGroup, drawn: Vec<(usize, Identifier)>) -> TagGroup {
    for (_, identifier) in drawn {
        group.push(identifier);
    }
    group
}

/// One cell after the other; the first one of a line heads it.
fn row(role: Role, drawn: Vec<(usize, Identifier)>) -> TagGroup {
    let mut row = TagGroup::new(Tag::TR);
    let mut cells: Vec<(usize, Vec<(usize, Identifier)>)> = Vec::new();
    for piece in drawn {
        match cells.last_mut() {
            Some((cell, pieces)) if *cell == piece.0 => pieces.push(piece),
            _ => cells.push((piece.0, vec![piece])),
        }
    }
    for (cell, pieces) in cells {
        let tag = match (role, cell) {
            (Role::Head, _) => TagGroup::new(Tag::TH(TableHeaderScope::Column)),
            (_, 0) => TagGroup::new(Tag::TH(TableHeaderScope::Row)),
            _ => TagGroup::new(Tag::TD),
        };
        row.push(group(tag, pieces));
    }
    row
}
