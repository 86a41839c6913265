//! Decimals as JSON numbers: `265.1`, not `"265.1"`. Up to fifteen digits go through a double unharmed, and every
//! decimal that is written with this has fewer.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};

pub(crate) fn serialize<S: Serializer>(decimal: &Decimal, to: S) -> Result<S::Ok, S::Error> {
    let shortest = decimal.normalize();
    match shortest.to_i64() {
        Some(whole) if shortest.scale() == 0 => to.serialize_i64(whole),
        Some(_) | None => to.serialize_f64(shortest.to_string().parse().map_err(S::Error::custom)?),
    }
}

/// The same for a decimal that may be absent.
#[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
pub(crate) fn serialize_option<S: Serializer>(decimal: &Option<Decimal>, to: S) -> Result<S::Ok, S::Error> {
    struct Number(Decimal);
    impl Serialize for Number {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            serialize(&self.0, to)
        }
    }
    decimal.map(Number).serialize(to)
}
