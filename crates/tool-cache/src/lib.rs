//! Where tools of development are installed: a folder outside the project, so that every checkout shares them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// `$XDG_CACHE_HOME/phone-billing`, else `~/.cache/phone-billing`, else below the folder of temporary files.
#[must_use]
pub fn folder() -> PathBuf {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let base = named("XDG_CACHE_HOME").map(PathBuf::from);
    let base = base.or_else(|| named("HOME").map(|home| Path::new(&home).join(".cache")));
    base.unwrap_or_else(std::env::temp_dir).join("phone-billing")
}

/// Makes the folder when it is not there, and waits until nobody else installs what has this name. Nobody does until
/// the file is dropped, or the process ends.
pub fn lock(folder: &Path, name: &str) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let file = File::create(folder.join(format!("{name}.lock")))?;
    file.lock()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_installs_what_has_one_name() {
        let folder = std::env::temp_dir().join(format!("tool-cache-{}", std::process::id()));
        let held = lock(&folder, "a").unwrap();
        let other = File::open(folder.join("a.lock")).unwrap();
        assert!(other.try_lock().is_err());
        lock(&folder, "b").unwrap();
        drop(held);
        other.try_lock().unwrap();
        fs::remove_dir_all(folder).unwrap();
    }
}
