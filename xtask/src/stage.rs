//! `cargo xtask stage`: the function app as it is deployed, as a folder and as a zip.

mod build;
mod elf;
mod http;
mod measure;
mod package;
mod play;

use crate::tools::{cargo, run as run_command};
use anyhow::{Context, Result};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The staged function app.
struct Staged {
    /// The folder with host.json, the handler and the functions.
    folder: PathBuf,
    /// The same, packed.
    zip: PathBuf,
    /// What `/api/health` calls the build.
    commit: String,
    /// What it was built for.
    target: &'static str,
}

/// Stages the app and prints how large it is, how fast it starts and what memory it takes; with `play` also after the
/// six steps.
pub(crate) fn run(root: &Path, play: bool) -> Result<()> {
    let staged = stage(root)?;
    report(root, &staged, play)
}

/// Stages the app, unpacks its zip elsewhere, and plays the acceptance tests of a staged app from there.
pub(crate) fn check(root: &Path) -> Result<()> {
    let staged = stage(root)?;
    report(root, &staged, false)?;
    let unpacked = tempfile::tempdir()?;
    package::unpack(&staged.zip, unpacked.path())?;
    let mut test = cargo(root);
    test.args([
        "test",
        "--locked",
        "--package",
        "acceptance",
        "--features",
        "staged",
        "--test",
        "acceptance",
    ]);
    test.args(["--", "six_steps::", "staged::"]);
    test.env("STAGED_APP", unpacked.path()).env("STAGED_COMMIT", &staged.commit);
    // The build that is replaced has to be another one than the staged one.
    run_command(test.env_remove(build::COMMIT))
}

fn stage(root: &Path) -> Result<Staged> {
    let target = root.join("target");
    let built = build::handler(root)?;
    let bytes = fs::read(&built.handler).with_context(|| built.handler.display().to_string())?;
    elf::check_static(&bytes).context("the handler would not run on Azure")?;
    let files = package::files(root, bytes)?;
    let (folder, zip) = (target.join("functionapp"), target.join("functionapp.zip"));
    package::lay_out(&files, &folder)?;
    package::pack(&files, &zip)?;
    package::check(&zip).context("the package must not be deployed")?;
    Ok(Staged { folder, zip, commit: built.commit, target: built.target })
}

fn report(root: &Path, staged: &Staged, play: bool) -> Result<()> {
    let size = |path: &Path| -> Result<String> { Ok(mebibytes(fs::metadata(path)?.len())) };
    let mut lines = vec![
        ("commit", staged.commit.clone()),
        ("built for", staged.target.to_owned()),
        ("handler", size(&staged.folder.join("handler"))?),
        ("zip", size(&staged.zip)?),
    ];
    if measure::possible() {
        let figures = measure::starts(root, &staged.folder)?;
        lines.push(("start to the first answer", format!("{:.1} ms", figures.start.as_secs_f64() * 1e3)));
        lines.push(("memory when idle", mebibytes(figures.resident)));
        if play {
            lines.push(("memory after the six steps", mebibytes(play::six_steps(root, &staged.folder)?)));
        }
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nstaged in target/functionapp and target/functionapp.zip")?;
    for (name, value) in lines {
        writeln!(out, "{name:<28}{value}")?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
