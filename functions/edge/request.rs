//! Headers, queries and path segments, parsed once.

use crate::edge::Failure;
use crate::edge::form::Said;
use app::PageRequest;
use axum::extract::{FromRequestParts, OptionalFromRequestParts, Path};
use axum::http::request::Parts;
use contract::problem::Code;
use domain::ids::CustomerId;
use domain::limits::{IDEMPOTENCY_KEY_CHARS_MAX, PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX};
use serde::Deserialize;
use serde::de::DeserializeOwned;

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The caller's name for one attempt to do something: 1 to 255 visible ASCII characters. As an argument it is
/// required; as an `Option` it may be missing, and must still be valid when it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdempotencyKey(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let missing = || Failure::from(Code::IdempotencyKeyMissing);
        idempotency_key(parts)?.ok_or_else(missing)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for IdempotencyKey {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Failure> {
        idempotency_key(parts)
    }
}

/// A query in the form that `T` asks for.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let refused = |detail: String| Failure::new(Code::InvalidParameter, detail);
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let pairs = pairs.map_err(|_| refused("the query cannot be read".to_owned()))?;
        let query = Said::query(pairs.0).read();
        query.map(Self).map_err(|misfit| refused(misfit.to_string()))
    }
}

/// The query of a function that takes no parameters: there must be none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoParameters {}

/// The id in the path. A malformed id is 404, like an unknown one.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: TryFrom<String>, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let not_found = || Failure::from(Code::NotFound);
        let path = <Path<String> as FromRequestParts<S>>::from_request_parts(parts, state).await;
        let Path(text) = path.map_err(|_| not_found())?;
        T::try_from(text).map(Self).map_err(|_| not_found())
    }
}

/// How many items a page is to have, 1 to [`PAGE_ITEMS_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Limit(usize);

impl Limit {
    /// The number of items.
    pub(crate) fn get(self) -> usize {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(PAGE_ITEMS_DEFAULT)
    }
}

impl TryFrom<String> for Limit {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let items = text.parse().ok().filter(|items| (1..=PAGE_ITEMS_MAX).contains(items));
        items.map(Self).ok_or_else(|| format!("must be a whole number from 1 to {PAGE_ITEMS_MAX}"))
    }
}

/// Which page of a list, and whose list; operators name a customer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListQuery {
    #[serde(default)]
    limit: Limit,
    cursor: Option<String>,
    pub(crate) customer_id: Option<CustomerId>,
}

impl ListQuery {
    /// The page.
    pub(crate) fn page(self) -> PageRequest {
        PageRequest { limit: self.limit.get(), cursor: self.cursor }
    }
}

/// Whose thing it is; operators name a customer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WhoseQuery {
    pub(crate) customer_id: Option<CustomerId>,
}

fn idempotency_key(parts: &Parts) -> Result<Option<IdempotencyKey>, Failure> {
    let invalid = |detail: &str| Failure::new(Code::IdempotencyKeyInvalid, detail);
    let mut values = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(invalid("send one Idempotency-Key"));
    }
    let text = value.to_str().unwrap_or_default();
    let valid =
        (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    if !valid {
        return Err(invalid("an Idempotency-Key is 1 to 255 visible ASCII characters"));
    }
    Ok(Some(IdempotencyKey(text.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn parts(uri: &str, keys: &[&[u8]]) -> Parts {
        let mut request = Request::get(uri);
        for key in keys {
            request = request.header(IDEMPOTENCY_KEY, *key);
        }
        request.body(()).unwrap().into_parts().0
    }

    async fn required(keys: &[&[u8]]) -> Result<String, Code> {
        let mut parts = parts("/", keys);
        let key = <IdempotencyKey as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await;
        key.map(|key| key.0).map_err(|Failure { problem, .. }| problem.code())
    }

    async fn optional(keys: &[&[u8]]) -> Result<Option<String>, Code> {
        let mut parts = parts("/", keys);
        let key = <IdempotencyKey as OptionalFromRequestParts<()>>::from_request_parts(&mut parts, &()).await;
        key.map(|key| key.map(|key| key.0)).map_err(|Failure { problem, .. }| problem.code())
    }

    #[tokio::test]
    async fn a_key_is_visible_ascii_of_bounded_length() {
        let longest = "k".repeat(IDEMPOTENCY_KEY_CHARS_MAX);
        for key in ["a", "8e03978e-40d5-43e8-bc93-6894a57f9324", "\"quoted\"", &longest] {
            assert_eq!(required(&[key.as_bytes()]).await.as_deref(), Ok(key));
            assert_eq!(optional(&[key.as_bytes()]).await, Ok(Some(key.to_owned())));
        }
        let too_long = format!("{longest}k");
        for key in [b"".as_ref(), b"a b", b"\xff", b"a\tb", too_long.as_bytes()] {
            assert_eq!(required(&[key]).await, Err(Code::IdempotencyKeyInvalid), "{key:?}");
            assert_eq!(optional(&[key]).await, Err(Code::IdempotencyKeyInvalid), "{key:?}");
        }
        assert_eq!(required(&[b"a", b"b"]).await, Err(Code::IdempotencyKeyInvalid));
    }

    #[tokio::test]
    async fn a_key_may_be_missing_only_where_it_is_optional() {
        assert_eq!(required(&[]).await, Err(Code::IdempotencyKeyMissing));
        assert_eq!(optional(&[]).await, Ok(None));
    }

    #[tokio::test]
    async fn a_query_has_known_parameters_with_valid_values_only() {
        let page = async |uri: &str| {
            let query = Query::<ListQuery>::from_request_parts(&mut parts(uri, &[]), &()).await;
            query.map(|Query(query)| query.page()).map_err(|Failure { problem, .. }| problem.code())
        };
        assert_eq!(page("/?limit=3&cursor=x&customerId=c1").await.unwrap().limit, 3);
        assert_eq!(page("/").await.unwrap().limit, PAGE_ITEMS_DEFAULT);
        for uri in [
            "/?limit=x",
            "/?limit=-1",
            "/?limit=0",
            "/?limit=201",
            "/?more=1",
            "/?limit=1&limit=2",
            "/?customerId=",
        ] {
            assert_eq!(page(uri).await.unwrap_err(), Code::InvalidParameter, "{uri}");
        }
    }
}
