//! Lists in pages, however much there is that is not on them.

use crate::world::World;
use crate::world::commands::{customer, on_plan};
use app::PageRequest;
use app::ports::{Op, Table, Tables};
use domain::limits::LIST_ROWS_MAX;
use domain::saga::Status;
use std::collections::BTreeSet;
use testkit::MemoryTables;

/// A list read to its end, so many at a time: the ids, and how many pages it took.
async fn read(world: &World, status: Option<Status>, limit: usize) -> (Vec<String>, usize) {
    let (mut ids, mut pages, mut cursor) = (Vec::new(), 0, None);
    loop {
        let list = world.app.sagas(status, &PageRequest { limit, cursor }).await.unwrap();
        assert!(list.items.len() <= limit);
        ids.extend(list.items.iter().map(|saga| {
            let saga = serde_json::to_value(saga).unwrap();
            saga["sagaId"].as_str().unwrap().to_owned()
        }));
        pages += 1;
        cursor = list.cursor;
        if cursor.is_none() {
            return (ids, pages);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_saga_is_on_one_page_of_its_list_whatever_the_size_of_a_page() {
    let mut world = World::with(1, 8, MemoryTables::default());
    for n in 0..12 {
        world.open_line(&format!("ended-{n}")).await;
    }
    for n in 0..12 {
        world.app.open_line(&customer(&format!("open-{n}")), on_plan("lte-light", None), None).await.unwrap();
    }
    // The first event of each, to its three consumers.
    for _ in 0..3 * 12 {
        world.deliver_next().await;
    }
    for (status, count) in [(Some(Status::Running), 12), (Some(Status::Completed), 12), (None, 24)] {
        for limit in [1, 2, 3, 5, 200] {
            let (ids, _) = read(&world, status, limit).await;
            let once: BTreeSet<_> = ids.iter().collect();
            assert_eq!((ids.len(), once.len()), (count, count), "{status:?}, {limit} a page");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_looks_at_so_many_rows_only_and_the_next_one_goes_on_there() {
    let mut world = World::with(1, 1, MemoryTables::default());
    world.open_line("kim").await;
    // Rows of steps, behind every saga: many more than one page looks at.
    let rows: Vec<Op> =
        (0..3 * LIST_ROWS_MAX).map(|n| Op::insert(format!("saga|x|{n:06}"), "{}".to_owned())).collect();
    for batch in rows.chunks(100) {
        world.tables.commit(Table::Sagas, "b0000", batch).await.unwrap();
    }
    world.counted.reset();
    let page = PageRequest { limit: 50, cursor: None };
    let first = world.app.sagas(Some(Status::Compensated), &page).await.unwrap();
    assert_eq!((first.items.len(), first.cursor.is_some()), (0, true));
    assert_eq!(world.counted.counts().of(Table::Sagas).queries, 3, "a short look, and two pages of a query");
    let (ids, pages) = read(&world, Some(Status::Completed), 50).await;
    assert_eq!((ids.len(), pages), (1, 4));
}
