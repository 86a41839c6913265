//! What goes wrong with a delivery.

use jiff::SignedDuration;
use std::collections::BTreeMap;
use testkit::{Delivery, Fault};

/// A delivery of a play: the `nth` message of a subject to a function, from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) function: String,
    pub(crate) subject: String,
    pub(crate) nth: usize,
}

impl Spot {
    pub(crate) fn first(function: &str, subject: &str) -> Self {
        Self { function: function.to_owned(), subject: subject.to_owned(), nth: 1 }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The consumer fails for good, and the message is parked.
    Parked,
    /// The `n`-th call that the consumer makes goes wrong the first time.
    Call(usize, Fault),
    /// Nothing answers while the message is delivered so many times.
    Down(u32),
    /// It is delivered again after it was handled.
    Twice,
    /// It comes after everything else that is on its way.
    Last,
    /// It comes so much later.
    Late(SignedDuration),
}

/// The troubles of a play.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    troubles: Vec<(Spot, Trouble)>,
    /// Every message is delivered again after it was handled.
    pub(crate) everything_twice: bool,
    /// The message ids that were delivered, by function and subject.
    seen: BTreeMap<(String, String), Vec<String>>,
    /// Troubles that came to pass.
    pub(crate) met: usize,
    held: Vec<(String, String)>,
}

impl Plan {
    pub(crate) fn add(&mut self, spot: Spot, trouble: Trouble) {
        self.troubles.push((spot, trouble));
    }

    /// Counts deliveries from here on.
    pub(crate) fn begin(&mut self) {
        *self = Self::default();
    }

    /// Where messages were delivered so far.
    pub(crate) fn spots(&self) -> Vec<Spot> {
        let spots = self.seen.iter().flat_map(|((function, subject), ids)| {
            (1..=ids.len()).map(|nth| Spot { function: function.clone(), subject: subject.clone(), nth })
        });
        spots.collect()
    }

    /// What goes wrong with a delivery, if anything.
    pub(super) fn of(&mut self, delivery: &Delivery) -> Option<Trouble> {
        let key = (delivery.function.clone(), delivery.message.subject.clone());
        let ids = self.seen.entry(key).or_default();
        let id = &delivery.message.message_id;
        let nth = ids.iter().position(|seen| seen == id).unwrap_or_else(|| {
            ids.push(id.clone());
            ids.len() - 1
        }) + 1;
        let spot =
            Spot { function: delivery.function.clone(), subject: delivery.message.subject.clone(), nth };
        let trouble = self.troubles.iter().find(|(at, _)| *at == spot).map(|(_, trouble)| *trouble)?;
        let befalls = self.befalls(trouble, delivery);
        self.met += usize::from(befalls && !matches!(trouble, Trouble::Call(..) | Trouble::Down(_)));
        befalls.then_some(trouble)
    }

    fn befalls(&mut self, trouble: Trouble, delivery: &Delivery) -> bool {
        match trouble {
            Trouble::Parked => true,
            Trouble::Call(..) | Trouble::Twice => delivery.count == 1,
            Trouble::Down(times) => delivery.count <= times,
            Trouble::Last | Trouble::Late(_) => {
                let key = (delivery.function.clone(), delivery.message.message_id.clone());
                let again = self.held.contains(&key);
                self.held.push(key);
                !again
            }
        }
    }
}
