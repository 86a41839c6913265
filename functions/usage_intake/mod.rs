//! POST /api/usage: takes in a usage file.

mod file;

use crate::Handler;
use crate::edge::{Answered, Failure, IdempotencyKey, NoParameters, Operator, Query, UsageFile, once};
use app::Answer;
use app::keys::digest;
use axum::extract::State;

pub(crate) async fn handle(
    State(handler): State<Handler>,
    Operator(operator): Operator,
    Query(NoParameters {}): Query<NoParameters>,
    key: Option<IdempotencyKey>,
    upload: UsageFile,
) -> Result<Answered, Failure> {
    let parsed = file::parse(&upload)?;
    let content = key.is_some().then(|| digest(&[&upload.bytes]));
    let once = once("usage_intake", &operator, None, key.as_ref(), &content)?;
    let work = async {
        let intake = handler.app.take_in_usage(parsed.records, parsed.rejected).await?;
        Answer::new(200, &intake)
    };
    Ok(Answered(handler.app.once(once, work).await?))
}
