//! checkov reads the Bicep files for what is known to be unsafe. It ends well whatever it finds, even when it cannot
//! read a file, so its report is judged here.

use anyhow::{Context, Result, ensure};
use infra_checks::python::CHECKOV;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

/// Letters that a reason for passing over a check has at least.
const REASON_CHARS_MIN: usize = 20;

/// Reads `infra/bicep` with checkov, offline.
pub(crate) fn run(root: &Path) -> Result<()> {
    let mut checkov = Command::new(CHECKOV.install()?.join("checkov"));
    checkov.current_dir(root).stdin(Stdio::null());
    checkov.args(["--framework", "bicep", "--skip-download", "--directory", "infra/bicep"]);
    checkov.args(["--output", "json", "--compact", "--soft-fail"]);
    let output = checkov.output().context("checkov cannot be started")?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "checkov failed ({}): {words}", output.status);
    let report = serde_json::from_slice(&output.stdout).context("checkov's report is not JSON")?;
    let findings = judge(&report, &words);
    ensure!(findings.is_empty(), "checkov: {}", findings.join("\n"));
    let summary = &report["summary"];
    eprintln!("checkov: {} passed, {} passed over with a reason", summary["passed"], summary["skipped"]);
    Ok(())
}

/// What stands in the way: files that were not read, checks that failed, broke, or were passed over without a reason.
fn judge(report: &Value, words: &str) -> Vec<String> {
    let list = |name: &str| report["results"][name].as_array().cloned().unwrap_or_default();
    let mut findings = Vec::new();
    let unread = list("parsing_errors");
    if report["summary"]["parsing_errors"] != 0 || !unread.is_empty() {
        findings.push(format!("could not read {unread:?}"));
    }
    if report["summary"]["passed"].as_u64().unwrap_or_default() == 0 {
        findings.push("checked nothing".to_owned());
    }
    for failed in list("failed_checks") {
        let text = |name: &str| failed[name].as_str().unwrap_or_default().to_owned();
        let (check, file) = (text("check_id"), text("file_path"));
        findings.push(format!("{check} {file} {}: {}", text("resource"), text("check_name")));
    }
    for skipped in list("skipped_checks") {
        let reason = skipped["check_result"]["suppress_comment"].as_str().unwrap_or_default();
        if reason.chars().count() < REASON_CHARS_MIN {
            findings.push(format!(
                "{} {} is passed over without a reason",
                skipped["check_id"], skipped["file_path"]
            ));
        }
    }
    let passed_over = list("skipped_checks");
    findings.extend(broken(words, &passed_over).map(str::to_owned));
    findings
}

/// A check that breaks on a file is left out of the report; where it is passed over as well, it does not matter.
fn broken<'a>(words: &'a str, passed_over: &'a [Value]) -> impl Iterator<Item = &'a str> {
    let names = |line: &str, skipped: &Value, field: &str| {
        skipped[field].as_str().is_some_and(|text| line.contains(text))
    };
    let known = move |line: &&str| {
        passed_over
            .iter()
            .any(|skipped| names(line, skipped, "check_id") && names(line, skipped, "file_path"))
    };
    words.lines().filter(|line| line.contains("[ERROR]")).filter(move |line| !known(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report() -> Value {
        json!({
            "summary": { "passed": 3, "failed": 0, "skipped": 1, "parsing_errors": 0 },
            "results": {
                "failed_checks": [],
                "parsing_errors": [],
                "skipped_checks": [{
                    "check_id": "CKV_AZURE_17",
                    "file_path": "/modules/app.bicep",
                    "check_result": { "suppress_comment": "Callers present tokens, not certificates" }
                }]
            }
        })
    }

    #[track_caller]
    fn finds(change: impl Fn(&mut Value), what: &str) {
        let mut report = report();
        change(&mut report);
        let findings = judge(&report, "");
        assert!(findings.len() == 1 && findings[0].contains(what), "{findings:?}");
    }

    #[test]
    fn a_report_without_findings_passes() {
        assert_eq!(judge(&report(), "2026 [MainThread] [WARNING] something"), Vec::<String>::new());
    }

    #[test]
    fn a_file_that_was_not_read_is_found() {
        finds(|report| report["summary"]["parsing_errors"] = json!(1), "could not read");
        finds(|report| report["results"]["parsing_errors"] = json!(["/main.bicep"]), "/main.bicep");
    }

    #[test]
    fn a_failed_check_is_found_with_its_place() {
        let failed = json!([{
            "check_id": "CKV_AZURE_35", "file_path": "/modules/a.bicep", "resource": "R.a", "check_name": "deny"
        }]);
        finds(
            |report| report["results"]["failed_checks"] = failed.clone(),
            "CKV_AZURE_35 /modules/a.bicep R.a: deny",
        );
    }

    #[test]
    fn passing_over_a_check_takes_a_reason() {
        let comment = "/results/skipped_checks/0/check_result/suppress_comment";
        finds(|report| *report.pointer_mut(comment).unwrap() = json!("no"), "without a reason");
        finds(|report| *report.pointer_mut(comment).unwrap() = Value::Null, "without a reason");
    }

    #[test]
    fn nothing_checked_is_no_pass() {
        finds(|report| report["summary"]["passed"] = json!(0), "checked nothing");
        assert!(!judge(&Value::Null, "").is_empty());
    }

    #[test]
    fn a_check_that_broke_is_found() {
        let words = |check: &str| {
            format!(
                "2026 [MainThread  ] [ERROR]  Failed to run check {check} on x/modules/app.bicep:Y.z\nTraceback"
            )
        };
        let other = words("CKV_AZURE_189");
        assert_eq!(judge(&report(), &other), [other.lines().next().unwrap()]);
        assert_eq!(judge(&report(), &words("CKV_AZURE_17")), Vec::<String>::new(), "it is passed over");
    }
}
