//! Usage files: CSV with the header `recordId,number,type,quantity,usedAt`, or one JSON object a line.
//!
//! A record that cannot be read is rejected with its line and reason; the others are taken in. Only a file that is
//! no usage file at all is refused as a whole.

use crate::edge::{Failure, UsageFile, UsageFormat};
use app::bill::{Rejected, UsageRecord};
use contract::problem::Code;
use domain::catalogue::UsageType;
use domain::ids::PhoneNumber;
use domain::limits::USAGE_RECORDS_MAX;
use domain::rating::Quantity;
use serde::Deserialize;
use serde_json::{Number, Value};

const COLUMNS: [&str; 5] = ["recordId", "number", "type", "quantity", "usedAt"];
/// Characters of a record's id.
const RECORD_ID_CHARS_MAX: usize = 64;
/// Some spreadsheets begin a CSV file with it.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A file's records, and those that could not be read.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) records: Vec<UsageRecord>,
    pub(super) rejected: Vec<Rejected>,
}

/// Why a record cannot be read: a stable code.
type Reason = &'static str;

/// Reads a file.
pub(super) fn parse(file: &UsageFile) -> Result<Parsed, Failure> {
    let text = std::str::from_utf8(&file.bytes).map_err(|_| refused("the file is not UTF-8"))?;
    let text = text.trim_start_matches(BYTE_ORDER_MARK);
    match file.format {
        UsageFormat::Csv => parse_csv(text),
        UsageFormat::Ndjson => parse_ndjson(text),
    }
}

fn parse_csv(text: &str) -> Result<Parsed, Failure> {
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|_| refused("the file has no header"))?.clone();
    let places = COLUMNS.map(|column| header.iter().position(|name| name == column));
    let [Some(id), Some(number), Some(kind), Some(quantity), Some(used_at)] = places else {
        return Err(refused("the header is recordId,number,type,quantity,usedAt"));
    };
    let mut parsed = Parsed::default();
    let (mut row, mut lines) = (csv::StringRecord::new(), Lines { text, scanned: 0, number: 1 });
    // The text is UTF-8 and rows may have any length, so every row can be read.
    while reader.read_record(&mut row).map_err(|_| refused("the file is not CSV"))? {
        let line = lines.number_at(row.position().map_or(0, csv::Position::byte));
        let field = |place| row.get(place).unwrap_or_default();
        let whole = row.len() == header.len();
        let record = if whole {
            record(line, field(id), field(number), field(kind), field(quantity), field(used_at))
        } else {
            Err("malformed")
        };
        parsed.push(line, record)?;
    }
    Ok(parsed)
}

/// Counts lines. The CSV reader's own numbers are one behind after a line that ends in CR LF.
struct Lines<'a> {
    text: &'a str,
    scanned: usize,
    number: usize,
}

impl Lines<'_> {
    /// The number of the line that begins at an offset, or after the line ends there. Offsets ascend.
    fn number_at(&mut self, offset: u64) -> usize {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX).clamp(self.scanned, self.text.len());
        let bytes = self.text.as_bytes();
        let ends = bytes[offset..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let begin = offset + ends;
        self.number += self.text.get(self.scanned..begin).unwrap_or_default().matches('\n').count();
        self.scanned = begin;
        self.number
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    record_id: String,
    number: String,
    #[serde(rename = "type")]
    kind: String,
    quantity: Value,
    used_at: String,
}

fn parse_ndjson(text: &str) -> Result<Parsed, Failure> {
    let mut parsed = Parsed::default();
    let lines = text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty());
    for (index, text) in lines {
        let line = index + 1;
        // The library would take the items of a list for the fields in their order.
        let object = Some(text).filter(|text| text.trim_start().starts_with('{'));
        let fields = object.and_then(|text| serde_json::from_str::<Line>(text).ok()).ok_or("malformed");
        let record = fields.and_then(|it| {
            let quantity = match &it.quantity {
                Value::Number(number) => decimal(number),
                Value::String(text) => text.clone(),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
            };
            record(line, &it.record_id, &it.number, &it.kind, &quantity, &it.used_at)
        });
        parsed.push(line, record)?;
    }
    Ok(parsed)
}

/// The shortest decimal that is the number, which is what was written: `265.1` stays `265.1`, `10.0` is `10`.
fn decimal(number: &Number) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

fn record(
    line: usize,
    id: &str,
    number: &str,
    kind: &str,
    quantity: &str,
    used_at: &str,
) -> Result<UsageRecord, Reason> {
    let valid_id = (1..=RECORD_ID_CHARS_MAX).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    if !valid_id {
        return Err("invalid_record_id");
    }
    let number = PhoneNumber::parse(number).map_err(|_| "invalid_number")?;
    let kind = UsageType::parse(kind).map_err(|_| "unknown_type")?;
    let quantity = Quantity::parse(quantity).ok().filter(|it| it.fits(kind)).ok_or("invalid_quantity")?;
    Ok(UsageRecord {
        line,
        record_id: id.to_owned(),
        number,
        kind,
        quantity,
        used_at: used_at.parse().map_err(|_| "invalid_time")?,
    })
}

impl Parsed {
    fn push(&mut self, line: usize, record: Result<UsageRecord, Reason>) -> Result<(), Failure> {
        match record {
            Ok(record) => self.records.push(record),
            Err(reason) => self.rejected.push(Rejected { line, reason: reason.to_owned() }),
        }
        if self.records.len() + self.rejected.len() > USAGE_RECORDS_MAX {
            let detail = format!("a file has at most {USAGE_RECORDS_MAX} records");
            return Err(Failure::new(Code::BodyTooLarge, detail));
        }
        Ok(())
    }
}

fn refused(detail: &str) -> Failure {
    Failure::new(Code::InvalidFile, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: UsageFormat, text: impl Into<Vec<u8>>) -> Result<Parsed, Code> {
        let bytes = text.into().into();
        parse(&UsageFile { format, bytes }).map_err(|Failure { problem, .. }| problem.code())
    }

    fn reasons(parsed: &Parsed) -> Vec<(usize, &str)> {
        parsed.rejected.iter().map(|it| (it.line, it.reason.as_str())).collect()
    }

    const GOOD: &str = "r1,010-1234-5678,voice_day,265.1,2026-10-01T09:00:00+09:00";

    #[test]
    fn a_csv_file_is_read_in_any_order_of_its_columns() {
        for text in [
            format!("recordId,number,type,quantity,usedAt\r\n{GOOD}\r\n"),
            format!("\u{feff}recordId, number, type, quantity, usedAt\n{GOOD}"),
            "type,usedAt,number,recordId,quantity\nvoice_day,2026-10-01T00:00:00Z,01012345678,r1,265.10\n"
                .to_owned(),
        ] {
            let parsed = read(UsageFormat::Csv, text.clone()).unwrap();
            let record = &parsed.records[0];
            assert_eq!(
                (parsed.records.len(), record.line, record.record_id.as_str()),
                (1, 2, "r1"),
                "{text}"
            );
            assert_eq!(record.number.as_str(), "01012345678");
            assert_eq!(
                (record.kind, record.quantity),
                (UsageType::VoiceDay, Quantity::parse("265.1").unwrap())
            );
            assert_eq!(record.used_at, "2026-10-01T00:00:00Z".parse().unwrap());
        }
    }

    #[test]
    fn records_that_cannot_be_read_are_rejected_one_by_one() {
        let rows = [
            ("malformed", "r1,010-1234-5678,voice_day,265.1"),
            ("malformed", "r1,010-1234-5678,voice_day,265.1,2026-10-01T09:00:00+09:00,more"),
            ("invalid_record_id", ",010-1234-5678,voice_day,265.1,2026-10-01T09:00:00+09:00"),
            ("invalid_number", "r1,02-123-4567,voice_day,265.1,2026-10-01T09:00:00+09:00"),
            ("unknown_type", "r1,010-1234-5678,fax,265.1,2026-10-01T09:00:00+09:00"),
            ("invalid_quantity", "r1,010-1234-5678,voice_day,-1,2026-10-01T09:00:00+09:00"),
            ("invalid_quantity", "r1,010-1234-5678,voice_day,1e3,2026-10-01T09:00:00+09:00"),
            ("invalid_quantity", "r1,010-1234-5678,sms,1.5,2026-10-01T09:00:00+09:00"),
            ("invalid_quantity", "r1,010-1234-5678,sms,0,2026-10-01T09:00:00+09:00"),
            ("invalid_time", "r1,010-1234-5678,voice_day,265.1,2026-10-01T09:00:00"),
            ("invalid_time", "r1,010-1234-5678,voice_day,265.1,2026-02-30T09:00:00Z"),
        ];
        let text = rows.iter().fold(COLUMNS.join(","), |text, (_, row)| format!("{text}\n{row}"));
        let parsed = read(UsageFormat::Csv, format!("{text}\n{GOOD}\n")).unwrap();
        let expected: Vec<_> =
            rows.iter().enumerate().map(|(index, (reason, _))| (index + 2, *reason)).collect();
        assert_eq!(reasons(&parsed), expected);
        assert_eq!(parsed.records.len(), 1);
        assert_eq!(parsed.records[0].line, rows.len() + 2);
    }

    #[test]
    fn a_file_of_json_lines_is_read() {
        let good = r#"{"recordId":"r1","number":"01012345678","type":"sms","quantity":3,"usedAt":"2026-10-01T00:00:00Z"}"#;
        let text = [
            good.to_owned(),
            String::new(),
            good.replace("01012345678", "0101234"),
            good.replace("\"sms\",\"quantity\":3,", "\"data_mb\",\"quantity\":265.1,"),
            good.replace(":3,", ":10.0,"),
            good.replace(":3,", ":null,"),
            good.replace("\"sms\"", "7"),
            r#"["r1","01012345678","sms",3,"2026-10-01T00:00:00Z"]"#.to_owned(),
            "{".to_owned(),
        ]
        .join("\n");
        let parsed = read(UsageFormat::Ndjson, text).unwrap();
        let quantities: Vec<_> = parsed.records.iter().map(|it| (it.line, it.quantity.to_string())).collect();
        let expected = [(1, "3"), (4, "265.1"), (5, "10")].map(|(line, text)| (line, text.to_owned()));
        assert_eq!(quantities, expected);
        assert_eq!(
            reasons(&parsed),
            [
                (3, "invalid_number"),
                (6, "invalid_quantity"),
                (7, "malformed"),
                (8, "malformed"),
                (9, "malformed")
            ]
        );
    }

    #[test]
    fn what_is_no_usage_file_is_refused() {
        for text in ["", "\n", "a,b,c", "recordId,number,type,quantity\n", GOOD] {
            assert_eq!(read(UsageFormat::Csv, text).unwrap_err(), Code::InvalidFile, "{text}");
        }
        assert_eq!(read(UsageFormat::Csv, [0xff, 0xfe]).unwrap_err(), Code::InvalidFile);
        assert!(read(UsageFormat::Ndjson, "").unwrap().records.is_empty());
    }

    #[test]
    fn a_file_has_a_bounded_number_of_records() {
        let row = format!("{GOOD}\n");
        let file = |rows: usize| format!("{}\n{}", COLUMNS.join(","), row.repeat(rows));
        assert_eq!(read(UsageFormat::Csv, file(USAGE_RECORDS_MAX)).unwrap().records.len(), USAGE_RECORDS_MAX);
        assert_eq!(read(UsageFormat::Csv, file(USAGE_RECORDS_MAX + 1)).unwrap_err(), Code::BodyTooLarge);
    }
}
