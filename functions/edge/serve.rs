//! The router around the functions, and the server on the host's port.

use crate::Handler;
use crate::edge::Failure;
use crate::edge::conditional;
use crate::edge::layer::{Around, layer};
use crate::edge::log::Service;
use axum::Router;
use axum::extract::Request;
use axum::routing::{MethodRouter, get};
use axum::serve::ListenerExt;
use contract::problem::Code;
use domain::limits::HANDLER_SECONDS_MAX;
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

/// Seconds that requests may still take when the process is told to end. A host that sends SIGTERM sends SIGKILL soon.
const FINISH_SECONDS: u64 = 5;

/// A function: its folder, the path that the host calls, and the code behind it.
pub(crate) type Function = (&'static str, &'static str, MethodRouter<Handler>);

/// All functions, `GET /` for the host's probes, and problems for everything else.
pub(crate) fn router(functions: impl IntoIterator<Item = Function>, handler: Handler) -> Router {
    let mut services = HashMap::new();
    let mut routes = Router::new();
    for (name, path, function) in functions {
        services.extend(Service::of(name).map(|service| (path, service)));
        routes = routes.route(path, function);
    }
    let around = Around {
        clock: handler.clock.clone(),
        ids: handler.ids.clone(),
        deadline: Duration::from_secs(HANDLER_SECONDS_MAX),
        services: Arc::new(services),
    };
    routes
        .route("/", get(async || "ready"))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .layer(axum::middleware::from_fn(conditional::layer))
        .layer(axum::middleware::from_fn_with_state(around, layer))
        .with_state(handler)
}

/// Serves until it is told to end, and finishes what it has begun, for a few seconds at most. Most hosts send SIGKILL
/// and nothing gentler. Otherwise it comes back only when it cannot serve.
pub(crate) async fn serve(
    port: u16,
    router: Router,
    end: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    // Answers are small and written at once: waiting to fill a packet only delays them.
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    tracing::info!(port, "serving");
    let (ending, ended) = tokio::sync::oneshot::channel();
    let graceful = axum::serve(listener, router).with_graceful_shutdown(async {
        end.await;
        // Nobody listens when the server has ended first.
        let _ = ending.send(());
    });
    let too_long = async {
        match ended.await {
            Ok(()) => tokio::time::sleep(Duration::from_secs(FINISH_SECONDS)).await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        served = graceful.into_future() => served,
        () = too_long => Ok(()),
    }
}

async fn unknown_path(request: Request) -> Failure {
    Failure::new(Code::NotFound, format!("there is nothing at {}", request.uri().path()))
}

async fn unknown_method(request: Request) -> Failure {
    Failure::new(Code::MethodNotAllowed, format!("{} is not allowed here", request.method()))
}
