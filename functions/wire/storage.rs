//! Where tables and documents are kept, by the settings `STORE` and `DOCUMENTS`.

use super::StartError;
use crate::edge::settings::Place;
use app::ports::{Documents, Tables};
use azure::documents::BlobDocuments;
use azure::tables::TablesClient;
use embedded::{FolderDocuments, SqliteTables};
use std::sync::Arc;

/// The database in `DATA_DIR`.
const TABLES_FILE: &str = "tables.db";
/// The folder of all documents in `DATA_DIR`.
const DOCUMENTS_FOLDER: &str = "documents";
/// The container of the customers' documents.
pub(super) const BILLS: &str = "bills";
/// The container of what the handler follows while it runs.
pub(super) const CONFIG: &str = "config";

/// In Azure the tables come with the account; an emulator's are made here.
pub(super) async fn tables(
    place: &Place,
    get: impl Fn(&'static str) -> Option<String>,
) -> Result<Arc<dyn Tables>, StartError> {
    Ok(match place {
        Place::Embedded { data_dir } => {
            let file = data_dir.join(TABLES_FILE);
            Arc::new(SqliteTables::open(&file).map_err(|error| StartError::Tables(Box::new(error)))?)
        }
        Place::Azure(url) => {
            let tables = TablesClient::from_settings(url.as_str(), get).map_err(StartError::Client)?;
            if url.is_loopback() {
                tables.create_tables().await.map_err(|error| StartError::Tables(Box::new(error)))?;
            }
            Arc::new(tables)
        }
    })
}

/// In Azure the containers come with the account; an emulator's are made here.
pub(super) async fn documents(
    place: &Place,
    container: &str,
    get: impl Fn(&'static str) -> Option<String>,
) -> Result<Arc<dyn Documents>, StartError> {
    Ok(match place {
        Place::Embedded { data_dir } => {
            let folder = data_dir.join(DOCUMENTS_FOLDER).join(container);
            let opened = FolderDocuments::open(&folder);
            Arc::new(opened.map_err(|error| StartError::Documents(Box::new(error)))?)
        }
        Place::Azure(url) => {
            let client = BlobDocuments::from_settings(url.as_str(), container, get);
            let client = client.map_err(StartError::Client)?;
            if url.is_loopback() {
                client.ensure_container().await.map_err(|error| StartError::Documents(Box::new(error)))?;
            }
            Arc::new(client)
        }
    })
}

/// What the tables are, as spans have it (`db.system.name`).
pub(super) fn system(store: &Place) -> &'static str {
    match store {
        Place::Embedded { .. } => "sqlite",
        Place::Azure(_) => "azure.table",
    }
}
