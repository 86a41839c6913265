//! GET /api/web/settings: where the pages sign people in, and which payment form they open. Nothing in it is secret.

use crate::Handler;
use crate::edge::site::WebSettings;
use crate::edge::{NoParameters, Query};
use axum::Json;
use axum::extract::State;

pub(crate) async fn handle(
    State(handler): State<Handler>,
    Query(NoParameters {}): Query<NoParameters>,
) -> Json<WebSettings> {
    Json(handler.site.settings().clone())
}
