//! The local host's own paths: sign-in, card form, clock, administration, and the send surface of the bus.

use super::world::World;
use reqwest::Method;
use serde_json::{Value, json};

const JSON: Option<&str> = Some("application/json");

pub(super) async fn check(world: &World) {
    let api = &world.host.api;
    let json_bodies = [
        ("POST", "/dev/token", json!({ "sub": "kim" })),
        ("POST", "/dev/token", json!({ "sub": "kim", "roles": [] })),
        ("POST", "/dev/token", json!({ "sub": "kim", "roles": ["king"] })),
        ("POST", "/dev/token", json!({ "sub": "a b", "roles": ["customer"] })),
        ("POST", "/dev/token", json!({ "sub": "kim", "roles": ["customer"], "ttlSeconds": 0 })),
        ("POST", "/dev/token", json!({ "sub": "kim", "roles": ["customer"], "unknown": 1 })),
        ("POST", "/dev/payment-keys", json!({ "card": "gold", "amount": 100, "orderId": "order-1" })),
        ("POST", "/dev/payment-keys", json!({ "card": "approve", "amount": 0, "orderId": "order-1" })),
        ("POST", "/dev/payment-keys", json!({ "card": "approve", "amount": 100, "orderId": "?" })),
        ("PUT", "/dev/clock", json!({})),
        ("PUT", "/dev/clock", json!({ "now": "noon" })),
        ("PUT", "/dev/clock", json!({ "now": "9999-12-31T23:59:59Z" })),
        ("POST", "/admin/functions/billing_chunk", json!({ "unknown": 1 })),
        ("POST", "/admin/functions/plans", json!({})),
        ("POST", "/dev/reload", json!({ "executable": "/nothing/there" })),
    ];
    let before = (world.dump().await, api.get("/dev/clock").expect(200).await.body["offsetMs"].clone());
    for (method, path, body) in json_bodies {
        expect(world, method, path, JSON, body.to_string(), (400, "invalid_field")).await;
    }
    for (method, path) in [
        ("POST", "/dev/token"),
        ("POST", "/dev/payment-keys"),
        ("PUT", "/dev/clock"),
        ("POST", "/dev/reload"),
    ] {
        expect(world, method, path, JSON, "{".to_owned(), (400, "invalid_json")).await;
        expect(world, method, path, Some("text/plain"), "{}".to_owned(), (415, "unsupported_media_type"))
            .await;
        expect(world, method, path, JSON, "x".repeat(100_000), (413, "body_too_large")).await;
        expect(world, "DELETE", path, None, String::new(), (405, "method_not_allowed")).await;
    }
    for path in ["/dev/nothing", "/admin", "/admin/functions/nothing", "/issuer/nothing", "/toss"] {
        expect(world, "POST", path, JSON, "{}".to_owned(), (404, "not_found")).await;
    }
    the_bus_and_the_gateway_have_doors(world).await;
    let after = (world.dump().await, api.get("/dev/clock").expect(200).await.body["offsetMs"].clone());
    assert_eq!(after, before);
}

async fn expect(
    world: &World,
    method: &str,
    path: &str,
    content_type: Option<&str>,
    body: String,
    (status, code): (u16, &str),
) {
    let what = format!("{method} {path} with {}", body.get(..80).unwrap_or(&body));
    let request = world.host.api.request(method.parse().unwrap(), path).body(content_type, body);
    let answer = request.expect(status).await;
    assert_eq!((answer.code(), &answer.body["status"]), (code, &json!(status)), "{what}: {}", answer.text);
    assert_eq!(answer.headers["content-type"], "application/problem+json", "{what}");
}

/// Only the handler knows the bus's token and the gateway's key.
async fn the_bus_and_the_gateway_have_doors(world: &World) {
    let api = &world.host.api;
    let send = || api.request(Method::POST, "/servicebus/events/messages").body(JSON, "{}");
    send().expect(401).await;
    send().token("guessed").expect(401).await;
    send().token(&world.operator.token).expect(401).await;
    let count = || api.request(Method::GET, "/resource-manager/subscriptions?api-version=2024-01-01");
    count().expect(401).await;
    count().token(&world.operator.token).expect(401).await;
    let key = &world.used_payment_key;
    let confirm = json!({ "paymentKey": key, "orderId": "order-1", "amount": 100 });
    for (path, body) in [
        ("/toss/v1/payments/confirm".to_owned(), confirm),
        (format!("/toss/v1/payments/{key}/cancel"), json!({ "cancelReason": "x" })),
    ] {
        let answer = api.post(&path, &body).send().await.unwrap();
        assert!(matches!(answer.status, 401 | 403), "{path}: {}", answer.text);
        assert_ne!(answer.body["code"], Value::Null, "{}", answer.text);
    }
}
