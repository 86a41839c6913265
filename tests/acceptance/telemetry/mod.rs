//! What reaches an OpenTelemetry collector, and what becomes of payments when there is none to be reached.

mod collector;

use crate::harness::{Bill, LocalHost, Options, SOON, User, at, until};
use collector::{Collector, Mood, Span};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
/// Customers that are nowhere else, so that they can be looked for.
const CUSTOMER: &str = "canary-customer-91c4";
const NUMBER: &str = "01041875302";
/// Kinds of spans, as OTLP numbers them.
const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;
/// How long a payment may take on a busy machine: half of what an export may.
const PAYMENT_MAX: Duration = Duration::from_secs(5);

fn options(endpoint: &str, settings: &[(&'static str, &str)]) -> Options {
    let fixed = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), ("OTEL_SERVICE_NAME", "phone-test")];
    let all = fixed.iter().chain(settings).map(|(name, value)| (*name, (*value).to_owned()));
    Options { settings: Vec::leak(all.collect()), ..Options::default() }
}

/// Soon, so that tests need not wait.
const AT_ONCE: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "50");

fn traceparent(trace: &str) -> String {
    format!("00-{trace}-{CALLER}-01")
}

/// A customer with a bill to pay.
async fn with_bill(host: &LocalHost) -> (User, Bill) {
    host.api.set_clock(&at("2026-10-01")).await;
    let user = host.api.customer(CUSTOMER).await;
    user.open_line(&json!({ "plan": "lte-basic", "wishNumber": NUMBER })).await;
    host.api.set_clock(&at("2026-11-02")).await;
    host.api.run_month("2026-10").await;
    let user = host.api.customer(CUSTOMER).await;
    let bill = user.unpaid_bill().await;
    (user, bill)
}

/// Every span has its parent in the trace, but for the ones that the caller's span is the parent of.
fn expect_one_tree(spans: &[Span]) {
    let ids: BTreeSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    assert_eq!(ids.len(), spans.len(), "every span has an id of its own");
    let strays = spans.iter().filter(|span| span.parent != CALLER && !ids.contains(span.parent.as_str()));
    let strays: Vec<&Span> = strays.collect();
    assert!(strays.is_empty(), "spans without a parent: {strays:#?}");
}

#[track_caller]
fn of_kind(spans: &[Span], kind: i32, names: &[&str]) {
    for name in names {
        let found = spans.iter().find(|span| span.name == *name);
        let kinds = found.map(|span| span.kind);
        assert_eq!(
            kinds,
            Some(kind),
            "{name} in {:?}",
            spans.iter().map(|span| &span.name).collect::<Vec<_>>()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_one_trace_from_the_callers_request_to_the_view() {
    let collector = Collector::start(Mood::Taking).await;
    let host =
        LocalHost::start_with(Options { workers: 2, ..options(&collector.endpoint, &[AT_ONCE]) }).await;
    let (user, bill) = with_bill(&host).await;
    let key = host.api.payment_key("approve", &bill).await;
    let form = json!({ "billId": bill.id, "paymentKey": key });
    let request = user.post("/api/payments", &form).key("canary-idempotency-key");
    let paid = request.header("traceparent", &traceparent(TRACE)).expect(201).await;
    let saga = paid.text_at("/sagaId");
    user.saga_ends(&saga, "completed").await;
    host.api.quiet().await;
    // pay.captured, bill.settled and pay.completed are what the view and the saga's record follow.
    let spans = collector
        .has(
            TRACE,
            &[
                ("POST /api/payments", 1),
                ("gateway find", 1),
                ("gateway confirm", 1),
                ("send events", 3),
                ("send saga-deadlines", 1),
                ("process events/bill-on-payment-captured", 1),
                ("process events/pay-on-bill-settled", 1),
                ("process events/mypage-project", 3),
                ("process events/saga-track", 3),
            ],
        )
        .await;
    expect_one_tree(&spans);
    of_kind(&spans, SERVER, &["POST /api/payments"]);
    of_kind(
        &spans,
        CLIENT,
        &["gateway confirm", "commit payments", "commit bills", "commit mypage", "commit sagas"],
    );
    of_kind(&spans, PRODUCER, &["send events", "send saga-deadlines"]);
    of_kind(&spans, CONSUMER, &["process events/mypage-project", "process events/saga-track"]);
    let roots: Vec<&Span> = spans.iter().filter(|span| span.parent == CALLER).collect();
    assert_eq!(roots.len(), 1, "{roots:#?}");
    assert_eq!(roots[0].attribute("http.response.status_code"), "201");
    for span in spans.iter().filter(|span| span.kind == CONSUMER) {
        assert_eq!(span.attribute("messaging.message.conversation_id"), saga, "{span:#?}");
        let sender = spans.iter().find(|sender| sender.id == span.parent).unwrap();
        assert_eq!(sender.kind, PRODUCER, "{sender:#?}");
        assert_eq!(sender.attribute("messaging.message.id"), span.attribute("messaging.message.id"));
    }
    assert!(spans.iter().all(|span| span.resource["service.name"] == "phone-test"));
    expect_nothing_personal(&collector, &[&key, &user.token, "canary-idempotency-key"]);
}

fn expect_nothing_personal(collector: &Collector, secrets: &[&str]) {
    let all = format!("{:?}", collector.all());
    for canary in secrets.iter().chain(&[CUSTOMER, NUMBER]) {
        assert!(!all.contains(canary), "{canary} stands in a span");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_deadlines_and_compensations_stay_in_the_trace_of_the_request_behind_them() {
    let collector = Collector::start(Mood::Taking).await;
    let host = LocalHost::start_with(options(&collector.endpoint, &[AT_ONCE])).await;
    host.api.set_clock(&at("2026-10-01")).await;
    let (first, second) = (host.api.customer("kim").await, host.api.customer("lee").await);
    first.open_line(&json!({ "plan": "lte-basic", "wishNumber": NUMBER })).await;
    let (refused, run) = ("a".repeat(32), "b".repeat(32));
    let form = json!({ "plan": "lte-basic", "wishNumber": NUMBER });
    let order = second.post("/api/orders", &form).header("traceparent", &traceparent(&refused));
    let order = order.expect(202).await;
    second.saga_ends(&order.text_at("/sagaId"), "compensated").await;
    // Beyond every deadline.
    host.api.set_clock(&at("2026-11-02")).await;
    let compensated =
        [("send compensations", 2), ("process compensations", 2), ("process saga-deadlines", 1)];
    expect_one_tree(&collector.has(&refused, &compensated).await);
    let operator = host.api.operator().await;
    let start = operator.post("/api/billing-runs", &json!({ "usageMonth": "2026-10" }));
    start.header("traceparent", &traceparent(&run)).expect(202).await;
    operator.run_ends("2026-10").await;
    host.api.quiet().await;
    // One message plans the run, and one is for each bucket.
    let billed = [
        ("process billing", 33),
        ("process events/pay-on-bill-issued", 1),
        ("process events/mypage-project", 1),
    ];
    expect_one_tree(&collector.has(&run, &billed).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_to_be_sampled_is_exported_and_the_rest_at_the_end_of_the_process() {
    let collector = Collector::start(Mood::Taking).await;
    let settings = [
        ("OTEL_BSP_SCHEDULE_DELAY", "600000"),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0"),
    ];
    let host = LocalHost::start_with(options(&collector.endpoint, &settings)).await;
    host.api.get("/api/plans").expect(200).await;
    host.api.get("/api/plans").header("traceparent", &traceparent(TRACE)).expect(200).await;
    assert_eq!(collector.batches(), 0);
    let [handler] = host.handlers().await[..] else { panic!("one handler") };
    LocalHost::terminate_handler(handler);
    collector.has(TRACE, &[("GET /api/plans", 1)]).await;
    assert_eq!(collector.all().len(), 1, "{:#?}", collector.all());
}

/// Pays a bill, and cancels it so that it can be paid again.
async fn pay_again(user: &User, bill: &Bill) -> Duration {
    let before = Instant::now();
    let paid = user.pay(bill, "approve").await;
    let took = before.elapsed();
    assert_eq!(paid.status, 201, "{}", paid.text);
    user.saga_ends(&paid.text_at("/sagaId"), "completed").await;
    let cancelled = user.cancel(&paid.text_at("/paymentId"), "again").await;
    user.saga_ends(&cancelled.text_at("/sagaId"), "completed").await;
    took
}

/// Payments work as ever, nobody waits, and the log tells of it once.
async fn expect_no_harm(endpoint: &str, settings: &[(&'static str, &str)], tells: bool) {
    let host = LocalHost::start_with(options(endpoint, settings)).await;
    let (user, bill) = with_bill(&host).await;
    for _ in 0..3 {
        let took = pay_again(&user, &bill).await;
        assert!(took < PAYMENT_MAX, "{took:?}");
    }
    if tells {
        let warnings = until("a warning", SOON, async || {
            let log = host.log();
            let lines = log.lines().filter(|line| line.contains("spans do not reach the collector"));
            Some(lines.count()).filter(|count| *count > 0)
        })
        .await;
        assert_eq!(warnings, 1, "{}", host.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_harms_nobody() {
    let collector = Collector::start(Mood::Hanging).await;
    expect_no_harm(&collector.endpoint, &[AT_ONCE, ("OTEL_BSP_MAX_QUEUE_SIZE", "16")], false).await;
    assert!(collector.batches() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_refuses_harms_nobody() {
    let collector = Collector::start(Mood::Refusing).await;
    expect_no_harm(&collector.endpoint, &[AT_ONCE, ("OTEL_EXPORTER_OTLP_TIMEOUT", "200")], true).await;
    assert!(collector.batches() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_not_there_harms_nobody() {
    // Taken and given back: nobody listens there now.
    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    expect_no_harm(&format!("http://{nobody}"), &[AT_ONCE, ("OTEL_EXPORTER_OTLP_TIMEOUT", "200")], true)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_the_exporter_that_cannot_be_used_are_told_of_and_nothing_is_exported() {
    let collector = Collector::start(Mood::Taking).await;
    let settings = [AT_ONCE, ("OTEL_TRACES_SAMPLER", "sometimes")];
    let host = LocalHost::start_with(options(&collector.endpoint, &settings)).await;
    host.api.get("/api/plans").expect(200).await;
    let line = until("a warning", SOON, async || {
        let log = host.log();
        log.lines().find(|line| line.contains("no spans are exported")).map(str::to_owned)
    })
    .await;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert!(line["error"].as_str().unwrap().contains("OTEL_TRACES_SAMPLER"), "{line}");
    assert_eq!(collector.batches(), 0);
}
