//! The forms that settings have.

use super::SettingError;
use app::Buckets;
use app::ports::is_loopback;
use std::time::Duration;

/// Partitions of a store when the setting is not there.
const BUCKETS_DEFAULT: &str = "32";

/// A URL of HTTPS, or of plain HTTP on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpUrl(reqwest::Url);

impl HttpUrl {
    /// The URL that a text is, if it is one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let url = Self(reqwest::Url::parse(text).ok()?);
        let secure = url.0.scheme() == "https" || (url.0.scheme() == "http" && url.is_loopback());
        let plain = url.0.username().is_empty() && url.0.password().is_none() && url.0.fragment().is_none();
        (secure && plain && url.0.has_host()).then_some(url)
    }

    /// The URL's text.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it points to this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.0.host_str().is_some_and(is_loopback)
    }
}

/// Reads settings one by one and keeps what is wrong.
pub(super) struct Reader<'a> {
    get: &'a dyn Fn(&'static str) -> Option<String>,
    errors: Vec<SettingError>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(get: &'a dyn Fn(&'static str) -> Option<String>) -> Self {
        Self { get, errors: Vec::new() }
    }

    pub(super) fn into_errors(self) -> Vec<SettingError> {
        self.errors
    }

    pub(super) fn text(&self, name: &'static str) -> Option<String> {
        (self.get)(name)
    }

    pub(super) fn required(&mut self, name: &'static str) -> Option<String> {
        self.text(name).or_else(|| self.refuse(name, "is not set"))
    }

    pub(super) fn url(&mut self, name: &'static str, otherwise: &'static str) -> Option<HttpUrl> {
        let text = self.required(name)?;
        HttpUrl::parse(&text).or_else(|| self.refuse(name, otherwise))
    }

    pub(super) fn port(&mut self, name: &'static str) -> Option<u16> {
        let port: Option<u16> = self.required(name)?.parse().ok();
        port.filter(|port| *port > 0).or_else(|| self.refuse(name, "is not a port"))
    }

    pub(super) fn buckets(&mut self, name: &'static str) -> Option<Buckets> {
        let text = self.text(name).unwrap_or_else(|| BUCKETS_DEFAULT.to_owned());
        let buckets = text.parse().ok().and_then(|count| Buckets::new(count).ok());
        buckets.or_else(|| self.refuse(name, "is not a power of two from 1 to 1024"))
    }

    /// Milliseconds up to `most`.
    pub(super) fn millis(&mut self, name: &'static str, otherwise: u64, most: Duration) -> Option<Duration> {
        let Some(text) = self.text(name) else { return Some(Duration::from_millis(otherwise)) };
        let pause = text.parse().ok().map(Duration::from_millis);
        pause
            .filter(|pause| *pause <= most)
            .or_else(|| self.refuse(name, "is no time in milliseconds, or is too long"))
    }

    pub(super) fn refuse<T>(&mut self, name: &'static str, problem: &'static str) -> Option<T> {
        self.errors.push(SettingError { name, problem });
        None
    }
}
