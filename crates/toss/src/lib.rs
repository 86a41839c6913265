//! The payment gateway: Toss Payments' API.
//!
//! Source: docs.tosspayments.com, "Core API" (confirm, cancel, Payment object), "Error codes" and "Idempotency".
//!
//! What matters is what an answer says of the money. Module `answer` sorts every answer into done, a definite no,
//! no such payment, or not known; nothing here tries again, for only the caller knows whether it may.

mod answer;
mod settings;

pub use settings::{ClientError, SecretKey, TossOptions};

use answer::{Answer, Unclear};
use app::ports::{Gateway, GatewayError, GatewayPayment, GatewayStatus};
use async_trait::async_trait;
use domain::ids::PaymentKey;
use domain::money::Won;
use reqwest::{Method, RequestBuilder, Url};
use serde::Serialize;
use settings::base;
use std::time::Duration;

/// Bytes of an answer; a Payment object has about 2,000.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Characters of a cancel reason that the gateway takes.
const REASON_CHARS_MAX: usize = 200;
/// Seconds that opening a connection may take at most.
const CONNECT_SECONDS: u64 = 3;

/// Toss Payments, or the local host's stand-in for it. Clones share their connections. The secret key is not in its
/// `Debug` form, and payment keys are not in the errors.
#[derive(Debug, Clone)]
pub struct TossClient {
    http: reqwest::Client,
    payments: Url,
    secret_key: SecretKey,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Confirm<'a> {
    payment_key: &'a PaymentKey,
    order_id: &'a str,
    amount: Won,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cancel {
    cancel_reason: String,
}

impl TossClient {
    /// A client for `options.endpoint`, which is `https` unless it is on this machine. Opens no connection yet.
    pub fn new(options: TossOptions) -> Result<Self, ClientError> {
        let (payments, local) = base(&options.endpoint)?;
        let builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(options.timeout.min(Duration::from_secs(CONNECT_SECONDS)))
            .timeout(options.timeout);
        // A developer's proxy cannot reach the developer's own machine.
        let builder = if local { builder.no_proxy() } else { builder };
        let http = builder.build().map_err(ClientError::Transport)?;
        Ok(Self { http, payments, secret_key: options.secret_key })
    }

    /// `/v1/payments/{first}/{rest…}`; `None` for a key that a URL cannot hold as one segment.
    fn request(&self, method: Method, segments: &[&str]) -> Option<RequestBuilder> {
        if segments.iter().any(|segment| matches!(*segment, "." | "..")) {
            return None;
        }
        let mut url = self.payments.clone();
        url.path_segments_mut().ok()?.extend(segments);
        // The key is the user of Basic authentication, its password is empty: the colon matters.
        Some(self.http.request(method, url).basic_auth(self.secret_key.reveal(), Some("")))
    }

    /// Sends the request; the answer is to be about the payment `key`.
    async fn ask(
        &self,
        request: Option<RequestBuilder>,
        key: &PaymentKey,
    ) -> Result<GatewayPayment, GatewayError> {
        match read(request.ok_or(GatewayError::NotFound)?).await {
            Ok(answer) => answer.payment()?.of(key),
            Err(unclear) => Err(unclear.into()),
        }
    }

    /// A payment that was given back before is a success, when it was given back in full.
    async fn already_cancelled(&self, key: &PaymentKey) -> Result<(), GatewayError> {
        match self.find(key).await?.status {
            GatewayStatus::Cancelled => Ok(()),
            GatewayStatus::Open
            | GatewayStatus::Done
            | GatewayStatus::PartiallyCancelled
            | GatewayStatus::Closed => Err(Unclear::NotAsAsked.into()),
        }
    }
}

#[async_trait]
impl Gateway for TossClient {
    async fn confirm(
        &self,
        key: &PaymentKey,
        order_id: &str,
        amount: Won,
        idempotency_key: &str,
    ) -> Result<(), GatewayError> {
        let body = Confirm { payment_key: key, order_id, amount };
        let request = self.request(Method::POST, &["confirm"]);
        let request = request.map(|request| request.header("Idempotency-Key", idempotency_key).json(&body));
        let payment = self.ask(request, key).await?;
        let done = payment.status == GatewayStatus::Done;
        if done && payment.amount == amount && payment.order_id == order_id {
            Ok(())
        } else {
            Err(Unclear::NotAsAsked.into())
        }
    }

    async fn cancel(
        &self,
        key: &PaymentKey,
        reason: &str,
        idempotency_key: &str,
    ) -> Result<(), GatewayError> {
        let body = Cancel { cancel_reason: reason.chars().take(REASON_CHARS_MAX).collect() };
        let request = self.request(Method::POST, &[key.as_str(), "cancel"]);
        let request = request.map(|request| request.header("Idempotency-Key", idempotency_key).json(&body));
        match self.ask(request, key).await {
            Ok(payment) if payment.status == GatewayStatus::Cancelled => Ok(()),
            Ok(_) => Err(Unclear::NotAsAsked.into()),
            Err(GatewayError::Refused { code }) if answer::is_already_cancelled(&code) => {
                self.already_cancelled(key).await
            }
            Err(error) => Err(error),
        }
    }

    async fn find(&self, key: &PaymentKey) -> Result<GatewayPayment, GatewayError> {
        match self.ask(self.request(Method::GET, &[key.as_str()]), key).await {
            // That asking was refused says nothing of the payment.
            Err(GatewayError::Refused { code }) => {
                Err(Unclear::Answered { status: None, code: Some(code) }.into())
            }
            outcome => outcome,
        }
    }
}

async fn read(request: RequestBuilder) -> Result<Answer, Unclear> {
    let mut response = request.send().await.map_err(Unclear::http)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Unclear::http)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(Unclear::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body })
}

#[cfg(test)]
mod tests;
