//! The queries of alerts and workbook ask for what the handler logs.

use super::code;
use std::collections::BTreeSet;
use std::fs;

struct Query {
    file: String,
    text: String,
}

fn queries() -> Vec<Query> {
    let entries = fs::read_dir(crate::root().join("infra/bicep/queries")).unwrap();
    let read = |path: std::path::PathBuf| Query {
        file: path.file_name().unwrap().to_str().unwrap().to_owned(),
        text: fs::read_to_string(path)
            .unwrap()
            .lines()
            .filter(|line| !line.starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n"),
    };
    entries.map(|entry| read(entry.unwrap().path())).collect()
}

/// What stands between `open` and the next `close`, wherever `open` stands.
fn between<'a>(text: &'a str, open: &str, close: &str) -> BTreeSet<&'a str> {
    text.split(open).skip(1).filter_map(|rest| rest.split(close).next()).collect()
}

/// The texts in quotes of the clauses that compare the message.
fn messages(query: &str) -> BTreeSet<&str> {
    let clauses = query.split("line.message) ").skip(1).filter_map(|rest| rest.lines().next());
    let clauses = clauses.map(|clause| clause.split(" and ").next().unwrap_or_default());
    let compared = clauses.filter(|clause| clause.starts_with("==") || clause.starts_with("in "));
    compared.flat_map(|clause| clause.split('"').skip(1).step_by(2)).collect()
}

#[test]
fn the_messages_are_ones_that_are_logged() {
    let sources = code::sources();
    let mut asked = 0;
    for Query { file, text } in queries() {
        for message in messages(&text) {
            asked += 1;
            let logged = sources
                .iter()
                .any(|source| source.contains(&format!("\"{message}\"")) && source.contains("tracing::"));
            assert!(logged, "{file}: nothing logs {message:?}");
        }
    }
    assert!(asked > 5, "{asked}");
}

#[test]
fn the_fields_are_ones_that_are_logged() {
    let sources = code::sources();
    for Query { file, text } in queries() {
        let dotted = between(&text, "line[\"", "\"]");
        let plain =
            text.split("line.").skip(1).filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next());
        for field in dotted.into_iter().chain(plain) {
            // The first three are every line's own, put there by the log itself.
            let of_all = matches!(field, "level" | "target" | "message");
            let forms = [format!("{field} = "), format!("{field},"), format!(" {field}:")];
            let logged = |source: &String| {
                source.contains("tracing::") && forms.iter().any(|form| source.contains(form))
            };
            assert!(of_all || sources.iter().any(logged), "{file}: nothing logs the field {field}");
        }
    }
}

#[test]
fn a_function_that_is_asked_for_exists() {
    let functions = code::functions();
    let routes: BTreeSet<_> = code::routes().into_values().collect();
    let mut asked = 0;
    for Query { file, text } in queries() {
        // Alerts call a handler that does not start by this name.
        let lists = between(&text, "function in (", ")");
        let parked = between(&text, "line[\"parked.function\"]) == ", "\n");
        for name in lists.into_iter().chain(parked).flat_map(|list| list.split('"').skip(1).step_by(2)) {
            asked += 1;
            assert!(functions.contains_key(name) || name == "handler", "{file}: {name}");
        }
        let paths = between(&text, "line[\"http.route\"]) in (", ")");
        for path in paths.into_iter().flat_map(|list| list.split('"').skip(1).step_by(2)) {
            asked += 1;
            assert!(
                routes.contains(path) || functions.contains_key(path.trim_start_matches('/')),
                "{file}: {path}"
            );
        }
    }
    assert!(asked > 4, "{asked}");
}

/// The host names a span of HTTP by method and route, one of Service Bus as the SDK does, and only one of a timer by its
/// function.
#[test]
fn a_functions_name_is_not_looked_for_among_the_hosts_requests() {
    for Query { file, text } in queries() {
        for part in text.split("AppRequests").skip(1) {
            let of_http = part.trim_start().starts_with("| where isnotempty(Url)");
            assert!(of_http, "{file}: requests that are not HTTP's have no function's name");
        }
        for comparison in ["OperationName in", "OperationName =", "OperationName has"] {
            assert!(!text.contains(comparison), "{file}: {comparison}");
        }
    }
}

#[test]
fn the_reader_of_queries_finds_messages_and_fields() {
    let query = "| where tostring(line.message) in (\"one\", \"two\")\n| where tostring(line.message) == \"three\" and \"x\" == \"four\"\n| project m = tostring(line.message), \"five\"";
    assert_eq!(messages(query), BTreeSet::from(["one", "two", "three"]));
    assert_eq!(between("a(b)c(d)", "(", ")"), BTreeSet::from(["b", "d"]));
}
