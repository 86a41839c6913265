use crate::rig::Rig;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

async fn token(rig: &Rig, body: &Value) -> String {
    let answer: Value = rig.post("/dev/token", body).await.json().await.unwrap();
    assert_eq!(answer["token_type"], "Bearer");
    answer["access_token"].as_str().unwrap().to_owned()
}

/// The claims of a token, checked as the handler checks them, with the key that the issuer publishes.
async fn claims(rig: &Rig, token: &str) -> Value {
    let configuration = rig.get_json("/issuer/.well-known/openid-configuration").await;
    assert_eq!(configuration["jwks_uri"], rig.url("/issuer/jwks.json"));
    let keys: JwkSet = serde_json::from_value(rig.get_json("/issuer/jwks.json").await).unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    let key = keys.find(&header.kid.unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[local_host::AUDIENCE]);
    validation.set_issuer(&[configuration["issuer"].as_str().unwrap()]);
    validation.validate_exp = false;
    jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap().claims
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_says_who_and_what_until_when() {
    let rig = Rig::start().await;
    rig.put("/dev/clock", &json!({ "now": "2030-01-01T00:00:00Z" })).await;
    let token =
        token(&rig, &json!({ "sub": "kim", "roles": ["customer", "operator"], "ttlSeconds": 60 })).await;
    let claims = claims(&rig, &token).await;
    assert_eq!((&claims["sub"], &claims["roles"]), (&json!("kim"), &json!(["customer", "operator"])));
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(rig.url("/issuer")), &json!("phone-api")));
    let issued = claims["iat"].as_i64().unwrap();
    assert!((1_893_456_000..1_893_456_060).contains(&issued), "the test clock's time");
    assert_eq!((claims["nbf"].as_i64(), claims["exp"].as_i64()), (Some(issued), Some(issued + 60)));
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_outlives_a_restart_and_only_its_owner_can_read_it() {
    let rig = Rig::start().await;
    let before = rig.get_json("/issuer/jwks.json").await;
    assert_eq!(before["keys"][0]["alg"], "ES256");
    assert!(before["keys"][0].get("d").is_none(), "the private part stays here");
    let rig = rig.restart().await;
    assert_eq!(rig.get_json("/issuer/jwks.json").await, before);
    let mode = std::fs::metadata(rig.folder.path().join(".data/issuer.key")).unwrap().permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_charges_and_loses_answers_over_real_connections() {
    let rig = Rig::start().await;
    let key = |card: &str| {
        let form = json!({ "card": card, "amount": 1_000, "orderId": "order-1" });
        let sent = rig.client.post(rig.url("/dev/payment-keys")).json(&form).send();
        async { sent.await.unwrap().json::<Value>().await.unwrap()["paymentKey"].clone() }
    };
    let confirm = |key: &Value| {
        rig.client
            .post(rig.url("/toss/v1/payments/confirm"))
            .basic_auth(local_host::TOSS_SECRET_KEY, Some(""))
            .json(&json!({ "paymentKey": key, "orderId": "order-1", "amount": 1_000 }))
            .timeout(Duration::from_secs(1))
            .send()
    };
    let approved = confirm(&key("approve").await).await.unwrap();
    assert_eq!(approved.status(), StatusCode::OK);
    let lost = confirm(&key("lost").await).await.unwrap_err();
    assert!(!lost.is_timeout() && lost.status().is_none(), "the connection breaks: {lost:?}");
    assert!(confirm(&key("timeout").await).await.unwrap_err().is_timeout());
    let ledger = rig.get_json("/dev/gateway/ledger").await;
    assert_eq!((&ledger["charged"], &ledger["refunded"]), (&json!(2_000), &json!(0)));
    rig.host.stop().await;
}
