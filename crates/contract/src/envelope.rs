//! What the Functions host posts to `/{function}` for every trigger that is not forwarded HTTP, and the answer.
//!
//! Source: Azure/azure-functions-host, `Workers/Http/HttpScriptInvocationContext.cs` and
//! `MessageExtensions/ScriptInvocationContextExtensions.cs`: strings are encoded twice (a JSON string that holds
//! JSON), numbers are strings, byte arrays are Base64, a `DateTime` loses its zone. The decoder takes every form, so
//! that neither a newer host nor another `dataType` turns a good message into a bad one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Why an invocation cannot be read. The same delivery would fail again.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// The body is not `{"Data": {…}, "Metadata": {…}}`.
    #[error("the body is not an invocation of the Functions host")]
    NotAnInvocation(#[source] serde_json::Error),
    /// `Data` has no entry of the binding's name.
    #[error("the invocation has no data for the binding {0}")]
    NoData(String),
    /// The entry is neither Base64, nor JSON, nor a JSON string that holds JSON.
    #[error("the data of the binding {0} is in no known encoding")]
    UnknownEncoding(String),
    /// The entry was decoded, and is not the JSON that was expected.
    #[error("the data of the binding {binding} does not have the expected form")]
    Unexpected {
        /// The binding's name.
        binding: String,
        /// What is wrong, and where.
        #[source]
        source: serde_json::Error,
    },
}

/// One invocation of a function by a trigger.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Invocation {
    /// One entry per binding, keyed by the binding's `name`.
    #[serde(rename = "Data")]
    data: Map<String, Value>,
    /// What the trigger knows of the message: `MessageId`, `DeliveryCount` and so on.
    #[serde(rename = "Metadata", default)]
    metadata: Map<String, Value>,
}

impl Invocation {
    /// Reads the body that the host posted.
    pub fn parse(body: &[u8]) -> Result<Self, EnvelopeError> {
        serde_json::from_slice(body).map_err(EnvelopeError::NotAnInvocation)
    }

    /// The bytes of the message that came through a binding, exactly as they were sent when the trigger's `dataType`
    /// is `binary`.
    pub fn bytes(&self, binding: &str) -> Result<Vec<u8>, EnvelopeError> {
        let value = self.data.get(binding).ok_or_else(|| EnvelopeError::NoData(binding.to_owned()))?;
        let unknown = || EnvelopeError::UnknownEncoding(binding.to_owned());
        match value {
            Value::String(text) => decode_text(text).ok_or_else(unknown),
            Value::Object(_) | Value::Array(_) => serde_json::to_vec(value).map_err(|_| unknown()),
            Value::Null | Value::Bool(_) | Value::Number(_) => Err(unknown()),
        }
    }

    /// The message that came through a binding, read as JSON.
    pub fn json<T: DeserializeOwned>(&self, binding: &str) -> Result<T, EnvelopeError> {
        let bytes = self.bytes(binding)?;
        let unexpected = |source| EnvelopeError::Unexpected { binding: binding.to_owned(), source };
        serde_json::from_slice(&bytes).map_err(unexpected)
    }

    /// `MessageId`: the same for every delivery, and every repeated send, of the same message.
    pub fn message_id(&self) -> Option<String> {
        self.text("MessageId")
    }

    /// Which delivery of the message this is, counted from 1; 1 when the host does not say.
    pub fn delivery_count(&self) -> u32 {
        self.text("DeliveryCount").and_then(|text| text.parse().ok()).unwrap_or(1)
    }

    /// `Subject`, the type of the event. Older hosts call it `Label`.
    pub fn subject(&self) -> Option<String> {
        self.text("Subject").or_else(|| self.text("Label"))
    }

    /// `CorrelationId`, the saga that the message belongs to.
    pub fn correlation_id(&self) -> Option<String> {
        self.text("CorrelationId")
    }

    /// The queue or subscription that the message was dead-lettered in, before it came to the dead-letter queue.
    pub fn dead_letter_source(&self) -> Option<String> {
        self.text("DeadLetterSource")
    }

    /// When the bus took the message in.
    pub fn enqueued_at(&self) -> Option<Timestamp> {
        ["EnqueuedTime", "EnqueuedTimeUtc"].into_iter().find_map(|name| parse_instant(&self.text(name)?))
    }

    /// An application property of the message, as text. The name's case does not matter: properties that were set as
    /// HTTP headers may have lost theirs.
    pub fn property(&self, name: &str) -> Option<String> {
        ["ApplicationProperties", "UserProperties"].into_iter().find_map(|group| {
            let properties = object(self.metadata.get(group)?)?;
            let (_, value) = properties.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
            plain_text(value)
        })
    }

    /// Whether a timer fires later than its schedule asked, because the host was down at the time.
    pub fn is_past_due(&self, binding: &str) -> bool {
        let timer = self.data.get(binding).and_then(object);
        let flag = timer.as_ref().and_then(|timer| timer.get("IsPastDue")).and_then(plain_text);
        flag.is_some_and(|flag| flag.eq_ignore_ascii_case("true"))
    }

    fn text(&self, name: &str) -> Option<String> {
        plain_text(self.metadata.get(name)?)
    }
}

/// The answer to an invocation: success, and nothing for the host to write. Never empty: on an empty 2xx the real
/// host waits until the function's timeout.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Reply {
    /// Values of output bindings; we have none.
    #[serde(rename = "Outputs")]
    outputs: Outputs,
    /// The function's value; we have none.
    #[serde(rename = "ReturnValue")]
    return_value: (),
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
struct Outputs {}

/// Base64 has no quote, brace or bracket in its alphabet, so the first character tells the forms apart.
fn decode_text(text: &str) -> Option<Vec<u8>> {
    match text.trim_start().as_bytes().first() {
        Some(b'"') => serde_json::from_str::<String>(text).ok().map(String::into_bytes),
        Some(b'{' | b'[') => Some(text.as_bytes().to_vec()),
        Some(_) | None => STANDARD.decode(text).ok(),
    }
}

fn object(value: &Value) -> Option<Cow<'_, Map<String, Value>>> {
    match value {
        Value::Object(map) => Some(Cow::Borrowed(map)),
        Value::String(text) => serde_json::from_slice(&decode_text(text)?).ok().map(Cow::Owned),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

/// Text that is quoted once more loses those quotes.
fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.starts_with('"') => {
            Some(serde_json::from_str(text).unwrap_or_else(|_| text.clone()))
        }
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A `DateTime` comes without a zone and means UTC; a `DateTimeOffset` comes with its offset.
fn parse_instant(text: &str) -> Option<Timestamp> {
    let zoned = text.parse::<Timestamp>().ok();
    zoned.or_else(|| text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Order {
        order_id: u32,
    }

    fn invocation(value: &Value) -> Invocation {
        Invocation::parse(value.to_string().as_bytes()).unwrap()
    }

    /// A capture of the real host's metadata (`KarlGW/azfunc`, `trigger/service_bus_test.go`), with `dataType` `binary`.
    fn captured() -> Invocation {
        invocation(&json!({
            "Data": { "message": "eyJvcmRlcklkIjo3fQ==" },
            "Metadata": {
                "MessageReceiver": {}, "MessageSession": {}, "MessageActions": {},
                "Client": { "FullyQualifiedNamespace": "ns.servicebus.windows.net", "IsClosed": false },
                "DeliveryCount": "3", "LockToken": "\"4e77\"", "ExpiresAtUtc": "2023-10-12T20:13:49",
                "EnqueuedTimeUtc": "2023-10-12T20:13:49", "EnqueuedTime": "2023-10-12T20:13:49+00:00",
                "MessageId": "\"4e77b1\"", "ContentType": "\"application/json\"", "SequenceNumber": "1",
                "Subject": "\"order.placed\"", "CorrelationId": "\"open-1\"",
                "DeadLetterSource": "\"events/Subscriptions/saga-track\"",
                "ApplicationProperties": { "traceparent": "00-a", "n": 1, "DeadLetterReason": "MaxDelivery" },
                "sys": { "MethodName": "saga_track", "UtcNow": "2023-10-12T20:13:49.640002Z", "RandGuid": "x" }
            }
        }))
    }

    #[test]
    fn every_encoding_of_a_message_is_read() {
        for data in [
            json!("eyJvcmRlcklkIjo3fQ=="),
            json!("\"{\\\"orderId\\\":7}\""),
            json!("{\"orderId\":7}"),
            json!({ "orderId": 7 }),
        ] {
            let invocation = invocation(&json!({ "Data": { "message": data }, "Metadata": {} }));
            assert_eq!(invocation.json::<Order>("message").unwrap(), Order { order_id: 7 }, "{data}");
        }
    }

    #[test]
    fn binary_messages_are_read_byte_for_byte() {
        let invocation = invocation(&json!({ "Data": { "message": "eyJhIjogMX0g/w==" } }));
        assert_eq!(invocation.bytes("message").unwrap(), b"{\"a\": 1} \xff");
    }

    #[test]
    fn the_captured_metadata_is_read() {
        let it = captured();
        assert_eq!(it.message_id().as_deref(), Some("4e77b1"));
        assert_eq!(it.delivery_count(), 3);
        assert_eq!(it.subject().as_deref(), Some("order.placed"));
        assert_eq!(it.correlation_id().as_deref(), Some("open-1"));
        assert_eq!(it.dead_letter_source().as_deref(), Some("events/Subscriptions/saga-track"));
        assert_eq!(it.enqueued_at(), Some("2023-10-12T20:13:49Z".parse().unwrap()));
        assert_eq!(it.property("traceparent").as_deref(), Some("00-a"));
        assert_eq!(it.property("N").as_deref(), Some("1"));
        assert_eq!(it.property("deadletterreason").as_deref(), Some("MaxDelivery"));
        assert_eq!(it.property("tracestate"), None);
    }

    #[test]
    fn metadata_is_read_with_and_without_quotes_and_types() {
        for (id, count) in
            [(json!("a1"), json!(2)), (json!("\"a1\""), json!("2")), (json!("a1"), json!("\"2\""))]
        {
            let it =
                invocation(&json!({ "Data": {}, "Metadata": { "MessageId": id, "DeliveryCount": count } }));
            assert_eq!((it.message_id().as_deref(), it.delivery_count()), (Some("a1"), 2));
        }
        let empty = invocation(&json!({ "Data": {} }));
        assert_eq!((empty.message_id(), empty.delivery_count(), empty.enqueued_at()), (None, 1, None));
    }

    #[test]
    fn instants_are_read_with_and_without_zone_and_fraction() {
        let expected: Timestamp = "2023-10-12T20:13:49Z".parse().unwrap();
        for text in [
            "2023-10-12T20:13:49",
            "2023-10-12T20:13:49Z",
            "2023-10-13T05:13:49+09:00",
            "2023-10-12T20:13:49.000",
        ] {
            let it = invocation(&json!({ "Data": {}, "Metadata": { "EnqueuedTimeUtc": text } }));
            assert_eq!(it.enqueued_at(), Some(expected), "{text}");
        }
    }

    #[test]
    fn properties_that_came_as_text_are_read() {
        let it = invocation(&json!({ "Data": {}, "Metadata": { "UserProperties": "{\"a\":true}" } }));
        assert_eq!(it.property("a").as_deref(), Some("true"));
    }

    #[test]
    fn a_timer_says_whether_it_is_late() {
        let schedule =
            json!({ "Schedule": { "AdjustForDST": true }, "ScheduleStatus": null, "IsPastDue": true });
        for (data, late) in [(schedule, true), (json!({ "IsPastDue": false }), false), (json!(""), false)] {
            assert_eq!(invocation(&json!({ "Data": { "timer": data } })).is_past_due("timer"), late);
        }
    }

    #[test]
    fn other_bodies_are_refused_with_their_reason() {
        assert!(matches!(Invocation::parse(b"{}"), Err(EnvelopeError::NotAnInvocation(_))));
        assert!(matches!(Invocation::parse(b"not json"), Err(EnvelopeError::NotAnInvocation(_))));
        let it = invocation(&json!({ "Data": { "message": "no base64!", "n": 1, "order": "\"{}\"" } }));
        assert!(matches!(it.bytes("message"), Err(EnvelopeError::UnknownEncoding(_))));
        assert!(matches!(it.bytes("n"), Err(EnvelopeError::UnknownEncoding(_))));
        assert!(matches!(it.bytes("timer"), Err(EnvelopeError::NoData(_))));
        assert!(matches!(it.json::<Order>("order"), Err(EnvelopeError::Unexpected { .. })));
    }

    #[test]
    fn the_answer_is_never_empty() {
        assert_eq!(serde_json::to_string(&Reply::default()).unwrap(), r#"{"Outputs":{},"ReturnValue":null}"#);
    }
}
