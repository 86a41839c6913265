//! The steps of `cargo xtask test`, in the order in which they find most for the time they take.

use crate::tools::{cargo, cargo_deny, run as run_command};
use crate::{browser, checkov, lint, stage, tidy};
use anyhow::{Result, anyhow};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// One thing that is checked.
struct Step {
    name: &'static str,
    /// A group of steps that `--only` can name.
    part: &'static str,
    /// Done when nothing is asked for by name.
    by_default: bool,
    run: fn(&Path) -> Result<()>,
}

/// A new check is one more row.
const STEPS: [Step; 13] = [
    Step { name: "fmt", part: "lint", by_default: true, run: fmt },
    Step { name: "tidy", part: "lint", by_default: true, run: tidy::run },
    Step { name: "clippy", part: "lint", by_default: true, run: clippy },
    Step { name: "deny", part: "lint", by_default: true, run: deny },
    Step { name: "doc", part: "lint", by_default: true, run: doc },
    Step { name: "scripts", part: "infra", by_default: true, run: lint::scripts },
    Step { name: "workflows", part: "infra", by_default: true, run: lint::workflows },
    Step { name: "bicep", part: "infra", by_default: true, run: checkov::run },
    Step { name: "deploy", part: "infra", by_default: true, run: deploy },
    Step { name: "unit", part: "unit", by_default: true, run: unit },
    Step { name: "browser", part: "browser", by_default: true, run: browser::test },
    Step { name: "stage", part: "stage", by_default: true, run: stage::check },
    // Needs the advisory database from GitHub, so it says nothing about a change made without that network.
    Step { name: "advisories", part: "advisories", by_default: false, run: advisories },
];

/// What `--only` may name: steps and parts.
pub(crate) fn names() -> Vec<&'static str> {
    let names: BTreeSet<_> = STEPS.iter().flat_map(|step| [step.part, step.name]).collect();
    names.into_iter().collect()
}

/// What `--only` says of itself: the steps of each part, as README has them.
pub(crate) fn help() -> String {
    let mut parts: Vec<(&str, Vec<&str>)> = Vec::new();
    for step in &STEPS {
        match parts.last_mut() {
            Some((part, steps)) if *part == step.part => steps.push(step.name),
            _ => parts.push((step.part, vec![step.name])),
        }
    }
    let line = |(part, steps): (&str, Vec<&str>)| match steps[..] {
        [step] if step == part => part.to_owned(),
        _ => format!("{part}: {}", steps.join(", ")),
    };
    let lines: Vec<String> = parts.into_iter().map(line).collect();
    format!("Only this part or step; may be given several times. {}", lines.join("; "))
}

/// Runs the steps that `only` names, or the default ones when it names none, and prints how long each took; stops
/// at the first that fails.
pub(crate) fn run(root: &Path, only: &[String]) -> Result<()> {
    let named = |step: &&Step| only.iter().any(|name| name == step.name || name == step.part);
    let chosen: Vec<_> =
        STEPS.iter().filter(|step| if only.is_empty() { step.by_default } else { named(step) }).collect();
    let mut done = Vec::with_capacity(chosen.len());
    let mut outcome = Ok(());
    for step in &chosen {
        eprintln!("\n=== {} ===", step.name);
        let start = Instant::now();
        let result = (step.run)(root);
        done.push((step.name, start.elapsed(), result.is_ok()));
        if let Err(error) = result {
            outcome = Err(anyhow!("{}: {error:#}", step.name));
            break;
        }
    }
    summarize(&done, chosen.len())?;
    outcome
}

fn summarize(done: &[(&str, Duration, bool)], chosen: usize) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nstep        time      outcome")?;
    for (name, time, passed) in done {
        let outcome = if *passed { "ok" } else { "FAILED" };
        writeln!(out, "{name:<12}{:>7.1} s {outcome}", time.as_secs_f64())?;
    }
    let total: Duration = done.iter().map(|(_, time, _)| *time).sum();
    writeln!(out, "{:<12}{:>7.1} s {} of {chosen} steps", "total", total.as_secs_f64(), done.len())?;
    Ok(())
}

fn fmt(root: &Path) -> Result<()> {
    run_command(cargo(root).args(["fmt", "--all", "--check"]))
}

fn clippy(root: &Path) -> Result<()> {
    run_command(cargo(root).args([
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ]))
}

fn deny(root: &Path) -> Result<()> {
    deny_check(root, &["bans", "licenses", "sources"])
}

fn advisories(root: &Path) -> Result<()> {
    deny_check(root, &["advisories"])
}

fn deny_check(root: &Path, checks: &[&str]) -> Result<()> {
    let mut deny = std::process::Command::new(cargo_deny(root)?);
    deny.current_dir(root).args(["--locked", "check", "--hide-inclusion-graph"]).args(checks);
    run_command(&mut deny)
}

fn doc(root: &Path) -> Result<()> {
    let mut doc = cargo(root);
    doc.args(["doc", "--locked", "--workspace", "--no-deps", "--document-private-items"]);
    // Private items are documented as well, so a link to one leads somewhere.
    run_command(doc.env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links"))
}

fn unit(root: &Path) -> Result<()> {
    let mut test = cargo(root);
    run_command(test.args(["test", "--locked", "--workspace", "--exclude", "infra-checks", "--no-fail-fast"]))
}

/// Bicep, the deployment script, workflows and documents, against the code and the tools that will read them.
fn deploy(root: &Path) -> Result<()> {
    run_command(cargo(root).args(["test", "--locked", "--package", "infra-checks", "--no-fail-fast"]))
}

/// Runs the benchmark of the whole product.
pub(crate) fn bench(root: &Path, what: Option<&str>) -> Result<()> {
    let mut bench = cargo(root);
    bench.args(["bench", "--locked", "--package", "local-host", "--bench", "throughput"]);
    if let Some(what) = what {
        bench.args(["--", what]);
    }
    run_command(&mut bench)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_and_readme_name_every_part_with_its_steps() {
        let readme = include_str!("../../README.md");
        for step in &STEPS {
            let row = readme.lines().find(|line| line.starts_with(&format!("| `{}` |", step.part)));
            let row = row.unwrap_or_else(|| panic!("README has no row of {}", step.part));
            assert!(step.name == step.part || row.contains(&format!("`{}`", step.name)), "{}", step.name);
        }
        let help = help();
        assert!(help.contains("lint: fmt, tidy, clippy, deny, doc; infra: "), "{help}");
        assert!(help.contains("; browser; stage; "), "{help}");
    }
}
