//! Azurite from npm: the version and the dependencies of our lock file, in a cache outside the project.

use crate::AzuriteError;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The version in package.json, which a test holds to be the same.
const VERSION: &str = "3.35.0";

const FILES: [(&str, &str); 3] = [
    ("package.json", include_str!("../package.json")),
    ("package-lock.json", include_str!("../package-lock.json")),
    (PRELOAD, include_str!("../end-with-stdin.cjs")),
];
const PRELOAD: &str = "end-with-stdin.cjs";
const PROGRAM: &str = "node_modules/azurite/dist/src/azurite.js";

/// Where Azurite is, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct Installed {
    pub(crate) preload: PathBuf,
    pub(crate) program: PathBuf,
}

/// Installs Azurite unless it is there. Processes that want it at the same time wait for the first.
pub(crate) fn install(cache: &Path) -> Result<Installed, AzuriteError> {
    let _lock = tool_cache::lock(cache, "azurite").map_err(AzuriteError::Cache)?;
    let home = cache.join(format!("azurite-{VERSION}"));
    if !is_current(&home) {
        let fresh = cache.join("azurite.new");
        fetch(&fresh)?;
        remove(&home).and_then(|()| fs::rename(&fresh, &home)).map_err(AzuriteError::Cache)?;
    }
    Ok(Installed { preload: home.join(PRELOAD), program: home.join(PROGRAM) })
}

/// Whether the folder was made of the very files that this build holds.
fn is_current(home: &Path) -> bool {
    let same =
        |(name, text): &(&str, &str)| fs::read_to_string(home.join(name)).is_ok_and(|found| found == *text);
    home.join(PROGRAM).is_file() && FILES.iter().all(same)
}

fn fetch(folder: &Path) -> Result<(), AzuriteError> {
    remove(folder).and_then(|()| fs::create_dir_all(folder)).map_err(AzuriteError::Cache)?;
    for (name, text) in FILES {
        fs::write(folder.join(name), text).map_err(AzuriteError::Cache)?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    let output = npm.current_dir(folder).stdin(Stdio::null()).output().map_err(AzuriteError::Node)?;
    if output.status.success() {
        return Ok(());
    }
    Err(AzuriteError::Install(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_that_npm_is_asked_for() {
        for (name, text) in &FILES[..2] {
            assert!(text.contains(&format!(r#""azurite": "{VERSION}""#)), "{name}");
        }
    }

    #[test]
    fn the_lock_file_names_no_registry() {
        assert!(!FILES[1].1.contains("resolved"), "whoever installs chooses where from");
    }

    #[test]
    fn what_is_half_installed_or_of_another_version_is_installed_anew() {
        let home = std::env::temp_dir().join(format!("azurite-is-current-{}", std::process::id()));
        let program = home.join(PROGRAM);
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        for (name, text) in FILES {
            fs::write(home.join(name), text).unwrap();
        }
        assert!(!is_current(&home), "the program is missing");
        fs::write(&program, "").unwrap();
        assert!(is_current(&home));
        fs::write(home.join(PRELOAD), "other").unwrap();
        assert!(!is_current(&home));
        remove(&home).unwrap();
        remove(&home).unwrap();
    }
}
