//! The test clock, which is borrowed and given back.

use super::api::{Api, ApiError, Call};
use domain::calendar::{UsageMonth, rfc3339};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;

/// The clock as it was when the demo began.
pub(super) struct Before {
    now: Timestamp,
    /// It was the machine's own time, so that is what it goes back to.
    is_system: bool,
    looked: Instant,
}

impl Before {
    pub(super) async fn look(api: &mut Api<'_>) -> Result<Self, ApiError> {
        let answer = api.call(Call::get("/dev/clock")).await?;
        let now = answer.text("/now")?.parse().map_err(|_| ApiError::Late("the time".to_owned(), answer.body.to_string()))?;
        Ok(Self { now, is_system: answer.number("/offsetMs")? == 0, looked: Instant::now() })
    }

    /// The month that is billed: the last one that is over.
    pub(super) fn month(&self) -> UsageMonth {
        UsageMonth::of(self.now).previous()
    }

    /// Sets the clock to an hour of a day of the month, in Seoul.
    pub(super) async fn go_to(&self, api: &mut Api<'_>, day: i8, hour: i8) -> Result<Timestamp, ApiError> {
        let first = self.month().first_day();
        let date = first.with().day(day).build().unwrap_or(first);
        let midnight = date.to_zoned(domain::calendar::seoul()).map_or(self.now, |zoned| zoned.timestamp());
        let then = midnight + SignedDuration::from_hours(hour.into());
        self.set(api, json!(then)).await?;
        api.screen().block(format!("The clock is set to {}.", rfc3339(then)))?;
        Ok(then)
    }

    /// Sets the clock to what it would be without the demo.
    pub(super) async fn restore(&self, api: &mut Api<'_>) -> Result<(), ApiError> {
        let passed = SignedDuration::try_from(self.looked.elapsed()).unwrap_or_default();
        let now = if self.is_system { Value::Null } else { json!(self.now + passed) };
        self.set(api, now).await
    }

    async fn set(&self, api: &mut Api<'_>, now: Value) -> Result<(), ApiError> {
        api.call(Call::put("/dev/clock", json!({ "now": now }))).await.map(drop)
    }
}
