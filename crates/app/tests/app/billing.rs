//! Usage and billing runs.

mod after_final;
mod closing;
mod heavy;
mod held;
mod intake;
mod months;
mod october;
pub(crate) mod parked;
mod runs;
mod usage;

use crate::world::World;
use crate::world::commands::month;
use domain::ids::OrderId;
use serde_json::Value;

/// Lines of some customers, one each, in order.
async fn open_lines(world: &mut World, count: usize) -> Vec<OrderId> {
    let mut lines = Vec::with_capacity(count);
    for n in 0..count {
        lines.push(world.open_line(&format!("c{n}")).await);
    }
    lines
}

/// How a run stands, as the API shows it.
async fn run(world: &World, usage_month: &str) -> Value {
    serde_json::to_value(world.app.billing_run(month(usage_month)).await.unwrap()).unwrap()
}

/// What a run counts: lines, issued, skipped, parked.
async fn counts(world: &World, usage_month: &str) -> [u64; 4] {
    let run = run(world, usage_month).await;
    assert_eq!(run["status"], "completed", "{run}");
    ["lines", "issued", "skipped", "parked"].map(|count| run[count].as_u64().unwrap())
}
