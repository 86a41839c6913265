//! Documents as files of a folder.

use app::ports::{Document, DocumentError, Documents, ETag, Reading, Stored, validate_name};
use async_trait::async_trait;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Begins the names of files that are being written. No document's name has this character.
const UNFINISHED: &str = "~";

/// [`Documents`] as the files of a folder that several processes may share.
///
/// A document is written to a file of another name, synced, and given its own name in one step that fails when the
/// name is taken: so a name has its whole document or none, whoever else stores one, and what was answered survives
/// `kill -9` and the loss of power. A process that is killed in between leaves a file behind whose name begins with
/// `~`, which nobody reads. The version of a document is a digest of its content, so a file that a person edits is
/// a new version.
///
/// A document and a folder cannot share a name: `a` and `a/b` are not both stored.
#[derive(Debug, Clone)]
pub struct FolderDocuments {
    folder: PathBuf,
}

impl FolderDocuments {
    /// The documents in a folder, which is made when it is not there. Blocks: for the start of a process.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn path(&self, name: &str) -> Result<PathBuf, DocumentError> {
        validate_name(name)?;
        Ok(self.folder.join(name))
    }
}

#[async_trait]
impl Documents for FolderDocuments {
    async fn read(&self, name: &str, known: Option<&ETag>) -> Result<Reading, DocumentError> {
        let (path, known) = (self.path(name)?, known.cloned());
        blocking(move || read(&path, known.as_ref())).await
    }

    /// The content type is not kept: the ending of the name tells it.
    async fn create(&self, name: &str, _content_type: &str, content: Bytes) -> Result<Stored, DocumentError> {
        let (path, root) = (self.path(name)?, self.folder.clone());
        blocking(move || create(&root, &path, &content)).await
    }

    async fn ping(&self) -> Result<(), DocumentError> {
        let folder = self.folder.clone();
        blocking(move || fs::read_dir(folder).map(drop)).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, DocumentError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| DocumentError::Store(Box::new(error))),
        Err(error) => Err(DocumentError::Store(Box::new(error))),
    }
}

fn read(path: &Path, known: Option<&ETag>) -> io::Result<Reading> {
    let content = match fs::read(path) {
        Ok(content) => content,
        Err(_) if path.is_dir() => return Ok(Reading::Missing),
        Err(error) if is_absent(&error) => return Ok(Reading::Missing),
        Err(error) => return Err(error),
    };
    let etag = etag(&content);
    let unchanged = known == Some(&etag);
    Ok(if unchanged {
        Reading::Unchanged
    } else {
        Reading::Found(Document { etag, content: content.into() })
    })
}

/// There is no such file, or there is a file where a folder on the way to it would be.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn etag(content: &[u8]) -> ETag {
    let digest = Sha256::digest(content);
    let hex = digest.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    ETag(hex.filter_map(|digit| char::from_digit(digit.into(), 16)).collect())
}

fn create(root: &Path, path: &Path, content: &[u8]) -> io::Result<Stored> {
    let folder = path.parent().unwrap_or(root);
    if !path.try_exists()? {
        fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(path) {
            Ok(_) => {
                sync_folders(root, folder)?;
                return Ok(Stored::Created);
            }
            Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(failed) => return Err(failed.error),
        }
    }
    // Whoever was first may have been killed before it synced the name.
    sync_folders(root, folder)?;
    Ok(Stored::Already)
}

/// Makes the names on the way to a file last, the innermost first.
fn sync_folders(root: &Path, folder: &Path) -> io::Result<()> {
    folder.ancestors().take_while(|ancestor| ancestor.starts_with(root)).try_for_each(sync_folder)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// Other systems have no handles of folders that could be synced.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
