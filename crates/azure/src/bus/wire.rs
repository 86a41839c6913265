use super::SendError;
use crate::endpoint::Endpoint;
use app::ports::{BusError, Message};
use azure_core::http::headers::{CONTENT_TYPE, HeaderName};
use azure_core::http::{Method, RawResponse, Request};
use domain::limits::MESSAGE_BYTES_MAX;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use serde::Serialize;
use std::fmt::Write;

/// Characters of a `MessageId` (Microsoft Learn, "Service Bus quotas and limits").
const MESSAGE_ID_CHARS_MAX: usize = 128;
/// Characters of the bus's answer that are kept for the log.
const DETAIL_CHARS_MAX: usize = 300;
/// Headers that mean something else than an application property.
const RESERVED: [&str; 8] = [
    "accept",
    "authorization",
    "brokerproperties",
    "connection",
    "content-length",
    "content-type",
    "host",
    "user-agent",
];

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct BrokerProperties<'a> {
    message_id: &'a str,
    label: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_enqueue_time_utc: Option<String>,
}

/// The request that sends `message`; refuses what the bus would refuse every time.
pub(super) fn request(endpoint: &Endpoint, message: &Message) -> Result<Request, BusError> {
    if message.body.len() > MESSAGE_BYTES_MAX {
        return Err(refused("the body is too large"));
    }
    if !(1..=MESSAGE_ID_CHARS_MAX).contains(&message.message_id.chars().count()) {
        return Err(refused("a message id has 1 to 128 characters"));
    }
    let broker = BrokerProperties {
        message_id: &message.message_id,
        label: &message.subject,
        correlation_id: message.correlation_id.as_deref(),
        scheduled_enqueue_time_utc: message.scheduled_at.map(http_date),
    };
    let mut request = Request::new(endpoint.below(&[message.entity, "messages"]), Method::Post);
    request.insert_header(CONTENT_TYPE, "application/json");
    request.insert_header(HeaderName::from_static("brokerproperties"), header_json(&broker)?);
    for (name, value) in &message.properties {
        if !is_property_name(name) {
            return Err(refused("a property's name is a header name in lower case"));
        }
        request.insert_header(*name, header_json(value)?);
    }
    request.set_body(message.body.clone());
    Ok(request)
}

/// What the bus's answer means. Source of the codes: "Send Message", which has 403 for a full or throttled entity
/// as well as for a missing right, and 410 as well as 404 for an unknown entity. A right may still be on its way
/// (role assignments take minutes), so 401 and 403 are worth another delivery.
pub(super) fn verdict(answer: &RawResponse) -> Result<(), BusError> {
    match u16::from(answer.status()) {
        201 => Ok(()),
        status @ (400 | 404 | 410 | 413) => Err(BusError::Refused(format!("{status} {}", detail(answer)))),
        _ => Err(unreachable(answer)),
    }
}

/// The answer says nothing about the message's fate.
pub(super) fn unreachable(answer: &RawResponse) -> BusError {
    let status = u16::from(answer.status());
    BusError::Unreachable(Box::new(SendError::Answered { status, detail: detail(answer) }))
}

fn refused(why: &str) -> BusError {
    BusError::Refused(why.to_owned())
}

/// The start of the body, which names the entity and a tracking id but nothing of the message.
fn detail(answer: &RawResponse) -> String {
    let text = String::from_utf8_lossy(answer.body());
    text.chars().filter(|c| !c.is_control()).take(DETAIL_CHARS_MAX).collect()
}

/// JSON for a header's value. Text in it is quoted, as the bus expects of string properties, and everything beyond
/// printable ASCII is escaped, for a header can hold nothing else.
fn header_json(value: &impl Serialize) -> Result<String, BusError> {
    let json = serde_json::to_string(value).map_err(|error| BusError::Refused(error.to_string()))?;
    let mut ascii = String::with_capacity(json.len());
    let mut units = [0; 2];
    for c in json.chars() {
        if c == ' ' || c.is_ascii_graphic() {
            ascii.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut units) {
            // Writing to a string does not fail.
            let _ = write!(ascii, "\\u{unit:04x}");
        }
    }
    Ok(ascii)
}

/// RFC 1123, as "Message headers and properties" shows it; never earlier than asked, for it has whole seconds only.
fn http_date(at: Timestamp) -> String {
    let whole = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil);
    let at = at.round(whole).unwrap_or(at);
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Header names have no case and travel in lower case, so a property with capitals would arrive as another one.
fn is_property_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    !name.is_empty() && name.bytes().all(allowed) && !RESERVED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headers_json_is_printable_ascii_and_the_same_text() {
        let text = "수납 \"취소\"\r\nX: y \u{7f} 😀";
        let header = header_json(&text).unwrap();
        assert!(header.bytes().all(|b| b == b' ' || b.is_ascii_graphic()), "{header}");
        assert_eq!(serde_json::from_str::<String>(&header).unwrap(), text);
    }

    #[test]
    fn a_scheduled_time_is_rounded_up_to_the_second() {
        let date = |text: &str| http_date(text.parse().unwrap());
        assert_eq!(date("1994-11-06T08:49:37Z"), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(date("1994-11-06T08:49:37.001Z"), "Sun, 06 Nov 1994 08:49:38 GMT");
        assert_eq!(date("2026-12-31T23:59:59.999999999Z"), "Fri, 01 Jan 2027 00:00:00 GMT");
    }

    #[test]
    fn a_property_is_named_as_a_header_that_means_nothing_else() {
        assert!(is_property_name("traceparent"));
        for name in ["", "Traceparent", "authorization", "a b", "a:b", "brokerproperties"] {
            assert!(!is_property_name(name), "{name}");
        }
    }
}
