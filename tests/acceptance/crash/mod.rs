//! `kill -9` in the middle of 200 payments and a billing run: what was answered is there, every saga ends, nothing is
//! paid twice, and no amount is lost.

mod books;
mod storm;

use crate::harness::{LocalHost, SOON, until};
use books::expect_books_to_agree;
use storm::{Shop, customers};

/// Payments that are answered before the first and before the second blow.
const BLOWS: [usize; 2] = [20, 100];
/// Seconds after which a request that was never answered may be taken over, and more than after which an outbox row
/// or a payment counts as left behind.
const LEFT_BEHIND: i64 = 65;
/// Seconds after which the gateway gives up a form that was not charged, and more than a saga's deadline.
const GIVEN_UP: i64 = 11 * 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_is_killed_loses_nothing() {
    let host = LocalHost::start().await;
    let shop = Shop::open(&host.api).await;
    let blows = async {
        for answered in BLOWS {
            let handler = host.handlers().await[0];
            shop.answers(answered).await;
            host.kill_handler(handler).await;
            host.api.advance_clock(LEFT_BEHIND).await;
        }
    };
    tokio::join!(shop.everybody_pays(), shop.start_billing_run(), blows);
    settle(&host, &shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_host_that_is_killed_loses_nothing() {
    let mut host = LocalHost::start().await;
    let shop = Shop::open(&host.api).await;
    let blows = async {
        for answered in BLOWS {
            shop.answers(answered).await;
            host.kill();
            host.start_again().await;
            host.api.advance_clock(LEFT_BEHIND).await;
        }
    };
    tokio::join!(shop.everybody_pays(), shop.start_billing_run(), blows);
    settle(&host, &shop).await;
}

/// Lets everything end, then looks at the books; pays what was declined, and looks again.
async fn settle(host: &LocalHost, shop: &Shop) {
    host.api.quiet().await;
    // Forms that were never charged expire, so that their payments have an outcome.
    host.api.advance_clock(GIVEN_UP).await;
    everything_ends(host).await;
    let run = shop.billing_run().await;
    let counts = ["/lines", "/issued", "/skipped", "/parked"].map(|count| run.number_at(count));
    let lines = i64::try_from(customers().count()).unwrap();
    assert_eq!(counts, [lines, lines, 0, 0]);
    expect_books_to_agree(&host.api, shop).await;

    shop.pay_what_is_due().await;
    everything_ends(host).await;
    let paid = expect_books_to_agree(&host.api, shop).await;
    assert_eq!(paid, shop.due(), "the first month's bills are paid");
}

/// No message waits, nothing is left to be published or to be asked of the gateway, and no saga goes on.
async fn everything_ends(host: &LocalHost) {
    for timer in ["outbox_relay", "payments_resolve"] {
        host.api.fire(timer).await;
    }
    let store = host.store();
    until("the end of everything", 2 * SOON, async || {
        let open = ["out|", "open|"].into_iter().flat_map(|prefix| store.rows(prefix));
        let open: Vec<String> = open.filter(|row| !row.starts_with("parked")).collect();
        if !open.is_empty() {
            return None;
        }
        host.api.quiet().await;
        Some(())
    })
    .await;
    let operator = host.api.operator().await;
    for status in ["running", "compensating", "stuck"] {
        let sagas = operator.get(&format!("/api/sagas?status={status}")).expect(200).await;
        assert!(sagas.list_at("/items").is_empty(), "{status}: {}", sagas.text);
    }
    let parked = operator.get("/api/parked").expect(200).await;
    assert!(parked.list_at("/items").is_empty(), "{}", parked.text);
}
