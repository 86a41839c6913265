//! The router around the functions, and the server on the host's port.

use crate::Handler;
use crate::edge::Failure;
use crate::edge::layer::{Around, layer};
use axum::Router;
use axum::extract::Request;
use axum::routing::{MethodRouter, get};
use axum::serve::ListenerExt;
use contract::problem::Code;
use domain::limits::HANDLER_SECONDS_MAX;
use std::net::Ipv4Addr;
use std::time::Duration;

/// A function: its folder, the path that the host calls, and the code behind it.
pub(crate) type Function = (&'static str, &'static str, MethodRouter<Handler>);

/// All functions, `GET /` for the host's probes, and problems for everything else.
pub(crate) fn router(functions: impl IntoIterator<Item = Function>, handler: Handler) -> Router {
    let around = Around {
        clock: handler.clock.clone(),
        ids: handler.ids.clone(),
        deadline: Duration::from_secs(HANDLER_SECONDS_MAX),
    };
    let routes =
        functions.into_iter().fold(Router::new(), |router, (_, path, function)| router.route(path, function));
    routes
        .route("/", get(async || "ready"))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .layer(axum::middleware::from_fn_with_state(around, layer))
        .with_state(handler)
}

/// Serves until the process is killed; the host sends nothing gentler. Comes back only when that fails.
pub(crate) async fn serve(port: u16, router: Router) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    // Answers are small and written at once: waiting to fill a packet only delays them.
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    tracing::info!(port, "serving");
    axum::serve(listener, router).await
}

async fn unknown_path(request: Request) -> Failure {
    Failure::new(Code::NotFound, format!("there is nothing at {}", request.uri().path()))
}

async fn unknown_method(request: Request) -> Failure {
    Failure::new(Code::MethodNotAllowed, format!("{} is not allowed here", request.method()))
}
