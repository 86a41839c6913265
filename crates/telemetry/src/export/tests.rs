use super::*;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SpanData};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;
use tracing_subscriber::layer::SubscriberExt;

/// More spans than the queue takes.
const MANY: u64 = 5_000;
/// How long anything here may take at most.
const SOON: Duration = Duration::from_secs(10);

/// Makes spans, as work that is being followed does.
fn work(export: &Export, spans: u64) {
    tracing::subscriber::with_default(tracing_subscriber::registry().with(export.layer()), || {
        for _ in 0..spans {
            drop(crate::spans::request("GET", Some("/api/bills"), "i1", None));
        }
    });
}

/// Fails as long as it is told to.
#[derive(Debug, Default, Clone)]
struct Moody {
    down: Arc<AtomicBool>,
}

impl opentelemetry_sdk::trace::SpanExporter for Moody {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        if self.down.load(Ordering::Acquire) {
            Err(OTelSdkError::InternalFailure("the collector is down".to_owned()))
        } else {
            Ok(())
        }
    }
}

/// Takes its first batch, says so, and comes back only when it is let go.
#[derive(Debug)]
struct Hanging {
    began: Mutex<Sender<()>>,
    let_go: Mutex<Receiver<()>>,
}

impl opentelemetry_sdk::trace::SpanExporter for Hanging {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        let _ = self.began.lock().unwrap().send(());
        let _ = self.let_go.lock().unwrap().recv();
        Ok(())
    }
}

#[test]
fn what_was_done_reaches_the_collector_at_the_latest_when_the_process_ends() {
    let memory = InMemorySpanExporter::default();
    let export = Export::to(memory.clone());
    work(&export, 3);
    let tally = Arc::clone(&export.tally);
    export.flush().unwrap();
    let spans = memory.get_finished_spans().unwrap();
    assert_eq!(spans.len(), 3);
    assert_eq!(spans[0].name, "GET /api/bills");
    export.shut_down();
    assert_eq!(tally.lost(), 0);
}

#[test]
fn spans_that_the_collector_refuses_are_counted() {
    let moody = Moody::default();
    let export = Export::to(moody.clone());
    for (down, spans) in [(false, 2), (true, 3), (false, 4)] {
        moody.down.store(down, Ordering::Release);
        work(&export, spans);
        assert_eq!(export.flush().is_err(), down);
    }
    assert_eq!(export.tally.lost(), 3);
}

#[test]
fn a_collector_that_hangs_holds_up_nothing_and_what_does_not_fit_the_queue_is_counted() {
    let (began, first_batch) = channel();
    let (let_go, hold) = channel();
    let hanging = Hanging { began: Mutex::new(began), let_go: Mutex::new(hold) };
    let export = Export::to(hanging);
    work(&export, 600);
    first_batch.recv_timeout(SOON).unwrap();
    let before = Instant::now();
    work(&export, MANY);
    assert!(before.elapsed() < SOON, "making spans waits for the collector");
    let tally = Arc::clone(&export.tally);
    let before = Instant::now();
    export.shut_down();
    assert!(before.elapsed() < SOON, "the end waits for the collector");
    assert!(tally.lost() >= MANY - QUEUE_SPANS, "{}", tally.lost());
    drop(let_go);
}

/// The address that a process with these settings posts its spans to, `{}` being the collector's.
#[track_caller]
fn posts_to(settings: &[(&str, &str)]) -> String {
    let collector = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let at = collector.local_addr().unwrap().to_string();
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args(["--exact", "export::tests::a_span_goes_where_the_environment_says"]);
    process.envs(settings.iter().map(|(name, value)| (name, value.replace("{}", &at))));
    let mut process = process.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let (begins, begun) = channel();
    std::thread::spawn(move || {
        let (mut request, (stream, _)) = (String::new(), collector.accept().unwrap());
        BufReader::new(stream).read_line(&mut request).unwrap();
        begins.send(request)
    });
    let request = begun.recv_timeout(SOON);
    process.kill().unwrap();
    process.wait().unwrap();
    request.unwrap().split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn the_address_for_traces_stands_as_it_is_and_the_one_for_everything_gets_their_path() {
    let (traces, all) = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");
    assert_eq!(posts_to(&[(traces, "http://{}/spans"), (all, "")]), "/spans");
    assert_eq!(posts_to(&[(traces, "http://{}/spans"), (all, "http://127.0.0.1:1")]), "/spans");
    assert_eq!(posts_to(&[(traces, ""), (all, "http://{}")]), "/v1/traces");
}

/// Does nothing here, where no collector is set; the test above runs it in a process where one is.
#[test]
fn a_span_goes_where_the_environment_says() {
    let Some(export) = Export::from_environment().unwrap() else { return };
    work(&export, 1);
    export.shut_down();
}

#[test]
fn either_address_is_the_switch_unless_everything_is_off() {
    let to = |settings: &[(&str, &str)]| {
        let get = |wanted: &'static str| {
            let found = settings.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        };
        super::endpoint(get)
    };
    let (traces, all) = (("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "a"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "b"));
    assert_eq!(to(&[]), None);
    assert_eq!(to(&[traces]).as_deref(), Some("a"));
    assert_eq!(to(&[all]).as_deref(), Some("b"));
    assert_eq!(to(&[all, traces]).as_deref(), Some("a"));
    assert_eq!(to(&[all, traces, ("OTEL_SDK_DISABLED", "True")]), None);
}

#[test]
fn samplers_are_those_of_the_specification_and_ratios_are_ratios() {
    let exists = |sampler: Option<&str>, argument: Option<&str>| {
        sampler_exists(sampler.map(str::to_owned), argument.map(str::to_owned))
    };
    assert!(exists(None, None));
    assert!(exists(Some("parentbased_always_on"), None));
    assert!(exists(Some("parentbased_traceidratio"), Some("0.05")));
    assert!(exists(Some("traceidratio"), Some("1")));
    for (sampler, argument) in [
        ("parentbased_traceidratio", None),
        ("parentbased_traceidratio", Some("5%")),
        ("traceidratio", Some("1.5")),
        ("traceidratio", Some("NaN")),
        ("jaeger_remote", None),
        ("sometimes", Some("0.5")),
    ] {
        assert!(!exists(Some(sampler), argument), "{sampler} {argument:?}");
    }
}

#[test]
fn a_process_is_called_what_the_settings_call_it() {
    let name = |settings: &[(&str, &str)]| {
        let get = |wanted: &'static str| {
            let found = settings.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        };
        super::resource(get).get(&opentelemetry::Key::new("service.name")).map(|name| name.to_string())
    };
    assert_eq!(name(&[]).as_deref(), Some(SERVICE_NAME_DEFAULT));
    assert_eq!(name(&[("WEBSITE_SITE_NAME", "func-pay")]).as_deref(), Some("func-pay"));
    // The SDK reads these two itself, from the environment.
    for named in [("OTEL_SERVICE_NAME", "x"), ("OTEL_RESOURCE_ATTRIBUTES", "a=b,service.name=x")] {
        assert_ne!(name(&[named, ("WEBSITE_SITE_NAME", "func-pay")]).as_deref(), Some("func-pay"));
    }
}
