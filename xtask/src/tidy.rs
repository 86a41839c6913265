//! Rules of the house that no lint knows.

use crate::tools::files;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::Path;

/// Lines of a Rust file.
const LINES_MAX: usize = 400;
/// Rust files that may be longer, because a program or a table wrote them.
const LONG: [&str; 0] = [];
/// Kinds of files that people write, by their ending.
const WRITTEN: [&str; 9] = ["rs", "toml", "md", "json", "yml", "bicep", "bicepparam", "html", "css"];
/// What a person has to find in the README.
const COMMANDS: [&str; 3] = ["cargo run", "cargo run -- demo", "cargo xtask test"];

/// Text that no file may hold, and why; in halves, so that this file does not hold it either.
const FORBIDDEN: [(&str, &str, &str); 13] = [
    ("/wor", "k/", "a path of one machine"),
    ("/roo", "t/", "a path of one machine"),
    ("/User", "s/", "a path of one machine"),
    ("index.", "crates.io", "a registry's host"),
    ("static.", "crates.io", "a registry's host"),
    ("registry.", "npmjs.org", "a registry's host"),
    ("pypi", ".org", "a registry's host"),
    ("python", "hosted.org", "a registry's host"),
    ("deb.", "debian.org", "a registry's host"),
    ("TO", "DO", "unfinished work"),
    ("FIX", "ME", "unfinished work"),
    ("#[ig", "nore", "a test that does not run"),
    ("fn te", "st_", "a test's name is a sentence"),
];

/// What reads a page once, at whatever moment that is.
const READS: [&str; 12] = [
    ".all()",
    ".allTextContents()",
    ".boundingBox()",
    ".count()",
    ".getAttribute(",
    ".innerText()",
    ".inputValue()",
    ".isChecked()",
    ".isDisabled()",
    ".isVisible()",
    ".textContent()",
    "document.activeElement",
];

/// Reads every file of the project and names every place that breaks a rule.
pub(crate) fn run(root: &Path) -> Result<()> {
    let mut findings = Vec::new();
    for path in files(root)? {
        let bytes = fs::read(root.join(&path)).with_context(|| path.clone())?;
        // What is not text has no rules.
        if let Ok(text) = String::from_utf8(bytes) {
            findings.extend(check(&path, &text));
        }
    }
    findings.extend(readme(root));
    findings.extend(ci(root));
    for finding in &findings {
        eprintln!("{finding}");
    }
    ensure!(findings.is_empty(), "{} places are not tidy", findings.len());
    Ok(())
}

fn check(path: &str, text: &str) -> Vec<String> {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    let mut findings = Vec::new();
    if ending == "rs" && text.lines().count() > LINES_MAX && !LONG.contains(&path) {
        findings.push(format!("{path}: more than {LINES_MAX} lines"));
    }
    if WRITTEN.contains(&ending) {
        findings.extend(layout(path, text));
    }
    findings.extend(forbidden(path, text));
    if path.starts_with("tests/browser/") {
        findings.extend(hasty(path, text));
    }
    findings
}

/// Assertions about a page that do not wait: what a click brings may not be there yet, so such a test fails now and then.
fn hasty(path: &str, text: &str) -> Vec<String> {
    let looks_once = |line: &str| line.contains("assert") && READS.iter().any(|read| line.contains(read));
    numbered(text)
        .filter(|(_, line)| looks_once(line))
        .map(|(number, _)| {
            format!("{path}:{number}: an assertion about a page waits; `expect` and `holds` do")
        })
        .collect()
}

fn layout(path: &str, text: &str) -> Vec<String> {
    let mut findings: Vec<_> = numbered(text)
        .filter(|(_, line)| line.ends_with([' ', '\t', '\r']))
        .map(|(number, _)| format!("{path}:{number}: white space at the end of the line"))
        .collect();
    if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
        findings.push(format!("{path}: a file ends with one line break"));
    }
    findings
}

fn forbidden(path: &str, text: &str) -> Vec<String> {
    let words = FORBIDDEN.map(|(start, end, why)| (format!("{start}{end}"), why));
    let in_line = |(number, line): (usize, &str)| {
        let found = words.iter().filter(|(word, _)| line.contains(word.as_str()));
        found.map(|(word, why)| format!("{path}:{number}: `{word}` is {why}")).collect::<Vec<_>>()
    };
    numbered(text).flat_map(in_line).collect()
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split('\n').enumerate().map(|(index, line)| (index + 1, line))
}

fn readme(root: &Path) -> Vec<String> {
    let text = fs::read_to_string(root.join("README.md")).unwrap_or_default();
    let missing = COMMANDS.iter().filter(|command| !text.contains(*command));
    missing.map(|command| format!("README.md: does not name `{command}`")).collect()
}

/// Continuous integration runs the README's test command, so that a person's run and its run are the same.
fn ci(root: &Path) -> Option<String> {
    let script = root.join(".ci/run");
    let calls = fs::read_to_string(&script).is_ok_and(|text| text.contains("cargo xtask test"));
    (!calls || !is_executable(&script))
        .then(|| ".ci/run: is not a script that calls `cargo xtask test`".to_owned())
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o111 == 0o111)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn finds(path: &str, text: &str, what: &str) {
        let findings = check(path, text);
        assert!(findings.len() == 1 && findings[0].contains(what), "{findings:?}");
    }

    #[test]
    fn a_tidy_file_has_no_findings() {
        assert_eq!(check("a.rs", "fn a() {}\n"), Vec::<String>::new());
        assert_eq!(check("empty.md", ""), Vec::<String>::new());
        assert_eq!(check("data.csv", "a, \r\n1,2"), Vec::<String>::new());
    }

    #[test]
    fn a_rust_file_has_at_most_400_lines() {
        finds("a.rs", &"x\n".repeat(LINES_MAX + 1), "more than 400 lines");
        assert_eq!(check("a.rs", &"x\n".repeat(LINES_MAX)), Vec::<String>::new());
        assert_eq!(check("a.md", &"x\n".repeat(LINES_MAX + 1)), Vec::<String>::new());
    }

    #[test]
    fn lines_and_files_end_where_their_text_ends() {
        finds("a.toml", "a = 1 \n", "a.toml:1: white space");
        finds("a.toml", "a = 1", "one line break");
        finds("a.toml", "a = 1\n\n", "one line break");
    }

    #[test]
    fn an_assertion_about_a_page_waits() {
        let path = "tests/browser/a.test.mjs";
        for read in READS {
            finds(path, &format!("ok\nassert.ok(await page{read});\n"), "a.test.mjs:2: an assertion");
        }
        assert_eq!(check(path, "await expect(page.locator('a')).toHaveCount(1);\n"), Vec::<String>::new());
        assert_eq!(check("a.mjs", "assert.ok(await page.count());\n"), Vec::<String>::new());
    }

    #[test]
    fn every_forbidden_text_is_found_where_it_stands() {
        for (start, end, why) in FORBIDDEN {
            finds("a.txt", &format!("first\nsecond {start}{end} more\n"), why);
            finds("a.txt", &format!("first\nsecond {start}{end} more\n"), "a.txt:2: ");
        }
    }
}
