//! The namespace as a resource, as Azure Resource Manager shows it: lists of its entities with what they hold.
//!
//! Sources: Microsoft Learn, REST API of the Service Bus resource provider, "Queues - List By Namespace", "Topics - List
//! By Namespace", "Subscriptions - List By Topic". Of an entity's properties only the counts are here.

use super::broker::Broker;
use super::rest::presents;
use super::source::Counts;
use super::topology::Topology;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// The namespace's path below the resource manager's address.
pub const NAMESPACE: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local\
    /providers/Microsoft.ServiceBus/namespaces/local";
/// The version of the resource provider's API that this is.
const API_VERSION: &str = "2024-01-01";

struct Manager {
    broker: Arc<Broker>,
    topology: Topology,
    token: String,
}

/// `GET` below [`NAMESPACE`] for callers with `Authorization: Bearer {token}`: `/queues`, `/topics` and
/// `/topics/{topic}/subscriptions`, in the order of the topology.
pub fn router(broker: Arc<Broker>, topology: Topology, token: impl Into<String>) -> Router {
    let manager = Arc::new(Manager { broker, topology, token: token.into() });
    let lists = Router::new()
        .route("/queues", get(queues))
        .route("/topics", get(topics))
        .route("/topics/{topic}/subscriptions", get(subscriptions));
    Router::new()
        .nest(NAMESPACE, lists)
        .fallback(async || Refusal::NotFound)
        .layer(from_fn_with_state(Arc::clone(&manager), admit))
        .with_state(manager)
}

#[derive(Deserialize)]
struct Version {
    #[serde(rename = "api-version")]
    api_version: Option<String>,
}

/// The resource manager looks at who asks, then at what for.
async fn admit(
    State(manager): State<Arc<Manager>>,
    Query(version): Query<Version>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    if !presents(request.headers(), &manager.token) {
        return Err(Refusal::Unauthorized);
    }
    match version.api_version.as_deref() {
        Some(API_VERSION) => Ok(next.run(request).await),
        Some(_) => Err(Refusal::OtherVersion),
        None => Err(Refusal::NoVersion),
    }
}

async fn queues(State(manager): State<Arc<Manager>>) -> Result<Json<Value>, Refusal> {
    let queues = &manager.topology.queues;
    manager.list("queues", queues.iter().map(|queue| (queue.name.as_str(), queue.name.clone())))
}

/// A topic holds nothing itself.
async fn topics(State(manager): State<Arc<Manager>>) -> Json<Value> {
    let topics = manager.topology.topics.iter();
    Json(
        json!({ "value": topics.map(|topic| item("topics", &topic.name, Counts::default())).collect::<Vec<_>>() }),
    )
}

async fn subscriptions(
    State(manager): State<Arc<Manager>>,
    Path(topic): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let topic = manager.topology.topics.iter().find(|known| known.name.eq_ignore_ascii_case(&topic));
    let topic = topic.ok_or(Refusal::NotFound)?;
    let path = |name: &str| Topology::subscription_path(&topic.name, name);
    let subscriptions = topic.subscriptions.iter().map(|one| (one.name.as_str(), path(&one.name)));
    manager.list(&format!("topics/{}/subscriptions", topic.name), subscriptions)
}

impl Manager {
    /// The list of entities, each with its name and the path that its messages are received from.
    fn list<'a>(
        &self,
        kind: &str,
        entities: impl Iterator<Item = (&'a str, String)>,
    ) -> Result<Json<Value>, Refusal> {
        let counted = entities.map(|(name, path)| {
            let counts = self.broker.count(&path).map_err(|_| Refusal::NotFound)?;
            Ok(item(kind, name, counts))
        });
        Ok(Json(json!({ "value": counted.collect::<Result<Vec<_>, _>>()? })))
    }
}

/// An entity as a list has it. A message that is locked is active, for Service Bus has no other word for it.
fn item(kind: &str, name: &str, counts: Counts) -> Value {
    let active = counts.active + counts.locked;
    let kinds = kind.split('/').step_by(2).collect::<Vec<_>>().join("/");
    json!({
        "id": format!("{NAMESPACE}/{kind}/{name}"),
        "name": name,
        "type": format!("Microsoft.ServiceBus/namespaces/{kinds}"),
        "properties": {
            "countDetails": {
                "activeMessageCount": active,
                "scheduledMessageCount": counts.scheduled,
                "deadLetterMessageCount": counts.dead_lettered,
                "transferMessageCount": 0,
                "transferDeadLetterMessageCount": 0,
            },
        },
    })
}

/// Why there is no list.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    Unauthorized,
    NoVersion,
    OtherVersion,
    NotFound,
}

impl IntoResponse for Refusal {
    /// The resource manager answers with a code and a message.
    fn into_response(self) -> Response {
        let (status, code, message) = match self {
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "AuthenticationFailed",
                "the request needs the bearer token of this bus",
            ),
            Self::NoVersion => (
                StatusCode::BAD_REQUEST,
                "MissingApiVersionParameter",
                "the api-version query parameter is required for all requests",
            ),
            Self::OtherVersion => (
                StatusCode::BAD_REQUEST,
                "InvalidApiVersionParameter",
                "this is version 2024-01-01 of the API",
            ),
            Self::NotFound => (StatusCode::NOT_FOUND, "ResourceNotFound", "there is no such list"),
        };
        (status, Json(json!({ "error": { "code": code, "message": message } }))).into_response()
    }
}
