//! W3C Trace Context: which request a log line, a message or an outgoing call belongs to.

/// A `traceparent` of version 00: `00-{trace id, 32 hex digits}-{parent id, 16 hex digits}-{flags, 2 hex digits}`.
///
/// Source: W3C, "Trace Context", section 3.2.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TraceParent(String);

impl TraceParent {
    /// The header's value, or the message property. Later versions are read as far as version 00 goes; anything
    /// else is no trace, and the reader starts one of its own.
    pub fn parse(text: &str) -> Option<Self> {
        let head = text.get(..55)?;
        let version = head.get(..2)?;
        let parts: Vec<&str> = head.split('-').collect();
        let [_, trace, parent, flags] = parts[..] else { return None };
        let known = version == "00" && text.len() == 55;
        let later = hex(version, 2)
            && version > "00"
            && version != "ff"
            && matches!(text.as_bytes().get(55), None | Some(b'-'));
        let valid = id(trace, 32) && id(parent, 16) && hex(flags, 2);
        ((known || later) && valid).then(|| Self(format!("00-{trace}-{parent}-{flags}")))
    }

    /// A trace that starts here, from 32 lower-case hexadecimal digits by chance; `None` when they are not.
    pub fn start(digits: &str) -> Option<Self> {
        Self::parse(&format!("00-{digits}-{}-01", digits.get(16..)?))
    }

    /// The id of the whole trace, 32 hexadecimal digits.
    pub fn trace_id(&self) -> &str {
        &self.0[3..35]
    }

    /// The id of the span that it was written by, 16 hexadecimal digits.
    pub fn span_id(&self) -> &str {
        &self.0[36..52]
    }

    /// The flags, two hexadecimal digits; `01` says that the trace is being recorded.
    pub fn flags(&self) -> &str {
        &self.0[53..]
    }

    /// The same trace as a span below this one hands it on, from at least 16 lower-case hexadecimal digits by
    /// chance, of which the last ones count; `None` when they are not.
    pub fn child(&self, digits: &str) -> Option<Self> {
        let span = digits.get(digits.len().checked_sub(16)?..)?;
        Self::parse(&format!("00-{}-{span}-{}", self.trace_id(), self.flags()))
    }

    /// The value for a header or a message property.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn id(text: &str, digits: usize) -> bool {
    hex(text, digits) && text.bytes().any(|b| b != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_is_read_and_written_the_same() {
        let trace = TraceParent::parse(TRACE).unwrap();
        assert_eq!(trace.as_str(), TRACE);
        assert_eq!(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(trace.span_id(), "00f067aa0ba902b7");
        assert_eq!(trace.flags(), "01");
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let later = format!("cc{}-what-the-future-brings", &TRACE[2..]);
        assert_eq!(TraceParent::parse(&later), TraceParent::parse(TRACE));
    }

    #[test]
    fn other_texts_are_no_trace() {
        for text in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            "00-4bf92f3577b34da6a3ce929d0e0e47360-0f067aa0ba902b7-01",
            "é0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceParent::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_trace_starts_from_chance() {
        let trace = TraceParent::start("0192f0c1a2b37c4d8e9f0123456789ab").unwrap();
        assert_eq!(trace.as_str(), "00-0192f0c1a2b37c4d8e9f0123456789ab-8e9f0123456789ab-01");
        assert_eq!(TraceParent::start("x"), None);
    }

    #[test]
    fn a_span_below_hands_on_the_trace_and_its_flags_under_its_own_id() {
        let trace = TraceParent::parse(&TRACE.replace("-01", "-00")).unwrap();
        let child = trace.child("0192f0c1a2b37c4d8e9f0123456789ab").unwrap();
        assert_eq!(child.as_str(), "00-4bf92f3577b34da6a3ce929d0e0e4736-8e9f0123456789ab-00");
        for digits in ["", "8e9f0123456789a", "8E9F0123456789AB", "0000000000000000", "é9f0123456789ab"] {
            assert_eq!(trace.child(digits), None, "{digits}");
        }
    }
}
