//! Errors as callers see them: RFC 9457 problem details with a stable `code`.
//!
//! Every code stands in one table, with its status and title. `/api/openapi.json` lists the same ones, and a test
//! holds the two together.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// `Content-Type` of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $status:literal, $title:literal;)+) => {
        /// What went wrong, for programs. A code keeps its name, status and meaning for good.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code as it is written in the problem.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// The same short sentence every time.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    InvalidJson = "invalid_json", 400, "The body is not valid JSON";
    /// A field of the body is missing, unknown, or has a value that it cannot have; `errors` says which.
    InvalidField = "invalid_field", 400, "A field of the request has no valid value";
    /// A parameter of the query is unknown, or has a value that it cannot have.
    InvalidParameter = "invalid_parameter", 400, "A parameter of the query has no valid value";
    /// A `cursor` that this list did not give out.
    InvalidCursor = "invalid_cursor", 400, "The cursor does not belong to this list";
    /// A usage file whose header or encoding cannot be read; nothing of it was taken in.
    InvalidFile = "invalid_file", 400, "The file cannot be read";
    /// The request moves money and has no `Idempotency-Key`.
    IdempotencyKeyMissing = "idempotency_key_missing", 400, "The request needs an Idempotency-Key";
    /// The `Idempotency-Key` is not 1 to 255 visible ASCII characters.
    IdempotencyKeyInvalid = "idempotency_key_invalid", 400, "The Idempotency-Key is not valid";
    /// No token, or none that is valid here.
    Unauthenticated = "unauthenticated", 401, "A valid access token is needed";
    /// The payment gateway declined the charge; nothing was charged.
    PaymentDeclined = "payment_declined", 402, "The payment was declined";
    /// The token is valid and its roles do not allow this.
    Forbidden = "forbidden", 403, "The token does not allow this";
    /// There is no such thing, or it is somebody else's.
    NotFound = "not_found", 404, "Not found";
    /// The path is known, the method is not.
    MethodNotAllowed = "method_not_allowed", 405, "The method is not allowed here";
    /// A request with the same `Idempotency-Key` is being worked on.
    IdempotencyKeyInFlight = "idempotency_key_in_flight", 409, "The first request with this Idempotency-Key is not answered yet";
    /// The bill is paid, or has nothing to pay.
    NothingDue = "nothing_due", 409, "Nothing is due on this bill";
    /// Another payment of the bill has no outcome yet.
    PaymentInProgress = "payment_in_progress", 409, "Another payment of this bill is in progress";
    /// The thing is in a state that does not allow this; the detail says which.
    WrongState = "wrong_state", 409, "The current state does not allow this";
    /// The usage month is not over.
    MonthNotOver = "month_not_over", 409, "The usage month is not over";
    /// The body is larger than it may be.
    BodyTooLarge = "body_too_large", 413, "The body is too large";
    /// The `Content-Type` is not one that this path takes.
    UnsupportedMediaType = "unsupported_media_type", 415, "The content type is not supported";
    /// The `Idempotency-Key` was used with another request.
    IdempotencyKeyReused = "idempotency_key_reused", 422, "The Idempotency-Key was used with another request";
    /// The catalogue has no such plan today.
    UnknownPlan = "unknown_plan", 422, "There is no such plan";
    /// The amount is not what can be paid.
    InvalidAmount = "invalid_amount", 422, "The amount cannot be paid";
    /// The gateway has no open payment form of that key for that amount.
    PaymentKeyInvalid = "payment_key_invalid", 422, "The payment key cannot be used";
    /// A fault of ours; it is in the log.
    Internal = "internal", 500, "Something went wrong on our side";
    /// A service that this one needs is busy or down; try again.
    Unavailable = "unavailable", 503, "The service is not available for the moment";
    /// The keys of the token issuer cannot be fetched; try again.
    IssuerUnavailable = "issuer_unavailable", 503, "The token issuer is not available for the moment";
    /// The request took too long and was given up; it may have had its effect, so repeat it with the same
    /// `Idempotency-Key`.
    DeadlineExceeded = "deadline_exceeded", 503, "The request took too long";
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One field that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where in the body: `usageMonth`, `lines[0].amount`.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

/// The body of every answer that is an error.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problem {
    /// `urn:problem:{code}`.
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    code: Code,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Problem {
    /// The problem of a code, without further detail.
    pub fn new(code: Code) -> Self {
        Self {
            kind: format!("urn:problem:{}", code.as_str()),
            title: code.title(),
            status: code.status(),
            detail: None,
            code,
            errors: Vec::new(),
            extra: Map::new(),
        }
    }

    /// With what is particular to this occurrence: a sentence for people, without personal data.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// With one more field that is not as it must be.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError { field: field.into(), detail: detail.into() });
        self
    }

    /// With one more member, such as the id of what was found instead.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(member.to_owned(), value.into());
        self
    }

    /// The same problem for somebody to whom it has another code.
    #[must_use]
    pub fn seen_as(self, code: Code) -> Self {
        let detail = self.detail.unwrap_or_else(|| self.title.to_owned());
        Self { errors: self.errors, extra: self.extra, ..Self::new(code).detail(detail) }
    }

    /// What went wrong.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeSet;

    #[test]
    fn a_problem_is_written_as_rfc_9457_asks() {
        let problem =
            Problem::new(Code::InvalidField).detail("a month is missing").field("usageMonth", "missing");
        assert_eq!(
            serde_json::to_value(problem.with("limit", 3)).unwrap(),
            json!({
                "type": "urn:problem:invalid_field",
                "title": "A field of the request has no valid value",
                "status": 400,
                "detail": "a month is missing",
                "code": "invalid_field",
                "errors": [{ "field": "usageMonth", "detail": "missing" }],
                "limit": 3
            })
        );
    }

    #[test]
    fn members_that_say_nothing_are_left_out() {
        let text = serde_json::to_string(&Problem::from(Code::NotFound)).unwrap();
        let expected =
            r#"{"type":"urn:problem:not_found","title":"Not found","status":404,"code":"not_found"}"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn a_problem_that_is_seen_as_another_keeps_what_it_tells() {
        let missing = Problem::from(Code::NotFound).seen_as(Code::WrongState);
        assert_eq!(missing, Problem::new(Code::WrongState).detail("Not found"));
        let bill = Problem::new(Code::NotFound).detail("there is no such bill").with("billId", "b1");
        let expected = Problem::new(Code::WrongState).detail("there is no such bill").with("billId", "b1");
        assert_eq!(bill.seen_as(Code::WrongState), expected);
    }

    #[test]
    fn every_code_is_snake_case_unique_and_an_error() {
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code:?}");
            assert!((400..600).contains(&code.status()), "{code:?}");
        }
    }
}
