//! What the code says about itself: functions, settings, log lines.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The bindings of every function, by its folder.
pub(super) fn functions() -> BTreeMap<String, Vec<Value>> {
    let entries = fs::read_dir(crate::root().join("functions")).unwrap();
    let folders = entries.map(|entry| entry.unwrap().path());
    let with_binding = folders.filter(|folder| folder.join("function.json").is_file());
    with_binding
        .map(|folder| {
            let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(folder.join("function.json")).unwrap();
            let json: Value = serde_json::from_str(&text).unwrap();
            (name, json["bindings"].as_array().unwrap().clone())
        })
        .collect()
}

/// The routes of the HTTP functions, with the prefix that host.json gives them, by their folder.
pub(super) fn routes() -> BTreeMap<String, String> {
    let host: Value = serde_json::from_str(&read("host.json")).unwrap();
    let prefix = host["extensions"]["http"]["routePrefix"].as_str().unwrap().to_owned();
    let route =
        |bindings: &[Value]| bindings.iter().find_map(|binding| binding["route"].as_str().map(str::to_owned));
    functions()
        .into_iter()
        .filter_map(|(name, bindings)| Some((name, format!("/{prefix}/{}", route(&bindings)?))))
        .collect()
}

/// A file of the project.
pub(super) fn read(path: &str) -> String {
    fs::read_to_string(crate::root().join(path)).unwrap()
}

/// The crates that the handler is made of.
const HANDLER: [&str; 9] = [
    "functions",
    "crates/app",
    "crates/azure",
    "crates/bill-pdf",
    "crates/contract",
    "crates/domain",
    "crates/embedded",
    "crates/telemetry",
    "crates/toss",
];

/// The handler's sources without their tests.
pub(super) fn sources() -> Vec<String> {
    let mut found = Vec::new();
    for folder in HANDLER {
        gather(&crate::root().join(folder), &mut found);
    }
    assert!(found.len() > 100, "{} files", found.len());
    found
}

fn gather(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if name != "tests" && name != "benches" {
                gather(&path, found);
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") && name != "tests.rs" {
            let text = fs::read_to_string(&path).unwrap();
            found.push(text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned());
        }
    }
}

/// The names of the settings that the handler reads: in the files that are handed a look-up of settings, every text
/// that looks like the name of one.
pub(super) fn settings(sources: &[String]) -> BTreeSet<String> {
    let reads = |text: &&String| text.contains("Fn(&'static str) -> Option<String>");
    let texts = sources.iter().filter(reads).flat_map(|text| text.split('"'));
    texts.filter(|text| is_setting(text)).map(str::to_owned).collect()
}

/// `STORE`, `DATA_DIR`, `SERVICEBUS__clientId`.
fn is_setting(text: &str) -> bool {
    let mut words = text.split("__");
    let first = words.next().unwrap_or_default();
    let upper = first.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let rest = words.all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric()));
    // What cargo tells while it builds is no setting.
    let built = first.starts_with("CARGO_");
    upper && rest && !built && first.len() > 4 && first.starts_with(|c: char| c.is_ascii_uppercase())
}

#[test]
fn a_setting_is_recognized_by_its_form() {
    for name in ["STORE", "TOKEN_JWKS_URL", "SERVICEBUS__fullyQualifiedNamespace"] {
        assert!(is_setting(name), "{name}");
    }
    for other in ["GET", "store", "Content-Type", "", "saga stuck: an operator must act", "_STORE"] {
        assert!(!is_setting(other), "{other}");
    }
    let reading =
        "fn new(get: impl Fn(&'static str) -> Option<String>) { get(\"STORE\"); reader.text(\"FOO_BAR\") }";
    let found = settings(&[reading.to_owned(), "let code = \"REJECT_CARD\";".to_owned()]);
    assert_eq!(found, BTreeSet::from(["STORE".to_owned(), "FOO_BAR".to_owned()]));
}
