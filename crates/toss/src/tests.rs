use super::*;
use scripted_http::{Server, Step};
use std::fmt::Debug;

const SECRET: &str = "test_sk_hush";

fn key() -> PaymentKey {
    PaymentKey::parse("pk_20261101.a=").unwrap()
}

async fn played(script: impl IntoIterator<Item = Step>) -> (Server, TossClient) {
    let server = Server::play(script).await.unwrap();
    let endpoint = format!("{}/toss", server.url());
    let timeout = Duration::from_millis(250);
    let client =
        TossClient::new(TossOptions { endpoint, secret_key: SecretKey::new(SECRET), timeout }).unwrap();
    (server, client)
}

/// A Payment object, with fields that we do not use.
fn payment(status: &str) -> Step {
    let body = format!(
        r#"{{"version":"2022-11-16","paymentKey":"pk_20261101.a=","orderId":"202610-x-p1","status":"{status}",
            "totalAmount":12340,"balanceAmount":0,"currency":"KRW","card":{{"number":"12341234****123*"}}}}"#
    );
    Step::json(200, body)
}

fn failure(status: u16, code: &str) -> Step {
    Step::json(status, format!(r#"{{"code":"{code}","message":"안 됩니다"}}"#))
}

async fn confirmed(step: Step) -> Result<(), GatewayError> {
    let (_server, client) = played([step]).await;
    client.confirm(&key(), "202610-x-p1", Won::new(12_340), "pay-1").await
}

async fn cancelled(script: impl IntoIterator<Item = Step>) -> Result<(), GatewayError> {
    let (_server, client) = played(script).await;
    client.cancel(&key(), "요금 정정", "cancel-1").await
}

async fn found(step: Step) -> Result<GatewayPayment, GatewayError> {
    let (_server, client) = played([step]).await;
    client.find(&key()).await
}

#[track_caller]
fn unknown<T: Debug>(outcome: &Result<T, GatewayError>, what: &str) {
    assert!(matches!(outcome, Err(GatewayError::Unknown(_))), "{what} gave {outcome:?}");
}

#[track_caller]
fn refused<T: Debug>(outcome: &Result<T, GatewayError>, with: &str) {
    assert!(
        matches!(outcome, Err(GatewayError::Refused { code }) if code == with),
        "{with} gave {outcome:?}"
    );
}

/// Answers that say nothing, whatever was asked.
fn unclear() -> Vec<(&'static str, Step)> {
    vec![
        ("no answer", Step::Silence),
        ("a dropped connection", Step::HangUp),
        ("half an answer", Step::Cut(r#"{"paymentKey":"#.to_owned())),
        ("an endless answer", Step::json(200, " ".repeat(ANSWER_BYTES_MAX + 1))),
        ("no JSON", Step::json(200, "<html>")),
        ("no payment", Step::json(200, "{}")),
        ("no body", Step::status(200)),
        ("an unheard-of status", payment("HALF_DONE")),
        ("a redirect", Step::status(307).with_header("Location", "/toss/v1/payments/other")),
        ("too many requests", failure(429, "TOO_MANY_REQUESTS")),
        ("a twin in flight", failure(409, "IDEMPOTENT_REQUEST_PROCESSING")),
        ("too fast", failure(403, "FORBIDDEN_CONSECUTIVE_REQUEST")),
        ("a wrong key", failure(401, "UNAUTHORIZED_KEY")),
        ("a broken key", failure(400, "INVALID_API_KEY")),
        ("a key without a right", failure(403, "FORBIDDEN_REQUEST")),
        ("a card network in trouble", failure(400, "PROVIDER_ERROR")),
        ("a card company in trouble", failure(400, "CARD_PROCESSING_ERROR")),
        ("a gateway in trouble", failure(500, "FAILED_INTERNAL_SYSTEM_PROCESSING")),
        ("a gateway that rejects with a 500", failure(500, "REJECT_CARD_PAYMENT")),
        ("a proxy in trouble", Step::status(502)),
        ("a 400 from a proxy", Step::json(400, "<html>")),
        ("a 404 from a proxy", Step::status(404)),
        ("a 404 of a route", failure(404, "NOT_FOUND")),
        ("a code that is none", failure(400, "rejected by <b>")),
    ]
}

#[tokio::test]
async fn a_confirmation_is_asked_for_as_the_gateway_documents_it() {
    let (server, client) = played([payment("DONE")]).await;
    client.confirm(&key(), "202610-x-p1", Won::new(12_340), "pay-1").await.unwrap();
    let seen = server.seen().remove(0);
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/toss/v1/payments/confirm"));
    // base64 of `test_sk_hush:`
    assert_eq!(seen.header("Authorization"), Some("Basic dGVzdF9za19odXNoOg=="));
    assert_eq!(seen.header("Idempotency-Key"), Some("pay-1"));
    assert_eq!(seen.header("Content-Type"), Some("application/json"));
    assert_eq!(seen.body, r#"{"paymentKey":"pk_20261101.a=","orderId":"202610-x-p1","amount":12340}"#);
}

#[tokio::test]
async fn a_cancellation_gives_everything_back_and_says_why() {
    let (server, client) = played([payment("CANCELED")]).await;
    client.cancel(&key(), &"가".repeat(300), "cancel-1").await.unwrap();
    let seen = server.seen().remove(0);
    assert_eq!(
        (seen.method.as_str(), seen.target.as_str()),
        ("POST", "/toss/v1/payments/pk_20261101.a=/cancel")
    );
    assert_eq!(seen.header("Authorization"), Some("Basic dGVzdF9za19odXNoOg=="));
    assert_eq!(seen.header("Idempotency-Key"), Some("cancel-1"));
    assert_eq!(seen.body, format!(r#"{{"cancelReason":"{}"}}"#, "가".repeat(REASON_CHARS_MAX)));
}

#[tokio::test]
async fn a_payment_is_found_with_its_state_and_sum() {
    let states = [
        ("READY", GatewayStatus::Open),
        ("IN_PROGRESS", GatewayStatus::Open),
        ("WAITING_FOR_DEPOSIT", GatewayStatus::Open),
        ("DONE", GatewayStatus::Done),
        ("CANCELED", GatewayStatus::Cancelled),
        ("PARTIAL_CANCELED", GatewayStatus::PartiallyCancelled),
        ("ABORTED", GatewayStatus::Closed),
        ("EXPIRED", GatewayStatus::Closed),
    ];
    for (word, status) in states {
        let expected =
            GatewayPayment { status, amount: Won::new(12_340), order_id: "202610-x-p1".to_owned() };
        assert_eq!(found(payment(word)).await.unwrap(), expected);
    }
    let (server, client) = played([payment("DONE")]).await;
    client.find(&key()).await.unwrap();
    let seen = server.seen().remove(0);
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("GET", "/toss/v1/payments/pk_20261101.a="));
    assert_eq!(seen.header("Idempotency-Key"), None);
}

#[tokio::test]
async fn an_answer_that_says_nothing_leaves_the_outcome_unknown() {
    for (what, step) in unclear() {
        unknown(&confirmed(step.clone()).await, what);
        unknown(&cancelled([step.clone()]).await, what);
        unknown(&found(step).await, what);
    }
}

#[tokio::test]
async fn a_charge_of_another_kind_sum_or_payment_is_not_taken_for_ours() {
    for status in ["READY", "IN_PROGRESS", "WAITING_FOR_DEPOSIT", "CANCELED", "ABORTED", "EXPIRED"] {
        unknown(&confirmed(payment(status)).await, status);
    }
    let done = |key: &str, order: &str, amount: &str, currency: &str| {
        Step::json(
            200,
            format!(
                r#"{{"paymentKey":"{key}","orderId":"{order}","status":"DONE","totalAmount":{amount},
                    "currency":"{currency}"}}"#
            ),
        )
    };
    confirmed(done("pk_20261101.a=", "202610-x-p1", "12340", "KRW")).await.unwrap();
    unknown(&confirmed(done("other", "202610-x-p1", "12340", "KRW")).await, "another payment");
    unknown(&confirmed(done("pk_20261101.a=", "other", "12340", "KRW")).await, "another order");
    unknown(&confirmed(done("pk_20261101.a=", "202610-x-p1", "12350", "KRW")).await, "another sum");
    unknown(&confirmed(done("pk_20261101.a=", "202610-x-p1", "12340", "USD")).await, "another currency");
    unknown(&confirmed(done("pk_20261101.a=", "202610-x-p1", "12340.5", "KRW")).await, "half a won");
}

#[tokio::test]
async fn a_declined_charge_is_a_definite_no() {
    for (status, code) in [
        (403, "REJECT_CARD_PAYMENT"),
        (403, "REJECT_CARD_COMPANY"),
        (403, "EXCEED_MAX_AUTH_COUNT"),
        (400, "INVALID_CARD_EXPIRATION"),
        (400, "INVALID_REQUEST"),
        (400, "NOT_AVAILABLE_PAYMENT"),
        (400, "ALREADY_PROCESSED_PAYMENT"),
        (400, "INVALID_IDEMPOTENCY_KEY"),
    ] {
        refused(&confirmed(failure(status, code)).await, code);
    }
}

#[tokio::test]
async fn a_payment_that_the_gateway_does_not_know_is_not_found() {
    for code in ["NOT_FOUND_PAYMENT", "NOT_FOUND_PAYMENT_SESSION"] {
        assert!(matches!(confirmed(failure(404, code)).await, Err(GatewayError::NotFound)));
        assert!(matches!(cancelled([failure(404, code)]).await, Err(GatewayError::NotFound)));
        assert!(matches!(found(failure(404, code)).await, Err(GatewayError::NotFound)));
    }
}

#[tokio::test]
async fn a_key_that_is_a_path_never_leaves() {
    for text in [".", ".."] {
        let (server, client) = played([payment("DONE"), payment("CANCELED")]).await;
        let key = PaymentKey::parse(text).unwrap();
        assert!(matches!(client.find(&key).await, Err(GatewayError::NotFound)));
        assert!(matches!(client.cancel(&key, "r", "k").await, Err(GatewayError::NotFound)));
        assert_eq!(server.seen(), []);
    }
}

#[tokio::test]
async fn what_cannot_be_given_back_is_a_definite_no() {
    for code in ["NOT_CANCELABLE_PAYMENT", "NOT_CANCELABLE_AMOUNT", "EXCEED_MAX_REFUND_DUE"] {
        refused(&cancelled([failure(403, code)]).await, code);
    }
    refused(&cancelled([failure(400, "REFUND_REJECTED")]).await, "REFUND_REJECTED");
}

#[tokio::test]
async fn a_cancellation_that_left_something_charged_is_not_taken_for_a_full_one() {
    for status in ["DONE", "PARTIAL_CANCELED", "ABORTED"] {
        unknown(&cancelled([payment(status)]).await, status);
    }
}

#[tokio::test]
async fn given_back_before_is_a_success_only_when_the_gateway_shows_all_of_it_back() {
    for code in ["ALREADY_CANCELED_PAYMENT", "ALREADY_REFUND_PAYMENT"] {
        cancelled([failure(400, code), payment("CANCELED")]).await.unwrap();
        unknown(&cancelled([failure(400, code), payment("PARTIAL_CANCELED")]).await, code);
        unknown(&cancelled([failure(400, code), payment("DONE")]).await, code);
        unknown(&cancelled([failure(400, code), Step::HangUp]).await, code);
    }
}

#[tokio::test]
async fn that_asking_was_refused_says_nothing_of_the_payment() {
    unknown(&found(failure(400, "INVALID_REQUEST")).await, "INVALID_REQUEST");
}

#[tokio::test]
async fn neither_the_secret_key_nor_the_payment_key_is_printed() {
    let (server, client) = played([]).await;
    drop(server);
    let error = client.find(&key()).await.unwrap_err();
    let printed = format!("{client:?} {error:?} {error}");
    assert!(!printed.contains("hush") && !printed.contains("pk_2026"), "{printed}");
}
