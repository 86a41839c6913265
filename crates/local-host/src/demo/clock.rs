//! The test clock, which is borrowed and given back.

use super::api::{Api, ApiError, Call};
use domain::calendar::{UsageMonth, rfc3339, seoul};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;

/// The clock, and what it showed when the demo began.
pub(super) struct Borrowed {
    now: Timestamp,
    /// It was the machine's own time, so that is what it goes back to.
    is_system: bool,
    looked: Instant,
    away: bool,
}

impl Borrowed {
    pub(super) async fn look(api: &mut Api<'_>) -> Result<Self, ApiError> {
        let answer = api.call(Call::get("/dev/clock")).await?;
        let now = answer.text("/now")?.parse().map_err(|_| answer.lacks("/now"))?;
        let is_system = answer.number("/offsetMs")? == 0;
        Ok(Self { now, is_system, looked: Instant::now(), away: false })
    }

    /// The month that is billed: the last one that is over.
    pub(super) fn month(&self) -> UsageMonth {
        UsageMonth::of(self.now).previous()
    }

    /// Sets the clock to 10 o'clock, in Seoul, of a day of the month that is billed.
    pub(super) async fn go_to(&mut self, api: &mut Api<'_>, day: i8) -> Result<Timestamp, ApiError> {
        let first = self.month().first_day();
        let date = first.with().day(day).build().unwrap_or(first).at(10, 0, 0, 0);
        let then = date.to_zoned(seoul()).map_or(self.now, |zoned| zoned.timestamp());
        // Before the call: it may have its effect although its answer is lost.
        self.away = true;
        set(api, json!(then)).await?;
        api.screen().block(format_args!("The clock of the local host now shows {}.", rfc3339(then)))?;
        Ok(then)
    }

    /// Sets the clock to what it would be without the demo, if the demo has set it.
    pub(super) async fn give_back(&mut self, api: &mut Api<'_>) -> Result<(), ApiError> {
        if !self.away {
            return Ok(());
        }
        let passed = SignedDuration::try_from(self.looked.elapsed()).unwrap_or_default();
        let now = if self.is_system { Value::Null } else { json!(self.now + passed) };
        set(api, now).await?;
        self.away = false;
        api.screen().block("The clock is what it was.")?;
        Ok(())
    }
}

async fn set(api: &mut Api<'_>, now: Value) -> Result<(), ApiError> {
    api.call(Call::put("/dev/clock", json!({ "now": now }))).await.map(drop)
}
