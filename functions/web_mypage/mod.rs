//! GET /api/web/mypage: the customer's pages, in the browser.

use crate::Handler;
use crate::edge::site::Page;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

pub(crate) async fn handle(State(handler): State<Handler>, headers: HeaderMap) -> Response {
    handler.site.page(Page::MyPage, &headers)
}
