//! What the use cases need from the world. Each port has one trait, one error type, and adapters elsewhere.

mod bus;
mod clock;
mod documents;
mod gateway;
mod loopback;
mod tables;
mod typesetter;

pub use bus::{Bus, BusError, Depth, Message};
pub use clock::{Clock, Ids};
pub use documents::{
    DOCUMENT_NAME_CHARS_MAX, Document, DocumentError, Documents, Reading, Stored, validate_name,
};
pub use gateway::{Gateway, GatewayError, GatewayPayment, GatewayStatus};
pub use loopback::is_loopback;
pub use tables::{
    ETag, Key, Op, OpKind, Page, Range, Row, Table, TableError, Tables, is_key, key_behind,
    transaction_bytes, validate,
};
pub use typesetter::{Sheet, SheetLine, TypesetError, Typesetter};
