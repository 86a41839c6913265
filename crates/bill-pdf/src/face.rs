//! The typeface: what it can write, and how wide that is.

use krilla::text::Font;
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

const REGULAR: &[u8] = include_bytes!("../fonts/NanumSquareR.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/NanumSquareB.ttf");
/// Stands for a character that the typeface does not have.
const UNKNOWN: char = '\u{25a1}';

/// One weight of the typeface.
pub(crate) struct Face {
    pub(crate) font: Font,
    metrics: FontRef<'static>,
}

/// Both weights.
pub(crate) struct Faces {
    pub(crate) regular: Face,
    pub(crate) bold: Face,
}

impl Faces {
    /// `None` when a font file is broken.
    pub(crate) fn load() -> Option<Self> {
        Some(Self { regular: Face::load(REGULAR)?, bold: Face::load(BOLD)? })
    }
}

impl Face {
    fn load(file: &'static [u8]) -> Option<Self> {
        let font = Font::new(file.into(), 0)?;
        Some(Self { font, metrics: FontRef::new(file).ok()? })
    }

    /// The text with [`UNKNOWN`] for what the typeface does not have: an empty glyph could not be read back.
    pub(crate) fn writable(&self, text: &str) -> String {
        let has = |char| self.metrics.charmap().map(char).is_some_and(|glyph| glyph.to_u32() != 0);
        text.chars().map(|char| if has(char) { char } else { UNKNOWN }).collect()
    }

    /// How wide the text is, in points.
    pub(crate) fn width(&self, text: &str, size: f32) -> f32 {
        let advances = self.metrics.glyph_metrics(Size::new(size), LocationRef::default());
        let charmap = self.metrics.charmap();
        text.chars().filter_map(|char| advances.advance_width(charmap.map(char)?)).sum()
    }

    /// Lines of at most this width, broken between words; a word that is wider is broken where it must be.
    pub(crate) fn wrap(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in text.split_whitespace() {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(&longer, size) <= width {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line = self.break_word(word, size, width, &mut lines);
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }

    /// Pushes what fills whole lines, and returns the rest.
    fn break_word(&self, word: &str, size: f32, width: f32, lines: &mut Vec<String>) -> String {
        let mut line = String::new();
        for char in word.chars() {
            line.push(char);
            if self.width(&line, size) > width && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::take(&mut line));
                line.push(char);
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_syllable_of_korean_can_be_written() {
        let faces = Faces::load().unwrap();
        let syllables: String = ('가'..='힣').collect();
        for face in [&faces.regular, &faces.bold] {
            assert_eq!(face.writable(&syllables), syllables);
            assert_eq!(face.writable("₩1,234.5 (A-z) ~ %·"), "₩1,234.5 (A-z) ~ %·");
            assert_eq!(face.writable("a\u{1f600}b"), "a\u{25a1}b");
            assert_eq!(face.writable("\u{25a1}"), "\u{25a1}");
        }
    }

    #[test]
    fn lines_are_broken_between_words_and_never_too_wide() {
        let face = Faces::load().unwrap().regular;
        let text = "단가 108원, 기본 제공 300 중 300 사용 at 108 won";
        for width in [20.0, 60.0, 100.0, 1_000.0] {
            let lines = face.wrap(text, 9.0, width);
            assert!(lines.iter().all(|line| face.width(line, 9.0) <= width), "{width}: {lines:?}");
            let without_spaces = |text: &str| text.replace(' ', "");
            assert_eq!(without_spaces(&lines.concat()), without_spaces(text));
        }
        assert_eq!(face.wrap(text, 9.0, 1_000.0), [text]);
        assert!(face.wrap("", 9.0, 50.0).is_empty());
        assert_eq!(face.wrap("가나", 9.0, 0.1), ["가", "나"], "a character that is too wide stands alone");
    }
}
