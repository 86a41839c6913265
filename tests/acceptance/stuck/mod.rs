//! What does not go on by itself: a step that is never taken, a refund that is refused, a message that always fails.
//! The deadline or an operator brings it to an end.

mod dead_letters;
mod deadline;
mod refund;

use crate::harness::{Answer, LocalHost, SOON, User, until};
use futures::future::join_all;
use serde_json::Value;

/// Longer than a saga may take, in seconds.
const DEADLINE_PASSES: i64 = 10 * 60 + 1;
/// Operators who do the same at the same time.
const AT_ONCE: usize = 6;

/// Waits until a message waits for a consumer that does not run, and nothing else is on its way.
async fn waits_for(host: &LocalHost, subscription: &str) {
    let own = format!("events/Subscriptions/{subscription}");
    until("rest on the bus", SOON, async || {
        let bus = host.api.get("/dev/bus").expect(200).await;
        let sources = bus.body["sources"].as_object().unwrap();
        let under_way = |path: &str| {
            let count = |name: &str| sources[path][name].as_i64().unwrap();
            count("active") + count("locked")
        };
        let rest = sources.keys().all(|path| under_way(path) == i64::from(*path == own));
        rest.then_some(())
    })
    .await;
}

/// Lets the deadline of a saga pass that waits for a step, and waits for what comes of it.
async fn deadline_passes(host: &LocalHost, owner: &User, saga: &str, ending: &str) -> Answer {
    let path = format!("/api/sagas/{saga}");
    assert_eq!(owner.get(&path).expect(200).await.text_at("/status"), "running");
    host.api.advance_clock(DEADLINE_PASSES).await;
    owner.saga_ends(saga, ending).await
}

/// Step, state and detail of a saga.
fn steps(saga: &Answer) -> Vec<(String, String, Option<String>)> {
    let text = |step: &Value, member: &str| step[member].as_str().map(ToOwned::to_owned);
    let steps = saga.list_at("/steps");
    let shown = steps.iter().map(|step| {
        (text(step, "step").unwrap(), text(step, "state").unwrap_or_default(), text(step, "detail"))
    });
    shown.collect()
}

/// The same POST by operators at the same time: the statuses and codes of the answers, in order.
async fn all_at_once(operator: &User, paths: &[String]) -> Vec<(u16, String)> {
    let post = async |path: &String| {
        let answer = operator.request(reqwest::Method::POST, path).send().await.unwrap();
        (answer.status, answer.code().to_owned())
    };
    let mut answers = join_all(paths.iter().map(post)).await;
    answers.sort();
    answers
}
