//! Which adapters stand behind the ports, by the settings.

mod storage;

use crate::Handler;
use crate::edge::auth::Verifier;
use crate::edge::settings::Settings;
use crate::edge::site::{Site, WebSettings};
use app::failure::chain;
use app::ports::{Bus, Clock, Documents, Gateway, Ids};
use app::{App, Ports};
use azure::bus::ServiceBusClient;
use bill_pdf::PdfTypesetter;
use domain::catalogue::Catalogue;
use embedded::{FileClock, SystemClock, SystemIds};
use std::path::Path;
use std::sync::Arc;
use toss::{TossClient, TossOptions};

/// Why the handler cannot start. For the log, and then the end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// Settings that are missing or cannot be used: all of them.
    #[error("settings cannot be used: {0}")]
    Settings(String),
    /// `CATALOGUE_FILE` cannot be read, or a plan in it cannot be billed.
    #[error("the catalogue cannot be used")]
    Catalogue(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The tables cannot be opened.
    #[error("the tables cannot be opened")]
    Tables(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The documents cannot be opened.
    #[error("the documents cannot be opened")]
    Documents(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The typeface is broken.
    #[error("documents cannot be set")]
    Typesetter(#[source] app::ports::TypesetError),
    /// There is no client for an address that the settings name.
    #[error("Azure cannot be used")]
    Client(#[source] azure::ClientError),
    /// The store was made with another number of buckets, or does not answer.
    #[error("the store does not fit the settings")]
    Store(#[source] app::Failure),
    /// There is no TLS.
    #[error("tokens cannot be checked")]
    Tokens(#[source] reqwest::Error),
}

/// The settings and what they lead to, ready to serve.
pub(crate) struct Wired {
    pub(crate) port: u16,
    pub(crate) handler: Handler,
    /// Where `runtime.json` is.
    pub(crate) config: Arc<dyn Documents>,
}

/// Reads all settings, then opens what they name.
///
/// When it is to be `traced`, every call of a port has a span.
pub(crate) async fn wire(
    get: impl Fn(&'static str) -> Option<String>,
    traced: bool,
) -> Result<Wired, StartError> {
    let web = WebSettings::from_vars(&get).map_err(|error| StartError::Settings(error.to_string()))?;
    let site = Arc::new(Site::new(web));
    let (settings, bus, gateway) = read(&get)?;
    let clock = clock(&settings);
    let ids: Arc<dyn Ids> = Arc::new(SystemIds::new());
    let ports = Ports {
        tables: storage::tables(&settings.store, &get).await?,
        bus,
        gateway,
        documents: storage::documents(&settings.documents, storage::BILLS, &get).await?,
        typesetter: Arc::new(PdfTypesetter::new().map_err(StartError::Typesetter)?),
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
    };
    let ports = if traced { telemetry::traced(ports, storage::system(&settings.store)) } else { ports };
    let config = storage::documents(&settings.documents, storage::CONFIG, &get).await?;
    let catalogue = catalogue(settings.catalogue_file.as_deref())?;
    let app = App::new(ports, Arc::new(catalogue), settings.buckets);
    app.check_buckets().await.map_err(StartError::Store)?;
    let tokens = Verifier::new(&settings.tokens, Arc::clone(&clock)).map_err(StartError::Tokens)?;
    let (app, tokens, redelivery_pause) = (Arc::new(app), Arc::new(tokens), settings.redelivery_pause);
    let handler = Handler { app, tokens, clock, ids, site, redelivery_pause };
    Ok(Wired { port: settings.port, handler, config })
}

type Read = (Settings, Arc<dyn Bus>, Arc<dyn Gateway>);

fn read(get: impl Fn(&'static str) -> Option<String>) -> Result<Read, StartError> {
    let settings = Settings::from_vars(&get);
    let bus = ServiceBusClient::from_settings(&get);
    let gateway = TossOptions::from_settings(&get).and_then(TossClient::new);
    match (settings, bus, gateway) {
        (Ok(settings), Ok(bus), Ok(gateway)) => Ok((settings, Arc::new(bus), Arc::new(gateway))),
        (settings, bus, gateway) => {
            let errors = [
                settings.err().map(|error| chain(&error)),
                bus.err().map(|error| chain(&error)),
                gateway.err().map(|error| chain(&error)),
            ];
            Err(StartError::Settings(errors.into_iter().flatten().collect::<Vec<_>>().join("; ")))
        }
    }
}

fn clock(settings: &Settings) -> Arc<dyn Clock> {
    match &settings.clock_file {
        Some(file) => Arc::new(FileClock::new(file.clone())),
        None => Arc::new(SystemClock),
    }
}

fn catalogue(file: Option<&Path>) -> Result<Catalogue, StartError> {
    let Some(file) = file else { return Ok(Catalogue::builtin()) };
    let text = std::fs::read_to_string(file).map_err(|error| StartError::Catalogue(Box::new(error)))?;
    Catalogue::parse(&text).map_err(|error| StartError::Catalogue(Box::new(error)))
}
