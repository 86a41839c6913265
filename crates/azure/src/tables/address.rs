//! URLs of tables and entities.
//!
//! Source: Microsoft Learn, "Addressing Table service resources" and "Querying tables and entities".

use crate::endpoint::Endpoint;
use app::ports::{Range, Table};
use azure_core::http::Url;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the characters that no URL encodes (RFC 3986, "unreserved"): a `+` that stays as it is would be
/// read as a space.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `Tables`, to which new tables are posted.
pub(super) fn tables(endpoint: &Endpoint) -> Url {
    endpoint.below(&["Tables"])
}

/// `$batch`, to which transactions are posted.
pub(super) fn batch(endpoint: &Endpoint) -> Url {
    endpoint.below(&["$batch"])
}

/// The table, to which new entities are posted.
pub(super) fn table(endpoint: &Endpoint, table: Table) -> Url {
    endpoint.below(&[table.name()])
}

/// One entity.
pub(super) fn entity(endpoint: &Endpoint, table: Table, partition: &str, row: &str) -> Url {
    let mut url = endpoint.root();
    let root = url.path().trim_end_matches('/');
    let (name, partition, row) = (table.name(), literal(partition), literal(row));
    let path = format!("{root}/{name}(PartitionKey='{partition}',RowKey='{row}')");
    url.set_path(&path);
    url
}

/// A page of a range: the first, or the one that begins where the service said.
pub(super) fn page(
    endpoint: &Endpoint,
    table: Table,
    range: &Range,
    limit: usize,
    next: Option<&Next>,
) -> Url {
    let Range { partition, from, to } = range;
    let quoted = |text: &str| text.replace('\'', "''");
    let filter = format!(
        "PartitionKey eq '{}' and RowKey ge '{}' and RowKey lt '{}'",
        quoted(partition),
        quoted(from),
        quoted(to)
    );
    let mut query = format!("$filter={}&$top={limit}", utf8_percent_encode(&filter, ENCODED));
    if let Some(Next(partition, row)) = next {
        query.push_str("&NextPartitionKey=");
        query.extend(utf8_percent_encode(partition, ENCODED));
        if let Some(row) = row {
            query.push_str("&NextRowKey=");
            query.extend(utf8_percent_encode(row, ENCODED));
        }
    }
    let mut url = endpoint.below(&[&format!("{}()", table.name())]);
    url.set_query(Some(&query));
    url
}

/// Where the next page begins, in the service's own words. Source: Microsoft Learn, "Query timeout and pagination":
/// the row may be missing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Next(pub(super) String, pub(super) Option<String>);

impl Next {
    /// From the text of a continuation.
    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The text of a continuation.
    pub(super) fn into_text(self) -> String {
        let Self(partition, row) = self;
        serde_json::json!([partition, row]).to_string()
    }
}

/// A key between quotes, of which those inside are doubled.
fn literal(key: &str) -> String {
    utf8_percent_encode(&key.replace('\'', "''"), ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint::parse("https://a.table.core.windows.net").unwrap()
    }

    #[test]
    fn addresses_go_below_the_account() {
        let emulator = Endpoint::parse("http://127.0.0.1:1/devstoreaccount1/").unwrap();
        assert_eq!(tables(&endpoint()).as_str(), "https://a.table.core.windows.net/Tables");
        assert_eq!(batch(&emulator).as_str(), "http://127.0.0.1:1/devstoreaccount1/$batch");
        assert_eq!(table(&emulator, Table::Meta).as_str(), "http://127.0.0.1:1/devstoreaccount1/meta");
        assert_eq!(
            entity(&emulator, Table::Meta, "p", "r").as_str(),
            "http://127.0.0.1:1/devstoreaccount1/meta(PartitionKey='p',RowKey='r')"
        );
    }

    #[test]
    fn a_key_keeps_nothing_that_means_something_in_a_url() {
        let url = entity(&endpoint(), Table::Bills, "b 1", "a|'+&=:.-_;,@$(){}[]<>!*^`\"");
        assert_eq!(
            url.path(),
            "/bills(PartitionKey='b%201',RowKey='a%7C%27%27%2B%26%3D%3A.-_%3B%2C%40%24%28%29%7B%7D%5B%5D%3C%3E%21%2A%5E%60%22')"
        );
    }

    #[test]
    fn a_page_is_a_filter_on_both_keys() {
        let range = Range { partition: "b'1".to_owned(), from: "a|".to_owned(), to: "a|~".to_owned() };
        let url = page(&endpoint(), Table::Orders, &range, 7, None);
        assert_eq!(
            url.as_str(),
            "https://a.table.core.windows.net/orders()?$filter=PartitionKey%20eq%20%27b%27%271%27%20and%20\
             RowKey%20ge%20%27a%7C%27%20and%20RowKey%20lt%20%27a%7C~%27&$top=7"
        );
        let next = Next("1!8!a+b=".to_owned(), Some("1!4!".to_owned()));
        let url = page(&endpoint(), Table::Orders, &range, 7, Some(&next));
        assert!(url.as_str().ends_with("&$top=7&NextPartitionKey=1%218%21a%2Bb%3D&NextRowKey=1%214%21"));
        let url = page(&endpoint(), Table::Orders, &range, 7, Some(&Next("p".to_owned(), None)));
        assert!(url.as_str().ends_with("&NextPartitionKey=p"));
    }

    #[test]
    fn a_continuation_says_what_the_service_said() {
        for next in [Next("a\"b".to_owned(), Some("c".to_owned())), Next("a".to_owned(), None)] {
            assert_eq!(Next::parse(&next.clone().into_text()), Some(next));
        }
        for text in ["", "r1", "[]", r#"["a"]"#, r#"{"a":1}"#] {
            assert_eq!(Next::parse(text), None, "{text}");
        }
    }
}
