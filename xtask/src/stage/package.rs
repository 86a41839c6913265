//! The files of a function app: which there are, how they are laid out and packed, and what a package must be.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Cursor, Read, Seek, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

const HOST: &str = "host.json";
/// What host.json starts, beside it.
const HANDLER: &str = "handler";
const FUNCTION: &str = "function.json";
/// Permissions of a program, and of everything else.
const PROGRAM: u32 = 0o755;
const DATA: u32 = 0o644;
/// The bits of a mode that are permissions.
const PERMISSIONS: u32 = 0o777;

/// Contents by name; the order of names is the order in the package.
type Files = BTreeMap<String, Vec<u8>>;

/// host.json, the handler, and the function.json of every function: nothing else is deployed.
pub(super) fn files(root: &Path, handler: Vec<u8>) -> Result<Files> {
    let read = |path: &Path| fs::read(path).with_context(|| path.display().to_string());
    let mut files = Files::from([(HANDLER.to_owned(), handler), (HOST.to_owned(), read(&root.join(HOST))?)]);
    for folder in fs::read_dir(root.join("functions"))? {
        let folder = folder?;
        let binding = folder.path().join(FUNCTION);
        if binding.is_file() {
            let name = folder.file_name().into_string().ok().context("a function's name is not UTF-8")?;
            files.insert(format!("{name}/{FUNCTION}"), read(&binding)?);
        }
    }
    Ok(files)
}

fn mode(name: &str) -> u32 {
    if name == HANDLER { PROGRAM } else { DATA }
}

/// Writes the files into a folder, in the place of whatever was there.
pub(super) fn lay_out(files: &Files, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    for (name, contents) in files {
        let path = folder.join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(&path, contents)?;
        set_mode(&path, mode(name))?;
    }
    Ok(())
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

#[cfg(not(unix))]
fn set_mode(_path: &Path, _mode: u32) -> Result<()> {
    Ok(())
}

/// Packs the files.
pub(super) fn pack(files: &Files, zip: &Path) -> Result<()> {
    let packed = packed(files)?.into_inner();
    fs::write(zip, packed).with_context(|| zip.display().to_string())
}

/// The same files always make the same bytes: the order is by name, and all have one date.
fn packed(files: &Files) -> Result<Cursor<Vec<u8>>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, contents) in files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(mode(name));
        zip.start_file(name, options)?;
        zip.write_all(contents)?;
    }
    Ok(zip.finish()?)
}

/// Unpacks a package as the Functions host's platform does, permissions included.
pub(super) fn unpack(zip: &Path, folder: &Path) -> Result<()> {
    Ok(ZipArchive::new(File::open(zip)?)?.extract(folder)?)
}

/// Refuses a package that Azure could not run, or that holds anything that is not meant to leave this machine.
pub(super) fn check(zip: &Path) -> Result<()> {
    check_archive(&mut ZipArchive::new(File::open(zip)?)?)
}

fn check_archive<R: Read + Seek>(archive: &mut ZipArchive<R>) -> Result<()> {
    let mut functions = 0;
    let mut program = None;
    for index in 0..archive.len() {
        let mut file = archive.by_index(index)?;
        let (name, mode) = (file.name()?.into_owned(), file.unix_mode().unwrap_or_default());
        ensure!(file.is_file() && belongs(&name), "{name} does not belong into a package");
        let wanted = self::mode(&name);
        ensure!(mode & PERMISSIONS == wanted, "{name} has mode {:o} and not {wanted:o}", mode & PERMISSIONS);
        if name == HOST {
            program = Some(executable(&json(&name, &mut file)?)?);
        } else if name != HANDLER {
            let bindings = json(&name, &mut file)?["bindings"].as_array().map_or(0, Vec::len);
            ensure!(bindings > 0, "{name} has no bindings");
            functions += 1;
        }
    }
    let program = program.context("host.json is missing")?;
    ensure!(program == HANDLER, "host.json starts {program} and not {HANDLER}");
    ensure!(archive.index_for_name(HANDLER).is_some(), "the handler is missing");
    ensure!(functions > 0, "there is no function");
    Ok(())
}

/// A list of what may be there finds what nobody thought of, which a list of what may not does not.
fn belongs(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    match parts[..] {
        [file] => file == HOST || file == HANDLER,
        [function, file] => {
            file == FUNCTION
                && function.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        }
        _ => false,
    }
}

fn json(name: &str, file: &mut impl Read) -> Result<Value> {
    serde_json::from_reader(file).with_context(|| format!("{name} is not JSON"))
}

fn executable(host: &Value) -> Result<String> {
    let path = host["customHandler"]["description"]["defaultExecutablePath"].as_str();
    Ok(path.context("host.json does not say what to start")?.to_owned())
}

#[cfg(test)]
mod tests;
