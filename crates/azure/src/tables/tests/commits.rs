use super::*;

async fn commit(
    script: impl IntoIterator<Item = Step>,
    ops: &[Op],
) -> (Result<Vec<Option<ETag>>, TableError>, usize) {
    let (server, client) = played(script).await;
    let answer = client.commit(Table::Orders, "b0001", ops).await;
    (answer, server.seen().len())
}

fn version(text: &str) -> ETag {
    ETag(text.to_owned())
}

/// One operation of each kind.
fn ops() -> [Op; 5] {
    [
        insert("a"),
        Op::replace("b", version(VERSION_1), "{}".to_owned()),
        Op::upsert("c", "{}".to_owned()),
        Op::delete("d", Some(version(VERSION_1))),
        Op::delete("e", None),
    ]
}

#[tokio::test]
async fn a_transaction_is_one_signed_request() {
    let answers = ["W/\"1\"", "W/\"2\"", "W/\"3\""].map(done);
    let gone = || "HTTP/1.1 204 No Content\r\n\r\n".to_owned();
    let answers: Vec<String> = answers.into_iter().chain([gone(), gone()]).collect();
    let (server, client) = played([batch(&answers)]).await;
    let etags = client.commit(Table::Orders, "b0001", &ops()).await.unwrap();
    let written = ["W/\"1\"", "W/\"2\"", "W/\"3\""].map(|text| Some(version(text)));
    assert_eq!(etags, written.into_iter().chain([None, None]).collect::<Vec<_>>());
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    let seen = &seen[0];
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/devstoreaccount1/$batch"));
    assert_eq!(seen.header("Content-Type"), Some("multipart/mixed; boundary=batch_1"));
    assert_eq!(seen.header("x-ms-version"), Some("2019-02-02"));
    assert!(seen.header("Authorization").unwrap().starts_with("SharedKeyLite devstoreaccount1:"));
    assert_eq!(seen.body, batch::encode(&client.endpoint, Table::Orders, "b0001", &ops()).unwrap());
}

#[tokio::test]
async fn a_failure_is_that_of_the_operation_that_the_service_names() {
    let unknown = "unknown";
    for (index, status, code, expected) in [
        (0, 409, "EntityAlreadyExists", "exists 0"),
        (1, 412, "UpdateConditionNotSatisfied", "changed 1"),
        (1, 404, "ResourceNotFound", "changed 1"),
        (3, 412, "UpdateConditionNotSatisfied", "changed 3"),
        (3, 404, "ResourceNotFound", "changed 3"),
        (4, 404, "ResourceNotFound", "missing 4"),
        (4, 404, "EntityNotFound", "missing 4"),
        (2, 413, "EntityTooLarge", "invalid EntityTooLarge"),
        (2, 400, "PropertyValueTooLarge", "invalid PropertyValueTooLarge"),
        (2, 400, "SomethingNew", "invalid the answer was 400 or 413"),
        (2, 503, "ServerBusy", "throttled None"),
        (2, 429, "TooManyRequests", "throttled None"),
        (2, 500, "OperationTimedOut", unknown),
        (2, 503, "", unknown),
        // What the operation cannot have met.
        (0, 404, "TableNotFound", unknown),
        (4, 404, "TableNotFound", unknown),
        (2, 409, "EntityAlreadyExists", unknown),
        (0, 412, "UpdateConditionNotSatisfied", unknown),
        // No such operation.
        (5, 409, "EntityAlreadyExists", unknown),
    ] {
        let message = format!("{index}:Words.\nRequestId:1\nTime:2026-11-22T00:00:00Z");
        let (answer, tries) = commit([batch(&[not_done(status, code, &message)])], &ops()).await;
        assert_eq!(word(&answer.unwrap_err()), expected, "{index} {status} {code}");
        assert_eq!(tries, 1);
    }
}

#[tokio::test]
async fn an_operation_may_be_throttled_as_well() {
    let failed =
        batch(&[not_done(429, "TooManyRequests", "0:Words")]).with_header("x-ms-retry-after-ms", "9");
    let (answer, _) = commit([failed], &ops()).await;
    assert_eq!(word(&answer.unwrap_err()), "throttled Some(9ms)");
}

#[tokio::test]
async fn a_failure_without_an_index_belongs_to_a_lone_operation_only() {
    let failed = |message: &str| batch(&[not_done(409, "EntityAlreadyExists", message)]);
    for message in ["The specified entity already exists.", "Time:2026", ""] {
        let (answer, _) = commit([failed(message)], &[insert("a")]).await;
        assert_eq!(word(&answer.unwrap_err()), "exists 0");
        let (answer, _) = commit([failed(message)], &[insert("a"), insert("b")]).await;
        assert_eq!(word(&answer.unwrap_err()), "unknown");
    }
}

#[tokio::test]
async fn a_failure_among_answers_of_success_fails_the_transaction() {
    let answers = [done("W/\"1\""), not_done(409, "EntityAlreadyExists", "1:Words")];
    let (answer, _) = commit([batch(&answers)], &[insert("a"), insert("b")]).await;
    assert_eq!(word(&answer.unwrap_err()), "exists 1");
}

#[tokio::test]
async fn a_failure_of_the_whole_batch_has_no_change_set() {
    for (status, code, expected) in [
        (400, "InvalidInput", "invalid InvalidInput"),
        (413, "RequestBodyTooLarge", "invalid RequestBodyTooLarge"),
        (401, "InvalidAuthenticationInfo", "unknown"),
        (403, "AuthorizationPermissionMismatch", "unknown"),
        (404, "TableNotFound", "unknown"),
        (409, "TableBeingDeleted", "unknown"),
        (302, "", "unknown"),
    ] {
        let (answer, tries) = commit([failure(status, code)], &ops()).await;
        assert_eq!((word(&answer.unwrap_err()), tries), (expected.to_owned(), 1), "{status} {code}");
        let bare = format!(
            "--batchresponse_1\r\nContent-Type: application/http\r\n\r\n{}--batchresponse_1--\r\n",
            not_done(status, code, "Words")
        );
        let (answer, _) = commit([Step::json(202, bare)], &ops()).await;
        assert_eq!(word(&answer.unwrap_err()), expected, "{status} {code} in a batch");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_says_nothing_of_the_transaction() {
    let answers = [
        Step::status(202),
        Step::status(204),
        Step::json(200, "{}"),
        Step::json(202, "<html>"),
        batch(&[]),
        batch(&[done("W/\"1\"")]),
        batch(&[done("W/\"1\""), done("W/\"2\""), done("W/\"3\"")]),
        batch(&[done("W/\"1\""), "HTTP/1.1 204 No Content\r\n\r\n".to_owned()]),
        batch(&[done("W/\"1\""), "HTTP/1.1 204 No Content\r\nETag: W/".to_owned()]),
    ];
    for answer in answers {
        let (answer, tries) = commit([answer], &[insert("a"), insert("b")]).await;
        assert_eq!((word(&answer.unwrap_err()), tries), ("unknown".to_owned(), 1));
    }
}

#[tokio::test]
async fn what_breaks_a_rule_never_leaves() {
    let (server, client) = played([]).await;
    let many: Vec<Op> = (0..101).map(|n| insert(&format!("r{n}"))).collect();
    let large = Op::insert("a", "x".repeat(domain::limits::ENTITY_BODY_BYTES_MAX + 1));
    for ops in [&many[..], &[], &[large], &[insert("a/b")], &[insert("a"), insert("a")]] {
        let answer = client.commit(Table::Orders, "b0001", ops).await;
        assert!(matches!(answer, Err(TableError::Invalid(_))), "{answer:?}");
    }
    assert_eq!(server.seen(), []);
}

#[tokio::test]
async fn a_text_that_is_no_version_is_nobodys_version() {
    let (server, client) = played([]).await;
    for text in ["", "*", "1", "W/\"", "W/\"a\"b\"", "W/\"1\"\r\nX: y\"", "W/\"한\""] {
        for op in [Op::replace("b", version(text), "{}".to_owned()), Op::delete("b", Some(version(text)))] {
            let answer = client.commit(Table::Orders, "b0001", &[insert("a"), op]).await;
            assert_eq!(word(&answer.unwrap_err()), "changed 1", "{text}");
        }
    }
    assert_eq!(server.seen(), []);
}
