//! Programs that come as Python packages, in pinned versions, each set of them in a virtual environment of its own
//! in a cache outside the project.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Packages that are installed together. The file names every one of them, dependencies included.
#[derive(Debug, Clone, Copy)]
pub struct Packages {
    /// The folder's name in the cache.
    pub name: &'static str,
    /// The pinned versions, as pip reads them.
    pub requirements: &'static str,
}

/// The Azure CLI: about 730 MB on disk, one or two minutes to install.
pub const AZ: Packages = Packages { name: "az", requirements: include_str!("python/az.txt") };

/// `checkov`, which reads the Bicep files.
pub const CHECKOV: Packages = Packages { name: "checkov", requirements: include_str!("python/checkov.txt") };

/// `shellcheck`, `zizmor` and `actionlint`.
pub const LINT: Packages = Packages { name: "lint", requirements: include_str!("python/lint.txt") };

/// Why a set of packages is not there.
#[derive(Debug, thiserror::Error)]
pub enum PythonError {
    /// The folder that it is installed into cannot be used.
    #[error("the folder that Python packages are installed into cannot be used")]
    Cache(#[source] io::Error),
    /// There is no `python3` on the PATH.
    #[error("python3 cannot be started")]
    Python(#[source] io::Error),
    /// The words of `venv` (Debian has it in the package `python3-venv`) or of pip.
    #[error("the Python packages `{0}` could not be installed: {1}")]
    Install(&'static str, String),
}

impl Packages {
    /// Installs the packages unless they are there, and returns the folder with their programs, `python` among them.
    /// Processes that want them at the same time wait for the first.
    pub fn install(&self) -> Result<PathBuf, PythonError> {
        self.install_in(&tool_cache::folder())
    }

    fn install_in(&self, cache: &Path) -> Result<PathBuf, PythonError> {
        let name = format!("python-{}", self.name);
        let _lock = tool_cache::lock(cache, &name).map_err(PythonError::Cache)?;
        let home = cache.join(name);
        if !self.is_current(&home) {
            self.fetch(&home)?;
        }
        Ok(home.join("bin"))
    }

    /// Whether the folder holds these very versions, and the Python that they were installed for.
    fn is_current(&self, home: &Path) -> bool {
        let installed = fs::read_to_string(home.join(INSTALLED));
        home.join("bin/python").is_file() && installed.is_ok_and(|text| text == self.requirements)
    }

    /// In place, because a virtual environment cannot be moved. What was installed is noted last.
    fn fetch(&self, home: &Path) -> Result<(), PythonError> {
        match fs::remove_dir_all(home) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(PythonError::Cache(error)),
            _ => {}
        }
        self.run(Command::new("python3").args(["-m", "venv"]).arg(home))?;
        let wanted = home.join("requirements.txt");
        fs::write(&wanted, self.requirements).map_err(PythonError::Cache)?;
        let mut pip = Command::new(home.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        self.run(pip.arg("--requirement").arg(&wanted))?;
        fs::write(home.join(INSTALLED), self.requirements).map_err(PythonError::Cache)
    }

    fn run(&self, command: &mut Command) -> Result<(), PythonError> {
        let output = command.stdin(Stdio::null()).output().map_err(PythonError::Python)?;
        if output.status.success() {
            return Ok(());
        }
        let said = [output.stdout, output.stderr].concat();
        Err(PythonError::Install(self.name, String::from_utf8_lossy(&said).trim().to_owned()))
    }
}

const INSTALLED: &str = "installed.txt";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_is_pinned_to_one_version() {
        for packages in [AZ, CHECKOV, LINT] {
            let lines = packages.requirements.lines().filter(|line| !line.starts_with('#'));
            let loose: Vec<_> = lines.filter(|line| line.split("==").count() != 2).collect();
            assert!(loose.is_empty(), "{}: {loose:?}", packages.name);
        }
    }

    #[test]
    fn what_is_half_installed_or_of_other_versions_is_installed_anew() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("bin")).unwrap();
        fs::write(home.path().join("bin/python"), "").unwrap();
        assert!(!LINT.is_current(home.path()), "pip has not finished");
        fs::write(home.path().join(INSTALLED), LINT.requirements).unwrap();
        assert!(LINT.is_current(home.path()));
        fs::write(home.path().join(INSTALLED), "zizmor==1.0.0").unwrap();
        assert!(!LINT.is_current(home.path()), "other versions");
        fs::write(home.path().join(INSTALLED), LINT.requirements).unwrap();
        fs::remove_file(home.path().join("bin/python")).unwrap();
        assert!(!LINT.is_current(home.path()), "its Python was removed");
    }

    #[test]
    fn a_package_that_does_not_exist_is_an_error_and_is_tried_again() {
        let cache = tempfile::tempdir().unwrap();
        let none = Packages { name: "none", requirements: "./no-such-folder\n" };
        for _ in 0..2 {
            let error = none.install_in(cache.path()).unwrap_err();
            assert!(matches!(error, PythonError::Install("none", _)), "{error}");
        }
    }
}
