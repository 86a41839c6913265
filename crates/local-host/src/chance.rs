//! Where chance enters the local host: ids that nobody can guess.

use aws_lc_rs::rand;
use uuid::{Builder, Uuid};

/// Random bytes. Without a source of chance there is nothing useful left to do, so a failure ends the process.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    assert!(rand::fill(&mut bytes).is_ok(), "the system gives no random bytes");
    bytes
}

/// A random UUID, such as the host gives to each invocation.
pub(crate) fn uuid() -> Uuid {
    Builder::from_random_bytes(bytes()).into_uuid()
}

/// 32 random lower-case hexadecimal digits.
pub(crate) fn hex() -> String {
    uuid().simple().to_string()
}
