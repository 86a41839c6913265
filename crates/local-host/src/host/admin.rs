//! The host's own paths, as the real host has them, and the replacement of its workers.

use super::envelope::{self, MessageFacts, Sys};
use super::function::{Function, Trigger};
use super::invoke::HOST_VERSION;
use super::listener::BusFunction;
use super::timers;
use super::worker::Program;
use super::{Host, Phase};
use crate::chance;
use crate::problem::{OptionalJson, Problem};
use app::ports::Clock;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use uuid::Uuid;

pub(super) fn routes(host: Arc<Host>) -> Router {
    Router::new()
        .route("/admin/host/status", get(status))
        .route("/admin/host/ping", get(ping).post(ping))
        .route("/admin/host/drain", post(drain))
        .route("/admin/host/drain/status", get(drain_status))
        .route("/admin/host/resume", post(resume))
        .route("/admin/functions", get(functions))
        .route("/admin/functions/{name}", post(invoke))
        .route("/dev/reload", post(reload))
        .with_state(host)
}

async fn status(State(host): State<Arc<Host>>) -> Json<Value> {
    let workers: Vec<Value> = host.pool.workers().iter().map(|worker| {
        json!({ "id": worker.id, "port": worker.port, "processId": worker.pid, "inFlight": worker.in_flight() })
    }).collect();
    let state = if workers.is_empty() { "Initialized" } else { "Running" };
    Json(json!({
        "id": host.id,
        "state": state,
        "version": HOST_VERSION,
        "versionDetails": concat!("local-host ", env!("CARGO_PKG_VERSION")),
        "processUptime": u64::try_from(host.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "functionAppContentEditingState": "NotAllowed",
        "workersWanted": host.pool.size(),
        "workers": workers,
    }))
}

/// As in the real host, the handler is pinged too.
async fn ping(State(host): State<Arc<Host>>) -> StatusCode {
    for worker in host.pool.workers() {
        if let Err(error) = worker.ping().await {
            tracing::warn!(
                worker.id,
                error = &error as &dyn std::error::Error,
                "the handler does not answer"
            );
        }
    }
    StatusCode::OK
}

/// Messages and timers rest from now on; what is under way is finished.
async fn drain(State(host): State<Arc<Host>>) -> StatusCode {
    host.phase.send_if_modified(|phase| change(phase, Phase::Running, Phase::Draining));
    StatusCode::ACCEPTED
}

async fn resume(State(host): State<Arc<Host>>) -> Json<Value> {
    host.phase.send_if_modified(|phase| change(phase, Phase::Draining, Phase::Running));
    Json(json!({ "state": "Running" }))
}

/// A host that stops goes on to stop.
fn change(phase: &mut Phase, from: Phase, to: Phase) -> bool {
    let changes = *phase == from;
    if changes {
        *phase = to;
    }
    changes
}

async fn drain_status(State(host): State<Arc<Host>>) -> Json<Value> {
    let outstanding = host.pool.in_flight();
    let phase = *host.phase.borrow();
    let state = match phase {
        Phase::Running => "Disabled",
        Phase::Draining | Phase::Stopping if outstanding > 0 => "InProgress",
        Phase::Draining | Phase::Stopping => "Completed",
    };
    Json(json!({ "state": state, "outstandingInvocations": outstanding, "outstandingRetries": 0 }))
}

async fn functions(State(host): State<Arc<Host>>) -> Json<Value> {
    let function = |function: &Function| {
        let kind = match &function.trigger {
            Trigger::Http { .. } => "httpTrigger",
            Trigger::ServiceBus { .. } => "serviceBusTrigger",
            Trigger::Timer { .. } => "timerTrigger",
        };
        json!({ "name": function.name, "type": kind, "isDisabled": function.disabled })
    };
    Json(host.functions.iter().map(function).collect())
}

/// What `POST /admin/functions/{name}` takes.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    /// The body of the message, for a function that messages set off.
    #[serde(default)]
    input: Option<Value>,
}

/// Sets a function off and does not wait for it.
async fn invoke(
    State(host): State<Arc<Host>>,
    Path(name): Path<String>,
    OptionalJson(input): OptionalJson<Input>,
) -> Result<StatusCode, Problem> {
    let found = host.functions.iter().find(|function| function.name.eq_ignore_ascii_case(&name));
    let function = found.ok_or_else(|| Problem::not_found(format!("there is no function {name:?}")))?;
    if let Some(function) = function.as_timer() {
        let host = Arc::clone(&host);
        tokio::spawn(async move { timers::fire(&host, &function, None).await });
    } else if let Some(function) = function.as_bus_function() {
        let (host, body) = (Arc::clone(&host), text(input.unwrap_or_default().input));
        tokio::spawn(async move { deliver_by_hand(&host, &function, &body).await });
    } else {
        return Err(Problem::invalid(format!(
            "{} is an HTTP function: call its route instead",
            function.name
        )));
    }
    Ok(StatusCode::ACCEPTED)
}

/// The real host takes text; JSON that is none is taken as its own text.
fn text(input: Option<Value>) -> String {
    match input {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text,
        Some(value @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => {
            value.to_string()
        }
    }
}

/// A message that never was on the bus: nothing is settled, and nothing delivers it again.
async fn deliver_by_hand(host: &Host, function: &BusFunction, body: &str) {
    let (now, properties) = (host.clock.now(), Map::new());
    let id = chance::hex();
    let facts = MessageFacts {
        body: body.as_bytes(),
        message_id: &id,
        subject: None,
        correlation_id: None,
        content_type: None,
        dead_letter_source: None,
        properties: &properties,
        delivery_count: 1,
        sequence_number: 0,
        lock_token: Uuid::nil(),
        enqueued_at: now,
        expires_at: now,
    };
    let sys = Sys { function: &function.name, now, random: chance::uuid() };
    let envelope = envelope::message(&function.binding, &facts, &sys);
    if let Err(failure) = host.invoke(&function.name, &envelope).await {
        tracing::warn!(function = function.name, %failure, "the invocation failed");
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reload {
    /// Another program for the handler, from now on.
    executable: Option<PathBuf>,
    /// Its arguments; those of the old program when missing.
    arguments: Option<Vec<String>>,
}

/// Replaces the workers; answers when the old ones are gone.
async fn reload(
    State(host): State<Arc<Host>>,
    OptionalJson(wish): OptionalJson<Reload>,
) -> Result<Json<Value>, Problem> {
    let Reload { executable, arguments } = wish.unwrap_or_default();
    if let Some(path) = executable.as_ref().filter(|path| !path.is_file()) {
        return Err(Problem::invalid(format!("executable: {} is not a file", path.display())));
    }
    let program = move |old: Program| Program {
        path: executable.unwrap_or(old.path),
        arguments: arguments.unwrap_or(old.arguments),
    };
    // A task of its own: a caller that hangs up does not leave the work half done.
    let reloading = tokio::spawn(async move { host.pool.reload(program).await });
    let reloaded = reloading.await.map_err(|_| Problem::internal("the replacement broke off"))?;
    let reloaded = reloaded.map_err(|reason| {
        let detail = format!("the new handler does not start, so the old one goes on: {reason}");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "reload_failed", detail)
    })?;
    Ok(Json(json!({ "workers": reloaded.workers, "drained": reloaded.drained })))
}
