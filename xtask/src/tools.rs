//! Other programs: cargo and git, which are there, and tools that are installed first.

use anyhow::{Context, Result, ensure};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Checks bans, licences, sources and advisories against deny.toml.
const CARGO_DENY: &str = "0.20.2";

/// The cargo that runs us.
pub(crate) fn cargo(root: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root);
    command
}

/// Runs a program to its end, its output going where ours goes; fails when it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    eprintln!("$ {line}");
    let status = command.status().with_context(|| format!("could not start {line}"))?;
    ensure!(status.success(), "{line} failed ({status})");
    Ok(())
}

/// Installs packages of Debian's, or of a distribution made from it.
pub(crate) fn debian_packages(names: &[&str]) -> Result<()> {
    run(Command::new("apt-get").args(["update", "--quiet"]))?;
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(names);
    run(install.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// The files of the project, committed or about to be, as paths from the root; no ignored ones.
pub(crate) fn files(root: &Path) -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.current_dir(root).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--deduplicate",
    ]);
    let output = git.output().context("could not start git")?;
    ensure!(output.status.success(), "{} failed: {}", line(&git), String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).context("a file's name is not UTF-8")?;
    // A file that was deleted and not committed yet is still listed.
    let there = |path: &&str| !path.is_empty() && root.join(path).is_file();
    Ok(listed.split('\0').filter(there).map(str::to_owned).collect())
}

/// cargo-deny: ours in target/tools, else one of the same version on the PATH, else installed there, from source:
/// 48 s on two cores unoptimized, which checks as fast as the optimized one that takes 134 s.
pub(crate) fn cargo_deny(root: &Path) -> Result<PathBuf> {
    let tools = root.join("target/tools");
    let ours = tools.join("bin/cargo-deny").with_extension(std::env::consts::EXE_EXTENSION);
    for candidate in [ours.as_path(), Path::new("cargo-deny")] {
        if version(candidate).is_some_and(|text| text == format!("cargo-deny {CARGO_DENY}")) {
            return Ok(candidate.to_owned());
        }
    }
    let build = tools.join("build");
    let mut install = cargo(root);
    install.args(["install", "cargo-deny", "--debug", "--locked", "--version", &format!("={CARGO_DENY}")]);
    install.env("CARGO_PROFILE_DEV_DEBUG", "false");
    run(install.arg("--root").arg(&tools).arg("--target-dir").arg(&build))?;
    // The binary is all that is needed; what it was built from takes 300 MB.
    fs::remove_dir_all(&build).context("could not remove target/tools/build")?;
    Ok(ours)
}

fn version(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

/// The command as a person would type it.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
