//! GET /api/sagas/{sagaId}: a business transaction, step by step.

use crate::Handler;
use crate::edge::{Caller, Failure, Id, NoParameters, Query};
use app::saga::SagaView;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use contract::problem::Code;
use domain::ids::SagaId;
use std::time::Duration;
use tokio::time::Instant;

/// Seconds that a caller may ask us to wait.
const WAIT_SECONDS_MAX: u64 = 10;
/// Between two looks; the record follows the first event within a few of these.
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) async fn handle(
    State(handler): State<Handler>,
    caller: Caller,
    Id(saga): Id<SagaId>,
    Query(NoParameters {}): Query<NoParameters>,
    headers: HeaderMap,
) -> Result<Json<SagaView>, Failure> {
    let end = Instant::now() + wait(&headers);
    loop {
        let found = handler.app.saga(&saga, caller.confined_to()).await;
        let early = matches!(&found, Err(app::Failure::Refused(problem)) if problem.code() == Code::NotFound);
        if !early || Instant::now() >= end {
            return Ok(Json(found?));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// `Prefer: wait=5` (RFC 7240): the caller has just been told of the saga, and would rather wait for its record than
/// hear that there is none yet.
fn wait(headers: &HeaderMap) -> Duration {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut preferences = values.flat_map(|value| value.split([',', ';']));
    let seconds = preferences.find_map(|text| text.trim().strip_prefix("wait=")?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0).min(WAIT_SECONDS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_may_wait_for_some_seconds() {
        for (text, seconds) in [
            ("wait=5", 5),
            ("respond-async, wait=2", 2),
            ("wait=9999", WAIT_SECONDS_MAX),
            ("wait=soon", 0),
            ("", 0),
        ] {
            let headers = HeaderMap::from_iter([("prefer".parse().unwrap(), text.parse().unwrap())]);
            assert_eq!(wait(&headers), Duration::from_secs(seconds), "{text}");
        }
    }
}
