//! Days and months in Seoul. Korea has had one offset, +09:00, and no daylight saving time since 1988.

use jiff::civil::{Date, date};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// The time zone of every month and due date.
pub fn seoul() -> TimeZone {
    TimeZone::fixed(Offset::constant(9))
}

/// The day in Seoul at an instant.
pub fn seoul_date(at: Timestamp) -> Date {
    at.to_zoned(seoul()).date()
}

/// An instant as RFC 3339 with Seoul's offset, to the millisecond, as the API shows it.
pub fn rfc3339(at: Timestamp) -> String {
    at.to_zoned(seoul()).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}

/// A month of usage (사용월), `2026-10`: from its first day 00:00 to the next month's first day 00:00 in Seoul.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UsageMonth(Date);

/// The text is not a month such as `2026-10`, from `2000-01` to `2999-12`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid usage month: one is written like 2026-10")]
pub struct NotAMonth;

impl UsageMonth {
    /// The month from text such as `2026-10`.
    pub fn parse(text: &str) -> Result<Self, NotAMonth> {
        let (year, month) = text.split_once('-').ok_or(NotAMonth)?;
        let digits = |part: &str, len| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(NotAMonth);
        }
        Self::of_parts(year, month)
    }

    /// The month from text such as `202610`, as it stands in keys and ids.
    pub fn parse_compact(text: &str) -> Result<Self, NotAMonth> {
        if text.len() != 6 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotAMonth);
        }
        let (year, month) = text.split_at(4);
        Self::of_parts(year, month)
    }

    fn of_parts(year: &str, month: &str) -> Result<Self, NotAMonth> {
        let year: i16 = year.parse().map_err(|_| NotAMonth)?;
        let month: i8 = month.parse().map_err(|_| NotAMonth)?;
        if !(2000..3000).contains(&year) {
            return Err(NotAMonth);
        }
        Date::new(year, month, 1).map(Self).map_err(|_| NotAMonth)
    }

    /// The month in Seoul that an instant lies in.
    pub fn of(at: Timestamp) -> Self {
        Self::of_date(seoul_date(at))
    }

    /// The month of a day.
    pub fn of_date(day: Date) -> Self {
        Self(day.first_of_month())
    }

    /// The month as `202610`, for keys and ids: it sorts by time.
    pub fn compact(self) -> String {
        self.0.strftime("%Y%m").to_string()
    }

    /// The first day.
    pub fn first_day(self) -> Date {
        self.0
    }

    /// The last day.
    pub fn last_day(self) -> Date {
        self.0.last_of_month()
    }

    /// The number of days, 28 to 31.
    pub fn days(self) -> i64 {
        i64::from(self.0.days_in_month())
    }

    /// The month after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add(1.month()).unwrap_or(date(2999, 12, 1)))
    }

    /// The month before this one.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.checked_sub(1.month()).unwrap_or(date(2000, 1, 1)))
    }

    /// The instant at which the month is over.
    pub fn end(self) -> Timestamp {
        self.next().first_day().to_zoned(seoul()).map_or(Timestamp::MAX, |midnight| midnight.timestamp())
    }

    /// Whether the month is over at an instant, so that it can be billed.
    pub fn has_ended(self, now: Timestamp) -> bool {
        Self::of(now) > self
    }
}

impl std::fmt::Display for UsageMonth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m"))
    }
}

impl TryFrom<String> for UsageMonth {
    type Error = NotAMonth;

    fn try_from(text: String) -> Result<Self, NotAMonth> {
        Self::parse(&text)
    }
}

impl From<UsageMonth> for String {
    fn from(month: UsageMonth) -> Self {
        month.to_string()
    }
}

/// The last day of a term of months that begins on a day: the one before the day of the same number, or the last of the
/// month where it has no such day (Civil Act of Korea, article 160).
pub fn term_end(first: Date, months: u8) -> Date {
    let same = first.saturating_add(i32::from(months).months());
    if same.day() == first.day() { same.yesterday().unwrap_or(same) } else { same }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_ends_on_the_day_before_the_same_day() {
        for (first, months, last) in [
            (date(2026, 10, 5), 12, date(2027, 10, 4)),
            (date(2026, 1, 1), 24, date(2027, 12, 31)),
            (date(2027, 3, 31), 12, date(2028, 3, 30)),
            (date(2028, 2, 29), 12, date(2029, 2, 28)),
            (date(2028, 2, 29), 48, date(2032, 2, 28)),
            (date(2026, 8, 31), 6, date(2027, 2, 28)),
        ] {
            assert_eq!(term_end(first, months), last, "{first}, {months} months");
        }
    }

    #[test]
    fn a_month_is_read_as_it_is_written() {
        for text in ["2026-10", "2000-01", "2999-12"] {
            assert_eq!(UsageMonth::parse(text).unwrap().to_string(), text);
        }
        let october = UsageMonth::parse("2026-10").unwrap();
        assert_eq!(UsageMonth::parse_compact(&october.compact()), Ok(october));
    }

    #[test]
    fn other_texts_are_no_month() {
        for text in
            ["2026-13", "2026-00", "2026-1", "202610", "26-10", "2026-10-01", "+026-10", "", "1999-12"]
        {
            assert_eq!(UsageMonth::parse(text), Err(NotAMonth), "{text}");
        }
    }

    #[test]
    fn a_month_begins_at_midnight_in_seoul() {
        let october = UsageMonth::parse("2026-10").unwrap();
        assert_eq!(UsageMonth::of("2026-09-30T15:00:00Z".parse().unwrap()), october);
        assert_eq!(UsageMonth::of("2026-09-30T14:59:59Z".parse().unwrap()), october.previous());
        assert_eq!(october.end(), "2026-10-31T15:00:00Z".parse().unwrap());
        assert!(!october.has_ended("2026-10-31T14:59:59Z".parse().unwrap()));
        assert!(october.has_ended("2026-10-31T15:00:00Z".parse().unwrap()));
    }

    #[test]
    fn instants_are_shown_with_seouls_offset() {
        assert_eq!(rfc3339("2026-10-31T15:00:00Z".parse().unwrap()), "2026-11-01T00:00:00.000+09:00");
    }
}
