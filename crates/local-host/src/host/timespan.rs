use serde::{Deserialize, Deserializer, de::Error};
use std::time::Duration;

/// A .NET `TimeSpan` as host.json has them: `00:05:00`, `1.00:00:00`, `00:00:00.80`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeSpan(pub(crate) Duration);

/// `functionTimeout`: a time span, or `-1` for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timeout(pub(crate) Option<Duration>);

impl TimeSpan {
    /// The span of a text, `None` when it is not one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (hours, rest) = text.split_once(':')?;
        let (minutes, seconds) = rest.split_once(':')?;
        let (days, hours) = hours.split_once('.').unwrap_or(("0", hours));
        let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
        let (days, hours) = (number(days, 10_675_199)?, number(hours, 23)?);
        let (minutes, seconds) = (number(minutes, 59)?, number(seconds, 59)?);
        let whole = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
        Some(Self(Duration::from_secs(whole) + Duration::from_nanos(nanos(fraction)?)))
    }
}

fn number(text: &str, max: u64) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().filter(|number| *number <= max)
}

/// Up to seven digits behind the point: ticks of 100 ns.
fn nanos(fraction: &str) -> Option<u64> {
    let digits = fraction.len() <= 7 && fraction.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| format!("{fraction:0<9}").parse().ok()).flatten()
}

impl<'de> Deserialize<'de> for TimeSpan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is not a time span like 00:05:00")))
    }
}

impl<'de> Deserialize<'de> for Timeout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "-1" {
            return Ok(Self(None));
        }
        let span = TimeSpan::parse(&text).filter(|span| span.0 >= Duration::from_secs(1));
        let wrong =
            || D::Error::custom(format!("{text:?} is neither -1 nor a time span of at least 00:00:01"));
        span.map(|span| Self(Some(span.0))).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_are_read_as_dotnet_writes_them() {
        for (text, millis) in [
            ("00:00:00", 0),
            ("00:05:00", 300_000),
            ("1.02:03:04", 93_784_000),
            ("00:00:00.80", 800),
            ("00:00:01.0000000", 1_000),
        ] {
            assert_eq!(TimeSpan::parse(text).map(|span| span.0.as_millis()), Some(millis), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_time_spans() {
        for text in
            ["", "5", "00:05", "24:00:00", "00:60:00", "00:00:60", "-00:05:00", "00:00:00.12345678", "a:b:c"]
        {
            assert_eq!(TimeSpan::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_timeout_may_be_unbounded() {
        let read = |text: &str| serde_json::from_str::<Timeout>(text).ok().map(|timeout| timeout.0);
        assert_eq!(read(r#""-1""#), Some(None));
        assert_eq!(read(r#""00:05:00""#), Some(Some(Duration::from_mins(5))));
        assert_eq!(read(r#""00:00:00""#), None);
    }
}
