//! Counts the spans that do not reach the collector, and says so in the log without filling it.

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// What became of the spans of this process.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Spans that were handed to the queue.
    ended: AtomicU64,
    /// Spans that the collector took.
    delivered: AtomicU64,
    /// Spans of batches that it did not take.
    refused: AtomicU64,
    /// Whether the last batch was not taken.
    down: AtomicBool,
    /// Spans that can wait or be on their way.
    room: u64,
    /// Whether it was told that the queue is too small.
    told: AtomicBool,
}

impl Tally {
    /// Nothing yet, of a queue that holds so many spans with those that are on their way.
    pub(crate) fn new(room: u64) -> Self {
        Self { room, ..Self::default() }
    }

    /// Spans that did not fit the queue, at the least: some of what seems to wait may not have fitted either.
    fn left_out(&self) -> u64 {
        self.lost().saturating_sub(self.refused.load(Ordering::Acquire)).saturating_sub(self.room)
    }

    /// Spans that are neither with the collector nor waiting, once nothing waits any more.
    pub(crate) fn lost(&self) -> u64 {
        let (ended, delivered) = (self.ended.load(Ordering::Acquire), self.delivered.load(Ordering::Acquire));
        ended.saturating_sub(delivered)
    }

    /// One line when the collector stops taking spans, one when it takes them again.
    fn exported(&self, spans: u64, outcome: &OTelSdkResult) {
        if let Err(error) = outcome {
            let refused = self.refused.fetch_add(spans, Ordering::AcqRel) + spans;
            if !self.down.swap(true, Ordering::AcqRel) {
                let error: &dyn std::error::Error = error;
                tracing::warn!(spans.lost = refused, error, "spans do not reach the collector");
            }
            return;
        }
        self.delivered.fetch_add(spans, Ordering::AcqRel);
        if self.down.swap(false, Ordering::AcqRel) {
            let refused = self.refused.load(Ordering::Acquire);
            tracing::info!(spans.lost = refused, "spans reach the collector again");
        }
        let left_out = self.left_out();
        if left_out > 0 && !self.told.swap(true, Ordering::AcqRel) {
            tracing::warn!(spans.lost = left_out, "spans do not fit the queue");
        }
    }
}

/// A queue of spans whose input is counted.
#[derive(Debug)]
pub(crate) struct CountedQueue<P> {
    pub(crate) queue: P,
    pub(crate) tally: Arc<Tally>,
}

impl<P: SpanProcessor> SpanProcessor for CountedQueue<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.queue.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() {
            self.tally.ended.fetch_add(1, Ordering::AcqRel);
        }
        self.queue.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.queue.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.queue.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.queue.set_resource(resource);
    }
}

/// An exporter whose outcomes are counted.
#[derive(Debug)]
pub(crate) struct CountedExporter<E> {
    pub(crate) exporter: E,
    pub(crate) tally: Arc<Tally>,
}

impl<E: SpanExporter> SpanExporter for CountedExporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let outcome = self.exporter.export(batch).await;
        self.tally.exported(spans, &outcome);
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_sdk::error::OTelSdkError;

    #[test]
    fn what_neither_waits_nor_was_refused_did_not_fit() {
        let tally = Tally::new(3);
        tally.ended.store(2, Ordering::Release);
        tally.exported(2, &Ok(()));
        tally.ended.store(10, Ordering::Release);
        tally.exported(4, &Err(OTelSdkError::InternalFailure("down".to_owned())));
        assert_eq!((tally.left_out(), tally.lost()), (1, 8));
        assert!(!tally.told.load(Ordering::Acquire), "it is told with the next batch that is taken");
        tally.exported(0, &Ok(()));
        assert!(tally.told.load(Ordering::Acquire) && !tally.down.load(Ordering::Acquire));
    }
}
