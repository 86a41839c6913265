use super::*;
use app::ports::{ETag, TableError, transaction_bytes, validate};
use domain::limits::ENTITY_BODY_BYTES_MAX;

fn endpoint() -> Endpoint {
    Endpoint::parse("https://account.table.core.windows.net").unwrap()
}

fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

#[test]
fn each_kind_of_operation_has_its_method_headers_and_address() {
    let etag = || ETag("W/\"datetime'2026-11-22T00%3A00%3A00Z'\"".to_owned());
    let ops = [
        Op::insert("a", "1".to_owned()),
        Op::replace("b", etag(), "2".to_owned()),
        Op::upsert("c", "3".to_owned()),
        Op::delete("d", Some(etag())),
        Op::delete("e", None),
    ];
    let expected = "\
--batch_1
Content-Type: multipart/mixed; boundary=changeset_1

--changeset_1
Content-Type: application/http
Content-Transfer-Encoding: binary

POST https://account.table.core.windows.net/orders HTTP/1.1
Accept: application/json;odata=minimalmetadata
DataServiceVersion: 3.0;
Content-Type: application/json
Prefer: return-no-content

{\"PartitionKey\":\"p\",\"RowKey\":\"a\",\"body\":\"1\"}
--changeset_1
Content-Type: application/http
Content-Transfer-Encoding: binary

PUT https://account.table.core.windows.net/orders(PartitionKey='p',RowKey='b') HTTP/1.1
Accept: application/json;odata=minimalmetadata
DataServiceVersion: 3.0;
If-Match: W/\"datetime'2026-11-22T00%3A00%3A00Z'\"
Content-Type: application/json
Prefer: return-no-content

{\"PartitionKey\":\"p\",\"RowKey\":\"b\",\"body\":\"2\"}
--changeset_1
Content-Type: application/http
Content-Transfer-Encoding: binary

PUT https://account.table.core.windows.net/orders(PartitionKey='p',RowKey='c') HTTP/1.1
Accept: application/json;odata=minimalmetadata
DataServiceVersion: 3.0;
Content-Type: application/json
Prefer: return-no-content

{\"PartitionKey\":\"p\",\"RowKey\":\"c\",\"body\":\"3\"}
--changeset_1
Content-Type: application/http
Content-Transfer-Encoding: binary

DELETE https://account.table.core.windows.net/orders(PartitionKey='p',RowKey='d') HTTP/1.1
Accept: application/json;odata=minimalmetadata
DataServiceVersion: 3.0;
If-Match: W/\"datetime'2026-11-22T00%3A00%3A00Z'\"


--changeset_1
Content-Type: application/http
Content-Transfer-Encoding: binary

DELETE https://account.table.core.windows.net/orders(PartitionKey='p',RowKey='e') HTTP/1.1
Accept: application/json;odata=minimalmetadata
DataServiceVersion: 3.0;
If-Match: *


--changeset_1--
--batch_1--
";
    assert_eq!(encode(&endpoint(), Table::Orders, "p", &ops).unwrap(), crlf(expected));
}

#[test]
fn what_is_sent_is_never_more_than_what_was_counted() {
    let hosts = ["https://a.table.core.windows.net", "http://127.0.0.1:65535/devstoreaccount1"];
    let key = |c: char| c.to_string().repeat(512);
    let bodies = [
        String::new(),
        "\"".repeat(ENTITY_BODY_BYTES_MAX),
        "\u{1}".repeat(100_000),
        "\u{2028}".repeat(30_000),
        "한".repeat(30_000),
    ];
    for (host, keys) in hosts.iter().zip([key('\''), key('"')]) {
        for body in &bodies {
            let etag = ETag("W/\"datetime'2026-11-22T00%3A00%3A00.0000000Z'\"".to_owned());
            for op in [Op::replace(&*keys, etag, body.clone()), Op::insert(&*keys, body.clone())] {
                let endpoint = Endpoint::parse(host).unwrap();
                let sent = encode(&endpoint, Table::Payments, &keys, std::slice::from_ref(&op)).unwrap();
                assert!(sent.len() <= transaction_bytes(&keys, &[op]), "{} bytes", sent.len());
            }
        }
    }
}

#[test]
fn a_transaction_that_would_be_too_large_with_its_escapes_is_refused() {
    let op = [Op::insert("a", "\u{1}".repeat(ENTITY_BODY_BYTES_MAX))];
    assert!(matches!(validate("p", &op), Err(TableError::Invalid(_))));
}

/// An answer as "Performing entity group transactions" shows it.
const DONE: &str = "\
--batchresponse_4c637ba4-b2f8-40f8-8856-c2d10d163a83
Content-Type: multipart/mixed; boundary=changesetresponse_c2a6a9e2-1ee3-41d5-9c34-0b0b5a4c0ff8

--changesetresponse_c2a6a9e2-1ee3-41d5-9c34-0b0b5a4c0ff8
Content-Type: application/http
Content-Transfer-Encoding: binary

HTTP/1.1 204 No Content
Content-ID: 1
X-Content-Type-Options: nosniff
Cache-Control: no-cache
Preference-Applied: return-no-content
DataServiceVersion: 3.0;
Location: https://account.table.core.windows.net/orders(PartitionKey='p',RowKey='a')
ETag: W/\"datetime'2013-07-30T18%3A32%3A56.2384731Z'\"


--changesetresponse_c2a6a9e2-1ee3-41d5-9c34-0b0b5a4c0ff8
Content-Type: application/http
Content-Transfer-Encoding: binary

HTTP/1.1 204 No Content
X-Content-Type-Options: nosniff
Cache-Control: no-cache
DataServiceVersion: 1.0;


--changesetresponse_c2a6a9e2-1ee3-41d5-9c34-0b0b5a4c0ff8--
--batchresponse_4c637ba4-b2f8-40f8-8856-c2d10d163a83--
";

fn answered(status: u16, etag: Option<&str>, body: &str) -> Answer {
    Answer { status, etag: etag.map(str::to_owned), body: body.to_owned() }
}

#[test]
fn an_answer_has_the_version_of_each_operation() {
    let expected = [
        answered(204, Some("W/\"datetime'2013-07-30T18%3A32%3A56.2384731Z'\""), ""),
        answered(204, None, ""),
    ];
    assert_eq!(decode(&crlf(DONE)).unwrap(), expected);
}

/// Cosmos DB leaves the last delimiters out.
#[test]
fn an_answer_without_its_last_delimiters_is_whole() {
    let (start, _) = DONE.rsplit_once("--changesetresponse").unwrap();
    assert_eq!(decode(&crlf(start)), decode(&crlf(DONE)));
}

#[test]
fn a_failure_stands_in_the_change_set_or_beside_it() {
    let failure = "Content-Type: application/http
Content-Transfer-Encoding: binary

HTTP/1.1 409 Conflict
Content-Type: application/json;odata=minimalmetadata

{\"odata.error\":{}}
";
    let inside = format!("--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n{failure}--c--\n--b--\n");
    let beside = format!("--b\n{failure}--b--\n");
    for text in [inside, beside] {
        assert_eq!(decode(&crlf(&text)).unwrap(), [answered(409, None, r#"{"odata.error":{}}"#)]);
    }
}

#[test]
fn what_is_no_batch_is_not_read() {
    let nested = "--a\n\n\n--b\n\n\n--c\n\n\nHTTP/1.1 204 No Content\n\n";
    let headless = "--b\nHTTP/1.1 204 No Content\n\n";
    let unfinished = "--b\nContent-Type: application/http\n\nHTTP/1.1 204 No Content\nETag: W/";
    let other = "--b\nContent-Type: application/http\n\nSMTP 204\n\n";
    for text in ["", "{}", "--", "<html>", nested, headless, unfinished, other] {
        assert_eq!(decode(&crlf(text)), None, "{text}");
    }
}
