//! Where everything stands: blocks that are never split, one below the other, on as many pages as they need.

use crate::face::{Face, Faces};
use app::ports::{Sheet, SheetLine};
use domain::catalogue::Name;

/// A4, in points.
pub(crate) const PAGE: (f32, f32) = (595.0, 842.0);
/// 18 mm on every side.
pub(crate) const MARGIN: f32 = 51.0;
const RIGHT: f32 = PAGE.0 - MARGIN;
const BOTTOM: f32 = PAGE.1 - MARGIN;

/// Where the second column of the facts begins.
const FACT_X: f32 = MARGIN + 130.0;
/// The right edges of quantity and amount, and the left one of the unit.
const QUANTITY_RIGHT: f32 = RIGHT - 165.0;
const UNIT_X: f32 = RIGHT - 150.0;
const CHARGE_WIDTH: f32 = QUANTITY_RIGHT - 70.0 - MARGIN;

const TITLE: f32 = 20.0;
const BODY: f32 = 10.5;
const SMALL: f32 = 8.5;
/// The height of a line of text, in sizes of its letters.
const LEADING: f32 = 1.5;
/// Between Korean and the English beside it.
const GAP: f32 = 5.0;

/// What a block is to a reader who hears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Title,
    Fact,
    Caption,
    Head,
    Line,
    Total,
    Note,
}

/// A language, as RFC 5646 has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lang {
    Ko,
    En,
}

/// A run of text on one line.
pub(crate) struct Piece {
    /// Which cell of a table's row it belongs to.
    pub(crate) cell: usize,
    pub(crate) text: String,
    pub(crate) lang: Lang,
    pub(crate) bold: bool,
    pub(crate) grey: bool,
    pub(crate) size: f32,
    pub(crate) x: f32,
    /// The base line, from the block's top.
    pub(crate) y: f32,
}

/// What stays together.
pub(crate) struct Block {
    pub(crate) role: Role,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) height: f32,
    /// How thick the rule below it is.
    pub(crate) rule: Option<f32>,
}

/// A block on its page.
pub(crate) struct Placed<'a> {
    pub(crate) block: &'a Block,
    pub(crate) top: f32,
    /// A table's head again, on a page that goes on with the table.
    pub(crate) again: bool,
}

/// All blocks of a sheet, in the order in which they are read.
pub(crate) fn blocks(sheet: &Sheet, faces: &Faces) -> Vec<Block> {
    let set = Setter { faces };
    let mut blocks = vec![set.title(&sheet.title)];
    blocks.extend(sheet.facts.iter().map(|(label, value)| set.fact(label, value)));
    blocks.push(set.caption(&sheet.caption));
    blocks.push(set.head(&sheet.columns));
    blocks.extend(sheet.lines.iter().map(|line| set.line(line)));
    blocks.push(set.total(&sheet.total_label, &sheet.total));
    blocks.push(set.note(&sheet.note));
    blocks
}

/// Puts the blocks on pages. The head of the table is repeated where it goes on.
pub(crate) fn pages(blocks: &[Block]) -> Vec<Vec<Placed<'_>>> {
    let head = blocks.iter().find(|block| block.role == Role::Head);
    let mut pages = vec![Vec::new()];
    let mut top = MARGIN;
    for block in blocks {
        if top + block.height > BOTTOM {
            pages.push(Vec::new());
            top = MARGIN;
            if let Some(head) = head.filter(|_| matches!(block.role, Role::Line | Role::Total)) {
                place(&mut pages, Placed { block: head, top, again: true });
                top += head.height;
            }
        }
        place(&mut pages, Placed { block, top, again: false });
        top += block.height;
    }
    pages
}

fn place<'a>(pages: &mut [Vec<Placed<'a>>], placed: Placed<'a>) {
    if let Some(page) = pages.last_mut() {
        page.push(placed);
    }
}

struct Setter<'a> {
    faces: &'a Faces,
}

/// How a run of text looks.
#[derive(Clone, Copy)]
struct Style {
    size: f32,
    bold: bool,
    grey: bool,
}

const PLAIN: Style = Style { size: BODY, bold: false, grey: false };
const STRONG: Style = Style { size: BODY, bold: true, grey: false };
const ASIDE: Style = Style { size: SMALL, bold: false, grey: true };

impl Setter<'_> {
    fn face(&self, style: Style) -> &Face {
        if style.bold { &self.faces.bold } else { &self.faces.regular }
    }

    fn piece(&self, cell: usize, text: &str, lang: Lang, style: Style, (x, y): (f32, f32)) -> Piece {
        let text = self.face(style).writable(text);
        Piece { cell, text, lang, bold: style.bold, grey: style.grey, size: style.size, x, y }
    }

    /// Korean, and English beside it.
    fn both(&self, cell: usize, name: &Name, style: Style, at: (f32, f32)) -> Vec<Piece> {
        let ko = self.piece(cell, &name.ko, Lang::Ko, style, at);
        if name.ko == name.en {
            return vec![ko];
        }
        let x = at.0 + self.face(style).width(&ko.text, style.size) + GAP;
        vec![ko, self.piece(cell, &name.en, Lang::En, ASIDE, (x, at.1))]
    }

    /// Text that ends at `right`.
    fn to_the_right(&self, cell: usize, text: &str, style: Style, (right, y): (f32, f32)) -> Piece {
        let width = self.face(style).width(&self.face(style).writable(text), style.size);
        self.piece(cell, text, Lang::Ko, style, (right - width, y))
    }

    fn title(&self, title: &Name) -> Block {
        let style = Style { size: TITLE, ..STRONG };
        let pieces = self.both(0, title, style, (MARGIN, TITLE));
        Block { role: Role::Title, pieces, height: TITLE * LEADING + 14.0, rule: Some(1.5) }
    }

    fn fact(&self, label: &Name, value: &Name) -> Block {
        let mut pieces = self.both(0, label, STRONG, (MARGIN, BODY));
        pieces.extend(self.both(1, value, PLAIN, (FACT_X, BODY)));
        Block { role: Role::Fact, pieces, height: BODY * LEADING + 2.0, rule: None }
    }

    fn caption(&self, caption: &Name) -> Block {
        let pieces = self.both(0, caption, STRONG, (MARGIN, BODY + 16.0));
        Block { role: Role::Caption, pieces, height: BODY * LEADING + 20.0, rule: None }
    }

    fn head(&self, [charge, quantity, unit, amount]: &[Name; 4]) -> Block {
        let y = BODY + 3.0;
        let mut pieces = self.both(0, charge, STRONG, (MARGIN, y));
        pieces.extend(self.both_to_the_right(1, quantity, (QUANTITY_RIGHT, y)));
        pieces.extend(self.both(2, unit, STRONG, (UNIT_X, y)));
        pieces.extend(self.both_to_the_right(3, amount, (RIGHT, y)));
        Block { role: Role::Head, pieces, height: BODY * LEADING + 6.0, rule: Some(1.0) }
    }

    fn both_to_the_right(&self, cell: usize, name: &Name, (right, y): (f32, f32)) -> Vec<Piece> {
        let english = self.to_the_right(cell, &name.en, ASIDE, (right, y));
        let korean = self.to_the_right(cell, &name.ko, STRONG, (english.x - GAP, y));
        vec![korean, Piece { lang: Lang::En, ..english }]
    }

    fn line(&self, line: &SheetLine) -> Block {
        let first = BODY + 4.0;
        let mut pieces = self.both(0, &line.charge, PLAIN, (MARGIN, first));
        let mut y = first;
        for (text, lang) in [(&line.explanation.ko, Lang::Ko), (&line.explanation.en, Lang::En)] {
            if lang == Lang::En && line.explanation.ko == line.explanation.en {
                continue;
            }
            let writable = self.faces.regular.writable(text);
            for words in self.faces.regular.wrap(&writable, SMALL, CHARGE_WIDTH) {
                y += SMALL * LEADING;
                pieces.push(self.piece(0, &words, lang, ASIDE, (MARGIN, y)));
            }
        }
        pieces.push(self.to_the_right(1, &line.quantity, PLAIN, (QUANTITY_RIGHT, first)));
        pieces.extend(self.both(2, &line.unit, PLAIN, (UNIT_X, first)));
        pieces.push(self.to_the_right(3, &line.amount, PLAIN, (RIGHT, first)));
        Block { role: Role::Line, pieces, height: y + 7.0, rule: Some(0.4) }
    }

    fn total(&self, label: &Name, total: &str) -> Block {
        let style = Style { size: BODY + 2.0, ..STRONG };
        let y = style.size + 6.0;
        let mut pieces = self.both(0, label, style, (MARGIN, y));
        pieces.push(self.to_the_right(3, total, style, (RIGHT, y)));
        Block { role: Role::Total, pieces, height: y + 8.0, rule: Some(1.5) }
    }

    fn note(&self, note: &Name) -> Block {
        let mut y = 16.0;
        let mut pieces = Vec::new();
        for (text, lang) in [(&note.ko, Lang::Ko), (&note.en, Lang::En)] {
            for words in self.faces.regular.wrap(&self.faces.regular.writable(text), SMALL, RIGHT - MARGIN) {
                y += SMALL * LEADING;
                pieces.push(self.piece(0, &words, lang, ASIDE, (MARGIN, y)));
            }
        }
        Block { role: Role::Note, pieces, height: y + 6.0, rule: None }
    }
}

#[cfg(test)]
mod tests;
