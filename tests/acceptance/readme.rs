//! What README says to type, typed.

use crate::harness::{LocalHost, at, root};
use std::process::{Command, Output, Stdio};

/// How long the whole block may take before it is stopped.
const PATIENCE_SECONDS: &str = "120";

/// The commands below a heading of README.
fn block(heading: &str) -> String {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, section) = readme.split_once(&format!("\n## {heading}\n")).expect("README has the heading");
    section.split("```").nth(1).expect("the section has commands").to_owned()
}

/// Pastes commands into a shell, for the local host at this address instead of the one on the usual port.
fn paste(commands: &str, url: &str, folder: &std::path::Path) -> Output {
    let address = url.trim_start_matches("http://");
    let commands = commands.replace("localhost:7071", address);
    let mut shell = Command::new("timeout");
    shell.args([PATIENCE_SECONDS, "bash", "-c", &commands]).current_dir(folder).stdin(Stdio::null());
    shell.output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_steps_by_hand_work_as_they_stand_in_readme_at_any_date() {
    let host = LocalHost::start_at(&at("2031-05-31")).await;
    let (url, folder) = (host.api.url.clone(), tempfile::tempdir().unwrap());
    let files = folder.path().to_owned();
    let commands = block("By hand");
    let pasted = tokio::task::spawn_blocking(move || paste(&commands, &url, &files)).await.unwrap();
    let text = String::from_utf8_lossy(&pasted.stdout).into_owned();
    assert!(pasted.status.success(), "{text}\n{}", String::from_utf8_lossy(&pasted.stderr));
    assert!(!text.contains("urn:problem"), "{text}");
    assert!(text.contains(r#""accepted":1"#), "{text}");
    assert!(std::fs::read(folder.path().join("bill.pdf")).unwrap().starts_with(b"%PDF"));
    assert!(std::fs::read_to_string(folder.path().join("bill.html")).unwrap().contains("010-2345-6789"));

    let kim = host.api.customer("kim").await;
    let page = kim.my_page("the refund", |page| page["payments"][0]["status"] == "cancelled").await;
    assert_eq!(page.body["bills"][0]["outstanding"], page.body["bills"][0]["amount"]);
}
