use super::*;
use crate::edge::log::tests::Memory;
use crate::edge::log::{JsonLines, SERVICE};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;

fn start(log_level: Option<&str>) -> Start {
    let (start, refused) = Start::read(None, log_level);
    assert!(!refused);
    start
}

fn parse(document: &str) -> Levels {
    Levels::parse(document.as_bytes(), &start(None)).unwrap()
}

/// What is written of one event of each kind, in an invocation of each service.
fn written(filter: AnyFilter) -> Vec<String> {
    let memory = Memory::default();
    let lines = JsonLines::to(memory.clone()).with_filter(filter);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
        for service in ["pay", "bill", ""] {
            let invocation = tracing::info_span!(target: "functions::edge", "invocation", service);
            let _invocation = invocation.entered();
            let _call = tracing::info_span!(target: "otel_span", "call").entered();
            tracing::error!(target: "app::store", "error");
            tracing::info!(target: "app", "info");
            tracing::debug!(target: "toss::answer", "debug");
            tracing::trace!(target: "functions::pay", "trace");
            tracing::warn!(target: "azure_core", "their warning");
            tracing::info!(target: "application", "their info");
        }
        tracing::debug!(target: "app", "alone");
    });
    memory
        .lines()
        .iter()
        .map(|line| {
            let service = line.get(SERVICE).and_then(|service| service.as_str()).unwrap_or("-");
            format!("{service} {}", line["message"].as_str().unwrap())
        })
        .collect()
}

#[test]
fn a_service_can_say_more_than_the_others() {
    let levels = parse(r#"{"logLevel":"info","services":{"pay":"debug"}}"#);
    let expected = [
        "pay error",
        "pay info",
        "pay debug",
        "pay their warning",
        "bill error",
        "bill info",
        "bill their warning",
        " error",
        " info",
        " their warning",
    ];
    assert_eq!(written(Box::new(levels)), expected);
}

#[test]
fn a_service_can_say_less_than_the_others_and_its_lines_still_name_it() {
    let levels = parse(r#"{"logLevel":"debug","services":{"bill":"error"}}"#);
    let lines = written(Box::new(levels));
    let of_bill: Vec<&String> = lines.iter().filter(|line| line.starts_with("bill")).collect();
    assert_eq!(of_bill, ["bill error", "bill their warning"]);
    assert!(lines.contains(&"pay debug".to_owned()) && lines.contains(&"- alone".to_owned()), "{lines:?}");
}

#[test]
fn libraries_never_say_more_than_warnings() {
    let lines = written(Box::new(parse(r#"{"logLevel":"trace"}"#)));
    assert!(lines.contains(&"pay trace".to_owned()), "{lines:?}");
    assert!(!lines.contains(&"pay their info".to_owned()), "{lines:?}");
    assert_eq!(written(Box::new(parse(r#"{"logLevel":"off"}"#))), Vec::<String>::new());
    assert!(!written(Box::new(parse(r#"{"logLevel":"error"}"#))).contains(&"pay their warning".to_owned()));
}

#[test]
fn what_a_document_leaves_out_is_as_at_the_start() {
    let levels = Levels::parse(br#"{"services":{"saga":"trace"}}"#, &start(Some("warn"))).unwrap();
    assert_eq!(levels.to_string(), "warn, saga trace");
    assert_eq!(parse("{}"), Levels::from_level(LevelFilter::INFO));
}

#[test]
fn a_document_in_another_form_is_refused() {
    let long = format!("{}{{}}", " ".repeat(DOCUMENT_BYTES_MAX));
    for document in [
        "",
        "null",
        "[]",
        "{",
        r#"{"logLevel":"loud"}"#,
        r#"{"logLevel":5}"#,
        r#"{"loglevel":"info"}"#,
        r#"{"services":{"payments":"debug"}}"#,
        r#"{"services":{"pay":null}}"#,
        "\u{feff}{}",
        &long,
    ] {
        assert!(Levels::parse(document.as_bytes(), &start(None)).is_err(), "{document}");
    }
}

#[test]
fn the_start_follows_the_finer_setting_or_the_plainer_or_info() {
    let read = |rust_log: Option<&str>, log_level: Option<&str>| {
        let (start, refused) = Start::read(rust_log.map(str::to_owned), log_level);
        (written(start.filter()), refused)
    };
    let (fine, refused) = read(Some("toss=debug"), Some("error"));
    assert_eq!((fine, refused), (vec!["- debug".to_owned(); 3], false));
    let (plain, refused) = read(None, Some("error"));
    assert_eq!((plain, refused), (vec!["pay error".into(), "bill error".into(), " error".into()], false));
    let (nothing_said, _) = read(None, None);
    assert!(nothing_said.contains(&"pay info".to_owned()) && !nothing_said.contains(&"pay debug".to_owned()));
    for (rust_log, log_level) in [(Some("app=loud"), None), (None, Some("loud"))] {
        assert_eq!(read(rust_log, log_level), (nothing_said.clone(), true));
    }
}

#[test]
fn levels_that_are_off_cost_nothing() {
    fn interests(levels: &Levels) -> Vec<Interest> {
        let spans = tracing::info_span!("own").metadata().into_iter();
        spans.map(|metadata| levels.callsite(metadata)).collect()
    }
    let lines = JsonLines::to(Memory::default()).with_filter(parse(r#"{"services":{"pay":"debug"}}"#));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
        let levels = parse(r#"{"services":{"pay":"debug"}}"#);
        assert!(interests(&levels).iter().all(Interest::is_always));
        let hint = <Levels as Filter<tracing_subscriber::Registry>>::max_level_hint;
        assert_eq!(hint(&levels), Some(LevelFilter::DEBUG));
        assert_eq!(hint(&Levels::from_level(LevelFilter::ERROR)), Some(LevelFilter::INFO), "for the spans");
    });
}
