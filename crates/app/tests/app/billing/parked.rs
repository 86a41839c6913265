//! Lines that cannot be billed.

use super::{counts, open_lines};
use crate::world::World;
use crate::world::commands::month;
use domain::bill::Status;
use domain::catalogue::{Catalogue, UsageType};
use domain::ids::BillId;
use domain::money::Won;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// The catalogue as it ships, but for a plan that does not offer messages.
pub(crate) fn without_sms() -> Catalogue {
    let mut catalogue: serde_json::Value =
        serde_json::from_str(include_str!("../../../../domain/catalogue.json")).unwrap();
    for plan in catalogue["plans"].as_array_mut().unwrap() {
        if plan["code"] == "lte-light" {
            for version in plan["versions"].as_array_mut().unwrap() {
                version["rates"]["sms"] = serde_json::Value::Null;
                version["allowances"]["sms"] = 0.into();
            }
        }
    }
    Catalogue::parse(&catalogue.to_string()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_line_that_cannot_be_billed_is_parked_and_does_not_stop_the_run() {
    let mut world = World::new(1);
    let lines = open_lines(&mut world, 4).await;
    let absurd = world.used(&lines[1], "absurd", UsageType::DataMb, "99999999", "2026-10-05T03:00:00Z");
    world.import(&[absurd]).await;
    world.at("2026-10-31T16:00:00Z");
    world.run_month("2026-10").await;
    assert_eq!(counts(&world, "2026-10").await, [4, 3, 0, 1]);
    let parked = world.parked().await;
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0]["reason"], "amount_out_of_range");
    assert_eq!(parked[0]["kind"], "billing_line");
    let id = BillId::monthly(month("2026-10"), &lines[1]);
    assert_eq!(world.books().bills[&id].status, Status::OnHold);
    // Neither another pass nor a replay makes it billable, and it is parked once.
    world.run_month("2026-10").await;
    assert_eq!(counts(&world, "2026-10").await, [4, 3, 0, 1]);
    let parked_id = parked[0]["parkedId"].as_str().unwrap();
    assert_eq!(world.app.replay_parked(parked_id).await.unwrap_err().code(), "wrong_state");
    assert_eq!(world.parked().await.len(), 1);
    world.rest().await;
    world.check_books("a line on hold").await;
}

#[tokio::test(start_paused = true)]
async fn a_parked_line_is_billed_when_it_is_replayed_and_the_cause_is_gone() {
    let mut world = World::new(1);
    world.release(without_sms());
    let lines = open_lines(&mut world, 3).await;
    let sms = world.used(&lines[2], "sms", UsageType::Sms, "150", "2026-10-05T03:00:00Z");
    world.import(&[sms]).await;
    world.at("2026-10-31T16:00:00Z");
    world.run_month("2026-10").await;
    assert_eq!(counts(&world, "2026-10").await, [3, 2, 0, 1]);
    let parked = world.parked().await;
    assert_eq!(parked[0]["reason"], "usage_type_not_offered");
    let id = BillId::monthly(month("2026-10"), &lines[2]);
    let kim = world.books().bills[&id].customer_id.clone();
    assert_eq!(world.app.bill(&kim, &id).await.unwrap_err().code(), "not_found");

    world.release(Catalogue::builtin());
    world.app.replay_parked(parked[0]["parkedId"].as_str().unwrap()).await.unwrap();
    world.rest().await;
    let bill = world.books().bills[&id].clone();
    assert_eq!((bill.status, bill.reason.clone()), (Status::Issued, None));
    assert!(bill.amount > Won::ZERO);
    assert_eq!(world.parked().await, [] as [serde_json::Value; 0]);
    world.check_books("released").await;
    world.run_month("2026-10").await;
    assert_eq!(counts(&world, "2026-10").await, [3, 3, 0, 0]);
    assert_eq!(world.books().bills[&id], bill);
}

/// The functions that lines about parked messages name.
#[derive(Clone, Default)]
struct Named(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Named {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        event.record(&mut self.clone());
    }
}

impl Visit for Named {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "parked.function" {
            self.0.lock().unwrap().push(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_is_given_up_is_logged_with_its_function_whoever_gives_it_up() {
    let world = World::new(1);
    let chunk = |id: &str| app::Incoming { message_id: id.to_owned(), subject: None, body: "?".to_owned() };
    let by_its_consumer =
        async |id| world.app.consume(app::Consumer::BillingChunk, &chunk(id)).await.unwrap();
    let by_the_bus =
        async |id, source| world.app.record_dead_letter(&chunk(id), Some(source), None).await.unwrap();
    // Not before the line was met once: what meets it first without a listener, in another test's thread, would decide
    // that nobody listens.
    by_its_consumer("m0").await;
    let named = Named::default();
    let _listening = tracing::subscriber::set_default(tracing_subscriber::registry().with(named.clone()));
    by_its_consumer("m1").await;
    by_the_bus("m2", "billing").await;
    by_the_bus("m3", "events/Subscriptions/gone").await;
    assert_eq!(*named.0.lock().unwrap(), ["billing_chunk", "billing_chunk"]);
}
