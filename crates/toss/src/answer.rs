use app::ports::{GatewayError, GatewayPayment, GatewayStatus};
use domain::ids::PaymentKey;
use domain::money::Won;
use serde::Deserialize;

/// Characters of an error code; the longest documented one has 53.
const CODE_CHARS_MAX: usize = 80;

/// Codes that come with a 4xx and yet leave the outcome open, or show that our side is not set up:
/// the money has not moved then, but the customer has not been declined either, so the payment stays unknown until
/// an operator has put the key right and the gateway can be asked.
const UNCLEAR: [&str; 10] = [
    "CARD_PROCESSING_ERROR",
    "FAILED_INTERNAL_SYSTEM_PROCESSING",
    "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING",
    "FORBIDDEN_CONSECUTIVE_REQUEST",
    "FORBIDDEN_REQUEST",
    "IDEMPOTENT_REQUEST_PROCESSING",
    "INCORRECT_BASIC_AUTH_FORMAT",
    "INVALID_API_KEY",
    "PROVIDER_ERROR",
    "UNAUTHORIZED_KEY",
];

/// Why the outcome is not known. Holds no payment key: this is logged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unclear {
    /// No answer, or not a whole one: unreachable, too slow, dropped.
    #[error("the gateway did not answer")]
    Http(#[source] reqwest::Error),
    /// An answer that says nothing of the money.
    #[error("the gateway answered {status:?} {code:?}")]
    Answered { status: Option<u16>, code: Option<String> },
    /// More than a Payment object can be.
    #[error("the gateway's answer is too long")]
    TooLong,
    /// A 2xx without a Payment object in won that we can read.
    #[error("the gateway's answer is not a payment in won")]
    NotAPayment,
    /// A payment, but not the one, or not in the state, that was asked for.
    #[error("the gateway's payment is not as asked")]
    NotAsAsked,
}

impl Unclear {
    /// The URL holds the payment key, so it goes.
    pub(crate) fn http(error: reqwest::Error) -> Self {
        Self::Http(error.without_url())
    }
}

impl From<Unclear> for GatewayError {
    fn from(unclear: Unclear) -> Self {
        Self::Unknown(Box::new(unclear))
    }
}

/// These two mean that an earlier cancel did it, or a person at the gateway's console.
pub(crate) fn is_already_cancelled(code: &str) -> bool {
    matches!(code, "ALREADY_CANCELED_PAYMENT" | "ALREADY_REFUND_PAYMENT")
}

/// A status and the whole body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

#[derive(Deserialize)]
struct Failure {
    code: String,
}

/// The part of the Payment object that we use.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Payment {
    #[serde(rename = "paymentKey")]
    key: String,
    order_id: String,
    status: Status,
    total_amount: Won,
    #[serde(default = "won")]
    currency: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Status {
    Ready,
    InProgress,
    WaitingForDeposit,
    Done,
    Canceled,
    PartialCanceled,
    Aborted,
    Expired,
}

fn won() -> String {
    "KRW".to_owned()
}

impl Answer {
    /// The payment of a 2xx; the fate of everything else.
    pub(crate) fn payment(&self) -> Result<Payment, GatewayError> {
        if (200..300).contains(&self.status) {
            let payment: Option<Payment> = serde_json::from_slice(&self.body).ok();
            return payment.ok_or_else(|| Unclear::NotAPayment.into());
        }
        Err(self.failure())
    }

    /// A 4xx with a code is a definite no, with the exceptions of [`UNCLEAR`]. 408, 409, 425 and 429 ask to come
    /// again, and a 4xx without a code was not written by the gateway's API.
    fn failure(&self) -> GatewayError {
        match (self.status, self.code()) {
            (404, Some(code))
                if matches!(code.as_str(), "NOT_FOUND_PAYMENT" | "NOT_FOUND_PAYMENT_SESSION") =>
            {
                GatewayError::NotFound
            }
            (400 | 402 | 403 | 405..=407 | 410..=424 | 426..=428 | 430..500, Some(code))
                if !UNCLEAR.contains(&code.as_str()) =>
            {
                GatewayError::Refused { code }
            }
            (status, code) => Unclear::Answered { status: Some(status), code }.into(),
        }
    }

    fn code(&self) -> Option<String> {
        let failure: Failure = serde_json::from_slice(&self.body).ok()?;
        let like_a_code = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        let valid =
            (1..=CODE_CHARS_MAX).contains(&failure.code.len()) && failure.code.bytes().all(like_a_code);
        valid.then_some(failure.code)
    }
}

impl Payment {
    /// What the caller is told, when it is the payment that was asked for.
    pub(crate) fn of(self, key: &PaymentKey) -> Result<GatewayPayment, GatewayError> {
        if self.key != key.as_str() {
            return Err(Unclear::NotAsAsked.into());
        }
        if self.currency != "KRW" {
            return Err(Unclear::NotAPayment.into());
        }
        Ok(GatewayPayment {
            status: self.status.meaning(),
            amount: self.total_amount,
            order_id: self.order_id,
        })
    }
}

impl Status {
    fn meaning(&self) -> GatewayStatus {
        match self {
            Self::Ready | Self::InProgress | Self::WaitingForDeposit => GatewayStatus::Open,
            Self::Done => GatewayStatus::Done,
            Self::Canceled => GatewayStatus::Cancelled,
            Self::PartialCanceled => GatewayStatus::PartiallyCancelled,
            Self::Aborted | Self::Expired => GatewayStatus::Closed,
        }
    }
}
