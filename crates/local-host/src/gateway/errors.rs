use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

macro_rules! errors {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:ident, $message:literal;)+) => {
        /// The errors of the gateway. Source: Toss Payments, "Error codes".
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum TossError { $($(#[$doc])* $variant,)+ }

        impl TossError {
            const ALL: &'static [Self] = &[$(Self::$variant,)+];

            pub(super) const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            pub(super) const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)+ }
            }

            pub(super) const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)+ }
            }
        }
    };
}

errors! {
    AlreadyProcessedPayment = "ALREADY_PROCESSED_PAYMENT", BAD_REQUEST, "이미 처리된 결제 입니다.";
    AlreadyCanceledPayment = "ALREADY_CANCELED_PAYMENT", BAD_REQUEST, "이미 취소된 결제 입니다.";
    ProviderError = "PROVIDER_ERROR", BAD_REQUEST, "일시적인 오류가 발생했습니다. 잠시 후 다시 시도해주세요.";
    InvalidRequest = "INVALID_REQUEST", BAD_REQUEST, "잘못된 요청입니다.";
    InvalidApiKey = "INVALID_API_KEY", BAD_REQUEST, "잘못된 시크릿키 연동 정보 입니다.";
    InvalidIdempotencyKey = "INVALID_IDEMPOTENCY_KEY", BAD_REQUEST, "멱등키는 300자 이하만 허용됩니다.";
    InvalidRejectCard = "INVALID_REJECT_CARD", BAD_REQUEST, "카드 사용이 거절되었습니다. 카드사 문의가 필요합니다.";
    InvalidStoppedCard = "INVALID_STOPPED_CARD", BAD_REQUEST, "정지된 카드 입니다.";
    UnauthorizedKey = "UNAUTHORIZED_KEY", UNAUTHORIZED, "인증되지 않은 시크릿 키 혹은 클라이언트 키 입니다.";
    RejectAccountPayment = "REJECT_ACCOUNT_PAYMENT", FORBIDDEN, "잔액부족으로 결제에 실패했습니다.";
    RejectCardPayment = "REJECT_CARD_PAYMENT", FORBIDDEN, "한도초과 혹은 잔액부족으로 결제에 실패했습니다.";
    RejectCardCompany = "REJECT_CARD_COMPANY", FORBIDDEN, "결제 승인이 거절되었습니다.";
    ForbiddenRequest = "FORBIDDEN_REQUEST", FORBIDDEN, "허용되지 않은 요청입니다.";
    ForbiddenConsecutiveRequest = "FORBIDDEN_CONSECUTIVE_REQUEST", FORBIDDEN, "반복적인 요청은 허용되지 않습니다. 잠시 후 다시 시도해주세요.";
    IncorrectBasicAuthFormat = "INCORRECT_BASIC_AUTH_FORMAT", FORBIDDEN, "잘못된 요청입니다. ':' 를 포함해 인코딩해주세요.";
    NotCancelableAmount = "NOT_CANCELABLE_AMOUNT", FORBIDDEN, "취소 할 수 없는 금액 입니다.";
    NotCancelablePayment = "NOT_CANCELABLE_PAYMENT", FORBIDDEN, "취소 할 수 없는 결제 입니다.";
    NotFoundPayment = "NOT_FOUND_PAYMENT", NOT_FOUND, "존재하지 않는 결제 정보 입니다.";
    NotFoundPaymentSession = "NOT_FOUND_PAYMENT_SESSION", NOT_FOUND, "결제 시간이 만료되어 결제 진행 데이터가 존재하지 않습니다.";
    IdempotentRequestProcessing = "IDEMPOTENT_REQUEST_PROCESSING", CONFLICT, "이전 멱등 요청이 처리중입니다.";
    FailedInternalSystemProcessing = "FAILED_INTERNAL_SYSTEM_PROCESSING", INTERNAL_SERVER_ERROR, "내부 시스템 처리 작업이 실패했습니다. 잠시 후 다시 시도해주세요.";
    FailedPaymentInternalSystemProcessing = "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING", INTERNAL_SERVER_ERROR, "결제가 완료되지 않았어요. 다시 시도해주세요.";
    UnknownPaymentError = "UNKNOWN_PAYMENT_ERROR", INTERNAL_SERVER_ERROR, "결제에 실패했어요. 같은 문제가 반복된다면 은행이나 카드사로 문의해주세요.";
    CommonError = "COMMON_ERROR", INTERNAL_SERVER_ERROR, "일시적인 오류가 발생했습니다. 잠시 후 다시 시도해주세요.";
    /// In the `failure` of a payment whose form was not used in time; never an answer of its own.
    ExpiredPayment = "EXPIRED_PAYMENT", BAD_REQUEST, "결제가 만료되었습니다. 다시 시도해주세요.";
}

impl TossError {
    /// The error of a code, for `TossPayments-Test-Code`.
    pub(super) fn named(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|error| error.code() == code)
    }

    pub(super) fn json(self) -> serde_json::Value {
        json!({ "code": self.code(), "message": self.message() })
    }
}

impl IntoResponse for TossError {
    fn into_response(self) -> Response {
        (self.status(), Json(self.json())).into_response()
    }
}

impl From<super::store::StoreError> for TossError {
    fn from(error: super::store::StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the gateway's file failed");
        Self::FailedInternalSystemProcessing
    }
}
