use crate::world::World;
use testkit::{Call, Chance, Fault};

/// Of 100 calls, how many go wrong: from none to many, for each simulation another.
const RATES: [usize; 5] = [0, 1, 3, 6, 12];

/// From now on calls go wrong at random, and wait for each other.
pub(super) fn begin(world: &mut World, chance: &mut Chance) {
    let rate = *chance.pick(&RATES);
    let mut chance = chance.clone();
    world.faults.each(move |call| {
        if chance.percent(rate) {
            return Some(fault(call, &mut chance));
        }
        let waits = u32::try_from(chance.below(6)).unwrap_or(0);
        (waits > 0).then_some(Fault::Late(waits))
    });
}

fn fault(call: &Call, chance: &mut Chance) -> Fault {
    match chance.below(12) {
        // A refund that may have been made is not refused when it is asked for again; a card may refuse it.
        0..3 if !matches!(call, Call::Cancel(_)) => Fault::Refused,
        0..6 => Fault::LostBefore,
        6..9 => Fault::LostAfter,
        9 => Fault::DieBefore,
        10 => Fault::DieAfter,
        _ if matches!(call, Call::Query(..)) => Fault::ShortPage(chance.below(3)),
        _ => Fault::LostAfter,
    }
}
