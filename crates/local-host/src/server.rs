//! All parts of the local host behind one address.

use crate::bus::{self, Broker, Topology, TopologyError};
use crate::chance;
use crate::clock::{self, TestClock};
use crate::console::Console;
use crate::gateway::{self, Gateway};
use crate::host::{self, ConfigError, Context, Host, HostConfig, Launch, Parts, Settings};
use crate::issuer::{self, AUDIENCE, Issuer, IssuerError};
use crate::options::Options;
use crate::storage::{Claim, Storage};
use crate::{card_form, pages, problem, sign_in};
use app::ports::Clock;
use axum::Router;
use axum::serve::ListenerExt;
use azurite::AzuriteError;
use std::fs::{File, TryLockError};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The secret key of the payment gateway's stand-in: `TOSS_SECRET_KEY`.
pub const TOSS_SECRET_KEY: &str = "test_sk_local";
/// Milliseconds that the handler gives the stand-in, unless a setting says otherwise.
const GATEWAY_TIMEOUT_MS: &str = "2000";
/// Buckets, unless a setting says otherwise.
const BUCKETS: &str = "32";

/// Where the bus is a resource that can be asked what it holds.
const RESOURCE_MANAGER: &str = "/resource-manager";

/// Why a local host does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Something else listens there.
    #[error("port {0} is taken; choose another one with --port")]
    PortTaken(u16),
    /// The port cannot be listened on.
    #[error("port {port} cannot be used")]
    Port {
        /// The port.
        port: u16,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Another local host has the data folder.
    #[error("{} belongs to another local host that is running; choose another folder with --data", .0.display())]
    DataLocked(PathBuf),
    /// The data folder, or a file in it, cannot be used.
    #[error("{} cannot be used", path.display())]
    Data {
        /// The folder or file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The data folder was made with another store.
    #[error("{} was made with --store {store}; choose another folder with --data", data.display())]
    OtherStore {
        /// The folder.
        data: PathBuf,
        /// The store that it belongs to.
        store: String,
    },
    /// Azurite does not run.
    #[error("Azurite cannot be started")]
    Azurite(#[source] AzuriteError),
    /// host.json, local.settings.json or a function.json is wrong.
    #[error("the function app cannot be loaded")]
    App(#[from] ConfigError),
    /// infra/topology.json is wrong.
    #[error("the topology of the bus cannot be loaded")]
    Topology(#[from] TopologyError),
}

impl StartError {
    pub(crate) fn data(path: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Data { path: path.to_owned(), source: source.into() }
    }
}

impl From<(&Path, IssuerError)> for StartError {
    fn from((path, error): (&Path, IssuerError)) -> Self {
        Self::data(path, error)
    }
}

/// A running local host.
pub struct LocalHost {
    address: SocketAddr,
    host: Arc<Host>,
    broker: Arc<Broker>,
    gateway: Arc<Gateway>,
    issuer: Arc<Issuer>,
    clock: Arc<TestClock>,
    bus_token: String,
    console: Console,
    storage: Storage,
    claiming: JoinHandle<()>,
    stopping: watch::Sender<bool>,
    server: JoinHandle<()>,
    /// Held for as long as the data folder is in use.
    _lock: File,
}

impl LocalHost {
    /// Starts everything. Requests are accepted when this returns; they wait for the handler.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let data = open_data(&options.data)?;
        let lock = lock(&data)?;
        let listener = listen(options.port).await?;
        let address =
            listener.local_addr().map_err(|source| StartError::Port { port: options.port, source })?;
        let url = format!("http://{address}");
        let services = Services::open(&data, &url, &options)?;
        let storage = Storage::open(&options.store, options.documents.as_deref(), &data).await?;
        let (host, routes) = services.host(&options, &storage, &data, &url)?;
        let claiming = tokio::spawn(claim_when_used(Arc::clone(&host), storage.claim.clone()));
        let stopping = watch::Sender::new(false);
        let server = serve(listener, routes, &stopping);
        let Services { broker, gateway, issuer, clock, bus_token, console, .. } = services;
        Ok(Self {
            address,
            host,
            broker,
            gateway,
            issuer,
            clock,
            bus_token,
            console,
            storage,
            claiming,
            stopping,
            server,
            _lock: lock,
        })
    }

    /// `http://127.0.0.1:{port}`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The names of all functions, in order.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.host.functions().iter().map(|function| function.name.as_str())
    }

    /// The message bus.
    pub fn broker(&self) -> &Arc<Broker> {
        &self.broker
    }

    /// The payment gateway.
    pub fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    /// The token issuer.
    pub fn issuer(&self) -> &Arc<Issuer> {
        &self.issuer
    }

    /// The test clock.
    pub fn clock(&self) -> &Arc<TestClock> {
        &self.clock
    }

    /// What senders on the bus's REST surface present, and who asks for its counts.
    pub fn bus_token(&self) -> &str {
        &self.bus_token
    }

    /// Waits until every handler is ready, or tells why that will not be.
    pub async fn ready(&self) -> Result<(), String> {
        self.host.ready().await?;
        // Whoever hears that all is ready may kill this process at once.
        self.storage.claim.write().map_err(|error| error.to_string())
    }

    /// Waits until the host cannot go on, and tells why.
    pub async fn failed(&self) -> String {
        self.host.failed().await
    }

    /// Lets what is under way finish for at most 10 s, then ends everything.
    pub async fn stop(self) {
        self.host.stop().await;
        self.claiming.abort();
        self.stopping.send_replace(true);
        // Connections that somebody keeps open do not keep the host alive.
        if tokio::time::timeout(SERVER_STOPS_IN, self.server).await.is_err() {
            tracing::debug!("some connections were cut");
        }
        let broker = self.broker;
        let _ = tokio::task::spawn_blocking(move || broker.close()).await;
        self.storage.close().await;
        self.console.flush().await;
    }
}

/// How long connections may take to end once nothing is under way any more.
const SERVER_STOPS_IN: std::time::Duration = std::time::Duration::from_millis(500);

/// What the local host keeps in its data folder, and the host needs.
struct Services {
    topology: Topology,
    broker: Arc<Broker>,
    gateway: Arc<Gateway>,
    issuer: Arc<Issuer>,
    clock: Arc<TestClock>,
    bus_token: String,
    console: Console,
}

impl Services {
    fn open(data: &Path, url: &str, options: &Options) -> Result<Self, StartError> {
        let topology = Topology::parse(&options.app.topology()?)?;
        let path = data.join("clock.json");
        let clock = Arc::new(TestClock::open(&path).map_err(|error| StartError::data(&path, error))?);
        let path = data.join("issuer.key");
        let issuer = Issuer::open(&path, url, Arc::clone(&clock)).map_err(|error| (path.as_path(), error))?;
        let path = data.join("gateway.db");
        let gateway = Gateway::open(&path, Arc::clone(&clock) as Arc<dyn Clock>, TOSS_SECRET_KEY)
            .map_err(|error| StartError::data(&path, error))?;
        let path = data.join("bus.db");
        let broker = Broker::open(&path, &topology, Arc::clone(&clock) as Arc<dyn Clock>)
            .map_err(|error| StartError::data(&path, error))?;
        let (bus_token, console) = (chance::hex(), Console::start());
        Ok(Self { topology, broker, gateway, issuer: Arc::new(issuer), clock, bus_token, console })
    }

    /// Loads the functions, starts their host, and says what is where.
    fn host(
        &self,
        options: &Options,
        storage: &Storage,
        data: &Path,
        url: &str,
    ) -> Result<(Arc<Host>, Router), StartError> {
        let app = &options.app;
        let config = HostConfig::load(&app.root)?;
        let mut settings = Settings::load(&app.root, std::env::vars())?;
        self.add_settings(&mut settings, data, url);
        settings.force("STORE", &storage.tables);
        settings.force("DOCUMENTS", &storage.documents);
        match options.buckets {
            Some(buckets) => settings.force("BUCKETS", buckets.to_string()),
            None => settings.fall_back("BUCKETS", BUCKETS),
        }
        let context = Context { config: &config, settings: &settings, topology: &self.topology };
        let functions = host::load_all(&app.functions, &context)?;
        let launch = Launch {
            program: app.program(&config, &settings)?,
            directory: app.root.join(&config.working_directory),
            environment: settings.given().clone(),
            initialization_timeout: config.initialization_timeout,
        };
        let prefix = config.route_prefix.clone();
        let host = Host::start(Parts {
            config,
            functions,
            topology: self.topology.clone(),
            broker: Arc::clone(&self.broker),
            clock: Arc::clone(&self.clock),
            launch,
            workers: options.workers,
            console: self.console.clone(),
        });
        let routes = self.routes(&host, &prefix);
        Ok((host, routes))
    }

    /// Settings of the handler that only this host knows, and defaults for others.
    fn add_settings(&self, settings: &mut Settings, data: &Path, url: &str) {
        let data_dir = data.to_string_lossy();
        settings.force("DATA_DIR", data_dir);
        settings.force("BUS_ENDPOINT", format!("{url}/servicebus"));
        settings.force("BUS_TOKEN", &self.bus_token);
        settings.force("BUS_RESOURCE_URL", format!("{url}{RESOURCE_MANAGER}{}", bus::management::NAMESPACE));
        settings.force("TOKEN_ISSUER", self.issuer.url());
        settings.force("TOKEN_AUDIENCE", AUDIENCE);
        settings.force("TOKEN_JWKS_URL", self.issuer.jwks_url());
        settings.force("TOSS_ENDPOINT", format!("{url}/toss"));
        settings.force("TOSS_SECRET_KEY", TOSS_SECRET_KEY);
        settings.force("TOSS_CLIENT_KEY", card_form::CLIENT_KEY);
        settings.force("TOSS_SDK_URL", format!("{url}{}", card_form::SDK_PATH));
        settings.force("WEB_CLIENT_ID", sign_in::CLIENT_ID);
        settings.force("CLOCK_FILE", self.clock.file().to_string_lossy());
        settings.fall_back("GATEWAY_TIMEOUT_MS", GATEWAY_TIMEOUT_MS);
    }

    fn routes(&self, host: &Arc<Host>, prefix: &str) -> Router {
        let (broker, topology) = (Arc::clone(&self.broker), self.topology.clone());
        let manager = bus::management::router(broker, topology, self.bus_token.clone());
        host::routes(host, prefix)
            .merge(gateway::routes(Arc::clone(&self.gateway)))
            .merge(issuer::routes(Arc::clone(&self.issuer)))
            .merge(clock::routes(Arc::clone(&self.clock), Arc::clone(&self.broker)))
            .merge(pages::routes(Arc::clone(&self.issuer), Arc::clone(&self.broker)))
            .nest("/servicebus", bus::rest::router(Arc::clone(&self.broker), self.bus_token.clone()))
            .nest(RESOURCE_MANAGER, manager)
            .method_not_allowed_fallback(problem::unknown_method)
    }
}

/// Writes down which store the data folder belongs to, as soon as a handler works with that store.
async fn claim_when_used(host: Arc<Host>, claim: Claim) {
    host.first_ready().await;
    if let Err(error) = claim.write() {
        tracing::error!(error = &error as &dyn std::error::Error, "the data folder does not know its store");
    }
}

fn serve(listener: TcpListener, routes: Router, stopping: &watch::Sender<bool>) -> JoinHandle<()> {
    let mut stop = stopping.subscribe();
    let listener = listener.tap_io(|connection| {
        // Answers are small, and somebody waits for each.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(stopped).await {
            tracing::error!(%error, "the server ended");
        }
    })
}

async fn listen(port: u16) -> Result<TcpListener, StartError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|source| {
        if source.kind() == std::io::ErrorKind::AddrInUse {
            StartError::PortTaken(port)
        } else {
            StartError::Port { port, source }
        }
    })
}

/// The folder's absolute path: handlers run elsewhere.
fn open_data(folder: &Path) -> Result<PathBuf, StartError> {
    let made = std::fs::create_dir_all(folder).and_then(|()| folder.canonicalize());
    made.map_err(|error| StartError::data(folder, error))
}

/// Two local hosts on one folder would each think that the bus is its own.
fn lock(data: &Path) -> Result<File, StartError> {
    let path = data.join("local-host.lock");
    let file = File::create(&path).map_err(|error| StartError::data(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::DataLocked(data.to_owned())),
        Err(TryLockError::Error(error)) => Err(StartError::data(&path, error)),
    }
}
