//! What goes wrong with a delivery.

use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};
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
    /// Where troubles came to pass.
    met: BTreeSet<Spot>,
    held: Vec<(String, String)>,
    delivered: Vec<Delivery>,
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

    /// What was delivered so far, repeats included.
    pub(crate) fn take_delivered(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.delivered)
    }

    /// Whether what was to go wrong there did.
    pub(crate) fn was_met(&self, spot: &Spot) -> bool {
        self.met.contains(spot)
    }

    /// What goes wrong with a delivery, if anything.
    pub(super) fn of(&mut self, delivery: &Delivery) -> Option<Trouble> {
        self.delivered.push(delivery.clone());
        let spot = self.spot(delivery);
        let trouble = self.troubles.iter().find(|(at, _)| *at == spot).map(|(_, trouble)| *trouble)?;
        let befalls = self.befalls(trouble, delivery);
        if befalls && !matches!(trouble, Trouble::Call(..)) {
            self.met.insert(spot);
        }
        befalls.then_some(trouble)
    }

    /// A call of a delivery's consumer went wrong.
    pub(super) fn call_failed(&mut self, delivery: &Delivery) {
        let spot = self.spot(delivery);
        self.met.insert(spot);
    }

    fn spot(&mut self, delivery: &Delivery) -> Spot {
        let (function, subject) = (delivery.function.clone(), delivery.message.subject.clone());
        let ids = self.seen.entry((function.clone(), subject.clone())).or_default();
        let id = &delivery.message.message_id;
        let place = ids.iter().position(|seen| seen == id).unwrap_or_else(|| {
            ids.push(id.clone());
            ids.len() - 1
        });
        Spot { function, subject, nth: place + 1 }
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
