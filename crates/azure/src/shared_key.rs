//! The account key of a storage emulator.
//!
//! In Azure there is no key: storage accounts refuse it, and every request carries a bearer token. Azurite over plain
//! `http` takes nothing else, so here is the one key that everybody knows, as a per-try policy of the pipeline.
//!
//! Source: Microsoft Learn, "Authorize with Shared Key" (version 2009-09-19 and later of both services).

use aws_lc_rs::hmac;
use azure_core::base64;
use azure_core::http::headers::{AUTHORIZATION, CONTENT_LENGTH, HeaderName, MS_DATE};
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request, Url};
use azure_core::time::{OffsetDateTime, to_rfc7231};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The account of every Azurite (Microsoft Learn, "Use the Azurite emulator", "Well-known storage account and key").
const EMULATOR_ACCOUNT: &str = "devstoreaccount1";
/// Its key: published, the same everywhere, and of no use elsewhere.
const EMULATOR_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
/// The headers that the blob service signs by their place, in its order. `Date` stays empty, for `x-ms-date` is sent.
const BLOB_HEADERS: [&str; 11] = [
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
];

/// Whose rules a request is signed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// "Blob, Queue, and File services (Shared Key authorization)".
    Blobs,
    /// "Table service (Shared Key Lite authorization)".
    Tables,
}

/// Signs each try with an account's key. Its `Debug` form does not show the key.
#[derive(Clone)]
pub struct SharedKeyPolicy {
    service: Service,
    account: String,
    key: hmac::Key,
}

impl SharedKeyPolicy {
    /// Signs as the account that every Azurite has.
    pub fn emulator(service: Service) -> azure_core::Result<Self> {
        Self::new(service, EMULATOR_ACCOUNT, EMULATOR_KEY)
    }

    /// Signs with an account's key, which is base64.
    fn new(service: Service, account: &str, key: &str) -> azure_core::Result<Self> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &base64::decode(key)?);
        Ok(Self { service, account: account.to_owned(), key })
    }

    /// Dates and signs a request.
    fn sign(&self, request: &mut Request, now: &OffsetDateTime) {
        request.insert_header(MS_DATE, to_rfc7231(now));
        let (scheme, text) = match self.service {
            Service::Blobs => ("SharedKey", blob_string_to_sign(request, &self.account)),
            Service::Tables => ("SharedKeyLite", table_string_to_sign(request, &self.account)),
        };
        let signature = base64::encode(hmac::sign(&self.key, text.as_bytes()));
        request.insert_header(AUTHORIZATION, format!("{scheme} {}:{signature}", self.account));
    }
}

impl fmt::Debug for SharedKeyPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, account, key: _ } = self;
        f.debug_struct("SharedKeyPolicy")
            .field("service", service)
            .field("account", account)
            .finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl Policy for SharedKeyPolicy {
    /// The service compares the date with its own clock (within 15 minutes), so this is the machine's time, not the
    /// application's, which a test may have stopped.
    async fn send(&self, ctx: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        self.sign(request, &OffsetDateTime::now_utc());
        next[0].send(ctx, request, &next[1..]).await
    }
}

/// Date and resource.
fn table_string_to_sign(request: &Request, account: &str) -> String {
    let date = header(request, "x-ms-date");
    let comp = request.url().query_pairs().find(|(name, _)| name == "comp");
    let comp = comp.map(|(_, value)| format!("?comp={value}")).unwrap_or_default();
    format!("{date}\n/{account}{}{comp}", request.url().path())
}

/// Method, the headers that have a place, every `x-ms-` header, resource.
fn blob_string_to_sign(request: &Request, account: &str) -> String {
    let mut text = format!("{}\n", request.method());
    for name in BLOB_HEADERS {
        if name == CONTENT_LENGTH.as_str() {
            text.push_str(&content_length(request));
        } else {
            text.push_str(header(request, name));
        }
        text.push('\n');
    }
    text.push_str(&canonicalized_headers(request));
    text.push_str(&canonicalized_resource(request.url(), account));
    text
}

/// The length of the body, which the transport announces after the signing; no body is the empty text, not 0.
fn content_length(request: &Request) -> String {
    match request.body().len() {
        Some(0) | None => String::new(),
        Some(length) => length.to_string(),
    }
}

fn canonicalized_headers(request: &Request) -> String {
    let headers = request.headers().iter().map(|(name, value)| (name.as_str().to_ascii_lowercase(), value));
    let headers: BTreeMap<_, _> = headers.filter(|(name, _)| name.starts_with("x-ms-")).collect();
    let lines = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.as_str().trim()));
    lines.collect()
}

/// The account, the path as it is in the URL, and each parameter of the query on a line, decoded.
fn canonicalized_resource(url: &Url, account: &str) -> String {
    let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in url.query_pairs() {
        parameters.entry(name.to_lowercase()).or_default().push(value.into_owned());
    }
    let lines = parameters.into_iter().map(|(name, mut values)| {
        values.sort();
        format!("\n{name}:{}", values.join(","))
    });
    std::iter::once(format!("/{account}{}", url.path())).chain(lines).collect()
}

fn header<'a>(request: &'a Request, name: &'static str) -> &'a str {
    request.headers().get_optional_str(&HeaderName::from_static(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
