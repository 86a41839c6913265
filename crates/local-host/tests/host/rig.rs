//! A function app in a folder, the local host that runs it, and the questions that tests ask.

use local_host::bus::{Counts, IncomingMessage};
use local_host::{FunctionApp, LocalHost, Options, Program, Store};
use serde_json::{Value, json};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a test waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until `look` finds something.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The handler of these tests, built with them.
pub(crate) fn handler_of_tests() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_test-handler"))
}

fn trigger(fields: &Value) -> Value {
    let mut binding = json!({
        "type": "serviceBusTrigger", "direction": "in", "name": "message", "dataType": "binary",
        "connection": "SERVICEBUS"
    });
    binding.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({ "bindings": [binding] })
}

fn http(route: &str, methods: &[&str]) -> Value {
    json!({ "bindings": [
        { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous",
          "methods": methods, "route": route },
        { "type": "http", "direction": "out", "name": "res" }
    ] })
}

/// Writes the function app into a folder.
pub(crate) fn write_app(root: &Path, host_json: &Value) {
    let write = |path: &str, value: &Value| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, value.to_string()).unwrap();
    };
    write("host.json", host_json);
    write(
        "local.settings.json",
        &json!({ "Values": { "FROM_FILE": "yes", "STORE": "no", "AzureWebJobs.off.Disabled": "true" } }),
    );
    write(
        "infra/topology.json",
        &json!({
            "lockSeconds": 300, "maxDeliveryCount": 3, "messageHours": 24, "duplicateDetectionMinutes": 10,
            "deadLetterMaxDeliveryCount": 3, "maxMessageBytes": 262_144, "deadLetterQueue": "dead-letters",
            "queues": [{ "name": "jobs", "function": "on_work" }, { "name": "dead-letters", "function": "none" }],
            "topics": [{ "name": "events", "subscriptions": [
                { "name": "one", "function": "on_event", "subjects": ["thing.happened"] }
            ] }]
        }),
    );
    for (name, function) in [
        ("echo", http("echo/{*rest}", &["get", "post", "put", "delete"])),
        ("stream", http("stream", &["post"])),
        ("slow", http("slow", &["get"])),
        ("exit", http("exit", &["post"])),
        ("order", http("orders/{id}", &["get", "head"])),
        ("off", http("off", &["get"])),
        ("on_work", trigger(&json!({ "queueName": "jobs" }))),
        ("on_event", trigger(&json!({ "topicName": "events", "subscriptionName": "one" }))),
        (
            "tick",
            json!({ "bindings": [{ "type": "timerTrigger", "direction": "in", "name": "timer",
                "schedule": "0 0 15 * * *" }] }),
        ),
    ] {
        write(&format!("functions/{name}/function.json"), &function);
    }
    std::fs::create_dir_all(root.join("functions/no_function")).unwrap();
}

/// host.json of these tests, with some parts changed.
pub(crate) fn host_json(changes: &Value) -> Value {
    let mut host = json!({
        "version": "2.0",
        "customHandler": {
            "description": { "defaultExecutablePath": "handler" },
            "enableProxyingHttpRequest": true,
            "initializationTimeout": "00:00:10"
        },
        "functionTimeout": "00:05:00",
        "extensions": { "serviceBus": { "maxConcurrentCalls": 4 } }
    });
    host.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    host
}

/// A local host of its own, in this process.
pub(crate) struct Rig {
    pub(crate) host: LocalHost,
    pub(crate) client: reqwest::Client,
    pub(crate) folder: tempfile::TempDir,
}

impl Rig {
    /// One worker, the usual host.json.
    pub(crate) async fn start() -> Self {
        Self::start_with(1, json!({})).await
    }

    pub(crate) async fn start_with(workers: usize, changes: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_app(folder.path(), &host_json(&changes));
        Self::open(folder, workers, handler_of_tests()).await
    }

    /// The app of a folder, with another program for its handler.
    pub(crate) async fn open(folder: tempfile::TempDir, workers: usize, handler: PathBuf) -> Self {
        let host = LocalHost::start(options(folder.path(), workers, handler)).await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { host, client, folder }
    }

    /// The same app and data after a clean stop.
    pub(crate) async fn restart(self) -> Self {
        self.host.stop().await;
        Self::open(self.folder, 1, handler_of_tests()).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.host.url())
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    pub(crate) async fn get_json(&self, path: &str) -> Value {
        self.get(path).await.json().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> reqwest::Response {
        self.client.post(self.url(path)).json(body).send().await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> reqwest::Response {
        self.client.put(self.url(path)).json(body).send().await.unwrap()
    }

    /// Sends a message to a queue or topic.
    pub(crate) async fn send(&self, entity: &str, body: &Value) {
        let message = IncomingMessage {
            subject: Some("thing.happened".to_owned()),
            body: body.to_string().into(),
            ..IncomingMessage::default()
        };
        self.host.broker().send(entity, message).await.unwrap();
    }

    /// What the handler noted so far.
    pub(crate) fn seen(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join(".data/seen.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Waits until the handler has noted so many invocations.
    pub(crate) async fn wait_seen(&self, count: usize) -> Vec<Value> {
        until("invocations", async || Some(self.seen()).filter(|seen| seen.len() >= count)).await
    }

    /// Waits until a queue or subscription holds what is expected.
    pub(crate) async fn wait_counts(&self, source: &str, expected: Counts) {
        until(source, async || (self.host.broker().count(source).unwrap() == expected).then_some(())).await;
    }

    /// The id of the worker that answers next.
    pub(crate) async fn worker(&self) -> String {
        self.get("/api/slow").await.text().await.unwrap()
    }
}

/// How the local host is started for the app of a folder.
pub(crate) fn options(root: &Path, workers: usize, handler: PathBuf) -> Options {
    Options {
        port: 0,
        data: root.join(".data"),
        workers,
        store: Store::Embedded,
        documents: None,
        buckets: None,
        app: FunctionApp {
            root: root.to_owned(),
            functions: root.join("functions"),
            handler: Some(Program { path: handler, arguments: Vec::new() }),
        },
    }
}
