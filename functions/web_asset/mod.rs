//! GET /api/web/assets/{version}/{asset}: scripts, styles and pictures of the pages.

use crate::edge::Failure;
use crate::edge::site::assets;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use contract::problem::Code;

pub(crate) async fn handle(
    Path((version, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    assets::serve(&version, &name, &headers)
        .ok_or_else(|| Failure::new(Code::NotFound, "there is no such file in this build"))
}
