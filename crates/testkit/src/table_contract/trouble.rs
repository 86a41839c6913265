//! What a caller may meet between itself and any store, and gets out of by reading.

use super::{PARTITION, all, check_error, commit, insert, read, write};
use crate::{Call, Fault, Faults, FaultyTables};
use app::ports::{Op, Range, Tables};
use std::sync::Arc;

/// The same tables behind a connection on which the next commit goes wrong.
fn faulty(tables: &Arc<dyn Tables>, fault: Fault) -> FaultyTables {
    let faults = Faults::default();
    faults.nth(1, |call| matches!(call, Call::Commit(..)), fault);
    FaultyTables::new(Arc::clone(tables), &faults)
}

/// Throttled means that nothing was done: the same transaction can be sent again.
pub async fn what_was_throttled_can_be_sent_again(tables: Arc<dyn Tables>) {
    let faulty = faulty(&tables, Fault::Refused);
    let ops = [insert("a", "1"), insert("b", "1")];
    check_error(&commit(&faulty, &ops).await, "throttled");
    assert_eq!(read(&faulty, "a").await, None);
    assert_eq!(commit(&faulty, &ops).await.unwrap().len(), 2);
}

/// Unknown means that it was done whole or not at all, and any row of it tells which. Sent again, a transaction that
/// inserts is refused when it was done; one that replaces, because it changed the row itself.
pub async fn a_lost_answer_is_resolved_by_reading(tables: Arc<dyn Tables>) {
    let old = write(&*tables, insert("old", "1")).await;
    for (fault, done) in [(Fault::LostBefore, false), (Fault::LostAfter, true)] {
        let faulty = faulty(&tables, fault);
        let ops: Vec<Op> = (0..99)
            .map(|n| insert(&format!("{fault:?}{n:02}"), "1"))
            .chain([Op::replace("old", old.clone(), "2".to_owned())])
            .collect();
        check_error(&commit(&faulty, &ops).await, "unknown");
        assert_eq!(read(&faulty, &ops[0].row).await.is_some(), done);
        let range = Range::prefix(PARTITION, &format!("{fault:?}"));
        let found = all(&faulty, &range, 100).await.len();
        assert_eq!(found, if done { 99 } else { 0 });
        assert_eq!(read(&faulty, "old").await.unwrap().body, if done { "2" } else { "1" });
        if done {
            check_error(&commit(&faulty, &ops).await, "exists 0");
            check_error(&commit(&faulty, &ops[99..]).await, "changed 0");
        }
    }
}
