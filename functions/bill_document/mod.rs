//! GET /api/bills/{billId}/document: a bill as a document, the same bytes each time.

use crate::Handler;
use crate::edge::site::has;
use crate::edge::{Caller, Failure, Id, Query};
use app::bill::{BillDocument, DocumentForm};
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderName, IF_NONE_MATCH, REFERRER_POLICY,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::ids::{BillId, CustomerId};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The caller's own cache may keep it and has to ask each time: the bill may have become void, the token invalid.
const CACHE: &str = "private, no-cache";

/// Whose bill, and in which form.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Wish {
    customer_id: Option<CustomerId>,
    #[serde(default)]
    format: DocumentForm,
}

pub(crate) async fn handle(
    State(handler): State<Handler>,
    caller: Caller,
    Id(bill): Id<BillId>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let customer = caller.sees(wish.customer_id)?;
    let document = handler.app.bill_document(&customer, &bill, wish.format).await?;
    let tag = format!("\"{}\"", document.version);
    let versioned = [(ETAG, tag.clone()), (CACHE_CONTROL, CACHE.to_owned())];
    if has(headers.get_all(IF_NONE_MATCH), &tag) {
        return Ok((StatusCode::NOT_MODIFIED, versioned).into_response());
    }
    Ok((versioned, about(&document), Body::from(document.content)).into_response())
}

fn about(document: &BillDocument) -> [(HeaderName, String); 6] {
    [
        (CONTENT_TYPE, document.form.content_type().to_owned()),
        (CONTENT_LANGUAGE, "ko, en".to_owned()),
        (CONTENT_DISPOSITION, format!("inline; filename=\"{}\"", document.file_name)),
        (CONTENT_SECURITY_POLICY, policy(&document.content)),
        (REFERRER_POLICY, "no-referrer".to_owned()),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin".to_owned()),
    ]
}

/// Allows nothing but the document's own style sheet, by its digest: that of the release which rendered it.
fn policy(content: &[u8]) -> String {
    let style = style(content).map_or_else(
        || "'none'".to_owned(),
        |style| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(style))),
    );
    format!(
        "default-src 'none'; style-src {style}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
    )
}

/// What stands in the first `style` element. Nothing that others wrote comes before it unescaped.
fn style(content: &[u8]) -> Option<&str> {
    let (_, rest) = std::str::from_utf8(content).ok()?.split_once("<style>")?;
    rest.split_once("</style>").map(|(style, _)| style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_the_style_sheet_that_is_in_the_document() {
        // `printf 'p{}' | openssl dgst -sha256 -binary | base64`
        let digest = "gG2yISYereRMiG2lMXrbiUgi0Ubw9p7QCeWcroOvy9Y=";
        let policy = policy(b"<html><style>p{}</style><p>text</p><style>b{}</style>");
        assert_eq!(
            policy,
            format!(
                "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; \
                 frame-ancestors 'none'; sandbox"
            )
        );
    }

    #[test]
    fn a_document_without_a_style_sheet_may_have_none() {
        for content in [b"".as_ref(), b"<p>text</p>", b"<style>p{}", b"\xff<style></style>"] {
            assert!(policy(content).contains("; style-src 'none'; "));
        }
    }
}
