//! The log: one JSON object a line on stdout, where the host takes it up without knowing the invocation, so each
//! line carries it: the fields of all spans around the event stand beside the event's own.
//!
//! Which lines are written is for [`Levels`] to say, and can change while the process runs: [`follow`].

mod follow;
mod levels;
mod service;

pub(crate) use follow::{Follower, poll_interval};
pub(crate) use service::Service;

use levels::{Levels, Start};
use serde_json::{Map, Value};
use std::fmt;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use telemetry::Export;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Filter, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, reload};

/// The span field that says which service an invocation works for; levels can differ by it.
pub(crate) const SERVICE: &str = "service";

type AnyFilter = Box<dyn Filter<Registry> + Send + Sync>;

/// Which lines are written, now and from the start.
pub(crate) struct Log {
    handle: reload::Handle<AnyFilter, Registry>,
    start: Start,
}

/// Sends the log to stdout, panics to the log, and spans to where they are exported. `RUST_LOG` says which lines are
/// written, in its own form; when it is not set, `LOG_LEVEL`; when that is not set either, or cannot be read, it is
/// `info`, with a warning.
pub(crate) fn start(get: impl Fn(&'static str) -> Option<String>, export: Option<&Export>) -> Log {
    let (start, refused) = Start::read(get("RUST_LOG"), get("LOG_LEVEL").as_deref());
    let (filter, handle) = reload::Layer::new(start.filter());
    let lines = JsonLines::to(std::io::stdout()).with_filter(filter);
    // A second start, as in a test, keeps the first log.
    let _ = tracing_subscriber::registry().with(lines).with(export.map(Export::layer)).try_init();
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        let location = panic.location().map(ToString::to_string);
        tracing::error!(panic.location = location, "panicked: {message}");
    }));
    if refused {
        tracing::warn!("RUST_LOG or LOG_LEVEL cannot be read; logging from info on");
    }
    Log { handle, start }
}

impl Log {
    /// Writes the lines that these levels ask for, from the next one on.
    fn apply(&self, levels: Levels) {
        self.replace(Box::new(levels));
    }

    /// Writes the lines that it wrote at the start.
    fn reset(&self) {
        self.replace(self.start.filter());
    }

    fn replace(&self, filter: AnyFilter) {
        // It fails when there is no log any more, as in a test that has ended.
        let _ = self.handle.reload(filter);
    }
}

/// Writes each event as one line.
struct JsonLines<W> {
    to: Mutex<W>,
}

impl<W> JsonLines<W> {
    fn to(to: W) -> Self {
        Self { to: Mutex::new(to) }
    }
}

#[derive(Default)]
struct Fields(Map<String, Value>);

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Write + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Fields::default();
        line.put("time", now());
        line.put("level", event.metadata().level().as_str());
        line.put("target", event.metadata().target());
        for span in
            context.event_scope(event).into_iter().flat_map(tracing_subscriber::registry::Scope::from_root)
        {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.0.extend(fields.0.clone());
            }
        }
        event.record(&mut line);
        let mut text = Value::Object(line.0).to_string();
        text.push('\n');
        let mut to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        // A log that cannot be written is no reason to fail.
        let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
    }
}

impl Fields {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        // Events of the `log` crate bring their own metadata as fields; only the target says something here.
        match name {
            "log.target" => self.0.insert("target".to_owned(), value.into()),
            "log.file" | "log.line" | "log.module_path" => None,
            _ => self.0.insert(name.to_owned(), value.into()),
        };
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), value);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "log lines carry the machine's time, whatever a test clock says"
)]
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

#[cfg(test)]
mod tests;
