//! What a line used, added up.

use super::Usage;
use crate::catalogue::UsageType;
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// The usage that a bill is made out of, added up by type and day, so that it is small however many records there were.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsageSums(BTreeMap<(UsageType, Date), Units>);

/// Units of one type and day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Units {
    /// On another bill of the month.
    pub(super) charged: Decimal,
    /// To be charged; none when there was no record, and 0 when there was one of 0.
    pub(super) left: Option<Decimal>,
}

impl UsageSums {
    /// Adds usage that is to be charged.
    pub fn add(&mut self, usage: Usage) {
        let left = &mut self.units(usage).left;
        *left = Some(left.unwrap_or_default() + usage.quantity.get());
    }

    /// Adds usage that another bill of the month has charged: it uses up the allowance, and is not charged again.
    pub fn add_charged(&mut self, usage: Usage) {
        self.units(usage).charged += usage.quantity.get();
    }

    /// Whether there is usage to be charged.
    pub fn is_left(&self) -> bool {
        self.0.values().any(|units| units.left.is_some())
    }

    fn units(&mut self, usage: Usage) -> &mut Units {
        self.0.entry((usage.kind, usage.day)).or_default()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (UsageType, Date, Units)> {
        self.0.iter().map(|((kind, day), units)| (*kind, *day, *units))
    }
}

impl FromIterator<Usage> for UsageSums {
    /// All of it to be charged.
    fn from_iter<I: IntoIterator<Item = Usage>>(usage: I) -> Self {
        let mut sums = Self::default();
        for record in usage {
            sums.add(record);
        }
        sums
    }
}
