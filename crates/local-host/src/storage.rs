//! Where the handler keeps tables and documents: its settings `STORE` and `DOCUMENTS`.

use crate::server::StartError;
use azurite::{Azurite, AzuriteError, Options, STANDARD_BLOB_PORT, STANDARD_TABLE_PORT};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

/// The setting of everything that is kept in the data folder.
const EMBEDDED: &str = "embedded";
const AZURITE: &str = "azurite";
/// The file in the data folder that says which store it was made with.
const STORE_FILE: &str = "store";

/// Which store was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// `SQLite` and a folder, in the data folder.
    Embedded,
    /// An Azurite that this host starts, its data in the data folder. It takes its standard ports if they are free.
    Azurite,
    /// The address of a table endpoint. Documents are in the data folder, unless there is an address for them too.
    Endpoint(String),
}

impl FromStr for Store {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            EMBEDDED => Ok(Self::Embedded),
            AZURITE => Ok(Self::Azurite),
            url => match endpoint(url) {
                Ok(url) => Ok(Self::Endpoint(url)),
                Err(_) => Err("is neither embedded, nor azurite, nor the URL of a table endpoint".to_owned()),
            },
        }
    }
}

impl Store {
    /// What it is called on the command line.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Embedded => EMBEDDED,
            Self::Azurite => AZURITE,
            Self::Endpoint(url) => url,
        }
    }
}

/// An address of tables or blobs.
pub(crate) fn endpoint(url: &str) -> Result<String, String> {
    let known = url.starts_with("http://") || url.starts_with("https://");
    known.then(|| url.to_owned()).ok_or_else(|| "is not a URL".to_owned())
}

/// What the handler is told, and what must run for it.
#[derive(Debug)]
pub(crate) struct Storage {
    /// `STORE`.
    pub(crate) tables: String,
    /// `DOCUMENTS`.
    pub(crate) documents: String,
    /// What says that the data folder is this store's.
    pub(crate) claim: Claim,
    azurite: Option<Azurite>,
}

impl Storage {
    /// Starts what has to be started. A data folder that was made with another store is refused: messages that wait in
    /// it are about rows of that store.
    pub(crate) async fn open(
        store: &Store,
        documents: Option<&str>,
        data: &Path,
    ) -> Result<Self, StartError> {
        let name = store.name();
        let claim = Claim::check(data, name)?;
        let documents = documents.unwrap_or(EMBEDDED).to_owned();
        match store {
            Store::Embedded | Store::Endpoint(_) => {
                Ok(Self { tables: name.to_owned(), documents, claim, azurite: None })
            }
            Store::Azurite => {
                let azurite = start_azurite(data).await?;
                Ok(Self {
                    tables: azurite.tables_endpoint().to_owned(),
                    documents: azurite.blobs_endpoint().to_owned(),
                    claim,
                    azurite: Some(azurite),
                })
            }
        }
    }

    /// Lets Azurite write what it holds in memory.
    pub(crate) async fn close(self) {
        let _ = tokio::task::spawn_blocking(|| drop(self.azurite)).await;
    }
}

/// A data folder and the store that it is used with. Nothing is written before a handler has reached that store: a
/// mistyped address leaves a fresh folder free.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    file: PathBuf,
    store: String,
    /// Held by who writes.
    writing: Arc<Mutex<()>>,
}

impl Claim {
    /// Refuses a folder that was made with another store.
    fn check(data: &Path, store: &str) -> Result<Self, StartError> {
        let file = data.join(STORE_FILE);
        match std::fs::read_to_string(&file) {
            Ok(found) if found != store => {
                Err(StartError::OtherStore { data: data.to_owned(), store: found })
            }
            Err(error) if error.kind() != ErrorKind::NotFound => Err(StartError::data(&file, error)),
            Ok(_) | Err(_) => Ok(Self { file, store: store.to_owned(), writing: Arc::default() }),
        }
    }

    /// Writes it down, whole or not at all, unless it is there.
    pub(crate) fn write(&self) -> Result<(), StartError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.file.exists() {
            return Ok(());
        }
        let draft = self.file.with_extension("new");
        let written = std::fs::write(&draft, &self.store).and_then(|()| std::fs::rename(&draft, &self.file));
        written.map_err(|error| StartError::data(&self.file, error))
    }
}

async fn start_azurite(data: &Path) -> Result<Azurite, StartError> {
    tracing::info!("Azurite starts; the first time it is installed from npm");
    let folder = data.join("azurite");
    let started = tokio::task::spawn_blocking(move || {
        let standard = (free_or_any(STANDARD_BLOB_PORT), free_or_any(STANDARD_TABLE_PORT));
        match azurite_on(standard, &folder) {
            // Somebody else took a port in the meantime.
            Err(AzuriteError::Start(_)) if standard != (0, 0) => azurite_on((0, 0), &folder),
            started => started,
        }
    });
    started.await.map_err(|error| StartError::data(data, error))?.map_err(StartError::Azurite)
}

fn azurite_on((blob_port, table_port): (u16, u16), folder: &Path) -> Result<Azurite, AzuriteError> {
    Azurite::start(&Options { data: Some(folder.to_owned()), blob_port, table_port })
}

fn free_or_any(port: u16) -> u16 {
    if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() { port } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_named_or_given_as_an_address() {
        assert_eq!("embedded".parse(), Ok(Store::Embedded));
        assert_eq!("azurite".parse(), Ok(Store::Azurite));
        let url = "https://x.table.core.windows.net";
        assert_eq!(url.parse(), Ok(Store::Endpoint(url.to_owned())));
        assert!("elsewhere".parse::<Store>().is_err());
    }

    #[tokio::test]
    async fn documents_stay_in_the_data_folder_unless_they_have_an_address() {
        let data = tempfile::tempdir().unwrap();
        let tables = Store::Endpoint("http://127.0.0.1:1/a".to_owned());
        let storage = Storage::open(&tables, None, data.path()).await.unwrap();
        assert_eq!(
            (storage.tables.as_str(), storage.documents.as_str()),
            ("http://127.0.0.1:1/a", "embedded")
        );
        let storage = Storage::open(&tables, Some("http://127.0.0.1:2/a"), data.path()).await.unwrap();
        assert_eq!(storage.documents, "http://127.0.0.1:2/a");
    }

    #[tokio::test]
    async fn a_data_folder_keeps_to_the_store_it_was_made_with() {
        let data = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            Storage::open(&Store::Embedded, None, data.path()).await.unwrap().claim.write().unwrap();
        }
        let other = Storage::open(&Store::Azurite, None, data.path()).await.unwrap_err();
        assert!(matches!(other, StartError::OtherStore { store, .. } if store == "embedded"));
    }

    #[tokio::test]
    async fn a_data_folder_is_free_until_a_store_was_reached() {
        let data = tempfile::tempdir().unwrap();
        let mistyped = Store::Endpoint("http://127.0.0.1:1".to_owned());
        Storage::open(&mistyped, None, data.path()).await.unwrap();
        Storage::open(&Store::Embedded, None, data.path()).await.unwrap();
    }

    #[test]
    fn a_port_that_is_taken_is_left_alone() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_eq!(free_or_any(port), 0);
        drop(taken);
        assert_eq!(free_or_any(port), port);
    }
}
