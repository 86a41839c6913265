//! How much was used.

use crate::catalogue::{Unit, UsageType, number_to_json};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The highest quantity of one record, in units.
pub const QUANTITY_MAX: u32 = 100_000_000;
/// Decimal places of a quantity.
pub const QUANTITY_PLACES_MAX: u32 = 6;

/// An amount of usage: 0 to [`QUANTITY_MAX`] units with at most [`QUANTITY_PLACES_MAX`] decimal places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Decimal")]
pub struct Quantity(#[serde(serialize_with = "number_to_json")] Decimal);

/// The number is negative, too high or too fine, or the text is not a plain decimal such as `265.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a quantity is 0 to {QUANTITY_MAX} with at most {QUANTITY_PLACES_MAX} decimal places, like 265.1")]
pub struct NotAQuantity;

impl Quantity {
    /// The quantity from a decimal.
    pub fn new(units: Decimal) -> Result<Self, NotAQuantity> {
        let units = units.normalize();
        let in_range = units >= Decimal::ZERO && units <= Decimal::from(QUANTITY_MAX);
        if in_range && units.scale() <= QUANTITY_PLACES_MAX { Ok(Self(units)) } else { Err(NotAQuantity) }
    }

    /// The quantity from text: digits, and a point with digits after it. No sign, exponent or blank.
    pub fn parse(text: &str) -> Result<Self, NotAQuantity> {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        if !digits(whole) || !digits(places) {
            return Err(NotAQuantity);
        }
        Self::new(Decimal::from_str_exact(text).map_err(|_| NotAQuantity)?)
    }

    /// Whether a record of a type can have it. Messages are sent whole, and a record of none is a mistake of whoever wrote
    /// it. A call may last no time that is charged, and a session move no data.
    pub fn fits(self, kind: UsageType) -> bool {
        match kind.unit() {
            Unit::Message => self.0.is_integer() && !self.0.is_zero(),
            Unit::Minute | Unit::Megabyte | Unit::Month | Unit::Won => true,
        }
    }

    /// The units.
    pub const fn get(self) -> Decimal {
        self.0
    }
}

impl TryFrom<Decimal> for Quantity {
    type Error = NotAQuantity;

    fn try_from(units: Decimal) -> Result<Self, NotAQuantity> {
        Self::new(units)
    }
}

impl std::fmt::Display for Quantity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_a_plain_decimal() {
        for (text, shown) in [("0", "0"), ("265.1", "265.1"), ("10.500", "10.5"), ("100000000", "100000000")]
        {
            assert_eq!(Quantity::parse(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn other_texts_are_no_quantity() {
        let other =
            ["", ".", "1.", ".5", "-1", "+1", "1e3", "1_000", "1,000", " 1", "NaN", "0x1", "100000000.1"];
        for text in other.into_iter().chain(["0.0000001", "99999999999999999999999999999999999999", "１"]) {
            assert_eq!(Quantity::parse(text), Err(NotAQuantity), "{text}");
        }
    }

    #[test]
    fn messages_are_counted_whole_and_from_one_and_all_else_by_parts_and_from_nothing() {
        let fits = |text: &str, kind| Quantity::parse(text).unwrap().fits(kind);
        for kind in UsageType::ALL {
            let messages = kind == UsageType::Sms;
            for text in ["0", "0.0", "1.5", "0.000001"] {
                assert_eq!(fits(text, kind), !messages, "{kind} {text}");
            }
            for text in ["1", "3.0", "100000000"] {
                assert!(fits(text, kind), "{kind} {text}");
            }
        }
    }

    #[test]
    fn a_quantity_is_a_number_in_json() {
        let quantity = Quantity::parse("265.1").unwrap();
        assert_eq!(serde_json::to_string(&quantity).unwrap(), "265.1");
        for json in ["265.1", "265.10", "\"265.1\""] {
            assert_eq!(serde_json::from_str::<Quantity>(json).unwrap(), quantity, "{json}");
        }
        assert_eq!(serde_json::to_string(&Quantity::parse("3.0").unwrap()).unwrap(), "3");
        for json in ["-1", "1e9", "0.0000001", "null", "true", "\"x\""] {
            assert!(serde_json::from_str::<Quantity>(json).is_err(), "{json}");
        }
    }
}
