//! What an operator settles with the gateway by hand.

use super::*;

async fn change(rig: &Rig, key: &str, wish: Value) -> (StatusCode, Value) {
    let request =
        Request::put(format!("/dev/gateway/payments/{key}")).header("content-type", "application/json");
    rig.send(request.body(Body::from(wish.to_string())).unwrap()).await
}

#[tokio::test]
async fn a_refund_that_was_refused_is_made_once_the_gateway_has_been_told_to() {
    let rig = Rig::new();
    let key = rig.form("refund_refused", 1_000).await;
    rig.confirm(&key, 1_000, "a").await;
    let wish = json!({ "cancelReason": "r" });
    let refused = rig.cancel(&key, wish.clone(), "b").await;
    assert_eq!(code(&refused), (403, "NOT_CANCELABLE_PAYMENT"));

    let (status, line) = change(&rig, &key, json!({ "card": "approve" })).await;
    assert_eq!((status, line["card"].as_str()), (StatusCode::OK, Some("approve")));
    assert_eq!(
        rig.cancel(&key, wish.clone(), "b").await,
        refused,
        "the first answer to a key is the only one"
    );
    assert_eq!(rig.sums().await, (1_000, 0));
    let rig = rig.reopened();
    assert_eq!(rig.cancel(&key, wish, "c").await.0, StatusCode::OK);
    assert_eq!(rig.sums().await, (1_000, 1_000));
}

#[tokio::test]
async fn only_a_payment_that_is_there_gets_another_card_and_only_a_card_that_exists() {
    let rig = Rig::new();
    let key = rig.form("decline", 1_000).await;
    assert_eq!(code(&change(&rig, "tgen_unknown", json!({ "card": "approve" })).await), (404, "not_found"));
    for wish in [json!({ "card": "gold" }), json!({}), json!({ "card": "approve", "amount": 1 })] {
        assert_eq!(code(&change(&rig, &key, wish.clone()).await), (400, "invalid_field"), "{wish}");
    }
    assert_eq!(code(&rig.confirm(&key, 1_000, "a").await), (403, "REJECT_CARD_PAYMENT"), "it is as it was");
}
