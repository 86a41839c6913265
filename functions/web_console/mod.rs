//! GET /api/web/console: the operator's console, in the browser. What it shows needs an operator's token.

use crate::Handler;
use crate::edge::site::Page;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

pub(crate) async fn handle(State(handler): State<Handler>, headers: HeaderMap) -> Response {
    handler.site.page(Page::Console, &headers)
}
