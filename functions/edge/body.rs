//! Bodies of requests: size first, then type, then form.

use crate::edge::Failure;
use crate::edge::form::Said;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use contract::problem::{Code, Problem};
use domain::limits::{BODY_BYTES_MAX, USAGE_FILE_BYTES_MAX};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

/// Bytes of a body that is too large which are still read, so that the caller, who is busy sending, gets to see the
/// answer (the host takes 100 MiB at most).
const DISCARD_BYTES_MAX: usize = 100 * 1024 * 1024;

/// A body of JSON in the form that `T` asks for.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let essence = media_type(request.headers());
        let coding = check_coding(request.headers());
        let bytes = read(request, BODY_BYTES_MAX).await?;
        coding?;
        if essence.as_deref() != Some("application/json") {
            return Err(Failure::new(Code::UnsupportedMediaType, "send application/json"));
        }
        parse(&bytes).map(Self)
    }
}

/// How a usage file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UsageFormat {
    /// `text/csv` with a header line.
    Csv,
    /// `application/x-ndjson`: one JSON object a line.
    Ndjson,
}

/// A usage file, not looked into.
pub(crate) struct UsageFile {
    /// How it is written.
    pub(crate) format: UsageFormat,
    /// Its bytes.
    pub(crate) bytes: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for UsageFile {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let essence = media_type(request.headers());
        let coding = check_coding(request.headers());
        let bytes = read(request, USAGE_FILE_BYTES_MAX).await?;
        coding?;
        let format = match essence.as_deref() {
            Some("text/csv") => UsageFormat::Csv,
            Some("application/x-ndjson") => UsageFormat::Ndjson,
            Some(_) | None => {
                return Err(Failure::new(
                    Code::UnsupportedMediaType,
                    "send text/csv or application/x-ndjson",
                ));
            }
        };
        Ok(Self { format, bytes })
    }
}

/// The whole body, of at most `limit` bytes.
pub(crate) async fn read(request: Request, limit: usize) -> Result<Bytes, Failure> {
    let too_large = || Failure::new(Code::BodyTooLarge, format!("a body here has at most {limit} bytes"));
    let announced = content_length(request.headers()).unwrap_or(0);
    let mut body = request.into_body();
    let mut kept = Vec::with_capacity(announced.min(limit));
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Failure::new(Code::InvalidJson, "the body ended early"))?;
        let Ok(data) = frame.into_data() else { continue };
        bytes += data.len();
        if bytes <= limit {
            kept.extend_from_slice(&data);
        } else if bytes > DISCARD_BYTES_MAX {
            break;
        }
    }
    if bytes > limit { Err(too_large()) } else { Ok(kept.into()) }
}

/// Reads JSON into `T`, and says where it does not fit. All of the body is read before it is asked whether it fits, so
/// that one with both faults is `invalid_json`; so is one that is nested deeper than the library reads. It must be an
/// object, for the items of a list would be taken for the fields in their order.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| Failure::new(Code::InvalidJson, "the body is not UTF-8"))?;
    let said: Said =
        serde_json::from_str(text).map_err(|error| Failure::new(Code::InvalidJson, error.to_string()))?;
    if !matches!(said, Said::Object(_)) {
        let detail = "the body must be a JSON object";
        return Err(Problem::new(Code::InvalidField).detail(detail).field(".", detail).into());
    }
    said.read().map_err(|misfit| {
        let problem = Problem::new(Code::InvalidField).detail(misfit.to_string());
        problem.field(misfit.field, misfit.detail).into()
    })
}

/// Bodies are taken as they are: one in a coding is refused rather than read as if it had none.
fn check_coding(headers: &HeaderMap) -> Result<(), Failure> {
    let plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().all(plain) {
        Ok(())
    } else {
        Err(Failure::new(Code::UnsupportedMediaType, "send the body without a Content-Encoding"))
    }
}

/// `Content-Type` without its parameters, in lower case.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next().unwrap_or_default();
    Some(essence.trim().to_ascii_lowercase())
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use serde::Deserialize;
    use serde_json::{Value, json};

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Form {
        usage_month: String,
        parts: Vec<u32>,
    }

    async fn post(content_type: Option<&str>, body: impl Into<Body>) -> Result<Form, Value> {
        let mut request = Request::post("/").body(body.into()).unwrap();
        if let Some(value) = content_type {
            request.headers_mut().insert(CONTENT_TYPE, value.parse().unwrap());
        }
        let read = Json::<Form>::from_request(request, &()).await;
        read.map(|Json(form)| form).map_err(|Failure { problem, .. }| serde_json::to_value(problem).unwrap())
    }

    const JSON: Option<&str> = Some("application/json; charset=utf-8");

    #[tokio::test]
    async fn a_good_body_is_read() {
        let form = post(JSON, r#"{"usageMonth":"2026-10","parts":[1]}"#).await.unwrap();
        assert_eq!(form, Form { usage_month: "2026-10".to_owned(), parts: vec![1] });
    }

    #[tokio::test]
    async fn what_is_no_json_is_invalid_json() {
        for body in ["", "{", "nonsense", r#"{"usageMonth":"2026-10","parts":[]} x"#, "\u{0}"] {
            assert_eq!(post(JSON, body).await.unwrap_err()["code"], "invalid_json", "{body}");
        }
        for bytes in [&b"\"\xff\""[..], b"{\"usageMonth\":\"\xff\"}"] {
            assert_eq!(post(JSON, bytes.to_vec()).await.unwrap_err()["code"], "invalid_json");
        }
    }

    #[tokio::test]
    async fn a_wrong_field_is_named_with_its_path() {
        for (body, field) in [
            (r#"{"usageMonth":1,"parts":[]}"#, "usageMonth"),
            (r#"{"usageMonth":"","parts":[1,-1]}"#, "parts[1]"),
            (r#"{"usageMonth":"","parts":[],"more":1}"#, "more"),
            (r#"{"parts":[]}"#, "usageMonth"),
            ("[]", "."),
            (r#"["2026-10",[]]"#, "."),
        ] {
            let problem = post(JSON, body).await.unwrap_err();
            assert_eq!(problem["code"], "invalid_field", "{body}");
            assert_eq!(problem["errors"][0]["field"], field, "{body}: {problem}");
            let detail = problem["detail"].as_str().unwrap();
            assert!(!detail.contains("line 1") && !detail.contains("u32"), "{detail}");
        }
    }

    #[tokio::test]
    async fn other_content_types_are_refused() {
        for content_type in [None, Some("text/plain"), Some("application/jsonp"), Some("")] {
            let problem = post(content_type, "{}").await.unwrap_err();
            assert_eq!(
                (&problem["code"], &problem["status"]),
                (&json!("unsupported_media_type"), &json!(415))
            );
        }
    }

    #[tokio::test]
    async fn a_body_in_a_coding_is_refused_as_a_type_that_is_not_taken() {
        for (coding, taken) in [("gzip", false), ("identity, br", false), ("", false), ("Identity", true)] {
            let request = Request::post("/").header(CONTENT_TYPE, "application/json");
            let request = request.header(CONTENT_ENCODING, coding).body(Body::from("\u{1f}\u{8b}")).unwrap();
            let Err(refused) = Json::<Form>::from_request(request, &()).await else { panic!("{coding}") };
            let expected = if taken { Code::InvalidJson } else { Code::UnsupportedMediaType };
            assert_eq!(refused.problem.code(), expected, "{coding}");
        }
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_with_and_without_its_length() {
        let form = r#"{"usageMonth":"","parts":[]}"#;
        let fits = format!("{form}{}", " ".repeat(BODY_BYTES_MAX - form.len()));
        assert!(post(JSON, fits.clone()).await.is_ok());
        let problem = post(JSON, format!("{fits} ")).await.unwrap_err();
        assert_eq!((&problem["code"], &problem["status"]), (&json!("body_too_large"), &json!(413)));
        assert_eq!(post(Some("image/png"), format!("{fits} ")).await.unwrap_err()["code"], "body_too_large");
    }

    #[tokio::test]
    async fn a_usage_file_is_known_by_its_type() {
        for (content_type, format) in
            [("text/csv", UsageFormat::Csv), ("Application/X-NDJSON;charset=utf-8", UsageFormat::Ndjson)]
        {
            let request = Request::post("/").header(CONTENT_TYPE, content_type).body("a,b".into()).unwrap();
            let file = UsageFile::from_request(request, &()).await.unwrap();
            assert_eq!((file.format, file.bytes.as_ref()), (format, b"a,b".as_ref()));
        }
        let request = Request::post("/").header(CONTENT_TYPE, "application/json").body("".into()).unwrap();
        let Err(Failure { problem, .. }) = UsageFile::from_request(request, &()).await else {
            panic!("taken")
        };
        assert_eq!(problem.code(), Code::UnsupportedMediaType);
    }
}
