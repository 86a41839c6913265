//! Whether the gateway, Pay, Bill and the view tell the same story.

use super::storm::{Customer, Shop};
use crate::harness::{Api, SOON, until, with_each};
use serde_json::Value;
use std::collections::HashSet;

/// Callers at a time.
const CALLERS: usize = 16;

/// Every customer's books agree, and all of them together agree with the gateway's; answers what is paid.
pub(super) async fn expect_books_to_agree(api: &Api, shop: &Shop) -> i64 {
    let paid: i64 = with_each(&shop.customers, CALLERS, async |customer| of_customer(shop, customer).await)
        .await
        .iter()
        .sum();
    let ledger = api.ledger().await;
    let (charged, refunded) = (ledger.number_at("/charged"), ledger.number_at("/refunded"));
    assert_eq!(charged - refunded, paid, "what the gateway has is what is paid");
    for form in ledger.list_at("/payments") {
        assert!(form["confirmations"].as_i64() <= Some(1), "{form}");
    }
    paid
}

/// What a customer has paid of its first bill: nothing, or all of it.
async fn of_customer(shop: &Shop, customer: &Customer) -> i64 {
    let Customer { user, bill: before, .. } = customer;
    let bill = user.bill(&before.id).await;
    let known = shop.answers.lock().unwrap().payments.get(&user.id).cloned().unwrap_or_default();
    let known: HashSet<String> = known.into_iter().collect();
    let mut paid = 0;
    for id in &known {
        let payment = user.payment(id).await;
        assert_eq!(payment.body["billId"], before.id);
        match payment.text_at("/status").as_str() {
            "completed" => paid += payment.number_at("/amount"),
            "declined" | "compensated" => {}
            other => panic!("a payment is still {other}: {}", payment.text),
        }
    }
    assert_eq!(bill.body["paid"], paid, "{}", bill.body);
    assert!(paid == 0 || paid == before.due, "{paid} of {}", before.due);
    assert_eq!(bill.due, before.due - paid);
    has_a_bill_a_month(customer).await;
    view_agrees(customer, &known).await;
    paid
}

async fn has_a_bill_a_month(customer: &Customer) {
    let bills = customer.user.get("/api/bills").expect(200).await;
    let months: Vec<Value> = bills.list_at("/items").iter().map(|bill| bill["usageMonth"].clone()).collect();
    assert_eq!(months, ["2026-10", "2026-11"]);
}

/// MyPage shows the same payments and bills, in the same state.
async fn view_agrees(customer: &Customer, payments: &HashSet<String>) {
    let user = &customer.user;
    let bills = user.get("/api/bills").expect(200).await.list_at("/items");
    let mut shown = Vec::new();
    for id in payments {
        shown.push(user.payment(id).await.body);
    }
    until("the view's agreement", SOON, async || {
        let page = user.get("/api/mypage").expect(200).await;
        let same = |mine: &[Value], list: &str, id: &str, members: &[&str]| {
            let items = page.list_at(list);
            items.len() == mine.len()
                && mine.iter().all(|mine| {
                    let found = items.iter().find(|item| item[id] == mine[id]);
                    found.is_some_and(|item| members.iter().all(|member| item[*member] == mine[*member]))
                })
        };
        let bills_agree = same(&bills, "/bills", "billId", &["status", "amount", "paid", "outstanding"]);
        let payments_agree = same(&shown, "/payments", "paymentId", &["status", "amount"]);
        (bills_agree && payments_agree).then_some(())
    })
    .await;
}
