//! The log: one JSON object a line on stdout, where the host takes it up without knowing the invocation, so each
//! line carries it: the fields of all spans around the event stand beside the event's own.

use crate::edge::settings::own_lines;
use serde_json::{Map, Value};
use std::fmt;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// Sends the log to stdout, and panics to the log. `filter` is directives as `RUST_LOG` has them; when it is not, our
/// own lines from `info` on are logged, with a warning.
pub(crate) fn start(filter: &str) {
    let parsed = EnvFilter::try_new(filter);
    let refused = parsed.is_err();
    let lines = JsonLines { to: Mutex::new(std::io::stdout()) };
    let filter = parsed.unwrap_or_else(|_| EnvFilter::new(own_lines("info")));
    // A second start, as in a test, keeps the first log.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        let location = panic.location().map(ToString::to_string);
        tracing::error!(panic.location = location, "panicked: {message}");
    }));
    if refused {
        tracing::warn!("the log filter cannot be read; logging from info on");
    }
}

/// Writes each event as one line.
struct JsonLines<W> {
    to: Mutex<W>,
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
mod tests {
    use super::*;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_carries_the_fields_of_its_spans() {
        let memory = Memory::default();
        let lines = JsonLines { to: Mutex::new(memory.clone()) };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
            let outer =
                tracing::info_span!("invocation", invocation.id = "i1", saga.id = tracing::field::Empty);
            outer.record("saga.id", "open-1");
            let _outer = outer.enter();
            let _inner = tracing::info_span!("step", step = 2).entered();
            tracing::warn!(count = 3, late = true, "said \"{}\"", "so");
        });
        let text = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
        let (line, rest) = text.split_once('\n').unwrap();
        assert_eq!(rest, "");
        let line: Value = serde_json::from_str(line).unwrap();
        for (name, value) in [
            ("level", Value::from("WARN")),
            ("message", Value::from("said \"so\"")),
            ("invocation.id", Value::from("i1")),
            ("saga.id", Value::from("open-1")),
            ("step", Value::from(2)),
            ("count", Value::from(3)),
            ("late", Value::from(true)),
        ] {
            assert_eq!(line[name], value, "{name}: {line}");
        }
    }
}
