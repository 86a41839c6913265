//! A local host that is stopped or killed and started again has everything that it had.

use crate::harness::{LocalHost, User, at, month_file};
use serde_json::{Value, json};

/// What somebody can see of everything.
async fn seen(host: &LocalHost, customer: &User, paths: &[String]) -> Vec<Value> {
    let operator = host.api.operator().await;
    let mut seen = Vec::new();
    for path in paths {
        seen.push(customer.get(path).expect(200).await.body);
    }
    for path in ["/api/sagas?limit=200", "/api/parked", "/api/billing-runs/2026-10"] {
        seen.push(operator.get(path).expect(200).await.body);
    }
    seen.push(host.api.ledger().await.body);
    seen.push(host.api.get("/dev/clock").expect(200).await.body["offsetMs"].clone());
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_and_a_killed_host_have_everything_when_they_are_started_again() {
    let mut host = LocalHost::start_at(&at("2026-10-01")).await;
    let line = host.api.customer("kim").await.open_line(&json!({ "plan": "5g-standard" })).await;
    host.api.set_clock(&at("2026-10-31")).await;
    host.api.upload(month_file(&line.number, &[("sms", "3", "2026-10-02")])).await;
    host.api.set_clock(&at("2026-11-02")).await;
    host.api.run_month("2026-10").await;
    let kim = host.api.customer("kim").await;
    let bill = kim.unpaid_bill().await;
    let paid = kim.pay(&bill, "approve").await;
    kim.saga_ends(&paid.text_at("/sagaId"), "completed").await;
    let cancellation = kim.cancel(&paid.text_at("/paymentId"), "changed my mind").await;
    kim.saga_ends(&cancellation.text_at("/sagaId"), "completed").await;
    host.api.quiet().await;

    let paths = [
        "/api/orders".to_owned(),
        "/api/bills".to_owned(),
        format!("/api/bills/{}", bill.id),
        format!("/api/payments/{}", paid.text_at("/paymentId")),
        "/api/mypage".to_owned(),
    ];
    let before = seen(&host, &kim, &paths).await;
    host.stop();
    host.start_again().await;
    // The same token: the issuer's key is kept as well.
    assert_eq!(seen(&host, &kim, &paths).await, before);
    host.kill();
    host.start_again().await;
    assert_eq!(seen(&host, &kim, &paths).await, before);

    // And it goes on from there.
    let paid = kim.pay(&bill, "approve").await;
    kim.saga_ends(&paid.text_at("/sagaId"), "completed").await;
    assert_eq!(kim.bill(&bill.id).await.due, 0);
}
