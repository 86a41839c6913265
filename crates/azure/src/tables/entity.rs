//! A row as an entity in JSON: its body in as many string properties as it needs.
//!
//! Source: Microsoft Learn, "Understanding the Table service data model" (a string property holds 64 KiB in UTF-16,
//! "about 32 K characters or less"; an entity has 252 properties and 1 MiB) and "Payload format for Table service
//! operations" (`odata=minimalmetadata`).

use app::ports::{ETag, Row};
use domain::limits::ENTITY_BODY_BYTES_MAX;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use std::collections::HashMap;

/// UTF-16 units of one property, of the 32,768 that fit.
const PART_UNITS: usize = 30 * 1024;
/// Properties of the largest body. A character is never cut, so that a part may be one unit short.
const PARTS_MAX: usize = ENTITY_BODY_BYTES_MAX.div_ceil(PART_UNITS - 1);

const _: () = assert!(PARTS_MAX < 252);

/// What is written: keys, and the body as `body`, `body1`, `body2` and so on. The same body makes the same properties.
struct Written<'a> {
    partition: &'a str,
    row: &'a str,
    body: &'a str,
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("PartitionKey", self.partition)?;
        map.serialize_entry("RowKey", self.row)?;
        for (n, part) in parts(self.body).enumerate() {
            map.serialize_entry(&property(n), part)?;
        }
        map.end()
    }
}

/// The entity of a row, on one line.
pub(super) fn encode(partition: &str, row: &str, body: &str) -> serde_json::Result<String> {
    let json = serde_json::to_string(&Written { partition, row, body })?;
    // JSON may hold these two as they are, but not every reader of a batch takes them for anything but line ends.
    Ok(if json.contains(['\u{2028}', '\u{2029}']) {
        json.replace('\u{2028}', r"\u2028").replace('\u{2029}', r"\u2029")
    } else {
        json
    })
}

/// What is read.
#[derive(Debug, Deserialize)]
pub(super) struct Entity {
    #[serde(rename = "odata.etag")]
    etag: String,
    #[serde(rename = "RowKey")]
    row: String,
    body: String,
    #[serde(flatten)]
    others: HashMap<String, Value>,
}

impl From<Entity> for Row {
    fn from(entity: Entity) -> Self {
        let Entity { etag, row, mut body, others } = entity;
        for n in 1.. {
            match others.get(&property(n)) {
                Some(Value::String(part)) => body.push_str(part),
                Some(_) | None => break,
            }
        }
        Self { row, etag: ETag(etag), body }
    }
}

fn property(n: usize) -> String {
    if n == 0 { "body".to_owned() } else { format!("body{n}") }
}

/// The body in parts of at most [`PART_UNITS`], at least one.
fn parts(body: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let (part, behind) = split(rest?);
        rest = behind;
        Some(part)
    })
}

fn split(body: &str) -> (&str, Option<&str>) {
    let mut units = 0;
    for (at, c) in body.char_indices() {
        units += c.len_utf16();
        if units > PART_UNITS {
            let (part, behind) = body.split_at(at);
            return (part, Some(behind));
        }
    }
    (body, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The properties in which a body is kept, and the row that is read from them.
    fn stored(body: &str) -> (Vec<String>, Row) {
        let json = encode("b0001", "r1", body).unwrap();
        let mut entity: serde_json::Map<String, Value> = serde_json::from_str(&json).unwrap();
        let kept = |name: &str| entity.get(name).and_then(Value::as_str).map(str::to_owned);
        let parts = (0..).map_while(|n| kept(&property(n))).collect::<Vec<_>>();
        assert_eq!(entity.len(), 2 + parts.len());
        entity.insert("odata.etag".to_owned(), "v1".into());
        entity.insert("Timestamp".to_owned(), "2026-11-22T00:00:00Z".into());
        (parts, serde_json::from_value::<Entity>(entity.into()).unwrap().into())
    }

    #[test]
    fn an_entity_has_its_keys_and_its_body() {
        let json = encode("b0001", "order|'1'", r#"{"a":"\u0001"}"#).unwrap();
        assert_eq!(json, r#"{"PartitionKey":"b0001","RowKey":"order|'1'","body":"{\"a\":\"\\u0001\"}"}"#);
    }

    #[test]
    fn a_body_comes_back_as_it_was_in_as_few_properties_as_hold_it() {
        let cases = [
            (String::new(), 1),
            ("x".repeat(PART_UNITS), 1),
            ("x".repeat(PART_UNITS + 1), 2),
            ("한".repeat(PART_UNITS), 1),
            ("😀".repeat(PART_UNITS / 2), 1),
            ("😀".repeat(PART_UNITS / 2 + 1), 2),
            (format!("x{}", "😀".repeat(PART_UNITS)), 3),
            ("x".repeat(ENTITY_BODY_BYTES_MAX), 16),
            ("\"".repeat(ENTITY_BODY_BYTES_MAX), 16),
        ];
        for (body, properties) in cases {
            let (parts, row) = stored(&body);
            assert_eq!(parts.len(), properties, "{} bytes", body.len());
            assert!(parts.iter().all(|part| part.encode_utf16().count() <= PART_UNITS));
            assert!(row.body == body, "{} bytes", body.len());
            assert_eq!((row.row.as_str(), row.etag.0.as_str()), ("r1", "v1"));
        }
    }

    #[test]
    fn an_entity_is_one_line_whatever_it_says() {
        let body = "a\r\nb\u{2028}c\u{2029}d\u{85}";
        let json = encode("p", "r", body).unwrap();
        assert!(!json.contains(['\r', '\n', '\u{2028}', '\u{2029}']));
        assert_eq!(stored(body).1.body, body);
    }

    #[test]
    fn what_has_no_body_is_no_row() {
        for json in [r#"{"odata.etag":"v","RowKey":"r"}"#, r#"{"odata.etag":"v","RowKey":"r","body":1}"#] {
            assert!(serde_json::from_str::<Entity>(json).is_err());
        }
    }
}
