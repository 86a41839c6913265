use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// An NCRONTAB expression: `{second} {minute} {hour} {day} {month} {day of week}` in UTC.
///
/// Source: atifaziz/NCrontab, which the timer extension uses. A day must match both the day and the day of the week.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    cron: Cron,
}

impl Schedule {
    /// The schedule of an expression, or why it is none.
    pub(crate) fn parse(expression: &str) -> Result<Self, String> {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '*' | ',' | '-' | '/');
        let fields: Vec<&str> = expression.split_whitespace().collect();
        if fields.len() != 6 || !expression.chars().all(known) {
            return Err(format!("{expression:?} has not the six fields of an NCRONTAB expression"));
        }
        if fields.iter().any(|field| uses_other_dialect(field)) {
            return Err(format!("{expression:?} uses a sign that NCRONTAB does not have"));
        }
        let parser =
            CronParser::builder().seconds(Seconds::Required).year(Year::Disallowed).dom_and_dow(true).build();
        let cron = parser.parse(expression).map_err(|error| format!("{expression:?}: {error}"))?;
        let schedule = Self { cron };
        // 30 February never comes.
        let comes = schedule.after(Timestamp::UNIX_EPOCH).is_some();
        if comes { Ok(schedule) } else { Err(format!("{expression:?} never occurs")) }
    }

    /// The first occurrence after an instant; `None` when there is none any more.
    pub(crate) fn after(&self, instant: Timestamp) -> Option<Timestamp> {
        let from = TimeZone::UTC.to_datetime(instant);
        let next = self.cron.find_next_occurrence(&from, false).ok()?;
        next.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    }

    /// Whether two occurrences can be less than a minute apart; the host then keeps no status.
    pub(crate) fn is_sub_minute(&self) -> bool {
        self.cron.pattern.seconds.values().len() > 1
    }
}

/// `L` and `W` stand for days in other dialects; in NCRONTAB letters are names of months and weekdays only.
fn uses_other_dialect(field: &str) -> bool {
    let mut words = field.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    words.any(|word| word.len() < 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// The next `count` occurrences.
    fn next(expression: &str, from: &str, count: usize) -> Vec<String> {
        let schedule = Schedule::parse(expression).unwrap();
        let first = schedule.after(at(from));
        let all = std::iter::successors(first, |last| schedule.after(*last));
        all.take(count).map(|at| at.to_string()).collect()
    }

    #[test]
    fn occurrences_are_in_utc_and_strictly_later() {
        for (expression, from, expected) in [
            ("0 */5 * * * *", "2026-11-22T10:00:00Z", &["2026-11-22T10:05:00Z", "2026-11-22T10:10:00Z"][..]),
            ("*/10 * * * * *", "2026-11-22T10:00:51.5Z", &["2026-11-22T10:01:00Z", "2026-11-22T10:01:10Z"]),
            ("0 0 15 28-31 * *", "2027-02-01T00:00:00Z", &["2027-02-28T15:00:00Z", "2027-03-28T15:00:00Z"]),
            ("0 0 9 * * MON-FRI", "2026-11-21T00:00:00Z", &["2026-11-23T09:00:00Z"]),
            ("30 5 0 1 JAN *", "2026-11-22T10:00:00Z", &["2027-01-01T00:05:30Z"]),
            ("0 0 0 29 2 *", "2026-01-01T00:00:00Z", &["2028-02-29T00:00:00Z"]),
        ] {
            assert_eq!(next(expression, from, expected.len()), expected, "{expression}");
        }
    }

    #[test]
    fn the_monthly_run_has_a_chance_each_hour_from_midnight_in_seoul_on_the_first() {
        let function = include_str!("../../../../functions/billing_monthly/function.json");
        let function: serde_json::Value = serde_json::from_str(function).unwrap();
        let expression = function["bindings"][0]["schedule"].as_str().unwrap();
        for (last_second, midnight, an_hour_later) in [
            ("2026-10-31T14:59:59Z", "2026-10-31T15:00:00Z", "2026-10-31T16:00:00Z"),
            ("2027-02-28T14:59:59Z", "2027-02-28T15:00:00Z", "2027-02-28T16:00:00Z"),
        ] {
            assert_eq!(next(expression, last_second, 2), [midnight, an_hour_later]);
        }
    }

    #[test]
    fn a_day_must_match_day_and_weekday() {
        // The next 13th that is a Friday.
        assert_eq!(next("0 0 0 13 * FRI", "2026-11-22T00:00:00Z", 1), ["2027-08-13T00:00:00Z"]);
    }

    #[test]
    fn what_is_not_ncrontab_is_refused() {
        for text in [
            "",
            "* * * * *",
            "0 0 0 L * *",
            "0 0 0 15W * *",
            "0 0 0 * * 5#2",
            "60 * * * * *",
            "0 0 0 30 2 *",
            "@daily",
        ] {
            assert!(Schedule::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn schedules_below_a_minute_are_told_apart() {
        assert!(Schedule::parse("*/20 * * * * *").unwrap().is_sub_minute());
        assert!(!Schedule::parse("0 * * * * *").unwrap().is_sub_minute());
    }
}
