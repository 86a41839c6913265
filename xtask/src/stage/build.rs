//! The handler's build: static, in release, the same for everybody who builds the same commit.

use crate::tools::{cargo, debian_packages, run};
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The commit that the build is of, for `/api/health`; what is in the environment goes before what git says.
pub(super) const COMMIT: &str = "GIT_SHA";

const MUSL: &str = "x86_64-unknown-linux-musl";
const GLIBC: &str = "x86_64-unknown-linux-gnu";
/// C compilers that build against musl, as the crate `cc` looks for them.
const MUSL_COMPILERS: [&str; 2] = ["x86_64-linux-musl-gcc", "musl-gcc"];

/// What was built.
pub(super) struct Built {
    pub(super) handler: PathBuf,
    pub(super) commit: String,
    pub(super) target: &'static str,
}

/// Builds the handler.
pub(super) fn handler(root: &Path) -> Result<Built> {
    let (commit, target) = (commit(root)?, target(root)?);
    let folder = root.join("target");
    let mut build = cargo(root);
    build.args(["build", "--locked", "--release", "--package", "functions", "--bin", "handler"]);
    build.args(["--target", target, "--target-dir"]).arg(&folder);
    build.env(COMMIT, &commit);
    // For this target alone: with `--target` they do not reach build scripts and procedural macros. They take the place
    // of those of whoever builds.
    build.env("CARGO_ENCODED_RUSTFLAGS", rust_flags(root).join("\u{1f}"));
    build.env(format!("CFLAGS_{}", target.replace('-', "_")), c_flags(root));
    run(&mut build)?;
    Ok(Built { handler: folder.join(target).join("release/handler"), commit, target })
}

/// musl, for which the toolchain's library and a C compiler are installed if they can be; else glibc, linked in.
fn target(root: &Path) -> Result<&'static str> {
    if !has_library(root, MUSL)? {
        // Without a network there is none; the answer is looked for, not the error.
        let _ = run(Command::new("rustup").current_dir(root).args(["target", "add", MUSL]));
    }
    if has_library(root, MUSL)?
        && (has_compiler() || debian_packages(&["musl-tools"]).is_ok_and(|()| has_compiler()))
    {
        return Ok(MUSL);
    }
    if cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) && has_library(root, GLIBC)?
    {
        return Ok(GLIBC);
    }
    bail!("a static handler needs `rustup target add {MUSL}` and a C compiler for it ({})", MUSL_COMPILERS[0])
}

fn has_compiler() -> bool {
    std::env::var_os(format!("CC_{}", MUSL.replace('-', "_"))).is_some()
        || MUSL_COMPILERS.into_iter().any(|compiler| starts(Command::new(compiler).arg("--version")))
}

fn starts(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Whether the toolchain has the standard library of a target.
fn has_library(root: &Path, target: &str) -> Result<bool> {
    let mut rustc = Command::new("rustc");
    let output = rustc.current_dir(root).args(["--print", "target-libdir", "--target", target]).output();
    let folder = String::from_utf8(output.context("could not start rustc")?.stdout)?;
    Ok(!folder.is_empty() && Path::new(folder.trim()).is_dir())
}

/// The environment's word, or the commit that is checked out, with `-dirty` when files differ from it.
fn commit(root: &Path) -> Result<String> {
    if let Some(commit) = std::env::var(COMMIT).ok().filter(|commit| !commit.is_empty()) {
        return Ok(commit);
    }
    let head = git(root, &["rev-parse", "HEAD"])?;
    let changes = git(root, &["status", "--porcelain"])?;
    Ok(if changes.is_empty() { head } else { format!("{head}-dirty") })
}

fn git(root: &Path, arguments: &[&str]) -> Result<String> {
    let output =
        Command::new("git").current_dir(root).args(arguments).output().context("could not start git")?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "git {} failed: {error}; {COMMIT} can say the commit",
        arguments.join(" ")
    );
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn rust_flags(root: &Path) -> Vec<String> {
    let remap = |(from, to): &(PathBuf, &str)| format!("--remap-path-prefix={}={to}", from.display());
    let mut flags = vec!["-Ctarget-feature=+crt-static".to_owned()];
    flags.extend(folders(root).iter().map(remap));
    flags
}

fn c_flags(root: &Path) -> String {
    let map = |(from, to): &(PathBuf, &str)| format!("-ffile-prefix-map={}={to}", from.display());
    folders(root).iter().map(map).collect::<Vec<_>>().join(" ")
}

/// Folders of this machine, and what the messages of the handler call them: where it was built is nobody's concern, and
/// does not change a byte of it. A later one goes before an earlier one.
fn folders(root: &Path) -> Vec<(PathBuf, &'static str)> {
    let home = std::env::home_dir();
    let cargo =
        std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(home.clone()?.join(".cargo")));
    let known = [(home, "/home"), (cargo, "/cargo"), (Some(root.to_owned()), "/src")];
    known.into_iter().filter_map(|(folder, name)| Some((folder?, name))).collect()
}
