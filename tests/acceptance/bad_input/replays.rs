//! `Idempotency-Key`s: the same request is answered the same way and does nothing; another one with the key is refused.

use super::world::World;
use crate::harness::{Request, User, month_file};
use reqwest::Method;
use serde_json::{Value, json};

/// A request that can be made once, and another one that the same key is no good for.
struct Once<'a> {
    caller: &'a User,
    path: String,
    first: Body,
    other: Option<Body>,
    status: u16,
}

enum Body {
    Nothing,
    Json(Value),
    Csv(String),
}

impl Once<'_> {
    fn request(&self, body: &Body) -> Request {
        let request = self.caller.request(Method::POST, &self.path).key("the-key");
        match body {
            Body::Nothing => request,
            Body::Json(body) => request.json(body),
            Body::Csv(text) => request.body(Some("text/csv"), text.clone()),
        }
    }
}

/// In an order in which each is possible.
async fn requests(world: &World) -> Vec<Once<'_>> {
    let (kim, lee, operator) = (&world.kim, &world.lee, &world.operator);
    let number = kim.get(&format!("/api/orders/{}", world.kims.order)).expect(200).await.text_at("/number");
    let form = world.host.api.payment_key("approve", &world.kims.bill).await;
    let payment = |key: &str| Body::Json(json!({ "billId": world.kims.bill.id, "paymentKey": key }));
    let once = |caller, path: &str, first, other, status| Once {
        caller,
        path: path.to_owned(),
        first,
        other,
        status,
    };
    let usage = |quantity| Body::Csv(month_file(&number, &[("sms", quantity, "2026-11-01")]));
    let order = |plan| Body::Json(json!({ "plan": plan }));
    let month = |month| Body::Json(json!({ "usageMonth": month }));
    let reason = |reason| Body::Json(json!({ "reason": reason }));
    let cancellation = format!("/api/payments/{}/cancellation", world.payment);
    vec![
        once(kim, "/api/orders", order("lte-light"), Some(order("5g-standard")), 202),
        once(operator, "/api/usage", usage("7"), Some(usage("8")), 200),
        once(operator, "/api/billing-runs", month("2026-09"), Some(month("2026-08")), 202),
        once(kim, "/api/payments", payment(&form), Some(payment("tgen_other")), 201),
        once(lee, &cancellation, reason("changed my mind"), Some(reason("another reason")), 202),
        once(lee, &format!("/api/orders/{}/termination", world.lees.order), Body::Nothing, None, 202),
        once(operator, &format!("/api/parked/{}/discard", world.parked), Body::Nothing, None, 200),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_answered_like_the_first_and_another_request_with_its_key_is_refused() {
    let world = World::open().await;
    for once in requests(&world).await {
        let first = once.request(&once.first).expect(once.status).await;
        world.host.api.quiet().await;
        let before = world.dump().await;
        let again = once.request(&once.first).expect(once.status).await;
        assert_eq!(again.body, first.body, "{}", once.path);
        if let Some(other) = &once.other {
            let refused = once.request(other).expect(422).await;
            assert_eq!(refused.code(), "idempotency_key_reused", "{}", once.path);
        }
        world.host.api.quiet().await;
        assert_eq!(world.dump().await, before, "{}", once.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_that_overtakes_the_answer_is_told_so_and_charges_nothing() {
    let world = World::open().await;
    let bill = &world.kims.bill;
    let form = json!({ "billId": bill.id, "paymentKey": world.host.api.payment_key("slow", bill).await });
    let pay = || world.kim.post("/api/payments", &form).key("slow").send();
    let (one, other) = tokio::join!(pay(), pay());
    let mut answers = [one.unwrap(), other.unwrap()];
    answers.sort_by_key(|answer| answer.status);
    let [paid, told] = answers;
    assert_eq!(
        (paid.status, told.status, told.code()),
        (201, 409, "idempotency_key_in_flight"),
        "{}",
        told.text
    );
    let again = pay().await.unwrap();
    assert_eq!((again.status, &again.body), (201, &paid.body));
    world.kim.saga_ends(&paid.text_at("/sagaId"), "completed").await;
    let ledger = world.host.api.ledger().await;
    assert_eq!(ledger.number_at("/charged"), bill.due + world.lees.bill.due);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_one_caller() {
    let world = World::open().await;
    let order =
        |user: &User| user.post("/api/orders", &json!({ "plan": "lte-light" })).key("the-same").expect(202);
    let (kims, lees) = (order(&world.kim).await, order(&world.lee).await);
    assert_ne!(kims.body["orderId"], lees.body["orderId"]);
}
