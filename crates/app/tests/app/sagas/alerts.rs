//! What is logged of a saga that waits for an operator: an alert is raised on that line.

use super::play::{Course, Play};
use domain::saga::{Kind, Status};
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use testkit::Delivery;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// The messages of the errors that were logged.
#[derive(Clone, Default)]
struct Errors(Arc<Mutex<Vec<String>>>);

impl Errors {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl<S: Subscriber> Layer<S> for Errors {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == Level::ERROR {
            event.record(&mut Message(&mut self.0.lock().unwrap()));
        }
    }
}

struct Message<'a>(&'a mut Vec<String>);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0.push(format!("{value:?}"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_comes_again_after_an_operators_retry_raises_no_alert() {
    let mut stage = Play { kind: Kind::PayBill, course: Course::UndoRefused }.begin(&[], false).await;
    stage.rest().await;
    assert_eq!(stage.status(), Some(Status::Stuck));
    let delivered = stage.world.plan.take_delivered();
    let is_refusal = |delivery: &&Delivery| delivery.message.subject == "saga.undo_refused";
    let refusal = delivered.iter().rfind(is_refusal).unwrap();

    let errors = Errors::default();
    // Not before the line was met once: what meets it first without a listener, in another test's thread, would decide
    // that nobody listens.
    let _listening = tracing::subscriber::set_default(tracing_subscriber::registry().with(errors.clone()));
    stage.world.app.retry_saga(&stage.saga).await.unwrap();
    stage.world.handle(refusal).await.unwrap().unwrap();
    assert_eq!(stage.status(), Some(Status::Compensating));
    assert_eq!(errors.take(), [] as [&str; 0]);

    // The undo that the operator asked for is refused as well.
    stage.rest().await;
    assert_eq!(stage.status(), Some(Status::Stuck));
    assert_eq!(errors.take(), ["saga stuck: an operator must act"]);
}
