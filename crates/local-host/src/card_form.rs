//! The gateway's card form: what Toss Payments' script opens in production.
//!
//! The script has the part of its interface that the pages use; the form shows the test cards, and sends the customer
//! back to the page that asked, with a payment key or with the reason why there is none.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse};
use axum::routing::get;

/// The key that the script is called with: the handler's `TOSS_CLIENT_KEY`.
pub(crate) const CLIENT_KEY: &str = "test_ck_local";
/// Where the script is below this host's address: the handler's `TOSS_SDK_URL`.
pub(crate) const SDK_PATH: &str = "/toss/v2/standard";

/// The script and the form that it opens.
pub(crate) fn routes() -> Router {
    Router::new()
        .route(SDK_PATH, get(async || script(include_str!("card_form/sdk.js"))))
        .route("/toss/form.js", get(async || script(include_str!("card_form/form.js"))))
        .route("/toss/form", get(form))
}

fn script(text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, "no-cache")], text)
}

async fn form() -> impl IntoResponse {
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; \
                  base-uri 'none'; frame-ancestors 'none'";
    ([(CONTENT_SECURITY_POLICY, policy)], Html(include_str!("card_form/form.html")))
}
