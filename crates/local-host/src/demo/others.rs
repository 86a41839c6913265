//! Whether the demo's billing run would bill anybody else.

use super::DemoError;
use super::api::{Answer, Api, ApiError, Call};
use domain::calendar::UsageMonth;
use jiff::Timestamp;
use reqwest::StatusCode;
use serde_json::Value;

/// Fails when the run of the month, which is of everybody's lines, would bill lines that are not the demo's.
pub(super) async fn check(api: &mut Api<'_>, month: UsageMonth) -> Result<(), DemoError> {
    let operator = api.sign_in("operator").await?;
    let run = Call::get(format!("/api/billing-runs/{month}")).by(&operator);
    if api.status(run).await? != StatusCode::NOT_FOUND {
        return Ok(());
    }
    let mut path = "/api/sagas?limit=100".to_owned();
    loop {
        let page = api.call(Call::get(&path).by(&operator)).await?;
        if somebody_is_billed(&page, month)? {
            return Err(DemoError::Others(month));
        }
        match page.body["cursor"].as_str() {
            Some(cursor) => path = format!("/api/sagas?limit=100&cursor={cursor}"),
            None => return Ok(()),
        }
    }
}

/// Whether one of these sagas has opened a line, up to the end of the month, for somebody who is not in the demo.
fn somebody_is_billed(page: &Answer, month: UsageMonth) -> Result<bool, ApiError> {
    let is_line = |saga: &Value| {
        saga["kind"] == "open_line" && matches!(saga["status"].as_str(), Some("completed" | "running"))
    };
    let is_other =
        |saga: &Value| !saga["customerId"].as_str().is_some_and(|id| id.starts_with("demo-customer-"));
    let since = |saga: &Value| -> Option<Timestamp> { saga["startedAt"].as_str()?.parse().ok() };
    let in_time = |saga: &Value| since(saga).is_some_and(|since| UsageMonth::of(since) <= month);
    Ok(page.list("/items")?.iter().any(|saga| is_line(saga) && is_other(saga) && in_time(saga)))
}
