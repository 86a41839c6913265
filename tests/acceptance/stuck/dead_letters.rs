//! A message that always fails ends as a dead letter; operators see it, and replay it or give it up.

use super::{AT_ONCE, all_at_once};
use crate::harness::{Answer, LocalHost, Options, SOON, User, at, until};
use rusqlite::Connection;
use serde_json::{Value, json};

/// Times that a message is delivered before the bus gives up: `maxDeliveryCount` of the topology.
const DELIVERIES: usize = 10;

/// The view's table takes no writes; other tables are not touched by it.
struct BrokenView(Connection);

impl BrokenView {
    /// Writes to the view change nothing, as if somebody else was always first.
    fn of(host: &LocalHost) -> Self {
        let store = Connection::open(host.store_file()).unwrap();
        store.busy_timeout(SOON).unwrap();
        for write in ["INSERT", "UPDATE"] {
            let trigger = format!(
                "CREATE TRIGGER broken_{write} BEFORE {write} ON entities WHEN NEW.tbl = 'mypage'
                 BEGIN SELECT RAISE(IGNORE); END"
            );
            store.execute_batch(&trigger).unwrap();
        }
        Self(store)
    }

    fn mend(self) {
        self.0.execute_batch("DROP TRIGGER broken_INSERT; DROP TRIGGER broken_UPDATE").unwrap();
    }
}

/// What is parked: those that wait, or those that are done.
async fn parked(operator: &User, status: &str) -> Vec<Value> {
    operator.get(&format!("/api/parked?status={status}")).expect(200).await.list_at("/items")
}

/// Opens a line; waits until so many of its events are dead letters.
async fn open_line_with_dead_letters(user: &User, operator: &User, letters: usize) {
    user.open_line(&json!({ "plan": "lte-basic" })).await;
    until("the dead letters", SOON, async || {
        (parked(operator, "waiting").await.len() == letters).then_some(())
    })
    .await;
}

/// The path on which something parked is dealt with.
fn path(item: &Value, action: &str) -> String {
    format!("/api/parked/{}/{action}", item["parkedId"].as_str().unwrap())
}

/// Of whose line the message of a dead letter tells.
fn is_about(item: &Value, user: &User) -> bool {
    item["message"]["body"].as_str().unwrap().contains(&format!("\"{}\"", user.id))
}

async fn act(operator: &User, item: &Value, action: &str) -> Answer {
    operator.request(reqwest::Method::POST, &path(item, action)).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_replayed_or_given_up_once() {
    let at_once = Vec::leak(vec![("REDELIVERY_PAUSE_MS", "0".to_owned())]);
    let host = LocalHost::start_with(Options { settings: at_once, ..Options::default() }).await;
    host.api.set_clock(&at("2026-10-01")).await;
    let (kim, lee) = (host.api.customer("kim").await, host.api.customer("lee").await);
    let operator = host.api.operator().await;
    let broken = BrokenView::of(&host);
    // That the order was placed, and that it is active.
    open_line_with_dead_letters(&kim, &operator, 2).await;
    open_line_with_dead_letters(&lee, &operator, 4).await;
    host.api.quiet().await;
    let last = format!("delivery.count={DELIVERIES} ");
    assert_eq!(host.log().matches(&last).count(), 4, "each was delivered as often as the bus does");
    let one_more = format!("delivery.count={} ", DELIVERIES + 1);
    assert!(!host.log().contains(&one_more));

    let letters = parked(&operator, "waiting").await;
    for letter in &letters {
        let facts =
            ["kind", "function", "reason", "state"].map(|fact| letter[fact].as_str().unwrap_or("none"));
        assert_eq!(facts, ["dead_letter", "mypage_project", "MaxDeliveryCountExceeded", "waiting"]);
    }
    for user in [&kim, &lee] {
        assert_eq!(user.get("/api/parked").expect(403).await.code(), "forbidden");
        assert_eq!(act(user, &letters[0], "replay").await.status, 403);
        assert_eq!(act(user, &letters[0], "discard").await.status, 403);
        assert_eq!(user.get("/api/mypage").expect(200).await.list_at("/lines"), [] as [Value; 0]);
    }

    // The cause is still there: what cannot be done stays.
    let failed = act(&operator, &letters[0], "replay").await;
    assert_eq!((failed.status, failed.code()), (503, "unavailable"), "{}", failed.text);
    assert_eq!(parked(&operator, "waiting").await.len(), 4);

    broken.mend();
    let (of_kim, of_lee): (Vec<Value>, Vec<Value>) = letters.into_iter().partition(|it| is_about(it, &kim));
    assert_eq!((of_kim.len(), of_lee.len()), (2, 2));
    for letter in &of_kim {
        dealt_with_once(&operator, &vec![path(letter, "replay"); AT_ONCE]).await;
    }
    let page = kim.get("/api/mypage").expect(200).await;
    let history = page.list_at("/lines/0/history");
    let statuses: Vec<_> = history.iter().map(|change| change["status"].as_str().unwrap()).collect();
    assert_eq!((page.list_at("/lines").len(), statuses), (1, vec!["requested", "active"]), "{}", page.text);

    dealt_with_once(&operator, &vec![path(&of_lee[0], "discard"); AT_ONCE]).await;
    dealt_with_once(&operator, &[path(&of_lee[1], "discard"), path(&of_lee[1], "discard")]).await;
    assert_eq!(lee.get("/api/mypage").expect(200).await.list_at("/lines"), [] as [Value; 0]);

    assert_eq!(parked(&operator, "waiting").await, [] as [Value; 0]);
    let done = parked(&operator, "done").await;
    let states = |letters: &[Value]| -> Vec<Value> {
        let found = letters.iter().map(|it| done.iter().find(|d| d["parkedId"] == it["parkedId"]).unwrap());
        found.map(|it| it["state"].clone()).collect()
    };
    assert_eq!((states(&of_kim), states(&of_lee)), (vec![json!("replayed"); 2], vec![json!("discarded"); 2]));
    assert_eq!(done.len(), 4);
}

/// One of those who ask at the same time does it; the others hear that it is no longer to be done.
async fn dealt_with_once(operator: &User, paths: &[String]) {
    let answers = all_at_once(operator, paths).await;
    assert_eq!(answers[0], (200, String::new()), "{answers:?}");
    let late = [(404, "not_found".to_owned()), (409, "wrong_state".to_owned())];
    assert!(answers[1..].iter().all(|answer| late.contains(answer)), "{answers:?}");
}
