//! The executable itself, as a person starts it.

use crate::rig::{handler_of_tests, host_json, until, write_app};
use serde_json::json;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

fn command(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local-host"));
    command
        .args(["--script-root", root.to_str().unwrap(), "--data", root.join(".data").to_str().unwrap()])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A staged app: functions and handler beside host.json.
fn staged() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_app(folder.path(), &host_json(&json!({})));
    std::os::unix::fs::symlink(handler_of_tests(), folder.path().join("handler")).unwrap();
    for entry in std::fs::read_dir(folder.path().join("functions")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::rename(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    std::fs::remove_dir(folder.path().join("functions")).unwrap();
    folder
}

/// A local host that is ready, what it printed until then, and the rest of its output.
fn ready(root: &Path) -> (Child, String, BufReader<ChildStdout>) {
    let mut child = command(root, &["--port", "0"]).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    while !printed.contains("Ctrl-C") {
        assert_ne!(output.read_line(&mut printed).unwrap(), 0, "ended early: {printed}");
    }
    (child, printed, output)
}

fn url(printed: &str) -> String {
    let line = printed.lines().find(|line| line.contains("Home")).unwrap();
    line.split_whitespace().nth(1).unwrap().trim_end_matches('/').to_owned()
}

fn signal(child: &Child, name: &str) {
    signal_pid(child.id(), name);
}

fn signal_pid(pid: u32, name: &str) {
    let sent = Command::new("kill").args([name, &pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Runs it to its end, which must be an error, and returns what it complained of.
fn complaint(root: &Path, arguments: &[&str]) -> String {
    let output = command(root, arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

async fn handler_pid(url: &str) -> u32 {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let status = client.get(format!("{url}/admin/host/status")).send().await.unwrap();
    let status: serde_json::Value = status.json().await.unwrap();
    status["workers"][0]["processId"].as_u64().unwrap().try_into().unwrap()
}

fn is_alive(pid: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // What has ended and nobody asked after is a zombie.
    state.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with('Z') && !rest.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_prints_its_address_relays_handler_output_and_stops_cleanly() {
    for name in ["-TERM", "-INT"] {
        let folder = staged();
        let (mut child, printed, mut rest) = ready(folder.path());
        assert!(printed.contains("/dev/sign-in") && printed.contains("9 functions"), "{printed}");
        assert!(printed.contains("/api/openapi.json") && printed.contains("the handler's log"), "{printed}");
        assert!(printed.contains("the handler listens"), "{printed}");
        let pid = handler_pid(&url(&printed)).await;
        signal(&child, name);
        let mut text = String::new();
        rest.read_to_string(&mut text).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{name}");
        assert!(!is_alive(pid));
        let mut errors = String::new();
        child.stderr.unwrap().read_to_string(&mut errors).unwrap();
        assert!(errors.contains("the handler warns"), "{errors}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_host_takes_its_handlers_with_it() {
    let folder = staged();
    let (mut child, printed, _rest) = ready(folder.path());
    let pid = handler_pid(&url(&printed)).await;
    assert!(is_alive(pid));
    child.kill().unwrap();
    child.wait().unwrap();
    until("the end of the handler", async || (!is_alive(pid)).then_some(())).await;
    // And nothing is left that keeps the next one from starting.
    let (mut child, ..) = ready(folder.path());
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_keeps_crashing_ends_the_host_with_an_error() {
    let folder = staged();
    let (mut child, printed, _rest) = ready(folder.path());
    let url = url(&printed);
    for _ in 0..3 {
        let pid = until("a worker", async || {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let status = client.get(format!("{url}/admin/host/status")).send().await.ok()?;
            let status: serde_json::Value = status.json().await.ok()?;
            status["workers"][0]["processId"].as_u64().map(|pid| u32::try_from(pid).unwrap())
        })
        .await;
        signal_pid(pid, "-KILL");
        until("its end", async || (!is_alive(pid)).then_some(())).await;
        until("its disappearance", async || {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let Ok(status) = client.get(format!("{url}/admin/host/status")).send().await else {
                return Some(());
            };
            let status: serde_json::Value = status.json().await.unwrap_or_default();
            (status["workers"][0]["processId"] != pid).then_some(())
        })
        .await;
    }
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let mut errors = String::new();
    child.stderr.unwrap().read_to_string(&mut errors).unwrap();
    assert!(errors.contains("three times"), "{errors}");
}

#[test]
fn a_handler_that_never_starts_ends_the_host_at_once_with_its_own_error_and_leaves_the_folder_free() {
    let folder = staged();
    let settings = json!({ "Values": { "TEST_CANNOT_START": "the tables did not answer" } });
    std::fs::write(folder.path().join("local.settings.json"), settings.to_string()).unwrap();
    let text = complaint(folder.path(), &["--port", "0", "--store", "http://127.0.0.1:1"]);
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("error: ") && last.ends_with("the tables did not answer"), "{text}");
    assert!(!text.contains("did not finish in time"), "{text}");
    std::fs::write(folder.path().join("local.settings.json"), "{}").unwrap();
    let (mut child, ..) = ready(folder.path());
    child.kill().unwrap();
    child.wait().unwrap();
    // From now on the folder is the other store's.
    let text = complaint(folder.path(), &["--port", "0", "--store", "http://127.0.0.1:1"]);
    assert!(text.contains("was made with --store embedded"), "{text}");
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let text = complaint(staged().path(), &["--port", &port]);
    assert!(text.contains(&format!("port {port} is taken")), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_has_one_host_at_a_time() {
    let folder = staged();
    let (mut child, ..) = ready(folder.path());
    let text = complaint(folder.path(), &["--port", "0"]);
    assert!(text.contains("another local host"), "{text}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_app_that_cannot_be_loaded_is_an_error_with_its_file() {
    for (file, content, reason) in [
        ("host.json", "{", "host.json"),
        ("host.json", r#"{"version":"2.0"}"#, "customHandler is missing"),
        ("local.settings.json", "{", "local.settings.json"),
        ("infra/topology.json", "{}", "topology"),
        ("tick/function.json", r#"{"bindings":[]}"#, "tick"),
        (
            "on_work/function.json",
            r#"{"bindings":[{"type":"serviceBusTrigger","direction":"in","name":"message",
            "dataType":"binary","connection":"SERVICEBUS","queueName":"wrok"}]}"#,
            "no queue \"wrok\"",
        ),
    ] {
        let folder = staged();
        std::fs::write(folder.path().join(file), content).unwrap();
        let text = complaint(folder.path(), &["--port", "0"]);
        assert!(text.contains(reason), "{file}: {text}");
    }
}

#[test]
fn a_folder_without_an_app_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let text = complaint(folder.path(), &["--port", "0"]);
    assert!(text.contains("host.json cannot be read"), "{text}");
    let mut here = Command::new(env!("CARGO_BIN_EXE_local-host"));
    let output = here.current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no host.json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_products_handler_ends_when_its_standard_input_does() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nowhere = "http://127.0.0.1:9";
    let mut child = Command::new(env!("CARGO_BIN_EXE_local-host"))
        .arg("handler")
        .env("LOCAL_HOST_STDIN", "1")
        .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
        .env("DATA_DIR", folder.path())
        .envs([("STORE", "embedded"), ("BUCKETS", "1"), ("BUS_ENDPOINT", nowhere), ("BUS_TOKEN", "x")])
        .envs([("TOKEN_ISSUER", nowhere), ("TOKEN_AUDIENCE", "x"), ("TOKEN_JWKS_URL", nowhere)])
        .envs([("TOSS_ENDPOINT", nowhere), ("TOSS_SECRET_KEY", "x"), ("GATEWAY_TIMEOUT_MS", "1000")])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let address = format!("http://127.0.0.1:{port}/");
    until("the handler", async || client.get(&address).send().await.ok()).await;
    drop(child.stdin.take());
    let status = until("its end", || std::future::ready(child.try_wait().unwrap())).await;
    assert_eq!(status.code(), Some(1), "never 0: the host would not start it again");
}
