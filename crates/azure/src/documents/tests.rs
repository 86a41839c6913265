use super::*;
use crate::notes::Notes;
use azure_core::http::{ExponentialRetryOptions, RetryOptions, Transport};
use scripted_http::{Seen, Server, Step};

const HTML: &str = "text/html; charset=utf-8";
const ETAG: &str = "\"0x8DD0000000000001\"";
const NAME: &str = "2026-10/202610-0192f0c1a2b37c4d8e9f0123456789ab.html";

/// The blob service's answer to what it refuses.
fn refusal(status: u16, code: &str) -> Step {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>");
    let headers = [("Content-Type", "application/xml"), ("x-ms-error-code", code)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Step::Answer { status, headers: headers.into(), body }
}

/// A blob of few bytes, in the form of the answer to a range.
fn blob(content: &str) -> Step {
    let range = format!("bytes 0-{}/{}", content.len() - 1, content.len());
    Step::Answer { status: 206, headers: Vec::new(), body: content.to_owned() }
        .with_header("ETag", ETAG)
        .with_header("Content-Range", &range)
        .with_header("Content-Type", HTML)
}

fn options() -> BlobDocumentsOptions {
    let retry = ExponentialRetryOptions {
        initial_delay: azure_core::time::Duration::milliseconds(1),
        max_retries: 2,
        ..ExponentialRetryOptions::default()
    };
    let retry = RetryOptions::exponential(retry);
    BlobDocumentsOptions {
        client_options: ClientOptions { retry, ..ClientOptions::default() },
        ..BlobDocumentsOptions::default()
    }
}

async fn play(steps: impl IntoIterator<Item = Step>) -> (Server, BlobDocuments) {
    let server = Server::play(steps).await.unwrap();
    let endpoint = format!("{}/devstoreaccount1", server.url());
    let documents = BlobDocuments::emulator(&endpoint, "bills", Some(options())).unwrap();
    (server, documents)
}

/// What reading one document gives when the service answers like this, and the requests for it.
async fn read(steps: impl IntoIterator<Item = Step>) -> (String, Vec<Seen>) {
    let (server, documents) = play(steps).await;
    let known = ETag("\"known\"".to_owned());
    let answer = match documents.read(NAME, Some(&known)).await {
        Ok(Reading::Found(Document { etag, content })) => {
            format!("{} {}", etag.0, String::from_utf8_lossy(&content))
        }
        Ok(Reading::Missing) => "missing".to_owned(),
        Ok(Reading::Unchanged) => "unchanged".to_owned(),
        Err(error) => named(&error),
    };
    (answer, server.seen())
}

/// The same for storing one.
async fn create(steps: impl IntoIterator<Item = Step>) -> (String, Vec<Seen>) {
    let (server, documents) = play(steps).await;
    let answer = match documents.create(NAME, HTML, Bytes::from_static("청구서".as_bytes())).await {
        Ok(Stored::Created) => "created".to_owned(),
        Ok(Stored::Already) => "already".to_owned(),
        Err(error) => named(&error),
    };
    (answer, server.seen())
}

fn named(error: &DocumentError) -> String {
    match error {
        DocumentError::Name => "name".to_owned(),
        DocumentError::Busy { retry_after } => format!("busy {retry_after:?}"),
        DocumentError::Store(_) => "store".to_owned(),
    }
}

#[tokio::test]
async fn a_document_is_put_as_one_block_blob_that_must_not_be_there_yet() {
    let (answer, seen) = create([Step::status(201).with_header("ETag", ETAG)]).await;
    assert_eq!((answer.as_str(), seen.len()), ("created", 1));
    let put = &seen[0];
    let path = put.target.replace("%2F", "/");
    assert_eq!((put.method.as_str(), path), ("PUT", format!("/devstoreaccount1/bills/{NAME}")));
    assert_eq!(put.body, "청구서");
    for (name, value) in
        [("if-none-match", "*"), ("x-ms-blob-type", "BlockBlob"), ("x-ms-blob-content-type", HTML)]
    {
        assert_eq!(put.header(name), Some(value), "{name}");
    }
    assert!(put.header("authorization").is_some_and(|key| key.starts_with("SharedKey devstoreaccount1:")));
    assert!(put.header("x-ms-version").is_some() && put.header("x-ms-client-request-id").is_some());
}

#[tokio::test]
async fn a_blob_that_is_there_is_left_as_it_is() {
    for (status, code) in [(409, "BlobAlreadyExists"), (412, "ConditionNotMet")] {
        let (answer, seen) = create([refusal(status, code)]).await;
        assert_eq!((answer.as_str(), seen.len()), ("already", 1), "{code}");
    }
    for (status, code) in
        [(409, "ContainerBeingDeleted"), (412, "LeaseIdMissing"), (403, "AuthorizationFailure")]
    {
        let (answer, seen) = create([refusal(status, code)]).await;
        assert_eq!((answer.as_str(), seen.len()), ("store", 1), "{code}");
    }
}

#[tokio::test]
async fn an_upload_whose_answer_got_lost_meets_its_own_blob() {
    let (answer, seen) = create([Step::HangUp, refusal(409, "BlobAlreadyExists")]).await;
    assert_eq!((answer.as_str(), seen.len()), ("already", 2));
    assert_eq!((&seen[0].body, seen[1].header("if-none-match")), (&seen[1].body, Some("*")));
}

#[tokio::test]
async fn a_document_is_read_with_the_version_that_is_known() {
    let (answer, seen) = read([blob("bill")]).await;
    assert_eq!(answer, format!("{ETAG} bill"));
    assert_eq!((seen[0].method.as_str(), seen[0].header("if-none-match")), ("GET", Some("\"known\"")));
    let unchanged = Step::status(304).with_header("x-ms-error-code", "ConditionNotMet");
    let (answer, seen) = read([unchanged]).await;
    assert_eq!((answer.as_str(), seen.len()), ("unchanged", 1));
}

#[tokio::test]
async fn a_missing_blob_is_told_from_a_missing_container() {
    assert_eq!(read([refusal(404, "BlobNotFound")]).await.0, "missing");
    for (status, code) in
        [(404, "ContainerNotFound"), (404, "ResourceNotFound"), (403, "AuthorizationFailure")]
    {
        assert_eq!(read([refusal(status, code)]).await.0, "store", "{code}");
        assert_eq!(create([refusal(status, code)]).await.0, "store", "{code}");
    }
    assert_eq!(read([Step::status(404)]).await.0, "store", "somebody else's 404");
}

#[tokio::test]
async fn a_throttled_call_is_tried_again_after_the_pause_that_is_asked_for() {
    let busy = || refusal(503, "ServerBusy").with_header("Retry-After", "1");
    let (answer, seen) = read([busy(), blob("bill")]).await;
    assert_eq!((answer, seen.len()), (format!("{ETAG} bill"), 2));
    let (answer, seen) = create([refusal(500, "OperationTimedOut"), Step::status(201)]).await;
    assert_eq!((answer.as_str(), seen.len()), ("created", 2));
}

#[tokio::test]
async fn a_service_that_stays_busy_is_left_alone() {
    let busy = || refusal(503, "ServerBusy");
    for (answer, seen) in [read([busy(), busy(), busy()]).await, create([busy(), busy(), busy()]).await] {
        assert_eq!((answer.as_str(), seen.len()), ("busy None", 3));
    }
    let later = || refusal(429, "ServerBusy").with_header("Retry-After", "30");
    for (answer, seen) in [read([later()]).await, create([later()]).await] {
        assert_eq!((answer.as_str(), seen.len()), ("busy Some(30s)", 1), "the pause is the caller's");
    }
}

#[tokio::test]
async fn content_that_breaks_off_is_read_again_from_its_beginning() {
    let (answer, seen) = read([Step::Cut("bi".to_owned()), blob("bill")]).await;
    assert_eq!((answer, seen.len()), (format!("{ETAG} bill"), 2));
    let (answer, seen) = read(std::iter::repeat_n(Step::Cut("bi".to_owned()), 9)).await;
    assert_eq!((answer.as_str(), seen.len()), ("store", 3));
}

#[tokio::test]
async fn a_blob_without_a_version_is_no_document() {
    let plain = Step::Answer { status: 200, headers: Vec::new(), body: "bill".to_owned() };
    assert_eq!(read([plain]).await.0, "store");
}

#[tokio::test]
async fn every_call_ends_at_its_deadline() {
    let server = Server::play([Step::Silence, Step::Silence, Step::Silence]).await.unwrap();
    let short = Duration::from_millis(50);
    let options = BlobDocumentsOptions { call_deadline: short, ping_deadline: short, ..options() };
    let endpoint = format!("{}/devstoreaccount1", server.url());
    let documents = BlobDocuments::emulator(&endpoint, "bills", Some(options)).unwrap();
    let read = documents.read(NAME, None).await;
    assert!(matches!(read, Err(DocumentError::Store(_))), "{read:?}");
    let created = documents.create(NAME, HTML, Bytes::new()).await;
    assert!(matches!(created, Err(DocumentError::Store(_))), "{created:?}");
    assert!(matches!(documents.ping().await, Err(DocumentError::Store(_))));
}

#[tokio::test]
async fn a_name_that_no_document_has_is_not_asked_for() {
    let (server, documents) = play([]).await;
    for name in ["../secrets/x", "", "a?comp=acl", "한"] {
        assert!(matches!(documents.read(name, None).await, Err(DocumentError::Name)), "{name}");
        let created = documents.create(name, HTML, Bytes::new()).await;
        assert!(matches!(created, Err(DocumentError::Name)), "{name}");
    }
    assert_eq!(server.seen(), []);
}

#[tokio::test]
async fn a_ping_asks_for_the_container() {
    let (server, documents) = play([Step::status(200), refusal(404, "ContainerNotFound")]).await;
    documents.ping().await.unwrap();
    assert!(matches!(documents.ping().await, Err(DocumentError::Store(_))));
    let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets, ["/devstoreaccount1/bills?restype=container"; 2]);
}

#[tokio::test]
async fn a_container_is_made_once() {
    let steps = [
        Step::status(201),
        refusal(409, "ContainerAlreadyExists"),
        refusal(409, "ContainerBeingDeleted"),
        refusal(403, "AuthorizationFailure"),
    ];
    let (_server, documents) = play(steps).await;
    for done in [true, true, false, false] {
        assert_eq!(documents.ensure_container().await.is_ok(), done);
    }
}

#[tokio::test]
async fn in_azure_every_request_carries_a_token_for_storage_which_is_kept() {
    let notes = Arc::new(Notes::default());
    let mut options = options();
    options.client_options.transport = Some(Transport::new(notes.clone()));
    let endpoint = "https://account.blob.core.windows.net";
    let documents = BlobDocuments::new(endpoint, "bills", notes.clone(), Some(options)).unwrap();
    documents.create("2026-10/a.html", HTML, Bytes::new()).await.unwrap();
    // The answers are no container and no blob, which is of no interest here.
    documents.ping().await.unwrap_err();
    documents.read("2026-10/a.html", None).await.unwrap_err();
    let container = "https://account.blob.core.windows.net/bills";
    let expected = [
        r#"token for ["https://storage.azure.com/.default"]"#.to_owned(),
        format!("{container}/2026-10%2Fa.html Bearer entra"),
        format!("{container}?restype=container Bearer entra"),
        format!("{container}/2026-10%2Fa.html Bearer entra"),
    ];
    assert_eq!(notes.all(), expected);
}

#[test]
fn tokens_go_over_tls_only_and_the_key_that_everybody_knows_stays_on_this_machine() {
    let tokens = || Arc::new(Notes::default());
    let refused = |made: Result<BlobDocuments, ClientError>| made.err().map(|error| error.to_string());
    for endpoint in ["http://127.0.0.1:10000/devstoreaccount1", "http://account.blob.core.windows.net", ""] {
        assert!(refused(BlobDocuments::new(endpoint, "bills", tokens(), None)).is_some(), "{endpoint}");
    }
    for endpoint in ["https://account.blob.core.windows.net", "http://10.0.0.1/devstoreaccount1", "x"] {
        assert!(refused(BlobDocuments::emulator(endpoint, "bills", None)).is_some(), "{endpoint}");
    }
    for endpoint in ["http://127.0.0.1:10000/devstoreaccount1", "https://account.blob.core.windows.net"] {
        assert_eq!(refused(BlobDocuments::from_settings(endpoint, "bills", |_| None)), None, "{endpoint}");
    }
}
