use super::DemoError;
use std::fmt::Display;
use std::io::{self, Write};

/// What the person sees: standard output.
pub(super) struct Screen {
    out: io::Stdout,
    steps: u32,
}

impl Screen {
    pub(super) fn start() -> Self {
        Self { out: io::stdout(), steps: 0 }
    }

    /// One line, or several.
    pub(super) fn line(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// Several lines, indented below the call that they belong to.
    pub(super) fn block(&mut self, text: impl Display) -> io::Result<()> {
        let text = text.to_string();
        text.lines().try_for_each(|line| writeln!(self.out, "    {line}"))?;
        self.out.flush()
    }

    /// The title of the next step.
    pub(super) fn step(&mut self, title: &str) -> io::Result<()> {
        self.steps += 1;
        writeln!(self.out, "\n{}. {title}", self.steps)
    }

    pub(super) fn ending(&mut self, calls: u32) -> io::Result<()> {
        writeln!(self.out, "\nAll of it was as it should be: {} scenes, {calls} calls.", self.steps)?;
        self.out.flush()
    }

    /// The reason with its causes, where errors go.
    pub(super) fn failed(&mut self, error: &DemoError) {
        // A console that is gone cannot be told.
        let _ = self.out.flush();
        let mut text = format!("error: {error}");
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        let _ = writeln!(io::stderr(), "{text}");
    }
}
