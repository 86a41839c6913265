//! Plays the pages in a browser, to test them or to take pictures of them: installs what that needs, then runs it.

use crate::tools::{cargo, debian_packages, run};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Where distributions put Chromium; `CHROMIUM` names another one.
const CHROMIUM: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/// Debian's packages: the browser, and a typeface with Korean letters, without which every page is as wide as its boxes.
const PACKAGES: [&str; 2] = ["chromium", "fonts-noto-cjk"];

/// Builds the local host, and runs the tests in `tests/browser` against it.
pub(crate) fn test(root: &Path) -> Result<()> {
    // One file after another: each has a local host and a browser of its own, and the machine may have two cores.
    run(node(root)?.args(["--test", "--test-concurrency=1", "--test-reporter=spec"]))
}

/// Builds the local host, plays scenes on it, and takes the pictures in `docs/screenshots`.
pub(crate) fn screenshots(root: &Path) -> Result<()> {
    let folder = root.join("docs/screenshots");
    fs::create_dir_all(&folder).context("could not make docs/screenshots")?;
    run(node(root)?.arg("screenshots.mjs").arg(folder))
}

/// Node.js in `tests/browser`, where everything is installed and `LOCAL_HOST` names the local host, just built.
fn node(root: &Path) -> Result<Command> {
    let folder = root.join("tests/browser");
    install_browser()?;
    install_modules(&folder)?;
    run(cargo(root).args(["build", "--locked", "--package", "local-host"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let program = target.join("debug/local-host").with_extension(std::env::consts::EXE_EXTENSION);
    ensure!(program.is_file(), "cargo built no {}", program.display());
    let mut node = Command::new("node");
    node.current_dir(&folder).env("LOCAL_HOST", program);
    Ok(node)
}

/// Chromium, with apt-get where there is none.
fn install_browser() -> Result<()> {
    let there =
        std::env::var_os("CHROMIUM").is_some() || CHROMIUM.iter().any(|path| Path::new(path).exists());
    if there {
        return Ok(());
    }
    debian_packages(&PACKAGES).context("Chromium is not installed")
}

/// What package-lock.json names, unless it is there already.
fn install_modules(folder: &Path) -> Result<()> {
    let modified = |path: &str| folder.join(path).metadata().and_then(|file| file.modified()).ok();
    let installed = modified("node_modules/.package-lock.json");
    if installed.is_some() && installed >= modified("package-lock.json") {
        return Ok(());
    }
    run(Command::new("npm").current_dir(folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))
}
