//! Pages for people, and the state of the bus for tests.

use crate::bus::Broker;
use crate::issuer::{Issuer, Role};
use crate::problem::Problem;
use crate::{card_form, sign_in};
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use axum::{Json, Router};
use domain::ids::CustomerId;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Seconds that a token of the sign-in page is valid.
const TTL_SECONDS: i64 = 12 * 3_600;

/// The pages, signing in, the card form, and `GET /dev/bus`.
pub(crate) fn routes(issuer: Arc<Issuer>, broker: Arc<Broker>) -> Router {
    Router::new()
        .route("/", get(landing))
        .route("/dev/sign-in", get(token))
        .route("/dev/style.css", get(style))
        .with_state(Arc::clone(&issuer))
        .merge(sign_in::routes(issuer))
        .merge(card_form::routes())
        .merge(Router::new().route("/dev/bus", get(bus)).with_state(broker))
}

async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css"))
}

async fn landing() -> Html<&'static str> {
    Html(include_str!("landing.html"))
}

#[derive(Deserialize)]
struct SignIn {
    sub: Option<String>,
    role: Option<Role>,
}

/// A token, and how it is used. Only pages of this very origin can read it.
async fn token(
    State(issuer): State<Arc<Issuer>>,
    Query(wish): Query<SignIn>,
) -> Result<impl IntoResponse, Problem> {
    let role = wish.role.unwrap_or(Role::Customer);
    let default = match role {
        Role::Customer => "customer-1",
        Role::Operator => "operator-1",
    };
    let sub = wish.sub.unwrap_or_else(|| default.to_owned());
    let sub = CustomerId::parse(sub).map_err(|error| Problem::invalid(format!("sub: {error}")))?;
    let token = issuer.token(&sub, &[role], TTL_SECONDS);
    let token = token.map_err(|error| Problem::internal(error.to_string()))?;
    let page =
        include_str!("token.html").replace("{{sub}}", &escaped(sub.as_str())).replace("{{token}}", &token);
    Ok(([(CACHE_CONTROL, "no-store")], Html(page)))
}

/// A text as it stands in HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What every queue and subscription holds.
async fn bus(State(broker): State<Arc<Broker>>) -> Json<Value> {
    let sources = broker.counts().into_iter().map(|(path, counts)| {
        let counts = json!({
            "active": counts.active,
            "scheduled": counts.scheduled,
            "locked": counts.locked,
            "deadLettered": counts.dead_lettered,
        });
        (path, counts)
    });
    Json(json!({ "idle": broker.is_idle(), "sources": sources.collect::<Map<_, _>>() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_the_page() {
        assert_eq!(escaped("<b a=\"1\">&"), "&lt;b a=&quot;1&quot;&gt;&amp;");
    }
}
