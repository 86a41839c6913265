use super::super::levels::Start;
use super::super::tests::Memory;
use super::super::{AnyFilter, JsonLines};
use super::*;
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Mutex;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::reload;

type Answer = Result<Reading, DocumentError>;

/// A store whose one document a test changes.
#[derive(Default)]
struct Desk {
    content: Mutex<Option<&'static str>>,
    broken: Mutex<bool>,
    known: Mutex<Vec<Option<ETag>>>,
}

#[async_trait]
impl Documents for Desk {
    async fn read(&self, name: &str, known: Option<&ETag>) -> Answer {
        assert_eq!(name, "runtime.json");
        self.known.lock().unwrap().push(known.cloned());
        if *self.broken.lock().unwrap() {
            return Err(DocumentError::Store("no such host".into()));
        }
        let Some(content) = *self.content.lock().unwrap() else { return Ok(Reading::Missing) };
        let etag = ETag(content.to_owned());
        if known == Some(&etag) {
            return Ok(Reading::Unchanged);
        }
        Ok(Reading::Found(Document { etag, content: Bytes::from_static(content.as_bytes()) }))
    }

    async fn create(&self, _: &str, _: &str, _: Bytes) -> Result<app::ports::Stored, DocumentError> {
        unreachable!("the log stores nothing")
    }

    async fn ping(&self) -> Result<(), DocumentError> {
        Ok(())
    }
}

/// A log in memory that follows a desk.
struct World {
    desk: Arc<Desk>,
    follower: Follower,
    memory: Memory,
    _subscriber: DefaultGuard,
}

impl World {
    fn started(rust_log: Option<&str>, log_level: Option<&str>) -> Self {
        let (start, _) = Start::read(rust_log.map(str::to_owned), log_level);
        let (filter, handle) = reload::Layer::<AnyFilter, _>::new(start.filter());
        let memory = Memory::default();
        let lines = JsonLines::to(memory.clone()).with_filter(filter);
        let subscriber = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines));
        let desk = Arc::new(Desk::default());
        let follower = Follower::new(desk.clone(), Log { handle, start });
        Self { desk, follower, memory, _subscriber: subscriber }
    }

    /// What is written of two looks, and of a line of each service after them.
    async fn after(&mut self, content: Option<&'static str>) -> Vec<String> {
        *self.desk.content.lock().unwrap() = content;
        self.memory.clear();
        self.follower.look().await;
        self.follower.look().await;
        for service in ["pay", "bill"] {
            let _invocation = tracing::info_span!(target: "functions", "invocation", service).entered();
            tracing::debug!(target: "app", "{service} speaks");
        }
        let lines = self.memory.lines();
        lines.iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    }
}

const CHANGE: &str = "the log levels change";
const REFUSED: &str = "log levels that cannot be used change nothing";
const START: &str = "the log levels are those of the start again";

#[tokio::test]
async fn the_levels_are_those_of_the_document_as_long_as_it_is_there() {
    let mut world = World::started(None, None);
    assert_eq!(world.after(None).await, Vec::<String>::new());
    assert_eq!(world.after(Some(r#"{"services":{"pay":"debug"}}"#)).await, [CHANGE, "pay speaks"]);
    assert_eq!(world.after(Some(r#"{"services":{"bill":"debug"}}"#)).await, [CHANGE, "bill speaks"]);
    assert_eq!(world.after(None).await, [START]);
}

#[tokio::test]
async fn a_broken_document_is_told_of_once_and_changes_nothing() {
    let mut world = World::started(None, None);
    let pay = Some(r#"{"services":{"pay":"debug"}}"#);
    assert_eq!(world.after(pay).await, [CHANGE, "pay speaks"]);
    assert_eq!(world.after(Some(r#"{"logLevel":"loud"}"#)).await, [REFUSED, "pay speaks"]);
    assert_eq!(world.after(pay).await, [CHANGE, "pay speaks"]);
    assert_eq!(world.after(Some("{")).await, [REFUSED, "pay speaks"]);
    assert_eq!(world.after(None).await, [START]);
}

#[tokio::test]
async fn a_store_that_does_not_answer_changes_nothing_and_is_told_of_once() {
    let mut world = World::started(None, None);
    let pay = Some(r#"{"services":{"pay":"debug"}}"#);
    assert_eq!(world.after(pay).await, [CHANGE, "pay speaks"]);
    *world.desk.broken.lock().unwrap() = true;
    assert_eq!(world.after(None).await, ["the log levels cannot be read", "pay speaks"]);
    assert_eq!(world.after(None).await, ["pay speaks"]);
    *world.desk.broken.lock().unwrap() = false;
    assert_eq!(world.after(pay).await, ["pay speaks"]);
}

#[tokio::test]
async fn the_finer_setting_holds_until_there_is_a_document_and_again_when_it_is_gone() {
    let mut world = World::started(Some("app=debug,functions=info"), None);
    assert_eq!(world.after(None).await, ["pay speaks", "bill speaks"]);
    assert_eq!(world.after(Some(r#"{"logLevel":"info"}"#)).await, [CHANGE]);
    assert_eq!(world.after(None).await, [START, "pay speaks", "bill speaks"]);
}

#[tokio::test]
async fn an_unchanged_document_is_asked_for_by_its_version() {
    let mut world = World::started(None, None);
    world.after(Some("{}")).await;
    assert_eq!(*world.desk.known.lock().unwrap(), [None, Some(ETag("{}".to_owned()))]);
}

#[test]
fn the_time_between_two_looks_can_be_set_within_bounds() {
    assert_eq!(poll_interval(None), Duration::from_secs(20));
    assert_eq!(poll_interval(Some("50")), Duration::from_millis(50));
    for wrong in ["0", "-1", "soon", "99999999999"] {
        assert_eq!(poll_interval(Some(wrong)), Duration::from_secs(20), "{wrong}");
    }
}
