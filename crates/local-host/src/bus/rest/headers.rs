use crate::bus::message::IncomingMessage;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

const BROKER_PROPERTIES: &str = "brokerproperties";

/// Headers with a meaning of their own: HTTP's, and those of Service Bus. All others are application properties, such
/// as `traceparent`. Names are in lower case; headers that begin with `x-ms-`, `proxy-` or `sec-` belong here too.
const STANDARD: [&str; 46] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "age",
    "allow",
    "authorization",
    BROKER_PROPERTIES,
    "cache-control",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-md5",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "forwarded",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "last-modified",
    "location",
    "max-forwards",
    "origin",
    "pragma",
    "range",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
];

/// A header that the bus cannot read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadHeader {
    #[error("the header {0} has characters other than printable ASCII")]
    Characters(String),
    #[error("the header BrokerProperties is not a JSON object of broker properties: {0}")]
    BrokerProperties(serde_json::Error),
    #[error("ScheduledEnqueueTimeUtc is {0:?}, which is not a time such as 'Sun, 06 Nov 1994 08:49:37 GMT'")]
    Time(String),
}

/// The properties that the bus acts on; others, such as `SessionId`, are taken and ignored.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct BrokerProperties {
    message_id: Option<String>,
    label: Option<String>,
    correlation_id: Option<String>,
    scheduled_enqueue_time_utc: Option<String>,
    /// Seconds.
    time_to_live: Option<f64>,
}

/// Tells whether a header, whose name is in lower case, is none of the message's application properties.
pub fn is_standard(name: &str) -> bool {
    STANDARD.contains(&name) || ["x-ms-", "proxy-", "sec-"].iter().any(|prefix| name.starts_with(prefix))
}

/// The message that the headers describe, without a body.
pub(super) fn message(headers: &HeaderMap) -> Result<IncomingMessage, BadHeader> {
    let broker = headers.get(BROKER_PROPERTIES).map(broker_properties).transpose()?.unwrap_or_default();
    let content_type = headers.get(CONTENT_TYPE).map(|value| text("content-type", value));
    Ok(IncomingMessage {
        message_id: not_empty(broker.message_id),
        subject: not_empty(broker.label),
        correlation_id: not_empty(broker.correlation_id),
        content_type: content_type.transpose()?.map(str::to_owned),
        properties: application_properties(headers)?,
        scheduled_at: not_empty(broker.scheduled_enqueue_time_utc).map(|text| time(&text)).transpose()?,
        // A time to live beyond all bounds is no bound; the broker cuts it to the entity's own.
        time_to_live: broker
            .time_to_live
            .map(|seconds| SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::MAX)),
        body: bytes::Bytes::new(),
    })
}

fn broker_properties(value: &HeaderValue) -> Result<BrokerProperties, BadHeader> {
    // By way of an object, for a list would do for the fields of a struct.
    let object: Result<Map<String, Value>, _> = serde_json::from_str(text(BROKER_PROPERTIES, value)?);
    let properties = object.and_then(|object| serde_json::from_value(Value::Object(object)));
    properties.map_err(BadHeader::BrokerProperties)
}

fn application_properties(headers: &HeaderMap) -> Result<Map<String, Value>, BadHeader> {
    let custom = headers.iter().filter(|(name, _)| !is_standard(name.as_str()));
    custom.map(|(name, value)| Ok((name.to_string(), property(text(name.as_str(), value)?)))).collect()
}

/// Text is in quotes, numbers and booleans are not; text that lacks its quotes is taken as it is.
fn property(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => value,
        Ok(Value::Null | Value::Array(_) | Value::Object(_)) | Err(_) => Value::from(text),
    }
}

fn text<'a>(name: &str, value: &'a HeaderValue) -> Result<&'a str, BadHeader> {
    value.to_str().map_err(|_| BadHeader::Characters(name.to_owned()))
}

/// RFC 1123 as documented, and RFC 3339 because everybody sends it.
fn time(text: &str) -> Result<Timestamp, BadHeader> {
    let documented = DateTimeParser::new().parse_timestamp(text.trim());
    documented.or_else(|_| text.trim().parse()).map_err(|_| BadHeader::Time(text.to_owned()))
}

/// The documented default of these properties is the empty text.
fn not_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[track_caller]
    fn check_time(text: &str, then: &str) {
        assert_eq!(time(text).unwrap(), then.parse().unwrap());
    }

    #[test]
    fn every_broker_property_that_matters_is_read() {
        let broker = r#"{"MessageId":"m","Label":"order.placed","CorrelationId":"saga","SessionId":"ignored",
            "ScheduledEnqueueTimeUtc":"Sat, 14 Nov 2026 10:00:00 GMT","TimeToLive":90,"To":"ignored"}"#;
        let read = message(&headers(&[
            ("brokerproperties", &broker.replace('\n', "")),
            ("content-type", "application/json"),
        ]))
        .unwrap();
        let then = IncomingMessage {
            message_id: Some("m".to_owned()),
            subject: Some("order.placed".to_owned()),
            correlation_id: Some("saga".to_owned()),
            content_type: Some("application/json".to_owned()),
            scheduled_at: Some("2026-11-14T10:00:00Z".parse().unwrap()),
            time_to_live: Some(SignedDuration::from_secs(90)),
            ..IncomingMessage::default()
        };
        assert_eq!(read, then);
    }

    #[test]
    fn empty_and_missing_broker_properties_are_the_same() {
        let broker = r#"{"MessageId":"","Label":"","CorrelationId":null,"ScheduledEnqueueTimeUtc":""}"#;
        assert_eq!(message(&headers(&[("brokerproperties", broker)])).unwrap(), IncomingMessage::default());
        assert_eq!(message(&headers(&[])).unwrap(), IncomingMessage::default());
    }

    #[test]
    fn custom_headers_are_application_properties_and_standard_ones_are_not() {
        let read = message(&headers(&[
            ("traceparent", "\"00-ab-cd-01\""),
            ("unquoted", "High"),
            ("attempt", "3"),
            ("urgent", "true"),
            ("escaped", r#""\uc218\ub0a9 \"x\"""#),
            ("list", "[1]"),
            ("user-agent", "test"),
            ("x-ms-retrypolicy", "NoRetry"),
            ("host", "127.0.0.1"),
        ]))
        .unwrap();
        let then = serde_json::json!({
            "traceparent": "00-ab-cd-01", "unquoted": "High", "attempt": 3, "urgent": true,
            "escaped": "수납 \"x\"", "list": "[1]",
        });
        assert_eq!(Value::from(read.properties), then);
    }

    #[test]
    fn times_are_read_as_documented_and_as_rfc_3339() {
        check_time("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z");
        check_time(" Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z");
        check_time("1994-11-06T08:49:37.5Z", "1994-11-06T08:49:37.5Z");
        check_time("1994-11-06T17:49:37+09:00", "1994-11-06T08:49:37Z");
        assert!(matches!(time("tomorrow"), Err(BadHeader::Time(_))));
    }

    #[test]
    fn an_endless_time_to_live_is_allowed() {
        let read = message(&headers(&[("brokerproperties", r#"{"TimeToLive":1e300}"#)])).unwrap();
        assert_eq!(read.time_to_live, Some(SignedDuration::MAX));
    }

    #[test]
    fn headers_that_cannot_be_read_are_refused() {
        for broker in ["", "x", "[]", "7", r#"{"MessageId":7}"#, r#"{"TimeToLive":"soon"}"#] {
            let read = message(&headers(&[("brokerproperties", broker)]));
            assert!(matches!(read, Err(BadHeader::BrokerProperties(_))), "{broker}");
        }
        let mut latin = HeaderMap::new();
        latin.insert("priority", HeaderValue::from_bytes(b"\xe9").unwrap());
        assert!(matches!(message(&latin), Err(BadHeader::Characters(_))));
    }
}
