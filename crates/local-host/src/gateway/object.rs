use super::errors::TossError;
use super::payment::{Payment, Status};
use domain::money::Won;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// The Payment object of the API, version 2022-11-16, as far as a card payment has it.
pub(super) fn payment(payment: &Payment) -> Value {
    let vat = vat_of(payment.balance);
    let supplied = payment.balance.minus(vat).unwrap_or(Won::ZERO);
    json!({
        "mId": "tosspayments",
        "version": "2022-11-16",
        "type": "NORMAL",
        "method": "카드",
        "currency": "KRW",
        "country": "KR",
        "paymentKey": payment.key,
        "orderId": payment.order_id,
        "status": payment.status,
        "totalAmount": payment.amount,
        "balanceAmount": payment.balance,
        "suppliedAmount": supplied,
        "vat": vat,
        "taxFreeAmount": 0,
        "requestedAt": in_seoul(payment.requested_at),
        "approvedAt": payment.approved_at.map(in_seoul),
        "lastTransactionKey": payment.cancels.last().map(|cancel| &cancel.transaction_key),
        "isPartialCancelable": matches!(payment.status, Status::Done | Status::PartialCanceled),
        "card": payment.approved_at.map(|_| card(payment)),
        "cancels": cancels(payment),
        "failure": payment.failure.as_deref().and_then(TossError::named).map(TossError::json),
    })
}

/// One line of the ledger that tests look at.
pub(super) fn ledger_line(payment: &Payment) -> Value {
    json!({
        "paymentKey": payment.key,
        "orderId": payment.order_id,
        "card": payment.card,
        "totalAmount": payment.amount,
        "balanceAmount": payment.balance,
        "status": payment.status,
        "confirmations": payment.confirmations,
        "cancellations": payment.cancels.len(),
    })
}

/// What is in the sum for the state: a tenth of the price without it, rounded to the won.
fn vat_of(sum: Won) -> Won {
    Won::new((sum.get() * 2 + 11).div_euclid(22))
}

fn card(payment: &Payment) -> Value {
    json!({
        "amount": payment.amount,
        "number": payment.card.masked_number(),
        "installmentPlanMonths": 0,
        "isInterestFree": false,
        "approveNo": "00000000",
        "cardType": "신용",
        "ownerType": "개인",
    })
}

fn cancels(payment: &Payment) -> Option<Vec<Value>> {
    let cancel = |cancel: &super::payment::Cancel| {
        json!({
            "transactionKey": cancel.transaction_key,
            "cancelReason": cancel.reason,
            "cancelAmount": cancel.amount,
            "canceledAt": in_seoul(cancel.at),
            "refundableAmount": cancel.refundable,
            "cancelStatus": "DONE",
        })
    };
    (!payment.cancels.is_empty()).then(|| payment.cancels.iter().map(cancel).collect())
}

fn in_seoul(at: Timestamp) -> String {
    let seoul = TimeZone::fixed(jiff::tz::offset(9));
    at.to_zoned(seoul).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
