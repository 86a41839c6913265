//! Where rows live. Partitions are buckets of a stable hash; keys hold no personal data, only digests and ids.

use crate::ports::{Key, Range};
use domain::calendar::UsageMonth;
use domain::ids::{BillId, CustomerId, OrderId, PaymentId, PhoneNumber, SagaId};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The number of buckets of a store: a power of two, 1 to 1,024, fixed when the store is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buckets(u32);

/// The number is not a power of two from 1 to 1,024.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the number of buckets is a power of two from 1 to 1024")]
pub struct NotBuckets;

impl Buckets {
    /// That many buckets.
    pub fn new(count: u32) -> Result<Self, NotBuckets> {
        if count.is_power_of_two() && count <= 1024 { Ok(Self(count)) } else { Err(NotBuckets) }
    }

    /// How many there are.
    pub const fn count(self) -> u32 {
        self.0
    }

    /// The partition key of the bucket with this index.
    pub fn partition(index: u32) -> String {
        format!("b{index:04}")
    }

    /// Every partition, in order.
    pub fn partitions(self) -> impl Iterator<Item = String> {
        (0..self.0).map(Self::partition)
    }

    fn of(self, text: &str) -> String {
        let hash = Sha256::digest(text.as_bytes());
        let head = hash.iter().take(4).fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
        Self::partition(head & (self.0 - 1))
    }

    /// The partition of all of a customer's rows, and the customer's digest.
    pub fn customer(self, customer: &CustomerId) -> CustomerKey {
        CustomerKey { partition: self.of(customer.as_str()), digest: digest(&[customer.as_str()]) }
    }

    /// Where a phone number's row is.
    pub(crate) fn number(self, number: &PhoneNumber) -> Key {
        let digest = digest(&["number", number.as_str()]);
        Key::new(self.of(&digest), format!("number|{digest}"))
    }

    /// The partition of a saga's rows.
    pub(crate) fn saga(self, saga: &SagaId) -> String {
        self.of(saga.as_str())
    }
}

/// The first 128 bits of a SHA-256 over the parts, as 32 hexadecimal digits. The length of each part counts too, so that
/// other parts with the same bytes in a row have another digest.
pub fn digest<T: AsRef<[u8]>>(parts: &[T]) -> String {
    let mut hash = Sha256::new();
    for part in parts.iter().map(AsRef::as_ref) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(16).fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Where a customer's rows are: another customer's cannot be addressed with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerKey {
    /// The bucket's partition.
    pub partition: String,
    /// The customer's digest, the prefix of the row keys.
    pub digest: String,
}

impl CustomerKey {
    fn row(&self, row: String) -> Key {
        Key::new(self.partition.clone(), row)
    }

    pub(crate) fn orders(&self) -> String {
        format!("order|{}|", self.digest)
    }

    pub(crate) fn order(&self, order: &OrderId) -> Key {
        self.row(format!("{}{order}", self.orders()))
    }

    pub(crate) fn account(&self, order: &OrderId) -> Key {
        self.row(account_row(order))
    }

    pub(crate) fn bills(&self) -> String {
        format!("bill|{}|", self.digest)
    }

    pub(crate) fn bill(&self, bill: &BillId) -> Key {
        self.row(format!("{}{bill}", self.bills()))
    }

    /// The prefix of a payable bill and of its payments, so that one query reads them together.
    pub(crate) fn payable_prefix(&self, bill: &BillId) -> String {
        format!("pay|{}|{bill}|", self.digest)
    }

    pub(crate) fn payable(&self, bill: &BillId) -> Key {
        self.row(self.payable_prefix(bill))
    }

    pub(crate) fn payment(&self, payment: &PaymentId) -> Key {
        self.row(format!("{}{payment}", self.payable_prefix(&payment.bill())))
    }

    pub(crate) fn view(&self) -> String {
        format!("{}|", self.digest)
    }
}

/// Accounts sort by order id, so that a billing run walks them in order.
pub(crate) const ACCOUNTS: &str = "line|";

pub(crate) fn account_row(order: &OrderId) -> String {
    format!("{ACCOUNTS}{order}")
}

/// The accounts of a bucket whose orders were placed before an instant: ids ascend with time.
pub(crate) fn accounts_before(partition: &str, instant: Timestamp) -> Range {
    Range {
        partition: partition.to_owned(),
        from: ACCOUNTS.to_owned(),
        to: format!("{ACCOUNTS}{:012x}", instant.as_millisecond().max(0)),
    }
}

/// Usage sorts by the month of use and the line, as a billing run reads it.
pub(crate) fn usage_prefix(month: UsageMonth, order: &str) -> String {
    format!("use|{}|{order}", month.compact())
}

/// Usage that came after its month was closed sorts by the month that bills it.
pub(crate) fn late_prefix(month: UsageMonth, order: &str) -> String {
    format!("late|{}|{order}", month.compact())
}

/// The row of a bucket that says which months are closed for usage.
pub(crate) const FENCE: &str = "fence";
/// The prefix of outbox rows.
pub(crate) const OUTBOX: &str = "out|";
/// The prefix of the rows of handled messages.
pub(crate) const INBOX: &str = "inbox|";
/// The prefix of the rows of idempotency keys.
pub(crate) const IDEMPOTENCY: &str = "idem|";
/// The prefix of the rows of payments whose outcome is open at the gateway.
pub(crate) const OPEN: &str = "open|";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_stays_in_one_bucket() {
        let buckets = Buckets::new(32).unwrap();
        let customer = CustomerId::parse("kim").unwrap();
        assert_eq!(buckets.customer(&customer), buckets.customer(&customer));
        // Stored rows depend on this value: it must never change.
        assert_eq!(buckets.customer(&customer).partition, "b0013");
    }

    #[test]
    fn a_digest_is_of_the_bytes_of_each_part() {
        // Stored rows depend on this value too.
        assert_eq!(digest(&["number", "01055550001"]), "15ab0380a8fa2ae351336b02acaff38b");
        assert_eq!(digest(&["한"]), digest(&["한".as_bytes()]));
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        // What is no text is not taken for other bytes that are none either.
        assert_ne!(digest(&[[0xff_u8]]), digest(&[[0xfe_u8]]));
        assert_eq!(digest::<&str>(&[]).len(), 32);
    }

    #[test]
    fn customers_spread_over_the_buckets() {
        let buckets = Buckets::new(8).unwrap();
        let of = |n| buckets.customer(&CustomerId::parse(format!("c{n}")).unwrap()).partition;
        let used: std::collections::BTreeSet<_> = (0..200).map(of).collect();
        assert_eq!(used.len(), 8);
    }

    #[test]
    fn only_a_power_of_two_is_a_number_of_buckets() {
        for count in [0, 3, 12, 2048] {
            assert_eq!(Buckets::new(count), Err(NotBuckets));
        }
    }
}
