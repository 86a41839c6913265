//! Settings, read once from the environment (in Azure: from the app settings) before the port is bound.
//!
//! Those of the bus and of the payment gateway are read by their adapters, those of the log by the log.

mod parse;
#[cfg(test)]
mod tests;

use app::Buckets;
use domain::limits::{REDELIVERY_PAUSE_MS, REDELIVERY_PAUSE_SECONDS_MAX};
pub(crate) use parse::HttpUrl;
use parse::Reader;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Where tables (`STORE`) or documents (`DOCUMENTS`) are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// `embedded`: in `DATA_DIR`, for one machine.
    Embedded {
        /// The folder; it is made when it is not there.
        data_dir: PathBuf,
    },
    /// The address of Azure Table Storage, Azure Cosmos DB for Table or Azure Blob Storage; on this machine: Azurite's.
    Azure(HttpUrl),
}

/// Whose tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// `TOKEN_ISSUER`: the `iss` of tokens, exactly.
    pub(crate) issuer: String,
    /// `TOKEN_AUDIENCE`: what the `aud` of tokens must contain.
    pub(crate) audience: String,
    /// `TOKEN_JWKS_URL`: where the issuer publishes its keys.
    pub(crate) jwks: HttpUrl,
}

/// Everything that the handler itself is told from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// `FUNCTIONS_CUSTOMHANDLER_PORT`, chosen by the host.
    pub(crate) port: u16,
    /// `STORE`, `DATA_DIR`.
    pub(crate) store: Place,
    /// `DOCUMENTS`, `DATA_DIR`; like the tables when it is not set and they are embedded.
    pub(crate) documents: Place,
    /// `BUCKETS`: how many partitions the customers are spread over; fixed when the store is made.
    pub(crate) buckets: Buckets,
    /// `TOKEN_ISSUER`, `TOKEN_AUDIENCE`, `TOKEN_JWKS_URL`.
    pub(crate) tokens: Tokens,
    /// `REDELIVERY_PAUSE_MS`: how long the first failed delivery of a message is held back; the pause doubles with each
    /// further one.
    pub(crate) redelivery_pause: Duration,
    /// `CLOCK_FILE`: a test clock's offset; the machine's time when it is not set.
    pub(crate) clock_file: Option<PathBuf>,
    /// `CATALOGUE_FILE`: the plans; the ones that are built in when it is not set.
    pub(crate) catalogue_file: Option<PathBuf>,
}

/// A setting that cannot be used. Never holds the value: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {problem}")]
pub(crate) struct SettingError {
    /// The setting's name.
    pub(crate) name: &'static str,
    /// What is wrong with it.
    pub(crate) problem: &'static str,
}

/// All settings that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SettingsError(pub(crate) Vec<SettingError>);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&all.join("; "))
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// Reads the settings through `get`; `None` is a setting that is not set.
    pub(crate) fn from_vars(get: impl Fn(&'static str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(&get);
        let settings = read(&mut reader);
        match (settings, reader.into_errors()) {
            (Some(settings), errors) if errors.is_empty() => Ok(settings),
            (_, errors) => Err(SettingsError(errors)),
        }
    }
}

/// Every part is read before one of them can end it, so that all errors are found.
fn read(reader: &mut Reader<'_>) -> Option<Settings> {
    let port = reader.port("FUNCTIONS_CUSTOMHANDLER_PORT");
    let store = place(reader, "STORE");
    let documents = documents(reader, store.as_ref());
    let buckets = reader.buckets("BUCKETS");
    let tokens = tokens(reader);
    let longest = Duration::from_secs(REDELIVERY_PAUSE_SECONDS_MAX);
    let redelivery_pause = reader.millis("REDELIVERY_PAUSE_MS", REDELIVERY_PAUSE_MS, longest);
    Some(Settings {
        port: port?,
        store: store?,
        documents: documents?,
        buckets: buckets?,
        tokens: tokens?,
        redelivery_pause: redelivery_pause?,
        clock_file: reader.text("CLOCK_FILE").map(PathBuf::from),
        catalogue_file: reader.text("CATALOGUE_FILE").map(PathBuf::from),
    })
}

fn place(reader: &mut Reader<'_>, name: &'static str) -> Option<Place> {
    if reader.required(name)? == "embedded" {
        Some(Place::Embedded { data_dir: reader.required("DATA_DIR")?.into() })
    } else {
        reader
            .url(name, "is neither `embedded`, nor an https URL, nor an http URL on this machine")
            .map(Place::Azure)
    }
}

fn documents(reader: &mut Reader<'_>, store: Option<&Place>) -> Option<Place> {
    match store {
        // What serves one machine serves it whole, unless somebody says otherwise.
        Some(Place::Embedded { .. }) | None if reader.text("DOCUMENTS").is_none() => store.cloned(),
        Some(_) | None => place(reader, "DOCUMENTS"),
    }
}

fn tokens(reader: &mut Reader<'_>) -> Option<Tokens> {
    let (issuer, audience) = (reader.required("TOKEN_ISSUER"), reader.required("TOKEN_AUDIENCE"));
    let jwks = reader.url("TOKEN_JWKS_URL", "is not an https URL, nor an http URL on this machine");
    Some(Tokens { issuer: issuer?, audience: audience?, jwks: jwks? })
}
