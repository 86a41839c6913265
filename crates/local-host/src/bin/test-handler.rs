//! A handler for the tests of the local host: it does what requests and messages ask for, and writes down what it saw.

use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::Duration;

type Error = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "the handler fails: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Error> {
    if std::env::var_os("LOCAL_HOST_STDIN").is_some() {
        std::thread::spawn(end_with_stdin);
    }
    let port: u16 = setting("FUNCTIONS_CUSTOMHANDLER_PORT").parse()?;
    let obstacle = setting("TEST_CANNOT_START");
    if !obstacle.is_empty() {
        return Err(obstacle.into());
    }
    if setting("TEST_NEVER_LISTEN") == "1" {
        std::future::pending::<()>().await;
    }
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    writeln!(std::io::stdout(), "the handler listens")?;
    writeln!(std::io::stderr(), "the handler warns")?;
    let routes = Router::new()
        .route("/", get(async || "here"))
        .route("/api/echo/{*rest}", any(echo))
        .route("/api/stream", post(async |request: Request| Response::new(request.into_body())))
        .route("/api/slow", get(slow))
        .route("/api/exit", post(exit))
        .route("/api/orders/{id}", get(async |Path(id): Path<String>| id))
        .route("/{function}", post(triggered));
    axum::serve(listener, routes).await?;
    Ok(())
}

fn end_with_stdin() {
    let mut nothing = [0; 64];
    while let Ok(1..) = std::io::stdin().read(&mut nothing) {}
    std::process::exit(1);
}

fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// What came, and who answers.
async fn echo(request: Request) -> Result<Json<Value>, StatusCode> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(|_| StatusCode::BAD_REQUEST)?;
    Ok(Json(json!({
        "method": parts.method.as_str(),
        "uri": parts.uri.to_string(),
        "headers": headers(&parts.headers),
        "bodyBytes": body.len(),
        "worker": setting("FUNCTIONS_CUSTOMHANDLER_WORKER_ID"),
        "settings": {
            "BUS_ENDPOINT": setting("BUS_ENDPOINT"),
            "BUS_RESOURCE_URL": setting("BUS_RESOURCE_URL"),
            "STORE": setting("STORE"),
            "BUCKETS": setting("BUCKETS"),
            "GATEWAY_TIMEOUT_MS": setting("GATEWAY_TIMEOUT_MS"),
            "FROM_FILE": setting("FROM_FILE"),
            "SERVICEBUS": setting("SERVICEBUS__fullyQualifiedNamespace"),
        },
    })))
}

fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, value) in headers {
        let values = all.entry(name.to_string()).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(String::from_utf8_lossy(value.as_bytes()).into_owned().into());
        }
    }
    all
}

async fn slow(Query(query): Query<HashMap<String, u64>>) -> String {
    let millis = query.get("ms").copied().unwrap_or_default();
    tokio::time::sleep(Duration::from_millis(millis)).await;
    setting("FUNCTIONS_CUSTOMHANDLER_WORKER_ID")
}

async fn exit(Query(query): Query<HashMap<String, i32>>) {
    std::process::exit(query.get("code").copied().unwrap_or_default());
}

/// A message says in its body what is to be done with it.
async fn triggered(Path(function): Path<String>, request: Request) -> Result<Response, StatusCode> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(|_| StatusCode::BAD_REQUEST)?;
    let envelope: Value = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let wish = wish(&envelope);
    let seen = json!({ "function": function, "headers": headers(&parts.headers), "envelope": envelope });
    note(&seen).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    if let Some(millis) = wish["ms"].as_u64() {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
    Ok(match wish["do"].as_str().unwrap_or("ok") {
        "fail" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "empty" => StatusCode::OK.into_response(),
        "text" => "fine".into_response(),
        "exit" => std::process::exit(101),
        _ => ([(CONTENT_TYPE, "application/json")], Body::from("{}")).into_response(),
    })
}

fn wish(envelope: &Value) -> Value {
    let data = envelope["Data"]["message"].as_str().unwrap_or_default();
    let bytes = STANDARD.decode(data).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// One line for each invocation, for the test to read.
fn note(seen: &Value) -> std::io::Result<()> {
    let path = std::path::Path::new(&setting("DATA_DIR")).join("seen.jsonl");
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(format!("{seen}\n").as_bytes())
}
