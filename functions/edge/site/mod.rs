//! The pages: what serves `web/` from the handler, with nothing fetched from anywhere else.

pub(crate) mod assets;
mod policy;
mod settings;
#[cfg(test)]
mod tests;

pub(crate) use settings::WebSettings;

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

/// A page, as a person opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    /// For customers.
    MyPage,
    /// For operators.
    Console,
}

/// The pages with the headers that follow from the settings.
pub(crate) struct Site {
    settings: WebSettings,
    policy: HeaderValue,
    /// Changes with everything that a page's answer is made of.
    tag: String,
}

impl Site {
    /// The site of these settings.
    pub(crate) fn new(settings: WebSettings) -> Self {
        let policy = policy::of(&settings);
        let tag = app::keys::digest(&[assets::version(), &policy]);
        // A policy is made of checked URLs, which are visible ASCII.
        let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        Self { settings, policy, tag: assets::tag(&tag) }
    }

    /// What the pages are told.
    pub(crate) fn settings(&self) -> &WebSettings {
        &self.settings
    }

    /// A page; nothing but 304 for who has it already.
    pub(crate) fn page(&self, page: Page, request: &HeaderMap) -> Response {
        let mut response = assets::page(page, request, &self.tag);
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        for (name, value) in [
            (CACHE_CONTROL, "no-cache"),
            (REFERRER_POLICY, "no-referrer"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (
                HeaderName::from_static("permissions-policy"),
                "camera=(), geolocation=(), microphone=(), payment=(self)",
            ),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// Whether a caller whose request has these values of `If-None-Match` holds the version of this tag (RFC 9110, 13.1.2:
/// weak comparison).
pub(crate) fn has<'a>(held: impl IntoIterator<Item = &'a HeaderValue>, tag: &str) -> bool {
    let values = held.into_iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|held| held == "*" || opaque(held) == opaque(tag))
}

/// A tag without what says that it is weak.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

fn content(content_type: &'static str) -> (HeaderName, HeaderValue) {
    (CONTENT_TYPE, HeaderValue::from_static(content_type))
}
