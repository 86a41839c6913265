//! Bad input: each endpoint answers it with its documented status and code, and stores nothing.

mod bodies;
mod case;
mod endpoints;
mod forged;
mod own_paths;
mod paths;
mod replays;
mod tokens;
mod world;

use case::check;
use world::World;

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_missing_broken_or_of_others_are_refused() {
    let world = World::open().await;
    check(&world, tokens::cases(&world).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_json_or_have_no_valid_values_are_refused() {
    let world = World::open().await;
    check(&world, bodies::cases(&world).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_queries_methods_and_headers_that_are_wrong_are_refused() {
    let world = World::open().await;
    check(&world, paths::cases(&world)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_paths_of_triggers_cannot_be_reached() {
    let world = World::open().await;
    forged::check(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_hosts_own_paths_are_as_strict() {
    let world = World::open().await;
    own_paths::check(&world).await;
}
