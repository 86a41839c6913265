//! With a managed identity every request to every service carries a token for the right audience; tokens are kept until
//! shortly before they expire; and there is no key and no connection string anywhere.
//!
//! The identity's endpoint is a server on this machine; the services are a transport that keeps what it is given,
//! because tokens never leave by plain `http`.

#![expect(clippy::unwrap_used, reason = "the helpers of a test may fail it")]

use app::ports::{Bus, Documents, Key, Message, Reading, Table, Tables};
use async_trait::async_trait;
use azure::bus::{ServiceBusClient, ServiceBusClientOptions};
use azure::credential::credential_from_settings;
use azure::documents::{BlobDocuments, BlobDocumentsOptions};
use azure::tables::{TablesClient, TablesClientOptions};
use azure_core::http::headers::{AUTHORIZATION, HeaderName, Headers};
use azure_core::http::{AsyncRawResponse, ClientOptions, HttpClient, Request, StatusCode, Transport};
use azure_core::time::{Duration, OffsetDateTime};
use scripted_http::{Server, Step};
use std::process::Command;
use std::sync::{Arc, Mutex};

/// Set for the process whose environment is that of a function app.
const IN_AZURE: &str = "IDENTITY_ENDPOINT";
const NAME: &str = "every_request_carries_a_token_for_its_audience_and_tokens_are_kept_and_refreshed";

/// The services: they answer that there is nothing.
#[derive(Debug, Default)]
struct Services(Mutex<Vec<(String, String)>>);

#[async_trait]
impl HttpClient for Services {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let host = request.url().host_str().unwrap().to_owned();
        let token = request.headers().get_optional_string(&AUTHORIZATION).unwrap_or_default();
        let mut headers = Headers::new();
        headers.insert(HeaderName::from_static("x-ms-error-code"), "BlobNotFound");
        let (status, body) = if host.contains("servicebus") {
            (StatusCode::Created, "")
        } else {
            (StatusCode::NotFound, r#"{"odata.error":{"code":"ResourceNotFound"}}"#)
        };
        self.0.lock().unwrap().push((host, token));
        Ok(AsyncRawResponse::from_bytes(status, headers, body))
    }
}

fn token(name: &str, lives: Duration) -> Step {
    let expires = (OffsetDateTime::now_utc() + lives).unix_timestamp();
    let text = format!(
        r#"{{"access_token":"{name}","expires_on":"{expires}","resource":"","token_type":"Bearer"}}"#
    );
    Step::json(200, text)
}

/// Runs this very test in a process whose environment is a function app's, and looks at what the identity was asked.
#[tokio::test(flavor = "multi_thread")]
async fn every_request_carries_a_token_for_its_audience_and_tokens_are_kept_and_refreshed() {
    if std::env::var_os(IN_AZURE).is_some() {
        return use_every_service().await;
    }
    let (soon, later) = (Duration::minutes(4), Duration::hours(24));
    let script =
        [token("bus-1", soon), token("bus-2", later), token("storage-1", later), token("cosmos-1", later)];
    let server = Server::play(script).await.unwrap();
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", NAME, "--nocapture"]);
    again.env(IN_AZURE, format!("{}/msi/token", server.url())).env("IDENTITY_HEADER", "the-app's-own");
    again.env("AZURE_CLIENT_ID", "11111111-2222-3333-4444-555555555555");
    let output = tokio::task::spawn_blocking(move || again.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let asked: Vec<_> = server.seen();
    let resources: Vec<_> = asked.iter().map(|seen| query(&seen.target, "resource")).collect();
    let expected = [
        "https://servicebus.azure.net",
        "https://servicebus.azure.net",
        "https://storage.azure.com",
        "https://cosmos.azure.com",
    ];
    assert_eq!(resources, expected);
    for seen in &asked {
        assert_eq!(seen.header("X-IDENTITY-HEADER"), Some("the-app's-own"));
        assert_eq!(query(&seen.target, "client_id"), "11111111-2222-3333-4444-555555555555");
    }
}

fn query(target: &str, name: &str) -> String {
    let url = azure_core::http::Url::parse(&format!("http://host{target}")).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap()
}

async fn use_every_service() {
    let credential = credential_from_settings(|name| std::env::var(name).ok()).unwrap();
    let services = Arc::new(Services::default());
    let options = || ClientOptions {
        transport: Some(Transport::new(Arc::clone(&services) as Arc<dyn HttpClient>)),
        ..ClientOptions::default()
    };
    let bus = ServiceBusClientOptions { client_options: options(), ..ServiceBusClientOptions::default() };
    let bus =
        ServiceBusClient::new("https://n.servicebus.windows.net", credential.clone(), Some(bus)).unwrap();
    let tables = |endpoint: &str| {
        let options = TablesClientOptions { client_options: options(), ..TablesClientOptions::default() };
        TablesClient::new(endpoint, credential.clone(), Some(options)).unwrap()
    };
    let (storage, cosmos) =
        (tables("https://a.table.core.windows.net"), tables("https://a.table.cosmos.azure.com"));
    let blobs = BlobDocumentsOptions { client_options: options(), ..BlobDocumentsOptions::default() };
    let blobs =
        BlobDocuments::new("https://a.blob.core.windows.net", "bills", credential.clone(), Some(blobs));
    let blobs = blobs.unwrap();

    for _ in 0..3 {
        bus.send(&message()).await.unwrap();
    }
    let key = Key::new("b0000", "row");
    for client in [&storage, &storage, &cosmos, &cosmos] {
        assert_eq!(client.read(Table::Bills, &key).await.unwrap(), None);
    }
    for _ in 0..2 {
        assert_eq!(blobs.read("2026-10/bill.html", None).await.unwrap(), Reading::Missing);
    }

    let seen = services.0.lock().unwrap().clone();
    let at = |part: &str| -> Vec<&str> {
        let of = seen.iter().filter(|(host, _)| host.contains(part));
        of.map(|(_, token)| token.as_str()).collect()
    };
    // The first token is within five minutes of its end, so it is used once.
    assert_eq!(at("servicebus"), ["Bearer bus-1", "Bearer bus-2", "Bearer bus-2"]);
    assert_eq!(at("table.core"), ["Bearer storage-1"; 2]);
    assert_eq!(at("table.cosmos"), ["Bearer cosmos-1"; 2]);
    assert_eq!(
        at("blob.core"),
        ["Bearer storage-1"; 2],
        "one identity keeps one token for both kinds of storage"
    );
    assert_eq!(seen.len(), 9);
}

fn message() -> Message {
    Message {
        entity: "events",
        message_id: "1".to_owned(),
        subject: "pay.captured".to_owned(),
        correlation_id: None,
        properties: Vec::new(),
        scheduled_at: None,
        body: "{}".to_owned(),
    }
}
