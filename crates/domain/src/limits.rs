//! Every limit of the system, named, with its unit, and held against the others by the compiler.
//!
//! Nothing loops, waits, retries or buffers without one of these.

/// Entities in one entity group transaction (Azure Tables: "Performing Entity Group Transactions").
pub const TRANSACTION_ENTITIES_MAX: usize = 100;
/// Bytes of one entity group transaction's payload. Azure Tables takes 4 MiB, Cosmos DB for Table 2 MB.
pub const TRANSACTION_BYTES_MAX: usize = 2_000_000;
/// Bytes of one entity with its keys and the names of its properties (Azure Tables: "Understanding the Table service
/// data model").
pub const ENTITY_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of one entity's body as UTF-8. Azure counts strings in UTF-16, two bytes where ASCII has one, so that half of
/// an entity less its keys and names fits whatever the text is.
pub const ENTITY_BODY_BYTES_MAX: usize = 480 * 1024;
/// Characters of a partition key or a row key (Azure Tables allows 1,024; ours are far shorter).
pub const KEY_CHARS_MAX: usize = 512;
/// Entities that one page of a query returns at most (Azure Tables).
pub const PAGE_ENTITIES_MAX: usize = 1_000;

/// Bills that one entity group transaction issues, or takes into the view: the hundredth entity is the outbox row of their
/// event, or what they add to the sums.
pub const BILLS_PER_TRANSACTION: usize = TRANSACTION_ENTITIES_MAX - 1;
/// Lines that one message of the billing queue covers before the next message takes over.
pub const LINES_PER_CHUNK: usize = 10 * BILLS_PER_TRANSACTION;
/// Usage records that one message of the billing queue reads, the last line's to the end, before the next message takes over:
/// fifty pages one after the other leave much of a handler's time.
pub const USAGE_PER_CHUNK: usize = 50 * PAGE_ENTITIES_MAX;
/// Usage records that one entity group transaction takes in, with the fence, though each may be late and then has two rows.
pub const USAGE_PER_TRANSACTION: usize = (TRANSACTION_ENTITIES_MAX - 1) / 2;

/// Bytes of a request body, for everything but usage files.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a usage file.
pub const USAGE_FILE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Records of a usage file.
pub const USAGE_RECORDS_MAX: usize = 200_000;
/// Characters of an `Idempotency-Key` (Toss Payments takes up to 300, Stripe up to 255).
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// Hours for which an answered `Idempotency-Key` replays its first answer.
pub const IDEMPOTENCY_HOURS: i64 = 24;
/// Hours for which the id of a handled message is remembered: longer than a message can live on the bus.
pub const INBOX_HOURS: i64 = 15 * 24;
/// Hours a message lives on the bus before it is dead-lettered; mirrors `defaultMessageTimeToLive`.
pub const MESSAGE_HOURS: i64 = 14 * 24;
/// Bytes of a message body (Service Bus Standard takes 256 KB with its headers).
pub const MESSAGE_BYTES_MAX: usize = 240 * 1024;
/// Deliveries before the bus dead-letters a message; mirrors `maxDeliveryCount` in infra/topology.json.
pub const DELIVERIES_MAX: u32 = 10;

/// Milliseconds that the handler waits before it gives a message back for the second delivery; they double with each
/// further one. The bus delivers again at once, so that ten deliveries would last no longer than a short outage.
pub const REDELIVERY_PAUSE_MS: u64 = 500;
/// Seconds of the longest such pause.
pub const REDELIVERY_PAUSE_SECONDS_MAX: u64 = 30;
/// Times a command is decided again after another writer won (412), before it answers "try again".
pub const CONFLICT_RETRIES_MAX: u32 = 8;
/// Seconds that one invocation may take; the handler gives up before the host kills it.
pub const HANDLER_SECONDS_MAX: u64 = 60;
/// Seconds of `functionTimeout` in host.json, at which the host kills the whole process.
pub const FUNCTION_TIMEOUT_SECONDS: u64 = 300;
/// Seconds a message is locked for its receiver; mirrors `lockDuration` in infra/topology.json.
pub const LOCK_SECONDS: u64 = 300;
/// Seconds the payment gateway may take to answer.
pub const GATEWAY_SECONDS_MAX: u64 = 10;
/// Seconds after which a payment that has no outcome is asked for at the gateway.
pub const UNKNOWN_AFTER_SECONDS: i64 = 30;
/// Seconds a saga may take before it is compensated.
pub const SAGA_DEADLINE_SECONDS: i64 = 10 * 60;
/// States of one step that a saga's record keeps: two for each undo that an operator tries again. Even.
pub const SAGA_STEP_CHANGES_MAX: usize = 32;
/// Messages that a saga's record keeps; a saga without trouble has three. Even.
pub const SAGA_MESSAGES_MAX: usize = 64;
/// Seconds after which an outbox row counts as left behind and is published again by the relay.
pub const OUTBOX_AGE_SECONDS: i64 = 20;

/// Numbers of the pool that are tried for one order before it is rejected.
pub const NUMBER_CANDIDATES: u32 = 8;
/// Days for which a released number is not given to somebody else.
pub const NUMBER_QUARANTINE_DAYS: i64 = 90;
/// Days for which the sums of what happened on a day are kept.
pub const TALLY_DAYS: i32 = 35;
/// Transactions in which one tick folds the changes of one bucket's sums; what is left is for the next tick.
pub const TALLY_FOLDS_MAX: usize = 100;
/// Buckets that are asked, folded, or taken usage into at a time.
pub const BUCKETS_AT_ONCE: usize = 16;
/// Rows that are looked at for one page of a list, up to the end of a page of the query; what is not found among them
/// is found behind the cursor.
pub const LIST_ROWS_MAX: usize = 2 * PAGE_ENTITIES_MAX;
/// Messages of one outbox that are sent at a time.
pub const SENDS_AT_ONCE: usize = 8;
/// Rows that usage intake looks up at a time, in all buckets together.
pub const LOOKUPS_AT_ONCE: usize = 128;
/// Items of a page of a list, when the caller does not say.
pub const PAGE_ITEMS_DEFAULT: usize = 50;
/// Items of a page of a list.
pub const PAGE_ITEMS_MAX: usize = 200;
/// Days that a customer has at least to pay a bill, after the day on which it is issued.
pub const DUE_DAYS_MIN: i32 = 14;
/// The highest amount of one bill, in won: a bill above it is parked for a person to look at.
pub const BILL_WON_MAX: i64 = 100_000_000;

const _: () = assert!(2 * ENTITY_BODY_BYTES_MAX + 4 * KEY_CHARS_MAX + 4 * 1024 < ENTITY_BYTES_MAX);
const _: () = assert!(BILLS_PER_TRANSACTION < TRANSACTION_ENTITIES_MAX);
const _: () = assert!(GATEWAY_SECONDS_MAX < HANDLER_SECONDS_MAX);
const _: () = assert!(HANDLER_SECONDS_MAX + REDELIVERY_PAUSE_SECONDS_MAX < FUNCTION_TIMEOUT_SECONDS);
const _: () = assert!(HANDLER_SECONDS_MAX + REDELIVERY_PAUSE_SECONDS_MAX < LOCK_SECONDS);
const _: () = assert!(REDELIVERY_PAUSE_MS < 1_000 * REDELIVERY_PAUSE_SECONDS_MAX);
const _: () = assert!(UNKNOWN_AFTER_SECONDS > GATEWAY_SECONDS_MAX.cast_signed());
const _: () = assert!(SAGA_DEADLINE_SECONDS > HANDLER_SECONDS_MAX.cast_signed());
const _: () = assert!(SAGA_STEP_CHANGES_MAX.is_multiple_of(2) && SAGA_STEP_CHANGES_MAX > 4);
const _: () = assert!(SAGA_MESSAGES_MAX.is_multiple_of(2) && SAGA_MESSAGES_MAX > 4);
const _: () = assert!(LOOKUPS_AT_ONCE >= BUCKETS_AT_ONCE);
const _: () = assert!(INBOX_HOURS > MESSAGE_HOURS);
const _: () = assert!(TRANSACTION_ENTITIES_MAX <= PAGE_ENTITIES_MAX);
