//! What is posted to `/{function}` for a trigger, with the exact encodings of the real host.
//!
//! Source: `ScriptInvocationContextExtensions`: a string is JSON inside a JSON string, numbers are strings, byte
//! arrays Base64; a `DateTime` loses its zone and fraction, a `DateTimeOffset` its fraction; objects stay as they are.

use crate::bus::Delivery;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// What the host says of every invocation: `sys`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sys<'a> {
    pub(crate) function: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) random: Uuid,
}

/// A message as its envelope tells of it.
#[derive(Debug)]
pub(crate) struct MessageFacts<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) message_id: &'a str,
    pub(crate) subject: Option<&'a str>,
    pub(crate) correlation_id: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) dead_letter_source: Option<&'a str>,
    pub(crate) properties: &'a Map<String, Value>,
    pub(crate) delivery_count: u32,
    pub(crate) sequence_number: i64,
    pub(crate) lock_token: Uuid,
    pub(crate) enqueued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// What a timer knows of its past and future.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimerStatus {
    /// The occurrence before this one.
    pub(crate) last: Option<Timestamp>,
    /// This occurrence.
    pub(crate) next: Timestamp,
}

impl<'a> MessageFacts<'a> {
    pub(crate) fn of(delivery: &'a Delivery) -> Self {
        let message = &*delivery.message;
        Self {
            body: &message.body,
            message_id: &message.message_id,
            subject: message.subject.as_deref(),
            correlation_id: message.correlation_id.as_deref(),
            content_type: message.content_type.as_deref(),
            dead_letter_source: message.dead_letter_source.as_deref(),
            properties: &message.properties,
            delivery_count: delivery.delivery_count,
            sequence_number: message.sequence_number,
            lock_token: delivery.lock.token(),
            enqueued_at: delivery.enqueued_at,
            expires_at: delivery.expires_at,
        }
    }
}

/// The envelope of a message for a trigger with `dataType` `binary`.
pub(crate) fn message(binding: &str, facts: &MessageFacts<'_>, sys: &Sys<'_>) -> Value {
    let mut metadata = Map::new();
    for name in ["MessageReceiver", "MessageSession", "MessageActions", "SessionActions", "ReceiveActions"] {
        metadata.insert(name.to_owned(), json!({}));
    }
    metadata.insert("Client".to_owned(), client());
    let texts = [
        ("MessageId", Some(facts.message_id)),
        ("ContentType", facts.content_type),
        ("Subject", facts.subject),
        ("Label", facts.subject),
        ("CorrelationId", facts.correlation_id),
        ("DeadLetterSource", facts.dead_letter_source),
    ];
    for (name, value) in texts.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        metadata.insert(name.to_owned(), Value::String(twice(value)));
    }
    let plain = [
        ("LockToken", twice(&facts.lock_token.to_string())),
        ("DeliveryCount", facts.delivery_count.to_string()),
        ("SequenceNumber", facts.sequence_number.to_string()),
        ("EnqueuedTimeUtc", date_time(facts.enqueued_at)),
        ("EnqueuedTime", date_time_offset(facts.enqueued_at)),
        ("ExpiresAtUtc", date_time(facts.expires_at)),
        ("ExpiresAt", date_time_offset(facts.expires_at)),
    ];
    metadata.extend(plain.map(|(name, value)| (name.to_owned(), Value::String(value))));
    let properties = Value::Object(facts.properties.clone());
    metadata.insert("ApplicationProperties".to_owned(), properties.clone());
    metadata.insert("UserProperties".to_owned(), properties);
    envelope(binding, &Value::String(STANDARD.encode(facts.body)), metadata, sys)
}

/// The envelope of a timer. Without a monitor there is no status.
pub(crate) fn timer(binding: &str, status: Option<TimerStatus>, sys: &Sys<'_>) -> Value {
    let status = status.map(|status| {
        let last = status.last.map_or_else(|| "0001-01-01T00:00:00".to_owned(), round_trip);
        json!({ "Last": last, "Next": round_trip(status.next), "LastUpdated": last })
    });
    let info = json!({ "Schedule": { "AdjustForDST": true }, "ScheduleStatus": status, "IsPastDue": false });
    envelope(binding, &info, Map::new(), sys)
}

fn envelope(binding: &str, data: &Value, mut metadata: Map<String, Value>, sys: &Sys<'_>) -> Value {
    metadata.insert(
        "sys".to_owned(),
        json!({
            "MethodName": sys.function,
            "UtcNow": ticks(sys.now).to_string(),
            "RandGuid": sys.random.to_string(),
        }),
    );
    json!({ "Data": { binding: data }, "Metadata": metadata })
}

fn client() -> Value {
    json!({
        "FullyQualifiedNamespace": "127.0.0.1",
        "IsClosed": false,
        "TransportType": 0,
        "Identifier": "local-host",
    })
}

/// JSON inside a JSON string.
fn twice(text: &str) -> String {
    Value::from(text).to_string()
}

/// `DateTime`: no zone, no fraction.
fn date_time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// `DateTimeOffset` as a value of its own: no fraction.
fn date_time_offset(at: Timestamp) -> String {
    format!("{}+00:00", date_time(at))
}

/// `DateTime` inside an object: all its digits, and an offset.
fn round_trip(at: Timestamp) -> String {
    ticks(at).to_string().replace('Z', "+00:00")
}

/// .NET counts in steps of 100 ns.
fn ticks(at: Timestamp) -> Timestamp {
    let nanos = at.as_nanosecond();
    Timestamp::from_nanosecond(nanos - nanos.rem_euclid(100)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYS: Sys<'_> = Sys { function: "saga_track", now: Timestamp::UNIX_EPOCH, random: Uuid::nil() };

    fn facts<'a>(body: &'a [u8], properties: &'a Map<String, Value>) -> MessageFacts<'a> {
        MessageFacts {
            body,
            message_id: "4e77\"b1",
            subject: Some("order.placed"),
            correlation_id: None,
            content_type: Some("application/json"),
            dead_letter_source: Some("events/Subscriptions/saga-track"),
            properties,
            delivery_count: 3,
            sequence_number: 12,
            lock_token: Uuid::nil(),
            enqueued_at: "2023-10-12T20:13:49.64Z".parse().unwrap(),
            expires_at: "2023-10-26T20:13:49.64Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_message_is_encoded_as_the_real_host_encodes_it() {
        let properties = json!({ "tenant": "a", "n": 1, "big": true });
        let properties = properties.as_object().unwrap();
        let expected = json!({
            "Data": { "message": "eyJvcmRlcklkIjo3fQ==" },
            "Metadata": {
                "MessageReceiver": {}, "MessageSession": {}, "MessageActions": {}, "SessionActions": {},
                "ReceiveActions": {},
                "Client": {
                    "FullyQualifiedNamespace": "127.0.0.1", "IsClosed": false, "TransportType": 0,
                    "Identifier": "local-host"
                },
                "MessageId": "\"4e77\\\"b1\"",
                "ContentType": "\"application/json\"",
                "Subject": "\"order.placed\"",
                "Label": "\"order.placed\"",
                "DeadLetterSource": "\"events/Subscriptions/saga-track\"",
                "LockToken": "\"00000000-0000-0000-0000-000000000000\"",
                "DeliveryCount": "3",
                "SequenceNumber": "12",
                "EnqueuedTimeUtc": "2023-10-12T20:13:49",
                "EnqueuedTime": "2023-10-12T20:13:49+00:00",
                "ExpiresAtUtc": "2023-10-26T20:13:49",
                "ExpiresAt": "2023-10-26T20:13:49+00:00",
                "ApplicationProperties": { "tenant": "a", "n": 1, "big": true },
                "UserProperties": { "tenant": "a", "n": 1, "big": true },
                "sys": {
                    "MethodName": "saga_track", "UtcNow": "1970-01-01T00:00:00Z",
                    "RandGuid": "00000000-0000-0000-0000-000000000000"
                }
            }
        });
        assert_eq!(message("message", &facts(b"{\"orderId\":7}", properties), &SYS), expected);
    }

    #[test]
    fn a_body_that_is_no_text_keeps_every_byte() {
        let envelope = message("message", &facts(b"\x00\xff{", &Map::new()), &SYS);
        assert_eq!(envelope["Data"]["message"], "AP97");
    }

    #[test]
    fn the_handler_reads_what_the_host_writes() {
        let properties = json!({ "traceparent": "00-a" });
        let sent = message("message", &facts(b"{\"a\":1}", properties.as_object().unwrap()), &SYS);
        let read = contract::envelope::Invocation::parse(sent.to_string().as_bytes()).unwrap();
        assert_eq!(read.bytes("message").unwrap(), b"{\"a\":1}");
        assert_eq!(read.message_id().as_deref(), Some("4e77\"b1"));
        assert_eq!(read.delivery_count(), 3);
        assert_eq!(read.subject().as_deref(), Some("order.placed"));
        assert_eq!(read.correlation_id(), None);
        assert_eq!(read.dead_letter_source().as_deref(), Some("events/Subscriptions/saga-track"));
        assert_eq!(read.property("traceparent").as_deref(), Some("00-a"));
        assert_eq!(read.enqueued_at(), Some("2023-10-12T20:13:49Z".parse().unwrap()));
    }

    #[test]
    fn a_timer_tells_its_status() {
        let status = TimerStatus {
            last: Some("2026-01-01T00:00:00.012345678Z".parse().unwrap()),
            next: "2026-01-01T00:05:00Z".parse().unwrap(),
        };
        let expected = json!({
            "Data": { "timer": {
                "Schedule": { "AdjustForDST": true },
                "ScheduleStatus": {
                    "Last": "2026-01-01T00:00:00.0123456+00:00",
                    "Next": "2026-01-01T00:05:00+00:00",
                    "LastUpdated": "2026-01-01T00:00:00.0123456+00:00"
                },
                "IsPastDue": false
            } },
            "Metadata": { "sys": {
                "MethodName": "saga_track", "UtcNow": "1970-01-01T00:00:00Z",
                "RandGuid": "00000000-0000-0000-0000-000000000000"
            } }
        });
        assert_eq!(timer("timer", Some(status), &SYS), expected);
    }

    #[test]
    fn a_timer_that_never_ran_has_the_zero_date_and_one_without_monitor_no_status() {
        let status = TimerStatus { last: None, next: Timestamp::UNIX_EPOCH };
        let info = timer("timer", Some(status), &SYS);
        assert_eq!(info["Data"]["timer"]["ScheduleStatus"]["Last"], "0001-01-01T00:00:00");
        assert_eq!(timer("timer", None, &SYS)["Data"]["timer"]["ScheduleStatus"], Value::Null);
    }
}
