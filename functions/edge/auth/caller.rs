//! Callers as arguments of functions.

use super::{Refusal, Verifier};
use crate::edge::Failure;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use contract::problem::{Code, Problem};
use domain::ids::CustomerId;
use std::sync::Arc;

/// What an operator is told who names nobody.
const MISSING: &str = "is missing; an operator says for whom";

/// Somebody with a valid token and at least one of our roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// `sub`: the customer's id when the caller is a customer.
    pub(crate) subject: CustomerId,
    /// Has the role `customer`: does and sees what is its own.
    pub(crate) customer: bool,
    /// Has the role `operator`: does and sees it for every customer.
    pub(crate) operator: bool,
}

impl Caller {
    /// Whose things the request is about, when it looks at them or changes them; its query names the customer. Another
    /// customer's are not found.
    pub(crate) fn sees(&self, named: Option<CustomerId>) -> Result<CustomerId, Failure> {
        let missing = || Failure::new(Code::InvalidParameter, format!("customerId: {MISSING}"));
        self.customer(named, Code::NotFound, missing)
    }

    /// For whom the request makes something new; its body names the customer. Customers may not do so for another.
    pub(crate) fn acts_for(&self, named: Option<CustomerId>) -> Result<CustomerId, Failure> {
        let problem = || Problem::new(Code::InvalidField).detail(format!("customerId: {MISSING}"));
        self.customer(named, Code::Forbidden, || problem().field("customerId", MISSING).into())
    }

    /// The only customer whose things may be shown; `None` for an operator, who may see everybody's.
    pub(crate) fn confined_to(&self) -> Option<&CustomerId> {
        (!self.operator).then_some(&self.subject)
    }

    /// The customer that the request names, or the caller. A customer may name only itself, and is `refused`
    /// otherwise; an operator must name one.
    fn customer(
        &self,
        named: Option<CustomerId>,
        refused: Code,
        missing: impl FnOnce() -> Failure,
    ) -> Result<CustomerId, Failure> {
        match named {
            Some(named) if self.operator || named == self.subject => Ok(named),
            Some(_) => Err(refused.into()),
            None if self.customer => Ok(self.subject.clone()),
            None => Err(missing()),
        }
    }
}

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Arc<Verifier>: FromRef<S>,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let token = bearer(parts)?;
        let caller = Arc::<Verifier>::from_ref(state).verify(token).await.map_err(failure)?;
        if caller.customer || caller.operator {
            Ok(caller)
        } else {
            Err(Failure::new(Code::Forbidden, "the token has neither the role customer nor operator"))
        }
    }
}

/// A caller with the role `operator`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operator(
    /// `sub`: who acts.
    pub(crate) CustomerId,
);

impl<S> FromRequestParts<S> for Operator
where
    S: Send + Sync,
    Arc<Verifier>: FromRef<S>,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let caller = Caller::from_request_parts(parts, state).await?;
        if caller.operator {
            Ok(Self(caller.subject))
        } else {
            Err(Failure::new(Code::Forbidden, "only operators may do this"))
        }
    }
}

fn bearer(parts: &Parts) -> Result<&str, Failure> {
    let refused = |detail| Failure::new(Code::Unauthenticated, detail);
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or_else(|| refused("send Authorization: Bearer with an access token"))?;
    if values.next().is_some() {
        return Err(refused("send one Authorization header"));
    }
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() {
        Ok(token.trim())
    } else {
        Err(refused("send Authorization: Bearer with an access token"))
    }
}

fn failure(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::IssuerUnavailable => Failure::from(Code::IssuerUnavailable),
        Refusal::Malformed
        | Refusal::Type
        | Refusal::Algorithm
        | Refusal::Key
        | Refusal::Signature
        | Refusal::Origin
        | Refusal::Expired
        | Refusal::NotYet
        | Refusal::Subject => Failure::new(Code::Unauthenticated, refusal.to_string()),
    }
}
