//! The function app as it is deployed: it says which build it is, and another build takes its place without a request
//! that fails.

use crate::harness::{LocalHost, Options, SOON, User, executable, staged_app, until, with_each};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Customers who call all the time.
const CUSTOMERS: u32 = 8;

/// What the staged build is called.
fn staged_commit() -> String {
    std::env::var("STAGED_COMMIT").expect("STAGED_COMMIT is what the staged build is called")
}

/// Which build answers now.
async fn commit(host: &LocalHost) -> String {
    host.api.get("/api/health").expect(200).await.text_at("/commit")
}

/// Puts another build in the place of the one that serves; which one serves then.
async fn deploy(host: &LocalHost, program: &Path, arguments: &[&str]) -> String {
    let wish = json!({ "executable": program, "arguments": arguments });
    let done = host.api.post("/dev/reload", &wish).expect(200).await;
    assert_eq!(done.body, json!({ "workers": 2, "drained": true }));
    commit(host).await
}

/// Calls until told to stop; which builds answered.
async fn customer_goes_on(user: User, stop: &AtomicBool) -> BTreeSet<String> {
    let mut builds = BTreeSet::new();
    while !stop.load(Ordering::Relaxed) {
        let orders = user.get("/api/orders").expect(200).await;
        assert_eq!(orders.list_at("/items").len(), 1, "{}", orders.text);
        builds.insert(user.get("/api/health").expect(200).await.text_at("/commit"));
    }
    builds
}

#[tokio::test(flavor = "multi_thread")]
async fn another_build_takes_over_and_gives_back_under_load_and_every_request_is_answered() {
    let host = LocalHost::start_with(Options { workers: 2, ..Options::default() }).await;
    let mut users = Vec::new();
    for n in 0..CUSTOMERS {
        let user = host.api.customer(&format!("customer-{n}")).await;
        user.open_line(&json!({ "plan": "lte-basic" })).await;
        users.push(user);
    }
    let staged = staged_app().expect("this test is one of a staged app").join("handler");
    let stop = &AtomicBool::new(false);
    let deployments = async {
        assert_eq!(commit(&host).await, staged_commit());
        // The build of these tests, which plays the handler too.
        let other = deploy(&host, executable(), &["handler"]).await;
        assert_ne!(other, staged_commit());
        assert_eq!(deploy(&host, &staged, &[]).await, staged_commit());
        stop.store(true, Ordering::Relaxed);
        BTreeSet::from([staged_commit(), other])
    };
    let customers = with_each(users, usize::MAX, |user| customer_goes_on(user, stop));
    let (seen, builds) = tokio::join!(customers, deployments);
    assert_eq!(seen.into_iter().flatten().collect::<BTreeSet<_>>(), builds);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_handler_ends_with_its_host_even_when_that_is_killed() {
    let mut host = LocalHost::start().await;
    let handlers = host.handlers().await;
    assert_eq!(handlers.len(), 1);
    host.kill();
    let running = |pid: &u32| {
        // Somebody may have to collect it, but it runs no more.
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
    };
    until("the handler's end", SOON, async || (!handlers.iter().any(running)).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_staged_app_serves_every_function_of_the_repository() {
    let host = LocalHost::start().await;
    let served = host.api.get("/admin/functions").expect(200).await;
    let name = |function: &Value| function["name"].as_str().unwrap().to_owned();
    let served: BTreeSet<String> = served.body.as_array().unwrap().iter().map(name).collect();
    let folders = std::fs::read_dir(crate::harness::root().join("functions")).unwrap();
    let functions = folders.map(Result::unwrap).filter(|it| it.path().join("function.json").is_file());
    let functions = functions.map(|folder| folder.file_name().into_string().unwrap());
    assert_eq!(served, functions.collect());
}
