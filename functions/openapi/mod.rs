//! GET /api/openapi.json: the API's own description, `OpenAPI` 3.1. A test holds it against the functions.

use crate::edge::{NoParameters, Query};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

/// The document, kept by hand beside this file.
pub(crate) const DOCUMENT: &str = include_str!("openapi.json");

pub(crate) async fn handle(Query(NoParameters {}): Query<NoParameters>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=300")], DOCUMENT)
}
