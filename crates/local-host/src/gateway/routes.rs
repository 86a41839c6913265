use super::card::Card;
use super::errors::TossError;
use super::payment::{Cancellation, Charge, Confirmation, Payment};
use super::rows::{self, Answer};
use super::{Gateway, InFlight, auth, object};
use crate::chance;
use crate::problem::{self, JsonBody, Problem};
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use domain::limits::BODY_BYTES_MAX;
use domain::money::Won;
use jiff::Timestamp;
use rusqlite::Connection;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// What the slow card takes, in real time.
const SLOW: Duration = Duration::from_secs(1);
/// How long a caller is held who never gets an answer, in real time: longer than any deadline of ours.
const HELD: Duration = Duration::from_mins(1);

/// The gateway's API under `/toss`, the stand-ins for its card form and for its merchant's console, and the ledger that
/// tests check.
pub fn routes(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/toss/v1/payments/confirm", post(confirm))
        .route("/toss/v1/payments/{payment_key}/cancel", post(cancel))
        .route("/toss/v1/payments/{payment_key}", get(show))
        .route("/dev/payment-keys", post(fill_in_form))
        .route("/dev/gateway/payments/{payment_key}", put(change_card))
        .route("/dev/gateway/ledger", get(ledger))
        .with_state(gateway)
}

/// What came of a request, once it is on disk.
enum Outcome {
    Answer(Answer),
    /// Nothing is done yet; it takes its time.
    Slow,
    /// Charged, but the caller's connection breaks.
    AnswerLost(Answer),
    /// Not charged, and the caller waits in vain.
    NeverAnswered,
}

/// A request that has passed the door: who asks was checked.
struct Admitted<T> {
    wish: T,
    /// What its `Idempotency-Key` stands for: key, URL and method.
    scope: Option<String>,
    in_flight: Option<InFlight>,
}

async fn confirm(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, TossError> {
    let admitted = admit::<Confirmation>(&gateway, &headers, body, "/v1/payments/confirm").await?;
    perform(&gateway, admitted, confirm_job).await
}

async fn cancel(
    State(gateway): State<Arc<Gateway>>,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, TossError> {
    let path = format!("/v1/payments/{key}/cancel");
    let admitted = admit::<Cancellation>(&gateway, &headers, body, &path).await?;
    let Admitted { wish, scope, in_flight } = admitted;
    perform(&gateway, Admitted { wish: (key, wish), scope, in_flight }, cancel_job).await
}

async fn show(
    State(gateway): State<Arc<Gateway>>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, TossError> {
    auth::check(&headers, &gateway.secret_key)?;
    auth::wished_error(&headers)?;
    let now = gateway.clock.now();
    let found = gateway.store.run(move |connection| rows::find(connection, &key, now)).await?;
    found.map(|payment| Json(object::payment(&payment))).ok_or(TossError::NotFoundPayment)
}

async fn admit<T: DeserializeOwned>(
    gateway: &Arc<Gateway>,
    headers: &HeaderMap,
    body: Body,
    path: &str,
) -> Result<Admitted<T>, TossError> {
    auth::check(headers, &gateway.secret_key)?;
    let scope = auth::idempotency_key(headers)?.map(|key| format!("POST {path} {key}"));
    auth::wished_error(headers)?;
    let body: Bytes = problem::read(body, BODY_BYTES_MAX).await.map_err(|_| TossError::InvalidRequest)?;
    let wish = serde_json::from_slice(&body).map_err(|_| TossError::InvalidRequest)?;
    let in_flight = match &scope {
        Some(scope) => Some(gateway.enter(scope).ok_or(TossError::IdempotentRequestProcessing)?),
        None => None,
    };
    Ok(Admitted { wish, scope, in_flight })
}

/// What is done inside the transaction: the last argument says whether a slow card has had its time.
type Work<T> = fn(&Connection, &T, Timestamp, bool) -> rusqlite::Result<Outcome>;

async fn perform<T: Clone + Send + 'static>(
    gateway: &Arc<Gateway>,
    admitted: Admitted<T>,
    work: Work<T>,
) -> Result<Response, TossError> {
    let Admitted { wish, scope, in_flight } = admitted;
    match transact(gateway, wish.clone(), scope.clone(), work, false).await? {
        Outcome::Slow => {
            let gateway = Arc::clone(gateway);
            // A task of its own: what has begun is finished although the caller has hung up.
            let finish = tokio::spawn(async move {
                let _in_flight = in_flight;
                tokio::time::sleep(SLOW).await;
                transact(&gateway, wish, scope, work, true).await
            });
            respond(finish.await.map_err(|_| TossError::FailedInternalSystemProcessing)??).await
        }
        outcome @ (Outcome::Answer(_) | Outcome::AnswerLost(_) | Outcome::NeverAnswered) => {
            respond(outcome).await
        }
    }
}

/// One transaction: the first answer to the same `Idempotency-Key`, or the work and its answer.
async fn transact<T: Send + 'static>(
    gateway: &Arc<Gateway>,
    wish: T,
    scope: Option<String>,
    work: Work<T>,
    waited: bool,
) -> Result<Outcome, TossError> {
    let now = gateway.clock.now();
    let job = move |connection: &Connection| {
        if let Some(scope) = &scope
            && let Some(answer) = rows::answered(connection, scope, now)?
        {
            return Ok(Outcome::Answer(answer));
        }
        let outcome = work(connection, &wish, now, waited)?;
        if let (Some(scope), Outcome::Answer(answer) | Outcome::AnswerLost(answer)) = (&scope, &outcome) {
            rows::remember(connection, scope, answer, now)?;
        }
        Ok(outcome)
    };
    Ok(gateway.store.run(job).await?)
}

async fn respond(outcome: Outcome) -> Result<Response, TossError> {
    match outcome {
        Outcome::Answer(answer) => Ok(answer.into_response()),
        Outcome::AnswerLost(_) => Ok(broken_connection()),
        Outcome::Slow | Outcome::NeverAnswered => {
            tokio::time::sleep(HELD).await;
            Err(TossError::FailedPaymentInternalSystemProcessing)
        }
    }
}

/// The body fails before its first byte, so the server closes the connection, and the caller never sees a status.
fn broken_connection() -> Response {
    let lost = std::io::Error::new(std::io::ErrorKind::ConnectionAborted, "the answer is lost");
    let body = futures::stream::once(std::future::ready(Err::<Bytes, _>(lost)));
    Response::new(Body::from_stream(body))
}

fn confirm_job(
    connection: &Connection,
    wish: &Confirmation,
    now: Timestamp,
    waited: bool,
) -> rusqlite::Result<Outcome> {
    let Some(mut payment) = rows::find(connection, &wish.payment_key, now)? else {
        return Ok(refused(TossError::NotFoundPayment));
    };
    if payment.card == Card::Slow && !waited {
        return Ok(Outcome::Slow);
    }
    let charge = match payment.confirm(wish, now) {
        Ok(charge) => charge,
        Err(error) => return Ok(refused(error)),
    };
    rows::update(connection, &payment)?;
    Ok(match charge {
        Charge::Answered => Outcome::Answer(accepted(&payment)),
        Charge::Declined => refused(TossError::RejectCardPayment),
        Charge::AnswerLost => Outcome::AnswerLost(accepted(&payment)),
        Charge::NeverAnswered => Outcome::NeverAnswered,
    })
}

fn cancel_job(
    connection: &Connection,
    (key, wish): &(String, Cancellation),
    now: Timestamp,
    waited: bool,
) -> rusqlite::Result<Outcome> {
    let Some(mut payment) = rows::find(connection, key, now)? else {
        return Ok(refused(TossError::NotFoundPayment));
    };
    if payment.card == Card::Slow && !waited {
        return Ok(Outcome::Slow);
    }
    match payment.cancel(wish, chance::hex(), now) {
        Ok(()) => rows::update(connection, &payment).map(|()| Outcome::Answer(accepted(&payment))),
        Err(error) => Ok(refused(error)),
    }
}

fn accepted(payment: &Payment) -> Answer {
    Answer { status: 200, body: object::payment(payment).to_string() }
}

fn refused(error: TossError) -> Outcome {
    Outcome::Answer(Answer { status: error.status().as_u16(), body: error.json().to_string() })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Form {
    card: Card,
    amount: i64,
    order_id: String,
}

/// What the gateway's card form in the browser does: the customer enters a card, and the shop gets a payment key.
async fn fill_in_form(
    State(gateway): State<Arc<Gateway>>,
    JsonBody(form): JsonBody<Form>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let amount = Won::new(form.amount);
    if !amount.is_positive() {
        return Err(Problem::invalid("amount: must be at least 1 won"));
    }
    if !is_order_id(&form.order_id) {
        return Err(Problem::invalid("orderId: must be 6 to 64 letters, digits, -, _ or ="));
    }
    let key = format!("tgen_{}", chance::hex());
    let payment = Payment::fresh(key.clone(), form.order_id, form.card, amount, gateway.clock.now());
    let stored = gateway.store.run(move |connection| rows::insert(connection, &payment)).await;
    stored.map_err(|error| Problem::unavailable(error.to_string()))?;
    Ok((StatusCode::OK, Json(json!({ "paymentKey": key }))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    card: Card,
}

/// What an operator settles with the gateway by hand: from now on the payment is of another card, so that a refund that
/// was refused for good can be asked for again.
async fn change_card(
    State(gateway): State<Arc<Gateway>>,
    Path(key): Path<String>,
    JsonBody(Change { card }): JsonBody<Change>,
) -> Result<Json<Value>, Problem> {
    let now = gateway.clock.now();
    let change = move |connection: &Connection| {
        let Some(payment) = rows::find(connection, &key, now)? else { return Ok(None) };
        let changed = Payment { card, ..payment };
        rows::update(connection, &changed)?;
        Ok(Some(object::ledger_line(&changed)))
    };
    let changed = gateway.store.run(change).await.map_err(|error| Problem::unavailable(error.to_string()))?;
    changed.map(Json).ok_or_else(|| Problem::not_found("there is no such payment"))
}

/// Source: Toss Payments, parameter `orderId`.
fn is_order_id(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=');
    (6..=64).contains(&text.len()) && text.bytes().all(allowed)
}

/// Every payment, and what was charged and given back in all.
async fn ledger(State(gateway): State<Arc<Gateway>>) -> Result<Json<Value>, Problem> {
    let now = gateway.clock.now();
    let found = gateway.store.run(move |connection| rows::all(connection, now)).await;
    let payments = found.map_err(|error| Problem::unavailable(error.to_string()))?;
    let charged: i64 = payments.iter().filter(|p| p.confirmations > 0).map(|p| p.amount.get()).sum();
    let refunds = payments.iter().flat_map(|payment| &payment.cancels);
    let refunded: i64 = refunds.map(|cancel| cancel.amount.get()).sum();
    let lines: Vec<Value> = payments.iter().map(object::ledger_line).collect();
    Ok(Json(json!({ "charged": charged, "refunded": refunded, "payments": lines })))
}
