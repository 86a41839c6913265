//! Columns that line up, whatever script is in them.

use std::fmt;

/// Which side of its column a cell keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// Rows under heads.
pub(super) struct Table<const COLUMNS: usize> {
    heads: [(&'static str, Side); COLUMNS],
    rows: Vec<[String; COLUMNS]>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    pub(super) fn new(heads: [(&'static str, Side); COLUMNS]) -> Self {
        Self { heads, rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: [String; COLUMNS]) {
        self.rows.push(cells);
    }

    fn widths(&self) -> [usize; COLUMNS] {
        std::array::from_fn(|column| {
            let cells = self.rows.iter().map(|row| width(&row[column]));
            cells.chain([width(self.heads[column].0)]).max().unwrap_or(0)
        })
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, cells: [&str; COLUMNS]) -> fmt::Result {
        let widths = self.widths();
        let padded = cells.iter().enumerate().map(|(column, cell)| {
            let pad = " ".repeat(widths[column].saturating_sub(width(cell)));
            match self.heads[column].1 {
                Side::Left => format!("{cell}{pad}"),
                Side::Right => format!("{pad}{cell}"),
            }
        });
        writeln!(f, "{}", padded.collect::<Vec<_>>().join("  ").trim_end())
    }
}

impl<const COLUMNS: usize> fmt::Display for Table<COLUMNS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, self.heads.map(|(head, _)| head))?;
        self.rows.iter().try_for_each(|row| self.write(f, std::array::from_fn(|column| row[column].as_str())))
    }
}

/// Columns that a text takes on a terminal: a Korean character takes two.
fn width(text: &str) -> usize {
    let wide = |c: char| matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff00}'..='\u{ff60}');
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

/// A number with a comma every three digits: `-1234567` is `-1,234,567`.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The same for a decimal, whose places stay as they are.
pub(super) fn grouped_decimal(text: &str) -> String {
    let (whole, places) = text.split_once('.').map_or((text, None), |(whole, places)| (whole, Some(places)));
    // A whole part of -0 is no number with a sign.
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let whole = sign.to_owned() + &digits.parse().map_or_else(|_| digits.to_owned(), grouped);
    places.map_or_else(|| whole.clone(), |places| format!("{whole}.{places}"))
}

/// A sum of money, `69,000 won`.
pub(super) fn won(amount: i64) -> String {
    format!("{} won", grouped(amount))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_comma_every_three_digits() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (-69_000, "-69,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(grouped(i64::MIN), "-9,223,372,036,854,775,808");
        for (decimal, text) in
            [("0", "0"), ("1024", "1,024"), ("112740.25", "112,740.25"), ("-0.25", "-0.25")]
        {
            assert_eq!(grouped_decimal(decimal), text);
        }
    }

    #[test]
    fn columns_line_up_across_scripts() {
        let mut table = Table::new([("name", Side::Left), ("won", Side::Right)]);
        table.row(["무제한".to_owned(), "69,000".to_owned()]);
        table.row(["basic".to_owned(), "990".to_owned()]);
        assert_eq!(table.to_string(), "name       won\n무제한  69,000\nbasic      990\n");
    }
}
