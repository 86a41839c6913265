use super::*;
use std::sync::Arc;

/// Where lines are written to in tests.
#[derive(Clone, Default)]
pub(super) struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    /// The lines so far.
    pub(super) fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Forgets them.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }
}

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
    let lines = JsonLines::to(memory.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
        let outer = tracing::info_span!("invocation", invocation.id = "i1", saga.id = tracing::field::Empty);
        outer.record("saga.id", "open-1");
        let _outer = outer.enter();
        let _inner = tracing::info_span!("step", step = 2).entered();
        tracing::warn!(count = 3, late = true, "said \"{}\"", "so");
    });
    let lines = memory.lines();
    let [line] = &lines[..] else { panic!("one line, not {lines:?}") };
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
