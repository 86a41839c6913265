//! Everything in `web/`, in the program itself. A file's URL holds a digest of all of them, so a browser may keep what
//! it got for good, and never mixes files of two builds.
//!
//! While a new build takes over, an instance of it may be asked for files of the old one, which it does not have. What
//! mends that is no part of either build: [`CURRENT`] has the same URL in all of them.

use super::{Page, content, has};
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::LazyLock;

/// A build's files never change under their URL.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// What every build has is asked for again at each use. A page does not wait for the answer when it has one of the last
/// day, for nothing else of a page can begin before it.
const REVALIDATED: &str = "public, max-age=0, stale-while-revalidate=86400";
/// What stands in a URL instead of a version, for files that every build has.
const ANY_VERSION: &str = "current";
/// What stands in a page where the version belongs.
const VERSION: &str = "{{version}}";

macro_rules! embedded {
    ($($name:literal,)+) => {
        &[$(($name, include_str!(concat!("../../../web/", $name))),)+]
    };
}

/// The pages themselves.
pub(super) const PAGES: &[(&str, &str)] = embedded!["mypage.html", "console.html",];

/// What the pages load.
pub(super) const FILES: &[(&str, &str)] = embedded![
    "app.css",
    "icon.svg",
    "api.js",
    "bill.js",
    "charts.js",
    "console.js",
    "console-cases.js",
    "console-customer.js",
    "console-parked.js",
    "console-runs.js",
    "console-search.js",
    "console-today.js",
    "console-usage.js",
    "format.js",
    "live.js",
    "mypage.js",
    "mypage-bill.js",
    "mypage-lines.js",
    "mypage-open.js",
    "mypage-overview.js",
    "mypage-payments.js",
    "payment.js",
    "plans.js",
    "route.js",
    "saga.js",
    "session.js",
    "site.js",
    "strings.js",
    "text.js",
    "timeline.js",
    "timescale.js",
    "ui.js",
    "vendor-hooks.js",
    "vendor-htm.js",
    "vendor-preact.js",
];

/// What pages of every build load from whichever build answers. They are no part of the version, and a page has to work
/// with any of their versions.
pub(super) const CURRENT: &[(&str, &str)] = embedded!["boot.js",];

/// One file as it is sent.
struct File {
    content_type: &'static str,
    /// What tells its versions from each other. Weak, for zipped or not it is the same (RFC 9110, 8.8.3).
    tag: String,
    plain: Bytes,
    zipped: Bytes,
}

type Files = BTreeMap<&'static str, File>;

static FILES_BY_NAME: LazyLock<Files> = LazyLock::new(|| by_name(FILES, ToOwned::to_owned));
static CURRENT_BY_NAME: LazyLock<Files> = LazyLock::new(|| by_name(CURRENT, ToOwned::to_owned));
static PAGES_BY_NAME: LazyLock<Files> =
    LazyLock::new(|| by_name(PAGES, |text| text.replace(VERSION, version())));

fn by_name(files: &[(&'static str, &str)], sent: impl Fn(&str) -> String) -> Files {
    files.iter().map(|(name, text)| (*name, File::new(name, sent(text)))).collect()
}

/// The digest of everything that belongs to this build.
pub(super) fn version() -> &'static str {
    static DIGEST: LazyLock<String> = LazyLock::new(|| {
        let parts: Vec<&str> = PAGES.iter().chain(FILES).flat_map(|(name, text)| [*name, *text]).collect();
        app::keys::digest(&parts)
    });
    &DIGEST
}

/// A file of this build, or one that every build has; `None` when there is none of that name, or it is not that build.
pub(crate) fn serve(asked: &str, name: &str, request: &HeaderMap) -> Option<Response> {
    let (files, cache) = match asked {
        ANY_VERSION => (&CURRENT_BY_NAME, REVALIDATED),
        version if version == self::version() => (&FILES_BY_NAME, IMMUTABLE),
        _ => return None,
    };
    let file = files.get(name)?;
    let mut response = file.respond(request, &file.tag);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    Some(response)
}

/// A page, under the tag that its whole answer has.
pub(super) fn page(page: Page, request: &HeaderMap, tag: &str) -> Response {
    let name = match page {
        Page::MyPage => "mypage.html",
        Page::Console => "console.html",
    };
    PAGES_BY_NAME[name].respond(request, tag)
}

/// The tag of what has this digest.
pub(super) fn tag(digest: &str) -> String {
    format!("W/\"{digest}\"")
}

impl File {
    fn new(name: &str, text: String) -> Self {
        let (zipped, tag) = (zip(text.as_bytes()), tag(&app::keys::digest(&[&text])));
        Self { content_type: content_type(name), tag, plain: text.into(), zipped: zipped.into() }
    }

    /// The file; nothing but 304 for who holds the version of this tag. Both say what the answer depends on (RFC 9110,
    /// 15.4.5), for a cache keeps the headers of the later one.
    fn respond(&self, request: &HeaderMap, tag: &str) -> Response {
        let held = has(request.get_all(IF_NONE_MATCH), tag);
        let mut response = if held { StatusCode::NOT_MODIFIED.into_response() } else { self.whole(request) };
        let headers = response.headers_mut();
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(tag) = HeaderValue::from_str(tag) {
            headers.insert(ETAG, tag);
        }
        response
    }

    fn whole(&self, request: &HeaderMap) -> Response {
        if accepts_gzip(request) {
            let encoding = (CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            ([content(self.content_type), encoding], self.zipped.clone()).into_response()
        } else {
            ([content(self.content_type)], self.plain.clone()).into_response()
        }
    }
}

fn zip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

fn accepts_gzip(request: &HeaderMap) -> bool {
    let accepted = request.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut codings = accepted.flat_map(|value| value.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let refused = matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("html") => "text/html; charset=utf-8",
        Some(_) | None => "application/octet-stream",
    }
}
