//! POST /api/customers/search: who a customer id, a phone number or any of our ids belongs to.
//!
//! A POST, so that what is searched for, which may be personal, stands in no URL and no log of one.

use crate::Handler;
use crate::edge::{Failure, Json, NoParameters, Operator, Query};
use app::search::Found;
use axum::extract::State;
use serde::{Deserialize, Serialize};

/// Characters of what is searched for.
const QUERY_CHARS_MAX: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    query: SearchText,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct SearchText(String);

impl TryFrom<String> for SearchText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = text.trim();
        let valid = (1..=QUERY_CHARS_MAX).contains(&text.chars().count());
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("must be 1 to {QUERY_CHARS_MAX} characters"))
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Hits {
    items: Vec<Found>,
}

pub(crate) async fn handle(
    State(handler): State<Handler>,
    _: Operator,
    Query(NoParameters {}): Query<NoParameters>,
    Json(search): Json<Search>,
) -> Result<axum::Json<Hits>, Failure> {
    let items = handler.app.find_customers(&search.query.0).await?;
    Ok(axum::Json(Hits { items }))
}
