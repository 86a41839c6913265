//! GET /api/ready: whether everything that the handler depends on can be reached.

use crate::Handler;
use crate::edge::{NoParameters, Query};
use app::failure::chain;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Readiness {
    status: &'static str,
    dependencies: Vec<Dependency>,
}

#[derive(Serialize)]
struct Dependency {
    name: &'static str,
    ready: bool,
}

pub(crate) async fn handle(
    State(handler): State<Handler>,
    Query(NoParameters {}): Query<NoParameters>,
) -> (StatusCode, Json<Readiness>) {
    let checked = handler.app.readiness().await.into_iter().map(|(name, reached)| {
        if let Err(failure) = &reached {
            tracing::warn!(dependency = name, error = chain(failure), "a dependency cannot be reached");
        }
        Dependency { name, ready: reached.is_ok() }
    });
    let dependencies: Vec<Dependency> = checked.collect();
    let ready = dependencies.iter().all(|dependency| dependency.ready);
    let (code, status) =
        if ready { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not_ready") };
    (code, Json(Readiness { status, dependencies }))
}
