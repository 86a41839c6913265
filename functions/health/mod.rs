//! GET /api/health: the handler is alive, and which build it is. Asks nothing of anybody else.

use crate::edge::{NoParameters, Query};
use axum::Json;
use serde::Serialize;

/// The commit that the handler was built from, when the build said.
const COMMIT: &str = match option_env!("GIT_SHA") {
    Some(commit) => commit,
    None => "unknown",
};

#[derive(Serialize)]
pub(crate) struct Health {
    status: &'static str,
    version: &'static str,
    commit: &'static str,
}

pub(crate) async fn handle(Query(NoParameters {}): Query<NoParameters>) -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION"), commit: COMMIT })
}
