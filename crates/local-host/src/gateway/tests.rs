mod console;

use super::{Gateway, routes};
use app::ports::Clock;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::ServiceExt;

const SECRET: &str = "test_sk_x";
const ORDER: &str = "202610-order-1";

struct Stopped(Mutex<Timestamp>);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Stopped {
    fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }
}

/// A gateway, its clock, and the folder of its file.
struct Rig {
    router: Router,
    clock: Arc<Stopped>,
    folder: tempfile::TempDir,
}

impl Rig {
    fn new() -> Self {
        let clock = Arc::new(Stopped(Mutex::new("2026-11-22T00:00:00Z".parse().unwrap())));
        let folder = tempfile::tempdir().unwrap();
        let router = open(&folder, &clock);
        Self { router, clock, folder }
    }

    /// The same gateway after a restart.
    fn reopened(self) -> Self {
        drop(self.router);
        Self { router: open(&self.folder, &self.clock), ..self }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    async fn form(&self, card: &str, amount: i64) -> String {
        let form = json!({ "card": card, "amount": amount, "orderId": ORDER });
        let (status, body) = self.send(post("/dev/payment-keys", &form, &[])).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["paymentKey"].as_str().unwrap().to_owned()
    }

    async fn confirm(&self, key: &str, amount: i64, idempotency_key: &str) -> (StatusCode, Value) {
        self.send(confirmation(key, amount, idempotency_key)).await
    }

    async fn cancel(&self, key: &str, wish: Value, idempotency_key: &str) -> (StatusCode, Value) {
        let path = format!("/toss/v1/payments/{key}/cancel");
        self.send(authorized(&path, &wish, idempotency_key)).await
    }

    async fn get(&self, key: &str) -> (StatusCode, Value) {
        let request = Request::get(format!("/toss/v1/payments/{key}")).header("authorization", basic(SECRET));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Charged, refunded.
    async fn sums(&self) -> (i64, i64) {
        let (_, ledger) = self.send(Request::get("/dev/gateway/ledger").body(Body::empty()).unwrap()).await;
        (ledger["charged"].as_i64().unwrap(), ledger["refunded"].as_i64().unwrap())
    }
}

fn open(folder: &tempfile::TempDir, clock: &Arc<Stopped>) -> Router {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    routes(Gateway::open(&folder.path().join("gateway.db"), clock, SECRET).unwrap())
}

fn basic(key: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{key}:")))
}

fn post(path: &str, body: &Value, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::post(path).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_string())).unwrap()
}

fn authorized(path: &str, body: &Value, idempotency_key: &str) -> Request<Body> {
    post(path, body, &[("authorization", &basic(SECRET)), ("idempotency-key", idempotency_key)])
}

fn confirmation(key: &str, amount: i64, idempotency_key: &str) -> Request<Body> {
    let wish = json!({ "paymentKey": key, "orderId": ORDER, "amount": amount });
    authorized("/toss/v1/payments/confirm", &wish, idempotency_key)
}

fn code(answer: &(StatusCode, Value)) -> (u16, &str) {
    (answer.0.as_u16(), answer.1["code"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn an_approved_card_is_charged_and_given_back() {
    let rig = Rig::new();
    let key = rig.form("approve", 15_000).await;
    let (status, payment) = rig.confirm(&key, 15_000, "a").await;
    assert_eq!(status, StatusCode::OK);
    let expected = json!({
        "paymentKey": key, "orderId": ORDER, "status": "DONE", "method": "카드",
        "totalAmount": 15_000, "balanceAmount": 15_000, "suppliedAmount": 13_636, "vat": 1_364,
        "approvedAt": "2026-11-22T09:00:00+09:00", "cancels": null, "failure": null,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&payment[name], value, "{name}");
    }
    assert!(payment["card"]["number"].as_str().unwrap().contains("****"));
    let (status, payment) = rig.cancel(&key, json!({ "cancelReason": "wrong bill" }), "b").await;
    assert_eq!((status, payment["status"].as_str()), (StatusCode::OK, Some("CANCELED")));
    assert_eq!((&payment["balanceAmount"], &payment["vat"]), (&json!(0), &json!(0)));
    assert_eq!(payment["cancels"][0]["cancelAmount"], 15_000);
    assert_eq!(payment["cancels"][0]["cancelReason"], "wrong bill");
    assert_eq!(rig.sums().await, (15_000, 15_000));
}

#[tokio::test]
async fn a_part_can_be_given_back_and_never_more_than_is_left() {
    let rig = Rig::new();
    let key = rig.form("approve", 1_000).await;
    rig.confirm(&key, 1_000, "a").await;
    let part = |amount: i64| json!({ "cancelReason": "r", "cancelAmount": amount });
    let (_, payment) = rig.cancel(&key, part(400), "b").await;
    assert_eq!((&payment["status"], &payment["balanceAmount"]), (&json!("PARTIAL_CANCELED"), &json!(600)));
    for amount in [601, 0, -1, i64::MIN] {
        let refused = rig.cancel(&key, part(amount), &format!("c{amount}")).await;
        assert_eq!(code(&refused), (403, "NOT_CANCELABLE_AMOUNT"), "{amount}");
    }
    let (_, payment) = rig.cancel(&key, json!({ "cancelReason": "rest" }), "d").await;
    assert_eq!((&payment["status"], &payment["balanceAmount"]), (&json!("CANCELED"), &json!(0)));
    assert_eq!(rig.sums().await, (1_000, 1_000));
}

#[tokio::test]
async fn a_declined_card_is_never_charged() {
    let rig = Rig::new();
    let key = rig.form("decline", 1_000).await;
    assert_eq!(code(&rig.confirm(&key, 1_000, "a").await), (403, "REJECT_CARD_PAYMENT"));
    assert_eq!(code(&rig.confirm(&key, 1_000, "b").await), (400, "ALREADY_PROCESSED_PAYMENT"));
    let (_, payment) = rig.get(&key).await;
    assert_eq!(
        (&payment["status"], &payment["failure"]["code"]),
        (&json!("ABORTED"), &json!("REJECT_CARD_PAYMENT"))
    );
    assert_eq!(rig.sums().await, (0, 0));
}

#[tokio::test]
async fn a_card_that_times_out_is_not_charged_and_says_so_at_once() {
    let rig = Rig::new();
    let key = rig.form("timeout", 1_000).await;
    let waiting = tokio::time::timeout(Duration::from_millis(300), rig.confirm(&key, 1_000, "a")).await;
    assert!(waiting.is_err(), "nobody answers");
    assert_eq!(rig.get(&key).await.1["status"], "ABORTED");
    assert_eq!(rig.sums().await, (0, 0));
}

#[tokio::test]
async fn a_lost_answer_is_a_charge() {
    let rig = Rig::new();
    let key = rig.form("lost", 1_000).await;
    let response = rig.router.clone().oneshot(confirmation(&key, 1_000, "a")).await.unwrap();
    assert!(to_bytes(response.into_body(), 1_000).await.is_err(), "the connection breaks");
    assert_eq!(rig.get(&key).await.1["status"], "DONE");
    let (status, replayed) = rig.confirm(&key, 1_000, "a").await;
    assert_eq!((status, &replayed["status"]), (StatusCode::OK, &json!("DONE")));
    assert_eq!(rig.sums().await, (1_000, 0));
}

#[tokio::test]
async fn a_refused_refund_leaves_the_charge() {
    let rig = Rig::new();
    let key = rig.form("refund_refused", 1_000).await;
    assert_eq!(rig.confirm(&key, 1_000, "a").await.0, StatusCode::OK);
    let refused = rig.cancel(&key, json!({ "cancelReason": "r" }), "b").await;
    assert_eq!(code(&refused), (403, "NOT_CANCELABLE_PAYMENT"));
    assert_eq!(rig.get(&key).await.1["status"], "DONE");
    assert_eq!(rig.sums().await, (1_000, 0));
}

#[tokio::test]
async fn a_slow_card_is_charged_although_its_caller_hangs_up() {
    let rig = Rig::new();
    let key = rig.form("slow", 1_000).await;
    let waiting = tokio::time::timeout(Duration::from_millis(100), rig.confirm(&key, 1_000, "a")).await;
    assert!(waiting.is_err(), "it takes a second");
    assert_eq!(code(&rig.confirm(&key, 1_000, "a").await), (409, "IDEMPOTENT_REQUEST_PROCESSING"));
    for _ in 0..100 {
        let (status, payment) = rig.confirm(&key, 1_000, "a").await;
        if status != StatusCode::CONFLICT {
            assert_eq!((status, &payment["status"]), (StatusCode::OK, &json!("DONE")));
            return assert_eq!(rig.sums().await, (1_000, 0));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the payment was not charged within 5 s");
}

#[tokio::test]
async fn the_same_idempotency_key_charges_once_whatever_comes_together() {
    let rig = Rig::new();
    let key = rig.form("approve", 1_000).await;
    let (rig, key) = (&rig, key.as_str());
    let same = (0..50).map(|_| rig.confirm(key, 1_000, "a"));
    for answer in futures::future::join_all(same).await {
        assert!(matches!(code(&answer), (200, _) | (409, "IDEMPOTENT_REQUEST_PROCESSING")), "{answer:?}");
    }
    let other = (0..50).map(|n| async move { rig.confirm(key, 1_000, &format!("b{n}")).await.0 });
    for status in futures::future::join_all(other).await {
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(rig.sums().await, (1_000, 0));
}

#[tokio::test]
async fn the_first_answer_is_replayed_for_fifteen_days_and_after_a_restart() {
    let rig = Rig::new();
    let key = rig.form("approve", 1_000).await;
    let first = rig.confirm(&key, 1_000, "a").await;
    rig.cancel(&key, json!({ "cancelReason": "r" }), "b").await;
    rig.clock.advance(SignedDuration::from_hours(15 * 24 - 1));
    let rig = rig.reopened();
    assert_eq!(rig.confirm(&key, 1_000, "a").await, first, "the first answer, not the state of now");
    rig.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(code(&rig.confirm(&key, 1_000, "a").await), (400, "ALREADY_PROCESSED_PAYMENT"));
}

#[tokio::test]
async fn refusals_are_replayed_too() {
    let rig = Rig::new();
    let key = rig.form("decline", 1_000).await;
    let first = rig.confirm(&key, 1_000, "a").await;
    assert_eq!(rig.confirm(&key, 1_000, "a").await, first);
}

#[tokio::test]
async fn the_same_key_for_another_address_is_another_request() {
    let rig = Rig::new();
    let (one, two) = (rig.form("approve", 1_000).await, rig.form("approve", 2_000).await);
    rig.confirm(&one, 1_000, "a").await;
    assert_eq!(rig.cancel(&one, json!({ "cancelReason": "r" }), "a").await.1["status"], "CANCELED");
    assert_eq!(rig.confirm(&two, 2_000, "a").await.1["paymentKey"], json!(one), "the scope is the address");
}

#[tokio::test]
async fn the_form_must_be_confirmed_with_its_own_order_and_amount() {
    let rig = Rig::new();
    let key = rig.form("approve", 1_000).await;
    assert_eq!(code(&rig.confirm(&key, 999, "a").await), (400, "INVALID_REQUEST"));
    let wish = json!({ "paymentKey": key, "orderId": "another-order", "amount": 1_000 });
    let refused = rig.send(authorized("/toss/v1/payments/confirm", &wish, "b")).await;
    assert_eq!(code(&refused), (400, "INVALID_REQUEST"));
    assert_eq!(rig.confirm(&key, 1_000, "c").await.0, StatusCode::OK, "the form is still good");
}

#[tokio::test]
async fn a_form_expires_after_ten_minutes() {
    let rig = Rig::new();
    let (used, unused) = (rig.form("approve", 1_000).await, rig.form("approve", 1_000).await);
    rig.clock.advance(SignedDuration::from_mins(10));
    assert_eq!(rig.confirm(&used, 1_000, "a").await.0, StatusCode::OK);
    rig.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(code(&rig.confirm(&unused, 1_000, "b").await), (404, "NOT_FOUND_PAYMENT_SESSION"));
    let (_, payment) = rig.get(&unused).await;
    assert_eq!(
        (&payment["status"], &payment["failure"]["code"]),
        (&json!("EXPIRED"), &json!("EXPIRED_PAYMENT"))
    );
    assert_eq!(rig.get(&used).await.1["status"], "DONE");
}

#[tokio::test]
async fn what_was_never_charged_cannot_be_given_back() {
    let rig = Rig::new();
    let wish = || json!({ "cancelReason": "r" });
    let open = rig.form("approve", 1_000).await;
    assert_eq!(code(&rig.cancel(&open, wish(), "a").await), (403, "NOT_CANCELABLE_PAYMENT"));
    rig.confirm(&open, 1_000, "b").await;
    rig.cancel(&open, wish(), "c").await;
    assert_eq!(code(&rig.cancel(&open, wish(), "d").await), (400, "ALREADY_CANCELED_PAYMENT"));
    assert_eq!(code(&rig.cancel("tgen_none", wish(), "e").await), (404, "NOT_FOUND_PAYMENT"));
}

#[tokio::test]
async fn callers_without_the_secret_key_are_turned_away() {
    let rig = Rig::new();
    let key = rig.form("approve", 1_000).await;
    let wish = json!({ "paymentKey": key, "orderId": ORDER, "amount": 1_000 });
    for (value, expected) in [
        (None, (401, "UNAUTHORIZED_KEY")),
        (Some("Bearer x".to_owned()), (401, "UNAUTHORIZED_KEY")),
        (Some("Basic ???".to_owned()), (401, "UNAUTHORIZED_KEY")),
        (Some(basic("test_sk_other")), (401, "UNAUTHORIZED_KEY")),
        (Some(format!("Basic {}", STANDARD.encode(SECRET))), (403, "INCORRECT_BASIC_AUTH_FORMAT")),
    ] {
        let headers: Vec<(&str, &str)> =
            value.iter().map(|value| ("authorization", value.as_str())).collect();
        let answer = rig.send(post("/toss/v1/payments/confirm", &wish, &headers)).await;
        assert_eq!(code(&answer), expected, "{value:?}");
    }
    assert_eq!(rig.sums().await, (0, 0));
}

#[tokio::test]
async fn requests_that_are_none_are_refused_and_change_nothing() {
    let rig = Rig::new();
    let key = rig.form("approve", 1_000).await;
    let confirm = "/toss/v1/payments/confirm";
    let auth = basic(SECRET);
    for body in
        ["", "{", "[]", r#"{"paymentKey":"x"}"#, r#"{"paymentKey":"x","orderId":"y","amount":"1000"}"#]
    {
        let request = Request::post(confirm).header("authorization", &auth).body(Body::from(body)).unwrap();
        assert_eq!(code(&rig.send(request).await), (400, "INVALID_REQUEST"), "{body}");
    }
    let huge = Request::post(confirm).header("authorization", &auth).body(Body::from(vec![b' '; 70_000]));
    assert_eq!(code(&rig.send(huge.unwrap()).await), (400, "INVALID_REQUEST"));
    let long = "k".repeat(301);
    assert_eq!(code(&rig.confirm(&key, 1_000, &long).await), (400, "INVALID_IDEMPOTENCY_KEY"));
    assert_eq!(rig.get("tgen_none").await.0, StatusCode::NOT_FOUND);
    assert_eq!(rig.sums().await, (0, 0));
}

#[tokio::test]
async fn a_test_can_ask_for_any_error() {
    let rig = Rig::new();
    let key = rig.form("approve", 1_000).await;
    let wish = json!({ "paymentKey": key, "orderId": ORDER, "amount": 1_000 });
    for (wished, expected) in [
        ("PROVIDER_ERROR", (400, "PROVIDER_ERROR")),
        ("FAILED_INTERNAL_SYSTEM_PROCESSING", (500, "FAILED_INTERNAL_SYSTEM_PROCESSING")),
        ("NO_SUCH_CODE", (400, "INVALID_REQUEST")),
    ] {
        let headers = [("authorization", basic(SECRET)), ("tosspayments-test-code", wished.to_owned())];
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = rig.send(post("/toss/v1/payments/confirm", &wish, &headers)).await;
        assert_eq!(code(&answer), expected);
    }
    assert_eq!(rig.confirm(&key, 1_000, "a").await.0, StatusCode::OK, "nothing was done");
}

#[tokio::test]
async fn the_card_form_takes_sensible_values_only() {
    let rig = Rig::new();
    for form in [
        json!({ "card": "gold", "amount": 1, "orderId": ORDER }),
        json!({ "card": "approve", "amount": 0, "orderId": ORDER }),
        json!({ "card": "approve", "amount": 1.5, "orderId": ORDER }),
        json!({ "card": "approve", "amount": 1, "orderId": "short" }),
        json!({ "card": "approve", "amount": 1, "orderId": "with blanks" }),
        json!({ "card": "approve", "amount": 1, "orderId": ORDER, "extra": true }),
        json!({ "card": "approve" }),
    ] {
        let answer = rig.send(post("/dev/payment-keys", &form, &[])).await;
        assert_eq!(code(&answer), (400, "invalid_field"), "{form}");
    }
}

#[tokio::test]
async fn everything_answered_is_there_after_a_restart() {
    let rig = Rig::new();
    let key = rig.form("approve", 1_000).await;
    rig.confirm(&key, 1_000, "a").await;
    rig.cancel(&key, json!({ "cancelReason": "r", "cancelAmount": 300 }), "b").await;
    let before = rig.get(&key).await;
    let rig = rig.reopened();
    assert_eq!(rig.get(&key).await, before);
    assert_eq!(rig.sums().await, (1_000, 300));
}
