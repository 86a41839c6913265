use super::*;

#[tokio::test]
async fn a_row_is_asked_for_by_its_keys() {
    let (server, client) = played([Step::json(200, entity("a'b", r#"{"n":1}"#))]).await;
    let row = client.read(Table::Orders, &key("a'b")).await.unwrap().unwrap();
    let expected =
        Row { row: "a'b".to_owned(), etag: ETag(VERSION_1.to_owned()), body: r#"{"n":1}"#.to_owned() };
    assert_eq!(row, expected);
    let seen = server.seen().remove(0);
    assert_eq!(
        (seen.method.as_str(), seen.target.as_str()),
        ("GET", "/devstoreaccount1/orders(PartitionKey='b0001',RowKey='a%27%27b')")
    );
    let names = ["x-ms-version", "DataServiceVersion", "Accept"];
    let expected = [Some("2019-02-02"), Some("3.0;"), Some("application/json;odata=minimalmetadata")];
    assert_eq!(headers_of(&seen, &names), expected);
    assert!(seen.header("Authorization").unwrap().starts_with("SharedKeyLite devstoreaccount1:"));
}

#[tokio::test]
async fn a_row_that_is_not_there_is_told_from_a_table_that_is_not() {
    let (_server, client) = played([failure(404, "ResourceNotFound")]).await;
    assert_eq!(client.read(Table::Orders, &key("a")).await.unwrap(), None);
    for answer in [failure(404, "TableNotFound"), Step::status(404), Step::json(404, "<html>")] {
        let (_server, client) = played([answer]).await;
        assert_eq!(word(&client.read(Table::Orders, &key("a")).await.unwrap_err()), "unknown");
    }
}

#[tokio::test]
async fn nothing_is_asked_about_what_is_no_key() {
    let (server, client) = played([]).await;
    for text in ["", "a/b", "a~", "한", "a\nb"] {
        assert_eq!(client.read(Table::Orders, &key(text)).await.unwrap(), None);
        assert_eq!(client.read(Table::Orders, &Key::new(text, "a")).await.unwrap(), None);
        let page = client.query(Table::Orders, &Range::prefix(text, ""), 1, None).await.unwrap();
        assert_eq!(page, Page { rows: Vec::new(), continuation: None });
    }
    assert_eq!(server.seen(), []);
}

#[tokio::test]
async fn a_page_may_be_short_or_empty_and_go_on() {
    let next = |step: Step, row: &str| {
        let step = step.with_header("x-ms-continuation-NextPartitionKey", "1!8!YjAwMDE-");
        step.with_header("x-ms-continuation-NextRowKey", row)
    };
    let script = [
        next(entities(&["a"]), "1!4!YQ--"),
        next(entities(&[]), "1!4!Yg--"),
        entities(&[]).with_header("x-ms-continuation-NextPartitionKey", "p=/+&"),
        entities(&["b", "c"]),
    ];
    let (server, client) = played(script).await;
    let range = Range::prefix("b0001", "");
    let mut continuation: Option<String> = None;
    let mut pages = Vec::new();
    for _ in 0..4 {
        let page = client.query(Table::Orders, &range, 10, continuation.as_deref()).await.unwrap();
        pages.push(page.rows.into_iter().map(|row| row.row).collect::<Vec<_>>());
        continuation = page.continuation;
    }
    assert_eq!(pages, [vec!["a"], vec![], vec![], vec!["b", "c"]]);
    assert_eq!(continuation, None);
    let asked: Vec<String> = server
        .seen()
        .into_iter()
        .map(|seen| seen.target.split_once("&$top=10").unwrap().1.to_owned())
        .collect();
    let expected = [
        "",
        "&NextPartitionKey=1%218%21YjAwMDE-&NextRowKey=1%214%21YQ--",
        "&NextPartitionKey=1%218%21YjAwMDE-&NextRowKey=1%214%21Yg--",
        "&NextPartitionKey=p%3D%2F%2B%26",
    ];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn a_page_and_its_continuation_are_checked_before_they_are_asked_for() {
    let (server, client) = played([]).await;
    let range = Range::prefix("b0001", "");
    for (limit, continuation) in [(0, None), (1_001, None), (1, Some("")), (1, Some("r1"))] {
        let answer = client.query(Table::Orders, &range, limit, continuation).await;
        assert!(matches!(answer, Err(TableError::Invalid(_))), "{limit} {continuation:?}");
    }
    assert_eq!(server.seen(), []);
}

#[tokio::test]
async fn what_is_no_entity_is_not_read() {
    let nameless = r#"{"odata.etag":"v","RowKey":"a"}"#;
    for body in ["", "{}", "[]", "<html>", nameless, r#"{"value":[{}]}"#] {
        let (_server, client) = played([Step::json(200, body), Step::json(200, body)]).await;
        assert_eq!(word(&client.read(Table::Orders, &key("a")).await.unwrap_err()), "unknown");
        let page = client.query(Table::Orders, &Range::prefix("b0001", ""), 1, None).await;
        assert_eq!(word(&page.unwrap_err()), "unknown", "{body}");
    }
}

#[tokio::test]
async fn a_comparison_that_the_service_does_not_take_is_no_empty_page() {
    let (_server, client) = played([failure(400, "InvalidInput")]).await;
    let page = client.query(Table::Orders, &Range::prefix("b0001", ""), 1, None).await;
    assert_eq!(word(&page.unwrap_err()), "invalid InvalidInput");
}

#[tokio::test]
async fn one_connection_serves_many_reads() {
    let (server, client) = played((0..20).map(|_| Step::json(200, entity("a", "1")))).await;
    for _ in 0..20 {
        client.read(Table::Orders, &key("a")).await.unwrap();
    }
    assert!(server.seen().iter().all(|seen| seen.connection == 0));
}
