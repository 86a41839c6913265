use super::*;

/// Every path that shows or changes a customer's thing.
async fn of_kim(world: &World, bill: &Value) -> Vec<(Method, String, Value)> {
    let order = world.get(KIM, "/api/orders").await.expect(200)["items"][0].clone();
    let key = world.payment_key("form-1", bill, bill["amount"].as_i64().unwrap(), Card::Approve);
    let form = json!({ "billId": bill["billId"], "paymentKey": key });
    let paid = world.post(KIM, "/api/payments", "pay", &form).await.expect(201);
    world.settle().await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (order, payment, saga) = (text(&order["orderId"]), text(&paid["paymentId"]), text(&paid["sagaId"]));
    let reason = json!({ "reason": "no reason" });
    vec![
        (Method::GET, format!("/api/orders/{order}"), Value::Null),
        (Method::POST, format!("/api/orders/{order}/termination"), Value::Null),
        (Method::GET, format!("/api/bills/{}", text(&bill["billId"])), Value::Null),
        (Method::GET, format!("/api/bills/{}/document", text(&bill["billId"])), Value::Null),
        (Method::POST, "/api/payments".to_owned(), form),
        (Method::GET, format!("/api/payments/{payment}"), Value::Null),
        (Method::POST, format!("/api/payments/{payment}/cancellation"), reason),
        (Method::GET, format!("/api/sagas/{saga}"), Value::Null),
        (Method::GET, "/api/mypage?customerId=customer-kim".to_owned(), Value::Null),
        (Method::GET, "/api/orders?customerId=customer-kim".to_owned(), Value::Null),
        (Method::GET, "/api/bills?customerId=customer-kim".to_owned(), Value::Null),
    ]
}

#[tokio::test]
async fn another_customers_things_are_not_found() {
    let (world, bill) = World::with_bill().await;
    let things = of_kim(&world, &bill).await;
    let before = world.tables.contents();
    for (method, path, body) in things {
        for query in ["", "customerId=customer-kim"] {
            let mark = if path.contains('?') { "&" } else { "?" };
            let path = if query.is_empty() || path.contains(query) {
                path.clone()
            } else {
                format!("{path}{mark}{query}")
            };
            let call = world.call(LEE, method.clone(), &path).json(&body).header("Idempotency-Key", "lee");
            let reply = call.send().await;
            let saga = path.starts_with("/api/sagas/") && !query.is_empty();
            assert!(saga || reply.problem() == (404, "not_found"), "{path}: {}", reply.body);
        }
    }
    assert_eq!(world.tables.contents(), before);
}

#[tokio::test]
async fn customers_order_for_themselves_only_and_operators_for_whom_they_name() {
    let world = World::new();
    let order = |customer: &str| json!({ "plan": "lte-light", "customerId": customer });
    assert_eq!(
        world.post(LEE, "/api/orders", "1", &order("customer-kim")).await.problem(),
        (403, "forbidden")
    );
    world.post(KIM, "/api/orders", "1", &order("customer-kim")).await.expect(202);
    world.post(Who::Operator, "/api/orders", "1", &order("customer-kim")).await.expect(202);
    let unnamed = world.post(Who::Operator, "/api/orders", "2", &json!({ "plan": "lte-light" })).await;
    assert_eq!(unnamed.problem(), (400, "invalid_field"));
    let seen = world.get(Who::Operator, "/api/orders?customerId=customer-kim").await.expect(200);
    assert_eq!(seen["items"].as_array().unwrap().len(), 2);
    assert_eq!(world.get(Who::Operator, "/api/mypage").await.problem(), (400, "invalid_parameter"));
}
