use super::*;

#[tokio::test]
async fn the_same_key_and_body_replays_the_first_answer() {
    let (world, bill) = World::with_bill().await;
    let amount = bill["amount"].as_i64().unwrap();
    let form = json!({ "billId": bill["billId"], "paymentKey": world.payment_key("form-1", &bill, amount, Card::Approve) });
    let order = json!({ "plan": "lte-light" });
    let month = json!({ "usageMonth": "2026-10" });
    for (who, path, body, status) in [
        (KIM, "/api/orders", &order, 202),
        (KIM, "/api/payments", &form, 201),
        (Who::Operator, "/api/billing-runs", &month, 202),
    ] {
        let first = world.post(who, path, "same", body).await.expect(status);
        let before = world.tables.contents();
        let again = world.post(who, path, "same", body).await.expect(status);
        assert_eq!(again, first, "{path}");
        assert_eq!(world.tables.contents(), before, "{path}");
    }
    assert_eq!(world.gateway.ledger().charges, 1);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let (world, bill) = World::with_bill().await;
    let amount = bill["amount"].as_i64().unwrap();
    let form = |key: &str| json!({ "billId": bill["billId"], "amount": 1000, "paymentKey": key });
    let (first, other) = (
        world.payment_key("form-1", &bill, 1000, Card::Approve),
        world.payment_key("form-2", &bill, 1000, Card::Approve),
    );
    world.post(KIM, "/api/payments", "key", &form(&first)).await.expect(201);
    world.settle().await;
    let before = world.tables.contents();
    let reply = world.post(KIM, "/api/payments", "key", &form(&other)).await;
    assert_eq!(reply.problem(), (422, "idempotency_key_reused"), "{amount}");
    assert_eq!(world.tables.contents(), before);
    assert_eq!(world.gateway.ledger().charges, 1);

    world.post(KIM, "/api/orders", "key", &json!({ "plan": "lte-light" })).await.expect(202);
    let reply = world.post(KIM, "/api/orders", "key", &json!({ "plan": "lte-basic" })).await;
    assert_eq!(reply.problem(), (422, "idempotency_key_reused"));
}

#[tokio::test]
async fn a_command_that_finds_nothing_to_do_keeps_to_its_key_as_well() {
    let (world, bill) = World::with_bill().await;
    let (line, other) = (bill["orderId"].as_str().unwrap(), "0".repeat(32));
    let suspend = async |key, line: &str| {
        let path = format!("/api/orders/{line}/suspension?customerId=customer-kim");
        world.post(Who::Operator, path, key, &json!({})).await
    };
    let first = suspend("k1", line).await.expect(202);
    assert_eq!(suspend("k1", line).await.expect(202), first, "not what a new request is told");
    let nothing = suspend("k2", line).await.expect(200);
    assert_eq!(suspend("k2", line).await.expect(200), nothing);
    assert_eq!(suspend("k2", &other).await.problem(), (422, "idempotency_key_reused"));
}

#[tokio::test]
async fn a_key_belongs_to_its_caller() {
    let world = World::new();
    let order = json!({ "plan": "lte-light" });
    let first = world.post(KIM, "/api/orders", "key", &order).await.expect(202);
    let other = world.post(LEE, "/api/orders", "key", &order).await.expect(202);
    assert_ne!(first["orderId"], other["orderId"]);
}

#[tokio::test]
async fn a_usage_file_that_is_sent_again_is_taken_in_once() {
    let (world, _) = World::with_bill().await;
    let usage = "recordId,number,type,quantity,usedAt\nr2,01055550001,sms,3,2026-10-21T12:00:00+09:00\n";
    let send = async |key: Option<&str>, text: &str| {
        let call = world.call(Who::Operator, Method::POST, "/api/usage").body("text/csv", text);
        match key {
            Some(key) => call.header("Idempotency-Key", key).send().await,
            None => call.send().await,
        }
    };
    let first = send(Some("k"), usage).await.expect(200);
    assert_eq!(first, json!({ "accepted": 1, "duplicates": 0, "rejected": [] }));
    assert_eq!(send(Some("k"), usage).await.expect(200), first);
    assert_eq!(
        send(None, usage).await.expect(200),
        json!({ "accepted": 0, "duplicates": 1, "rejected": [] })
    );
    assert_eq!(
        send(Some("k"), &usage.replace("sms,3", "sms,4")).await.problem(),
        (422, "idempotency_key_reused")
    );
}
