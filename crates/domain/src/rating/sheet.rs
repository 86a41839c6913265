//! The bill in the making: lines with the VAT they are subject to, and how it is closed.

use super::line::{ChargeCode, ChargeLine};
use super::{RatedBill, RatingError};
use crate::catalogue::Unit;
use crate::limits::BILL_WON_MAX;
use crate::money::Won;
use rust_decimal::Decimal;
use std::borrow::Cow;

/// Lines so far, all before VAT.
#[derive(Default)]
pub(super) struct Sheet {
    lines: Vec<ChargeLine>,
    /// The sum of the lines by percent of VAT: one entry, but where a version within the month changed it.
    taxable: Vec<(u8, Won)>,
}

impl Sheet {
    /// Adds a line and the VAT percent that it is subject to.
    pub(super) fn push(&mut self, line: ChargeLine, vat_percent: u8) -> Result<(), RatingError> {
        let place =
            self.taxable.iter().position(|(percent, _)| *percent == vat_percent).unwrap_or_else(|| {
                self.taxable.push((vat_percent, Won::ZERO));
                self.taxable.len() - 1
            });
        let sum = &mut self.taxable[place].1;
        *sum = sum.plus(line.amount).ok_or(RatingError::AmountOutOfRange)?;
        self.lines.push(line);
        Ok(())
    }

    /// VAT, the cut to 10 won, and the total.
    pub(super) fn close(mut self) -> Result<RatedBill, RatingError> {
        for (percent, taxable) in std::mem::take(&mut self.taxable) {
            assert!(taxable >= Won::ZERO, "a discount never exceeds the fee it is taken of");
            if percent > 0 && taxable.is_positive() {
                self.lines.push(vat(percent, taxable)?);
            }
        }
        let cut = sum(&self.lines)?.below_ten();
        if cut.is_positive() {
            self.lines.push(rounding(cut));
        }
        let total = sum(&self.lines)?;
        assert!(
            total >= Won::ZERO && total.below_ten() == Won::ZERO,
            "a bill is cut to a multiple of 10 won"
        );
        if total > Won::new(BILL_WON_MAX) {
            return Err(RatingError::AmountOutOfRange);
        }
        Ok(RatedBill { lines: self.lines, total })
    }
}

/// A line whose quantity is a sum of won and whose rate is a share of it, `hundredths` percent.
pub(super) fn share(
    code: ChargeCode,
    of: Won,
    hundredths: i64,
    rule: impl Into<Cow<'static, str>>,
) -> Result<ChargeLine, RatingError> {
    let (quantity, rate) = (Decimal::from(of.get()), Decimal::new(hundredths, 2).normalize());
    let exact = quantity.checked_mul(rate).ok_or(RatingError::AmountOutOfRange)?;
    let amount = Won::rounded(exact).ok_or(RatingError::AmountOutOfRange)?;
    Ok(ChargeLine { code, quantity, unit: Unit::Won, rate, rule: rule.into(), amount })
}

fn vat(percent: u8, taxable: Won) -> Result<ChargeLine, RatingError> {
    share(ChargeCode::Vat, taxable, i64::from(percent), format!("vat {percent}%"))
}

fn rounding(cut: Won) -> ChargeLine {
    ChargeLine {
        code: ChargeCode::Rounding,
        quantity: Decimal::from(cut.get()),
        unit: Unit::Won,
        rate: Decimal::NEGATIVE_ONE,
        rule: Cow::Borrowed("cut to 10 won"),
        amount: Won::new(-cut.get()),
    }
}

fn sum(lines: &[ChargeLine]) -> Result<Won, RatingError> {
    let add = |sum: Won, line: &ChargeLine| sum.plus(line.amount);
    lines.iter().try_fold(Won::ZERO, add).ok_or(RatingError::AmountOutOfRange)
}
