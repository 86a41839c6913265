//! Money in whole Korean won.

use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

/// A sum in whole won. Negative on a bill line that takes away (a discount, the cut below 10 won).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Won(i64);

impl Won {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// `won` whole won.
    pub const fn new(won: i64) -> Self {
        Self(won)
    }

    /// The number of whole won.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// An exact amount rounded to the won, halves away from zero ("half up" for what a customer owes);
    /// `None` when it does not fit.
    pub fn rounded(exact: Decimal) -> Option<Self> {
        exact.round_dp_with_strategy(0, MidpointAwayFromZero).to_i64().map(Self)
    }

    /// The sum; `None` when it does not fit.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference; `None` when it does not fit.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// What is cut from this sum so that the rest is a multiple of 10 won (원단위 절사): 0 to 9 won for a
    /// positive sum.
    #[must_use]
    pub fn below_ten(self) -> Self {
        Self(self.0.rem_euclid(10))
    }

    /// More than nothing.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}

impl std::fmt::Display for Won {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_up() {
        assert_eq!(Won::rounded(Decimal::new(5, 1)), Some(Won::new(1)));
        assert_eq!(Won::rounded(Decimal::new(24999, 4)), Some(Won::new(2)));
        assert_eq!(Won::rounded(Decimal::new(-5, 1)), Some(Won::new(-1)));
    }

    #[test]
    fn what_does_not_fit_is_no_amount() {
        assert_eq!(Won::rounded(Decimal::MAX), None);
        assert_eq!(Won::new(i64::MAX).plus(Won::new(1)), None);
        assert_eq!(Won::new(i64::MIN).minus(Won::new(1)), None);
    }

    #[test]
    fn the_cut_leaves_a_multiple_of_ten() {
        for won in [0, 1, 9, 10, 12_345] {
            assert_eq!((won - Won::new(won).below_ten().get()) % 10, 0);
        }
    }
}
