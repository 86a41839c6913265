//! Ids and names. Each is parsed once, at the edge, and carries the proof from there.
//!
//! Ids of things that a business rule allows once are derived, not minted: a line has one bill for a usage month,
//! so the bill's id is the line and the month, and writing it twice is a conflict that the store finds.

use crate::calendar::UsageMonth;
use serde::{Deserialize, Serialize};

/// The text is not an id of the kind that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0}")]
pub struct NotAnId(&'static str);

macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident, $what:literal, $valid:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id from its text.
            pub fn parse(text: impl Into<String>) -> Result<Self, NotAnId> {
                let text = text.into();
                if $valid(&text) { Ok(Self(text)) } else { Err(NotAnId($what)) }
            }

            /// The id's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;

            fn try_from(text: String) -> Result<Self, NotAnId> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_newtype!(
    /// A customer: the `sub` of the token, 1 to 128 visible ASCII characters.
    CustomerId, "customer id: one has 1 to 128 visible ASCII characters", is_customer
);
text_newtype!(
    /// An order and the line that it opens: 32 lower-case hexadecimal digits, ascending with time (UUID version 7).
    OrderId, "order id", is_minted
);
text_newtype!(
    /// An event: 32 lower-case hexadecimal digits, ascending with time (UUID version 7).
    EventId, "event id", is_minted
);
text_newtype!(
    /// A bill: `{usage month}-{order id}`, `202610-…`; the final bill of a closed line ends in `-final{n}`.
    BillId, "bill id: one comes from a list of bills", is_bill
);
text_newtype!(
    /// A payment: the bill's id and the number of the attempt, `202610-…-p1`.
    PaymentId, "payment id", is_payment
);
text_newtype!(
    /// A saga: its kind and what it is about, such as `open-{order id}`.
    SagaId, "saga id", is_saga
);
text_newtype!(
    /// A plan of the catalogue: 1 to 40 lower-case letters, digits and dashes.
    PlanCode, "plan code: one has 1 to 40 lower-case letters, digits and dashes", is_plan
);
text_newtype!(
    /// What the payment gateway calls a payment: 1 to 200 characters (Toss Payments).
    PaymentKey, "payment key: one has 1 to 200 letters, digits and - _ . =", is_payment_key
);

fn is_customer(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

fn is_minted(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_ordinal(text: &str) -> bool {
    (1..=6).contains(&text.len()) && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_bill(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let month = parts.next().is_some_and(|part| UsageMonth::parse_compact(part).is_ok());
    let line = parts.next().is_some_and(is_minted);
    let end = parts.next().is_none_or(|part| part.strip_prefix("final").is_some_and(is_ordinal));
    month && line && end
}

fn is_payment(text: &str) -> bool {
    text.rsplit_once("-p").is_some_and(|(bill, attempt)| is_bill(bill) && is_ordinal(attempt))
}

fn is_saga(text: &str) -> bool {
    let after = |kind| text.strip_prefix(kind);
    after("open-").is_some_and(is_minted)
        || after("pay-").is_some_and(is_payment)
        || after("cancel-").is_some_and(|rest| numbered(rest, is_payment))
        || after("close-").is_some_and(|rest| numbered(rest, is_minted))
}

fn numbered(text: &str, valid: fn(&str) -> bool) -> bool {
    text.rsplit_once('-').is_some_and(|(id, attempt)| valid(id) && is_ordinal(attempt))
}

fn is_plan(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

fn is_payment_key(text: &str) -> bool {
    (1..=200).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'='))
}

/// What follows the line in the id of a final bill.
const FINAL: &str = "-final";

impl BillId {
    /// The one bill of a line for a usage month.
    pub fn monthly(month: UsageMonth, line: &OrderId) -> Self {
        Self(format!("{}-{line}", month.compact()))
    }

    /// The bill that closes a line, for the part of the month up to its end; `attempt` counts from 1, for a
    /// termination may be withdrawn and asked for again.
    pub fn closing(month: UsageMonth, line: &OrderId, attempt: u32) -> Self {
        Self(format!("{}-{line}{FINAL}{attempt}", month.compact()))
    }

    /// Whether a payment form is for this bill, by the form's order id at the gateway. The gateway wants another order
    /// id for each form, so it may have a hyphen and something of its maker's own behind the bill's id.
    pub fn is_of_form(&self, order_id: &str) -> bool {
        match order_id.strip_prefix(&self.0) {
            Some("") => true,
            // The final bill of the same line and month has an id that begins with this one.
            Some(own) => own.starts_with('-') && !own.starts_with(FINAL),
            None => false,
        }
    }

    /// The usage month that it is for. Every id begins with one.
    ///
    /// # Panics
    /// When the id is not one that was parsed, which would be a mistake in this module.
    pub fn month(&self) -> UsageMonth {
        let (month, _) = self.0.split_once('-').unwrap_or_default();
        UsageMonth::parse_compact(month).unwrap_or_else(|_| panic!("{self} was parsed as a bill's id"))
    }
}

impl PaymentId {
    /// The `attempt`-th payment of a bill, counted from 1.
    pub fn nth(bill: &BillId, attempt: u32) -> Self {
        Self(format!("{bill}-p{attempt}"))
    }

    /// The bill that is paid.
    pub fn bill(&self) -> BillId {
        let (bill, _) = self.0.rsplit_once("-p").unwrap_or((&self.0, ""));
        BillId(bill.to_owned())
    }
}

impl SagaId {
    /// The saga that opens a line.
    pub fn open(order: &OrderId) -> Self {
        Self(format!("open-{order}"))
    }

    /// The saga that closes a line for the `attempt`-th time.
    pub fn close(order: &OrderId, attempt: u32) -> Self {
        Self(format!("close-{order}-{attempt}"))
    }

    /// The saga of a payment.
    pub fn pay(payment: &PaymentId) -> Self {
        Self(format!("pay-{payment}"))
    }

    /// The saga that cancels a payment for the `attempt`-th time.
    pub fn cancel(payment: &PaymentId, attempt: u32) -> Self {
        Self(format!("cancel-{payment}-{attempt}"))
    }

    /// The payment that the saga is about, if it is about one.
    pub fn payment(&self) -> Option<PaymentId> {
        let id = match self.0.split_once('-')? {
            ("pay", payment) => payment,
            ("cancel", rest) => rest.rsplit_once('-')?.0,
            _ => return None,
        };
        PaymentId::parse(id).ok()
    }

    /// The order that the saga is about, if it is about one.
    pub fn order(&self) -> Option<OrderId> {
        let id = match self.0.split_once('-')? {
            ("open", order) => order,
            ("close", rest) => rest.rsplit_once('-')?.0,
            _ => return None,
        };
        OrderId::parse(id).ok()
    }

    /// Which attempt to cancel or to close it is, from 1; 1 for sagas that have one attempt only.
    pub fn attempt(&self) -> u32 {
        let numbered = self.0.starts_with("cancel-") || self.0.starts_with("close-");
        let last = self.0.rsplit_once('-').map(|(_, last)| last);
        last.filter(|_| numbered).and_then(|last| last.parse().ok()).unwrap_or(1)
    }
}

/// A Korean mobile number, eleven digits from `010`. Its `Debug` form is masked: numbers do not belong in logs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// The number from its digits; dashes are allowed: `010-1234-5678` is `01012345678`.
    pub fn parse(text: &str) -> Result<Self, NotAnId> {
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        let valid =
            digits.len() == 11 && digits.starts_with("010") && digits.bytes().all(|b| b.is_ascii_digit());
        if valid {
            Ok(Self(digits))
        } else {
            Err(NotAnId("phone number: one has 11 digits and begins with 010"))
        }
    }

    /// The eleven digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number with its middle hidden, `010-****-5678`, for logs and for people who need not know it.
    pub fn masked(&self) -> String {
        format!("010-****-{}", &self.0[7..])
    }
}

impl std::fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        Self::parse(&text)
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_form_is_for_the_bill_that_its_order_id_begins_with() {
        let line = OrderId::parse("0".repeat(32)).unwrap();
        let month = UsageMonth::parse("2026-10").unwrap();
        let (monthly, closing) = (BillId::monthly(month, &line), BillId::closing(month, &line, 1));
        for bill in [&monthly, &closing] {
            assert!(bill.is_of_form(bill.as_str()) && bill.is_of_form(&format!("{bill}-8c7f-2")), "{bill}");
            assert!(!bill.is_of_form(&format!("{bill}x")) && !bill.is_of_form("order-1"), "{bill}");
        }
        for form in [closing.to_string(), format!("{closing}-8c7f")] {
            assert!(!monthly.is_of_form(&form), "{form}");
        }
        assert!(!closing.is_of_form(monthly.as_str()));
    }

    fn line() -> OrderId {
        OrderId::parse("0192f0c1a2b37c4d8e9f0123456789ab").unwrap()
    }

    #[test]
    fn derived_ids_are_valid_ids() {
        let month = UsageMonth::parse("2026-10").unwrap();
        for bill in [BillId::monthly(month, &line()), BillId::closing(month, &line(), 1)] {
            assert_eq!(BillId::parse(bill.as_str()), Ok(bill.clone()));
            assert_eq!(bill.month(), month);
            let payment = PaymentId::nth(&bill, 12);
            assert_eq!(PaymentId::parse(payment.as_str()), Ok(payment.clone()));
            assert_eq!(payment.bill(), bill);
            for saga in [SagaId::pay(&payment), SagaId::cancel(&payment, 1)] {
                assert_eq!(SagaId::parse(saga.as_str()), Ok(saga));
            }
        }
        for saga in [SagaId::open(&line()), SagaId::close(&line(), 3)] {
            assert_eq!(SagaId::parse(saga.as_str()), Ok(saga));
        }
    }

    #[test]
    fn other_texts_are_no_ids() {
        for text in ["", "x", "202610", "202613-0192f0c1a2b37c4d8e9f0123456789ab", "202610-", "202610-xyz"] {
            assert!(BillId::parse(text).is_err(), "{text}");
            assert!(PaymentId::parse(text).is_err(), "{text}");
            assert!(SagaId::parse(text).is_err(), "{text}");
        }
        assert!(PaymentId::parse(format!("202610-{}-p0", line())).is_err());
        assert!(OrderId::parse("0192F0C1A2B37C4D8E9F0123456789AB").is_err());
        assert!(CustomerId::parse("a b").is_err());
        assert!(PlanCode::parse("Plan").is_err());
    }

    #[test]
    fn a_number_is_eleven_digits_from_010_and_masked_in_logs() {
        let number = PhoneNumber::parse("010-1234-5678").unwrap();
        assert_eq!(number.as_str(), "01012345678");
        assert_eq!(format!("{number:?}"), "010-****-5678");
        for text in ["", "0101234567", "010123456789", "02012345678", "0101234567a", "０1012345678"] {
            assert!(PhoneNumber::parse(text).is_err(), "{text}");
        }
    }
}
