//! Every az line of the documents, run in bash with a stand-in, against the Azure CLI's own parser; and every path.

use crate::root;
use infra_checks::az;
use std::fs;
use std::process::{Command, Stdio};

const DOCUMENTS: [&str; 2] = ["README.md", "docs/operations.md"];

/// Notes its arguments and prints one word, for `$(az ...)`. No other program can be found from there.
const STAND_IN: &str = r#"
az() {
  { printf '%s\x1f' "$@"; printf '\x1e'; } >>"$CALLS"
  printf 'something'
}
"#;

/// A piece of a document that a reader would put into a shell.
struct Snippet {
    place: String,
    text: String,
}

/// The fenced blocks of a document, and the pieces of code within its sentences and tables, that call az.
fn snippets(document: &str, text: &str) -> Vec<Snippet> {
    let mut found = Vec::new();
    let mut fence: Option<Snippet> = None;
    for (index, line) in text.lines().enumerate() {
        let place = format!("{document}:{}", index + 1);
        match (line.trim_start().starts_with("```"), fence.take()) {
            (true, Some(done)) => found.push(done),
            (true, None) => fence = Some(Snippet { place, text: String::new() }),
            (false, Some(mut open)) => {
                open.text.push_str(line);
                open.text.push('\n');
                fence = Some(open);
            }
            (false, None) => {
                let spans = line.split('`').skip(1).step_by(2).filter(|span| span.starts_with("az "));
                found.extend(spans.map(|span| Snippet { place: place.clone(), text: span.to_owned() }));
            }
        }
    }
    found.retain(|snippet| calls_written(&snippet.text) > 0);
    found
}

/// How often az stands where a command begins.
fn calls_written(text: &str) -> usize {
    let begins = |at: usize| {
        let before = text[..at].trim_end_matches(' ');
        before.is_empty() || before.ends_with(['\n', '(', '|', ';', '&']) || before.ends_with("do")
    };
    text.match_indices("az ").filter(|(at, _)| begins(*at)).count()
}

/// The arguments of every az that the snippet runs.
fn calls(snippet: &Snippet) -> Vec<Vec<String>> {
    let home = tempfile::tempdir().unwrap();
    let (stand_in, calls) = (home.path().join("stand-in.sh"), home.path().join("calls"));
    fs::write(&stand_in, STAND_IN).unwrap();
    let mut bash = Command::new("/bin/bash");
    bash.args(["-c", &snippet.text]).current_dir(home.path()).env_clear();
    bash.env("PATH", "/nowhere").env("BASH_ENV", &stand_in).env("CALLS", &calls);
    bash.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    let noted = fs::read_to_string(&calls).unwrap_or_default();
    let call = |call: &str| call.split_terminator('\u{1f}').map(str::to_owned).collect();
    noted.split_terminator('\u{1e}').map(call).collect()
}

fn text_of(document: &str) -> String {
    fs::read_to_string(root().join(document)).unwrap()
}

#[test]
fn the_azure_cli_takes_every_line_of_the_documents() {
    let (mut places, mut lines) = (Vec::new(), Vec::new());
    for document in DOCUMENTS {
        for snippet in snippets(document, &text_of(document)) {
            let calls = calls(&snippet);
            let written = calls_written(&snippet.text);
            assert!(calls.len() >= written, "{}: {} of {written} run", snippet.place, calls.len());
            places.extend(calls.iter().map(|_| snippet.place.clone()));
            lines.extend(calls);
        }
    }
    assert!(lines.len() > 40, "{} lines were found", lines.len());
    let refused: Vec<String> = std::iter::zip(&places, &lines)
        .zip(az::refusals(&lines).unwrap())
        .filter_map(|((place, line), refusal)| Some(format!("{place}: az {}: {}", line.join(" "), refusal?)))
        .collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn every_path_that_the_documents_name_is_there() {
    let folders =
        ["infra/", "docs/", "scripts/", "crates/", "functions/", ".github/", "xtask/", "tests/", "web/"];
    for document in DOCUMENTS {
        let text = text_of(document);
        let words = text.split(|c: char| c.is_whitespace() || "`()[]|,;\"".contains(c));
        for path in words.filter(|word| folders.iter().any(|folder| word.starts_with(folder))) {
            let path = path.trim_end_matches(['.', ':', '/']);
            let pattern = path.contains(['<', '*', '$', '{', '}']);
            assert!(pattern || root().join(path).exists(), "{document} names {path}");
        }
    }
}

#[test]
fn az_lines_are_found_wherever_a_reader_would_copy_them_from() {
    let text = "Run `az group list` or\n```\nID=$(az group show -n \"a b\" \\\n  -o tsv)\nfor n in 1 2; do az x \"$ID\"; done\n```\n\
                | cell | `az y` | `not az` |\n```sh\necho no\n```\n";
    let found = snippets("a.md", text);
    let places: Vec<_> = found.iter().map(|snippet| snippet.place.as_str()).collect();
    assert_eq!(places, ["a.md:1", "a.md:2", "a.md:7"]);
    assert_eq!(calls_written(&found[1].text), 2);
    let words = |line: &[&str]| line.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let expected = [words(&["group", "show", "-n", "a b", "-o", "tsv"]), words(&["x", "something"])];
    assert_eq!(calls(&found[1])[..2], expected);
}
