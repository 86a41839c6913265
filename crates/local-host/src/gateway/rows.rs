use super::card::Card;
use super::payment::{Cancel, Payment, Status};
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use domain::money::Won;
use jiff::{SignedDuration, Timestamp};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

/// How long an answer is replayed.
const REPLAYED_FOR: SignedDuration = SignedDuration::from_hours(15 * 24);

const COLUMNS: &str = "payment_key, order_id, card, amount, balance, status, requested_at, approved_at, failure, \
                       confirmations, cancels";

/// An answer of the gateway, as it is sent and as it is replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(CONTENT_TYPE, "application/json")], Body::from(self.body)).into_response()
    }
}

pub(super) fn insert(connection: &Connection, payment: &Payment) -> Result<()> {
    let sql =
        format!("INSERT INTO payments ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
    connection.prepare_cached(&sql)?.execute(params![
        payment.key,
        payment.order_id,
        payment.card.name(),
        payment.amount.get(),
        payment.balance.get(),
        payment.status.name(),
        payment.requested_at.to_string(),
        payment.approved_at.map(|at| at.to_string()),
        payment.failure,
        payment.confirmations,
        encode(&payment.cancels)?,
    ])?;
    Ok(())
}

/// Writes what can change.
pub(super) fn update(connection: &Connection, payment: &Payment) -> Result<()> {
    let sql = "UPDATE payments SET balance = ?2, status = ?3, approved_at = ?4, failure = ?5, confirmations = ?6, \
               cancels = ?7, card = ?8 WHERE payment_key = ?1";
    connection.prepare_cached(sql)?.execute(params![
        payment.key,
        payment.balance.get(),
        payment.status.name(),
        payment.approved_at.map(|at| at.to_string()),
        payment.failure,
        payment.confirmations,
        encode(&payment.cancels)?,
        payment.card.name(),
    ])?;
    Ok(())
}

/// The payment of a key as it is `now`: a form that was not used in time is expired.
pub(super) fn find(connection: &Connection, key: &str, now: Timestamp) -> Result<Option<Payment>> {
    let sql = format!("SELECT {COLUMNS} FROM payments WHERE payment_key = ?1");
    let found = connection.prepare_cached(&sql)?.query_row([key], decode).optional()?;
    Ok(found.map(|mut payment| {
        payment.expire(now);
        payment
    }))
}

pub(super) fn all(connection: &Connection, now: Timestamp) -> Result<Vec<Payment>> {
    let sql = format!("SELECT {COLUMNS} FROM payments ORDER BY requested_at, payment_key");
    let mut statement = connection.prepare_cached(&sql)?;
    let payments = statement.query_map([], decode)?.map(|payment| {
        payment.map(|mut payment| {
            payment.expire(now);
            payment
        })
    });
    payments.collect()
}

/// The first answer to a request with the same `Idempotency-Key`.
pub(super) fn answered(connection: &Connection, scope: &str, now: Timestamp) -> Result<Option<Answer>> {
    let sql = "SELECT status, body, answered_at FROM answers WHERE scope = ?1";
    let found = connection
        .prepare_cached(sql)?
        .query_row([scope], |row| Ok((Answer { status: row.get(0)?, body: row.get(1)? }, instant(row, 2)?)))
        .optional()?;
    Ok(found.filter(|(_, at)| now.duration_since(*at) < REPLAYED_FOR).map(|(answer, _)| answer))
}

pub(super) fn remember(connection: &Connection, scope: &str, answer: &Answer, now: Timestamp) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO answers (scope, status, body, answered_at) VALUES (?1, ?2, ?3, ?4)";
    let row = params![scope, answer.status, answer.body, now.to_string()];
    connection.prepare_cached(sql)?.execute(row).map(|_| ())
}

fn encode(cancels: &[Cancel]) -> Result<String> {
    serde_json::to_string(cancels).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn decode(row: &Row<'_>) -> Result<Payment> {
    let approved_at: Option<String> = row.get(7)?;
    let cancels: String = row.get(10)?;
    Ok(Payment {
        key: row.get(0)?,
        order_id: row.get(1)?,
        card: named(row, 2, Card::named)?,
        amount: Won::new(row.get(3)?),
        balance: Won::new(row.get(4)?),
        status: named(row, 5, Status::named)?,
        requested_at: instant(row, 6)?,
        approved_at: approved_at.map(|_| instant(row, 7)).transpose()?,
        failure: row.get(8)?,
        confirmations: row.get(9)?,
        cancels: serde_json::from_str(&cancels).map_err(|error| broken(10, error))?,
    })
}

fn named<T>(row: &Row<'_>, column: usize, named: fn(&str) -> Option<T>) -> Result<T> {
    let name: String = row.get(column)?;
    named(&name).ok_or_else(|| broken(column, format!("{name:?} is unknown")))
}

fn instant(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error: jiff::Error| broken(column, error))
}

fn broken(column: usize, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}
