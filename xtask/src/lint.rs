//! Linters of what is not Rust: shell scripts and workflows.

use crate::tools::{files, run};
use anyhow::{Context, Result, ensure};
use infra_checks::python::LINT;
use std::fs;
use std::path::Path;
use std::process::Command;

/// shellcheck on every shell script, its suggestions of style included.
pub(crate) fn scripts(root: &Path) -> Result<()> {
    let scripts: Vec<_> = files(root)?.into_iter().filter(|path| is_shell(root, path)).collect();
    ensure!(scripts.iter().any(|path| path == "infra/deploy.sh"), "the deployment script was not found");
    let mut shellcheck = Command::new(LINT.install()?.join("shellcheck"));
    run(shellcheck.current_dir(root).args(["--norc", "--severity=style"]).args(scripts))
}

/// A shell script by its ending, or by its first line.
fn is_shell(root: &Path, path: &str) -> bool {
    let path = root.join(path);
    let first =
        || fs::read(&path).unwrap_or_default().split(|byte| *byte == b'\n').next().map(<[u8]>::to_vec);
    let shebang = || first().is_some_and(|line| line.starts_with(b"#!") && line.ends_with(b"sh"));
    path.extension().map_or_else(shebang, |ending| ending == "sh")
}

/// actionlint on every workflow, the scripts in them with shellcheck, and zizmor with all that it knows, offline.
pub(crate) fn workflows(root: &Path) -> Result<()> {
    let programs = LINT.install()?;
    let folder = root.join(".github/workflows");
    let workflows: Vec<_> = fs::read_dir(&folder).context(".github/workflows")?.collect::<Result<_, _>>()?;
    ensure!(!workflows.is_empty(), "there are no workflows");
    let mut actionlint = Command::new(programs.join("actionlint"));
    actionlint.arg("-shellcheck").arg(programs.join("shellcheck")).args(["-pyflakes", ""]);
    run(actionlint.current_dir(root).args(workflows.iter().map(fs::DirEntry::path)))?;
    let mut zizmor = Command::new(programs.join("zizmor"));
    run(zizmor.current_dir(root).args(["--offline", "--no-config", "--persona=auditor", ".github/workflows"]))
}
