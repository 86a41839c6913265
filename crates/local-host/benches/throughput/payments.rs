//! Payments through their whole saga: from the HTTP request to the saga completed and the view updated, over real HTTP
//! against a real local host, with every commit synced to disk.

use futures::stream::{self, StreamExt};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PORT: u16 = 7471;
/// Payments one after another, then by 32 callers who each watch theirs, then by 32 callers who do not.
const ALONE: usize = 500;
const WATCHED: usize = 3_000;
const UNWATCHED: usize = 3_000;
const CALLERS: usize = 32;

struct Host {
    child: Child,
    client: Client,
    _folder: tempfile::TempDir,
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Due {
    token: String,
    bill: String,
    key: String,
}

pub(crate) fn measure() {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let host = start().await;
        let mut due = prepare(&host, ALONE + WATCHED + UNWATCHED).await;
        let alone = due.split_off(WATCHED + UNWATCHED);
        let unwatched = due.split_off(WATCHED);
        report("1 caller", &watched(&host, alone, 1).await);
        report("32 callers", &watched(&host, due, CALLERS).await);
        let began = Instant::now();
        let count = unwatched.len();
        stream::iter(unwatched).map(|due| pay(&host, due)).buffer_unordered(CALLERS).collect::<Vec<_>>().await;
        let answered = began.elapsed().as_secs_f64();
        wait_until_quiet(&host).await;
        let ended = began.elapsed().as_secs_f64();
        println!(
            "32 callers who do not watch: {:.0} payments/s answered, {:.0} payments/s to the end of every saga",
            count as f64 / answered,
            count as f64 / ended
        );
    });
}

fn report(who: &str, (times, seconds): &(Vec<Duration>, f64)) {
    let mut sorted = times.clone();
    sorted.sort();
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{who}: {:.0} payments/s, request to saga completed and view updated: median {:.2} ms, 99th percentile {:.2} ms",
        times.len() as f64 / seconds,
        at(0.5),
        at(0.99)
    );
}

async fn watched(host: &Host, due: Vec<Due>, callers: usize) -> (Vec<Duration>, f64) {
    let began = Instant::now();
    let one = |due: Due| async move {
        let began = Instant::now();
        let token = due.token.clone();
        let answer = pay(host, due).await;
        let saga = format!("/api/sagas/{}", answer["sagaId"].as_str().unwrap());
        while host.call(Method::GET, &saga, &token, None).await["status"] != "completed" {}
        while host.call(Method::GET, "/api/mypage", &token, None).await["payments"][0]["status"]
            != "completed"
        {}
        began.elapsed()
    };
    let times = stream::iter(due).map(one).buffer_unordered(callers).collect().await;
    (times, began.elapsed().as_secs_f64())
}

async fn pay(host: &Host, due: Due) -> Value {
    let body = json!({ "billId": due.bill, "paymentKey": due.key });
    let answer = host.call(Method::POST, "/api/payments", &due.token, Some(body)).await;
    assert_eq!(answer["status"], "captured", "{answer}");
    answer
}

impl Host {
    async fn call(&self, method: Method, path: &str, token: &str, body: Option<Value>) -> Value {
        let mut request = self.client.request(method, format!("http://127.0.0.1:{PORT}{path}"));
        request = request.bearer_auth(token);
        if let Some(body) = body {
            request = request
                .header("idempotency-key", body.to_string().len().to_string() + &key_of(&body))
                .json(&body);
        }
        request.send().await.unwrap().json().await.unwrap_or(Value::Null)
    }

    async fn token(&self, sub: &str, role: &str) -> String {
        let answer =
            self.call(Method::POST, "/dev/token", "", Some(json!({ "sub": sub, "roles": [role] }))).await;
        answer["access_token"].as_str().unwrap().to_owned()
    }
}

/// An idempotency key that is particular to the request.
fn key_of(body: &Value) -> String {
    body["billId"].as_str().unwrap_or("setup").to_owned()
}

async fn start() -> Host {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_local-host"));
    command.args(["--port", &PORT.to_string(), "--data"]).arg(folder.path()).env("LOG_LEVEL", "warn");
    let child = command.stdout(Stdio::null()).spawn().unwrap();
    let host = Host { child, client: Client::new(), _folder: folder };
    let deadline = Instant::now() + Duration::from_secs(30);
    while host.client.get(format!("http://127.0.0.1:{PORT}/api/ready")).send().await.is_err() {
        assert!(Instant::now() < deadline, "the local host starts");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    host
}

/// Customers with a bill each, and a filled-in payment form for it.
async fn prepare(host: &Host, count: usize) -> Vec<Due> {
    let operator = host.token("operator", "operator").await;
    let open = |index: usize| async move {
        let token = host.token(&format!("customer-{index}"), "customer").await;
        let body = json!({ "plan": "published-rates", "wishNumber": number(index) });
        let url = format!("http://127.0.0.1:{PORT}/api/orders");
        let answer = host.client.post(url).bearer_auth(&token).json(&body).send().await.unwrap();
        let order: Value = answer.json().await.unwrap();
        (token, order["orderId"].as_str().unwrap().to_owned())
    };
    let orders: Vec<_> = stream::iter(0..count).map(open).buffered(CALLERS).collect().await;
    wait_until_quiet(host).await;
    let record = |index| format!("r{index},{},voice_day,100,2026-10-05T10:00:00+09:00\n", number(index));
    let csv: Vec<String> = (0..count).map(record).collect();
    let csv = format!("recordId,number,type,quantity,usedAt\n{}", csv.concat());
    let usage = host.client.post(format!("http://127.0.0.1:{PORT}/api/usage")).bearer_auth(&operator);
    usage.header("content-type", "text/csv").body(csv).send().await.unwrap().error_for_status().unwrap();
    host.call(Method::POST, "/api/billing-runs", &operator, Some(json!({ "usageMonth": "2026-10" }))).await;
    while host.call(Method::GET, "/api/billing-runs/2026-10", &operator, None).await["status"] != "completed"
    {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    wait_until_quiet(host).await;
    stream::iter(orders).map(|(token, order)| form(host, token, order)).buffered(CALLERS).collect().await
}

fn number(index: usize) -> String {
    format!("010{:08}", 30_000_000 + index)
}

async fn form(host: &Host, token: String, order: String) -> Due {
    let bill = format!("202610-{order}");
    let amount =
        host.call(Method::GET, &format!("/api/bills/{bill}"), &token, None).await["outstanding"].clone();
    let body = json!({ "card": "approve", "amount": amount, "orderId": bill });
    let answer = host.call(Method::POST, "/dev/payment-keys", "", Some(body)).await;
    Due { token, bill, key: answer["paymentKey"].as_str().unwrap().to_owned() }
}

/// Waits until the bus has delivered everything that is due.
async fn wait_until_quiet(host: &Host) {
    loop {
        let status = host.call(Method::GET, "/dev/bus", "", None).await;
        if status["idle"] == true {
            return;
        }
        assert!(status["idle"].is_boolean(), "{status}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
