//! Which lines are written.

use super::{AnyFilter, Fields, SERVICE, Service};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Context, Filter};
use tracing_subscriber::registry::LookupSpan;

/// Our own crates. The lines of libraries would tell what is in requests, so theirs are warnings and errors only.
const OWN: [&str; 7] = ["app", "azure", "domain", "embedded", "functions", "telemetry", "toss"];
/// Bytes of a document with levels.
const DOCUMENT_BYTES_MAX: usize = 64 * 1024;

/// A level from which on lines are written, for all work and for that of single services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Levels {
    all: LevelFilter,
    services: BTreeMap<Service, LevelFilter>,
}

/// Why a document with levels cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum DocumentError {
    #[error("it has more than {DOCUMENT_BYTES_MAX} bytes")]
    TooLong,
    #[error("it is not as it should be")]
    Form(#[from] serde_json::Error),
}

/// `{"logLevel": "info", "services": {"pay": "debug"}}`; both may be missing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    log_level: Option<Level>,
    #[serde(default)]
    services: BTreeMap<Service, Level>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl From<Level> for LevelFilter {
    fn from(level: Level) -> Self {
        match level {
            Level::Off => Self::OFF,
            Level::Error => Self::ERROR,
            Level::Warn => Self::WARN,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
            Level::Trace => Self::TRACE,
        }
    }
}

impl Levels {
    /// Lines of this level and the graver ones.
    pub(super) fn from_level(level: LevelFilter) -> Self {
        Self { all: level, services: BTreeMap::new() }
    }

    /// Reads a document; what it leaves out is as it is in `start`.
    pub(super) fn parse(document: &[u8], start: &Start) -> Result<Self, DocumentError> {
        if document.len() > DOCUMENT_BYTES_MAX {
            return Err(DocumentError::TooLong);
        }
        let document: Document = serde_json::from_slice(document)?;
        let services = document.services.into_iter().map(|(service, level)| (service, level.into()));
        Ok(Self {
            all: document.log_level.map_or(start.level, LevelFilter::from),
            services: services.collect(),
        })
    }

    fn least(&self) -> LevelFilter {
        self.services.values().copied().fold(self.all, LevelFilter::min)
    }

    fn most(&self) -> LevelFilter {
        self.services.values().copied().fold(self.all, LevelFilter::max)
    }

    fn of(&self, service: Option<Service>) -> LevelFilter {
        service.and_then(|service| self.services.get(&service)).copied().unwrap_or(self.all)
    }
}

/// As the log tells of it: `info, pay debug`.
impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.all)?;
        self.services.iter().try_for_each(|(service, level)| write!(f, ", {} {level}", service.name()))
    }
}

/// Spans of our own are always there: a line without its invocation says too little. They cost nothing more.
impl<S: Subscriber + for<'a> LookupSpan<'a>> Filter<S> for Levels {
    fn enabled(&self, metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool {
        let always = self.callsite(metadata);
        if always.is_sometimes() {
            *metadata.level() <= self.of(current(context))
        } else {
            always.is_always()
        }
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.callsite(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.most().max(LevelFilter::INFO))
    }
}

impl Levels {
    fn callsite(&self, metadata: &Metadata<'_>) -> Interest {
        let level = metadata.level();
        let always = |yes: bool| if yes { Interest::always() } else { Interest::never() };
        if !is_own(metadata.target()) {
            always(metadata.is_event() && *level <= self.all.min(LevelFilter::WARN))
        } else if metadata.is_span() {
            always(*level <= LevelFilter::INFO)
        } else if *level <= self.least() {
            Interest::always()
        } else if *level <= self.most() {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }
}

fn is_own(target: &str) -> bool {
    OWN.contains(&target.split("::").next().unwrap_or_default())
}

/// The service that the work at hand is done for.
fn current<S: Subscriber + for<'a> LookupSpan<'a>>(context: &Context<'_, S>) -> Option<Service> {
    context.lookup_current()?.scope().find_map(|span| {
        let extensions = span.extensions();
        Service::named(extensions.get::<Fields>()?.0.get(SERVICE)?.as_str()?)
    })
}

/// What is written from the start: until a document says otherwise, and again when there is none any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Start {
    /// `RUST_LOG`, when it is set and can be read.
    directives: Option<String>,
    /// `LOG_LEVEL`, or else `info`.
    level: LevelFilter,
}

impl Start {
    /// Reads the settings; `true` when one of them cannot be read.
    pub(super) fn read(rust_log: Option<String>, log_level: Option<&str>) -> (Self, bool) {
        let level = log_level.map(str::parse::<LevelFilter>);
        let directives = rust_log.map(|text| EnvFilter::try_new(&text).map(|_| text));
        let refused = matches!(level, Some(Err(_))) || matches!(directives, Some(Err(_)));
        let level = level.and_then(Result::ok).unwrap_or(LevelFilter::INFO);
        (Self { directives: directives.and_then(Result::ok), level }, refused)
    }

    /// The filter for the log.
    pub(super) fn filter(&self) -> AnyFilter {
        match &self.directives {
            Some(directives) => Box::new(EnvFilter::new(directives)),
            None => Box::new(Levels::from_level(self.level)),
        }
    }
}

#[cfg(test)]
mod tests;
