//! What the service may answer, and Azurite never does.

mod commits;
mod fate;
mod reads;

use super::*;
use crate::notes::Notes;
use azure_core::http::{FixedRetryOptions, RetryOptions, Transport};
use scripted_http::{Seen, Server, Step};

const VERSION_1: &str = "W/\"datetime'2026-11-22T00%3A00%3A00.0000001Z'\"";

/// Retries at once, so that a test does not wait.
fn options() -> TablesClientOptions {
    let mut options = TablesClientOptions::default();
    options.client_options.retry = RetryOptions::fixed(FixedRetryOptions {
        delay: azure_core::time::Duration::ZERO,
        max_retries: RETRIES_MAX,
        ..FixedRetryOptions::default()
    });
    options
}

async fn played(script: impl IntoIterator<Item = Step>) -> (Server, TablesClient) {
    played_with(script, options()).await
}

async fn played_with(
    script: impl IntoIterator<Item = Step>,
    options: TablesClientOptions,
) -> (Server, TablesClient) {
    let server = Server::play(script).await.unwrap();
    let endpoint = format!("{}/devstoreaccount1", server.url());
    let client = TablesClient::emulator(&endpoint, Some(options)).unwrap();
    (server, client)
}

fn key(row: &str) -> Key {
    Key::new("b0001", row)
}

fn insert(row: &str) -> Op {
    Op::insert(row, "{}".to_owned())
}

/// A failure of the whole request.
fn failure(status: u16, code: &str) -> Step {
    Step::json(status, odata(code, "words of the service"))
}

fn odata(code: &str, message: &str) -> String {
    serde_json::json!({"odata.error": {"code": code, "message": {"lang": "en-US", "value": message}}})
        .to_string()
}

fn entity(row: &str, body: &str) -> String {
    let entity = serde_json::json!({
        "odata.metadata": "https://account.table.core.windows.net/$metadata#orders/@Element",
        "odata.etag": VERSION_1, "PartitionKey": "b0001", "RowKey": row,
        "Timestamp": "2026-11-22T00:00:00.0000001Z", "body": body,
    });
    entity.to_string()
}

fn entities(rows: &[&str]) -> Step {
    let rows: Vec<String> = rows.iter().map(|row| entity(row, "{}")).collect();
    Step::json(200, format!(r#"{{"odata.metadata":"x","value":[{}]}}"#, rows.join(",")))
}

/// The answer to a transaction: each operation's.
fn batch(answers: &[String]) -> Step {
    let parts: Vec<String> = answers
        .iter()
        .map(|answer| {
            format!("--changesetresponse_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n{answer}\r\n")
        })
        .collect();
    let body = format!(
        "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_1\r\n\r\n{}\
         --changesetresponse_1--\r\n--batchresponse_1--\r\n",
        parts.concat()
    );
    let headers = vec![("Content-Type".to_owned(), "multipart/mixed; boundary=batchresponse_1".to_owned())];
    Step::Answer { status: 202, headers, body }
}

/// An operation that was done, and its row's version.
fn done(version: &str) -> String {
    format!("HTTP/1.1 204 No Content\r\nDataServiceVersion: 3.0;\r\nETag: {version}\r\n\r\n")
}

/// An operation that was not.
fn not_done(status: u16, code: &str, message: &str) -> String {
    let body = odata(code, message);
    format!("HTTP/1.1 {status} No\r\nContent-Type: application/json;odata=minimalmetadata\r\n\r\n{body}\r\n")
}

fn headers_of<'a>(seen: &'a Seen, names: &[&str]) -> Vec<Option<&'a str>> {
    names.iter().map(|name| seen.header(name)).collect()
}

/// An error in one word, with its operation.
fn word(error: &TableError) -> String {
    match error {
        TableError::Exists { index } => format!("exists {index}"),
        TableError::Changed { index } => format!("changed {index}"),
        TableError::Missing { index } => format!("missing {index}"),
        TableError::Invalid(why) => format!("invalid {why}"),
        TableError::Throttled { retry_after } => format!("throttled {retry_after:?}"),
        TableError::Unknown(_) => "unknown".to_owned(),
    }
}

#[tokio::test]
async fn tables_are_created_once_and_for_all() {
    let exists = || failure(409, "TableAlreadyExists");
    let script = [Step::status(204), exists(), Step::status(201)].into_iter().chain((3..9).map(|_| exists()));
    let (server, client) = played(script).await;
    client.create_tables().await.unwrap();
    let seen = server.seen();
    let bodies: Vec<_> = seen.iter().map(|seen| seen.body.clone()).collect();
    assert_eq!(bodies, Table::ALL.map(|table| format!(r#"{{"TableName":"{}"}}"#, table.name())));
    assert!(seen.iter().all(|seen| seen.method == "POST" && seen.target == "/devstoreaccount1/Tables"));
    for (code, status) in [("TableBeingDeleted", 409), ("AuthorizationPermissionMismatch", 403)] {
        let (_server, client) = played([failure(status, code)]).await;
        assert_eq!(word(&client.create_tables().await.unwrap_err()), "unknown");
    }
}

#[tokio::test]
async fn ping_asks_for_a_row_that_is_not_there() {
    let (server, client) = played([failure(404, "ResourceNotFound")]).await;
    client.ping().await.unwrap();
    let seen = server.seen().remove(0);
    assert_eq!(
        (seen.method.as_str(), seen.target.as_str()),
        ("GET", "/devstoreaccount1/meta(PartitionKey='ping',RowKey='ping')")
    );
    let (_server, client) = played([failure(404, "TableNotFound")]).await;
    assert_eq!(word(&client.ping().await.unwrap_err()), "unknown");
    let options = TablesClientOptions { ping_deadline: Duration::from_millis(50), ..options() };
    let (_server, client) = played_with([Step::Silence], options).await;
    assert_eq!(word(&client.ping().await.unwrap_err()), "unknown");
}

#[tokio::test]
async fn azure_gets_a_token_for_its_service_that_is_fetched_once() {
    for (endpoint, scope) in [
        ("https://a.table.core.windows.net", "https://storage.azure.com/.default"),
        ("https://a.table.cosmos.azure.com", "https://cosmos.azure.com/.default"),
        ("https://a.table.cosmosdb.azure.com/", "https://cosmos.azure.com/.default"),
        ("https://table.cosmos.azure.com.example.com", "https://storage.azure.com/.default"),
    ] {
        let notes = Arc::new(Notes::default());
        let mut options = options();
        options.client_options.transport = Some(Transport::new(notes.clone()));
        let client = TablesClient::new(endpoint, notes.clone(), Some(options)).unwrap();
        // The answers are no rows, which is of no interest here.
        client.read(Table::Meta, &key("a")).await.unwrap_err();
        client.commit(Table::Meta, "b0001", &[insert("a")]).await.unwrap_err();
        let root = endpoint.trim_end_matches('/');
        let expected = [
            format!("token for [{scope:?}]"),
            format!("{root}/meta(PartitionKey='b0001',RowKey='a') Bearer entra"),
            format!("{root}/$batch Bearer entra"),
        ];
        assert_eq!(notes.all(), expected);
    }
}

#[test]
fn keys_are_for_this_machine_and_tokens_for_azure() {
    let credential = || Arc::new(Notes::default());
    for endpoint in ["http://a.table.core.windows.net", "http://127.0.0.1:1/devstoreaccount1"] {
        let client = TablesClient::new(endpoint, credential(), None);
        assert!(matches!(client, Err(ClientError::Insecure)), "{endpoint}");
    }
    for endpoint in ["https://a.table.core.windows.net", "https://127.0.0.1:1/devstoreaccount1", "x"] {
        let client = TablesClient::emulator(endpoint, None);
        assert!(matches!(client, Err(ClientError::NotAnEndpoint)), "{endpoint}");
    }
}

#[test]
fn the_settings_lead_to_azurite_on_this_machine_and_to_azure_elsewhere() {
    let made = |endpoint: &str| TablesClient::from_settings(endpoint, |_| None).map(drop);
    for endpoint in ["http://127.0.0.1:10002/devstoreaccount1", "https://account.table.core.windows.net"] {
        assert!(made(endpoint).is_ok(), "{endpoint}");
    }
    assert!(matches!(made("http://account.table.core.windows.net"), Err(ClientError::Insecure)));
}
