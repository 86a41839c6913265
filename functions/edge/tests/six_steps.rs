use super::*;

fn statuses(history: &Value) -> Vec<&str> {
    history.as_array().unwrap().iter().map(|change| change["status"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_line_is_opened_billed_paid_and_its_payment_cancelled() {
    let (world, bill) = World::with_bill().await;
    assert_eq!((&bill["usageMonth"], &bill["number"]), (&json!("2026-10"), &json!("01055550001")));
    assert_eq!(
        (&bill["status"], &bill["paid"], &bill["outstanding"]),
        (&json!("issued"), &json!(0), &bill["amount"])
    );
    let sum: i64 =
        bill["lines"].as_array().unwrap().iter().map(|line| line["amount"].as_i64().unwrap()).sum();
    assert_eq!(bill["amount"], json!(sum));

    let key = world.payment_key("form-1", &bill, sum, Card::Approve);
    let form = json!({ "billId": bill["billId"], "paymentKey": key });
    let paid = world.post(KIM, "/api/payments", "pay", &form).await.expect(201);
    world.settle().await;
    let payment = format!("/api/payments/{}", paid["paymentId"].as_str().unwrap());
    assert_eq!(world.get(KIM, &payment).await.expect(200)["status"], "completed");
    assert_eq!(world.get(KIM, "/api/bills?status=unpaid").await.expect(200)["items"], json!([]));

    let reason = json!({ "reason": "paid twice" });
    let cancelled = world.post(KIM, format!("{payment}/cancellation"), "cancel", &reason).await.expect(202);
    world.settle().await;
    let saga = format!("/api/sagas/{}", cancelled["sagaId"].as_str().unwrap());
    assert_eq!(world.get(KIM, &saga).await.expect(200)["status"], "completed");
    assert_eq!(world.gateway.ledger().refunded, Won::new(sum));
    let again = world.get(KIM, format!("/api/bills/{}", bill["billId"].as_str().unwrap())).await.expect(200);
    assert_eq!((&again["status"], &again["outstanding"]), (&json!("issued"), &json!(sum)));

    let page = world.get(KIM, "/api/mypage").await.expect(200);
    assert_eq!(page["customerId"], "customer-kim");
    assert_eq!(statuses(&page["lines"][0]["history"]), ["requested", "active"]);
    assert_eq!(page["bills"][0]["outstanding"], json!(sum));
    assert_eq!(page["payments"][0]["status"], "cancelled");
    assert_eq!(
        statuses(&page["payments"][0]["history"]).last(),
        Some(&"cancelled"),
        "{}",
        page["payments"][0]["history"]
    );
}

#[tokio::test]
async fn a_line_is_closed_with_a_final_bill() {
    let (world, _) = World::with_bill().await;
    let order = world.get(KIM, "/api/orders").await.expect(200)["items"][0].clone();
    let path = format!("/api/orders/{}", order["orderId"].as_str().unwrap());
    let closing = world.call(KIM, Method::POST, format!("{path}/termination")).send().await.expect(202);
    world.settle().await;
    assert_eq!(world.get(KIM, path).await.expect(200)["status"], "terminated");
    let saga = format!("/api/sagas/{}", closing["sagaId"].as_str().unwrap());
    assert_eq!(world.get(Who::Operator, saga).await.expect(200)["status"], "completed");
}

#[tokio::test]
async fn an_operator_blocks_a_line_and_unblocks_it() {
    let (world, _) = World::with_bill().await;
    let order = world.get(KIM, "/api/orders").await.expect(200)["items"][0].clone();
    let path = format!("/api/orders/{}", order["orderId"].as_str().unwrap());
    for (what, status) in [("suspension", "suspended"), ("resumption", "active")] {
        let call = format!("{path}/{what}?customerId=customer-kim");
        world.call(Who::Operator, Method::POST, call).send().await.expect(202);
        world.settle().await;
        assert_eq!(world.get(KIM, &path).await.expect(200)["status"], status);
        assert_eq!(world.get(KIM, "/api/mypage").await.expect(200)["lines"][0]["status"], status);
    }
}

#[tokio::test]
async fn an_order_for_a_number_that_is_taken_is_rejected_and_everything_undone() {
    let world = World::new();
    let order = json!({ "plan": "lte-light", "wishNumber": "01055550001" });
    world.post(KIM, "/api/orders", "1", &order).await.expect(202);
    world.settle().await;
    let second = world.post(LEE, "/api/orders", "1", &order).await.expect(202);
    world.settle().await;
    let path = format!("/api/orders/{}", second["orderId"].as_str().unwrap());
    assert_eq!(world.get(LEE, path).await.expect(200)["status"], "rejected");
    let saga = format!("/api/sagas/{}", second["sagaId"].as_str().unwrap());
    assert_eq!(world.get(LEE, saga).await.expect(200)["status"], "compensated");
}

#[tokio::test]
async fn the_month_that_ended_is_billed_by_the_timer_and_only_once() {
    let world = World::new();
    world.post(KIM, "/api/orders", "1", &json!({ "plan": "lte-light" })).await.expect(202);
    world.settle().await;
    for (now, bills) in [
        ("2026-10-30T15:00:00Z", 0),
        ("2026-10-31T15:00:00Z", 1),
        ("2026-11-28T15:00:00Z", 1),
        ("2026-11-30T15:00:00Z", 2),
    ] {
        world.set_clock(now);
        world.tick("billing_monthly").await.expect(200);
        world.settle().await;
        let items = world.get(KIM, "/api/bills").await.expect(200)["items"].clone();
        assert_eq!(items.as_array().unwrap().len(), bills, "{now}");
    }
}
