//! Which trace messages belong to that are sent later, by somebody else than the request behind them.

use crate::world::World;
use crate::world::commands::{customer, on_plan};
use app::ports::Message;
use domain::limits::OUTBOX_AGE_SECONDS;
use jiff::SignedDuration;
use testkit::{Call, Fault, MemoryTables};

const REQUEST: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const RELAY: &str = "00-0192f0c1a2b37c4d8e9f0123456789ab-8e9f0123456789ab-01";

fn trace_of(message: &Message) -> Option<&str> {
    let found = message.properties.iter().find(|(name, _)| *name == "traceparent");
    found.map(|(_, value)| value.as_str())
}

#[tokio::test(start_paused = true)]
async fn what_a_relay_publishes_stays_in_the_trace_of_the_request_that_wrote_it() {
    let world = World::with(1, 1, MemoryTables::default());
    world.faults.always(|call| matches!(call, Call::Send(_)), Fault::Refused);
    let (kim, line) = (customer("kim"), on_plan("lte-light", None));
    let order = world.app.open_line(&kim, line, None);
    app::trace::within(REQUEST.to_owned(), order).await.unwrap();
    world.faults.clear();
    world.advance(SignedDuration::from_secs(OUTBOX_AGE_SECONDS + 1));
    app::trace::within(RELAY.to_owned(), world.app.relay_outbox()).await.unwrap();
    let sent = world.bus.sent();
    assert_eq!(sent.iter().map(trace_of).collect::<Vec<_>>(), [Some(REQUEST)]);
}
