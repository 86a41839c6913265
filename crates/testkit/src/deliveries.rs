use crate::bus::MemoryBus;
use crate::chance::Chance;
use crate::topology::{Place, Topology};
use app::ports::Message;
use jiff::Timestamp;
use std::collections::HashSet;

/// A message on its way to one consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The function that is to handle it.
    pub function: String,
    /// Where it waits: a queue, or `events/Subscriptions/saga-track`.
    pub place: String,
    /// The message.
    pub message: Message,
    /// `DeliveryCount`, from 1.
    pub count: u32,
    /// `DeadLetterSource`: where it waited before it became a dead letter.
    pub dead_letter_source: Option<String>,
    /// Not to be delivered before.
    due: Option<Timestamp>,
}

/// Plays the bus between [`MemoryBus`] and the functions, one delivery at a time and in the order that the test wants.
///
/// The test takes a delivery and hands it to its function. When that fails it gives the delivery back with
/// [`abandon`](Self::abandon); when it succeeds the delivery is done with, unless the test delivers it
/// [`again`](Self::again).
#[derive(Debug)]
pub struct Deliveries {
    topology: Topology,
    waiting: Vec<Delivery>,
    chance: Chance,
    unwanted: Vec<Message>,
    /// Ids that were accepted, when repeats are dropped.
    known: Option<HashSet<(&'static str, String)>>,
}

impl Deliveries {
    /// Nothing is on its way yet. The `seed` decides the order of [`any`](Self::any).
    pub fn new(topology: Topology, seed: u64) -> Self {
        Self { topology, waiting: Vec::new(), chance: Chance::new(seed), unwanted: Vec::new(), known: None }
    }

    /// From now on a message that is sent again with the same `MessageId` is dropped, as the bus does within its
    /// window. Without it consumers meet the worst.
    #[must_use]
    pub fn dropping_repeats(mut self) -> Self {
        self.known = Some(HashSet::new());
        self
    }

    /// Takes what the bus has accepted since the last time, and sends it on its way.
    pub fn collect(&mut self, bus: &MemoryBus) {
        for message in bus.take() {
            self.accept(message);
        }
    }

    /// Sends a message on its way to everyone who wants it.
    pub fn accept(&mut self, message: Message) {
        if let Some(known) = &mut self.known
            && !known.insert((message.entity, message.message_id.clone()))
        {
            return;
        }
        let places = self.topology.places(message.entity, &message.subject);
        if places.is_empty() {
            self.unwanted.push(message);
            return;
        }
        for Place { path, function } in places {
            let due = message.scheduled_at;
            let message = message.clone();
            self.waiting.push(Delivery {
                function,
                place: path,
                message,
                count: 1,
                dead_letter_source: None,
                due,
            });
        }
    }

    /// The delivery that is due and was accepted first.
    pub fn first(&mut self, now: Timestamp) -> Option<Delivery> {
        self.first_where(now, |_| true)
    }

    /// The delivery that is due, is `wanted`, and was accepted first.
    pub fn first_where(&mut self, now: Timestamp, wanted: impl Fn(&Delivery) -> bool) -> Option<Delivery> {
        let found = self.waiting.iter().position(|delivery| delivery.is_due(now) && wanted(delivery));
        found.map(|index| self.waiting.remove(index))
    }

    /// Any delivery that is due; which one, the seed decides.
    pub fn any(&mut self, now: Timestamp) -> Option<Delivery> {
        let due: Vec<usize> =
            (0..self.waiting.len()).filter(|index| self.waiting[*index].is_due(now)).collect();
        if due.is_empty() { None } else { Some(self.waiting.remove(*self.chance.pick(&due))) }
    }

    /// The function failed, or its lock ran out: the delivery comes again, or becomes a dead letter when it has come
    /// too often.
    pub fn abandon(&mut self, mut delivery: Delivery) {
        delivery.count += 1;
        if delivery.count > self.topology.max_delivery_count && delivery.dead_letter_source.is_none() {
            delivery = self.dead_letter(delivery);
        }
        self.waiting.push(delivery);
    }

    /// Delivers a delivery that was handled once more, as when its settlement did not reach the bus in time.
    pub fn again(&mut self, delivery: &Delivery) {
        self.waiting.push(Delivery { count: delivery.count + 1, ..delivery.clone() });
    }

    /// Gives a delivery back, to come not before `until`.
    pub fn hold(&mut self, delivery: Delivery, until: Timestamp) {
        self.waiting.push(Delivery { due: Some(until), ..delivery });
    }

    /// When the next delivery is due: in the past when one is due by now, `None` when nothing is on its way.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.waiting.iter().map(|delivery| delivery.due.unwrap_or(Timestamp::MIN)).min()
    }

    /// What is on its way.
    pub fn waiting(&self) -> &[Delivery] {
        &self.waiting
    }

    /// Messages that no subscription wanted.
    pub fn unwanted(&self) -> &[Message] {
        &self.unwanted
    }

    /// A random choice of the test's own, from the same seed.
    pub fn chance(&mut self) -> &mut Chance {
        &mut self.chance
    }

    fn dead_letter(&self, delivery: Delivery) -> Delivery {
        let queue = &self.topology.dead_letter_queue;
        let mut message = delivery.message;
        message.properties.push(("DeadLetterReason", "MaxDeliveryCountExceeded".to_owned()));
        message
            .properties
            .push(("DeadLetterErrorDescription", "The message was delivered too often.".to_owned()));
        let function = self.topology.places(queue, "").remove(0).function;
        let dead_letter_source = Some(delivery.place);
        Delivery { function, place: queue.clone(), message, count: 1, dead_letter_source, due: None }
    }
}

impl Delivery {
    fn is_due(&self, now: Timestamp) -> bool {
        self.due.is_none_or(|due| due <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn message(id: &str, entity: &'static str, subject: &str) -> Message {
        Message {
            entity,
            message_id: id.to_owned(),
            subject: subject.to_owned(),
            correlation_id: None,
            properties: Vec::new(),
            scheduled_at: None,
            body: "{}".to_owned(),
        }
    }

    fn deliveries() -> Deliveries {
        Deliveries::new(Topology::of_the_project(), 1)
    }

    fn functions(deliveries: &mut Deliveries) -> Vec<String> {
        std::iter::from_fn(|| deliveries.first(NOW)).map(|delivery| delivery.function).collect()
    }

    #[test]
    fn every_subscriber_gets_its_own_delivery_in_the_order_of_acceptance() {
        let mut deliveries = deliveries();
        deliveries.accept(message("1", "events", "bill.settled"));
        deliveries.accept(message("2", "billing", "chunk"));
        let expected = ["pay_on_bill_settled", "mypage_project", "saga_track", "billing_chunk"];
        assert_eq!(functions(&mut deliveries), expected);
        assert_eq!(deliveries.next_due(), None);
    }

    #[test]
    fn the_seed_decides_the_order_of_any() {
        let order = |seed| {
            let mut deliveries = Deliveries::new(Topology::of_the_project(), seed);
            (0..20).for_each(|id| deliveries.accept(message(&id.to_string(), "billing", "chunk")));
            let taken = std::iter::from_fn(|| deliveries.any(NOW));
            taken.map(|delivery| delivery.message.message_id).collect::<Vec<_>>()
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        assert_eq!(order(1).len(), 20);
    }

    #[test]
    fn a_scheduled_message_comes_when_it_is_due() {
        let mut deliveries = deliveries();
        let due = NOW + SignedDuration::from_mins(10);
        deliveries.accept(Message { scheduled_at: Some(due), ..message("1", "saga-deadlines", "deadline") });
        assert_eq!(deliveries.first(NOW), None);
        assert_eq!(deliveries.any(NOW), None);
        assert_eq!(deliveries.next_due(), Some(due));
        assert_eq!(deliveries.first(due).unwrap().function, "saga_deadline");
    }

    #[test]
    fn an_abandoned_delivery_comes_again_until_it_is_a_dead_letter() {
        let mut deliveries = deliveries();
        deliveries.accept(message("1", "events", "bill.settled"));
        let counts: Vec<u32> = std::iter::from_fn(|| {
            let delivery =
                deliveries.first_where(NOW, |delivery| delivery.function == "pay_on_bill_settled")?;
            let count = delivery.count;
            deliveries.abandon(delivery);
            Some(count)
        })
        .collect();
        assert_eq!(counts, (1..=10).collect::<Vec<_>>());
        let dead = deliveries.first_where(NOW, |delivery| delivery.function == "dead_letters").unwrap();
        assert_eq!(dead.dead_letter_source.as_deref(), Some("events/Subscriptions/pay-on-bill-settled"));
        assert_eq!(dead.message.properties[0].1, "MaxDeliveryCountExceeded");
        assert_eq!((dead.message.message_id.as_str(), dead.count), ("1", 1));
    }

    #[test]
    fn a_handled_delivery_may_come_again_and_a_held_one_comes_later() {
        let mut deliveries = deliveries();
        deliveries.accept(message("1", "billing", "chunk"));
        let delivery = deliveries.first(NOW).unwrap();
        deliveries.again(&delivery);
        let later = NOW + SignedDuration::from_secs(1);
        deliveries.hold(delivery, later);
        assert_eq!(deliveries.first(NOW).unwrap().count, 2);
        assert_eq!(deliveries.first(NOW), None);
        assert_eq!(deliveries.first(later).unwrap().count, 1);
    }

    #[test]
    fn a_message_sent_twice_comes_twice_unless_repeats_are_dropped() {
        let twice = |mut deliveries: Deliveries| {
            deliveries.accept(message("1", "billing", "chunk"));
            deliveries.accept(message("1", "billing", "chunk"));
            deliveries.waiting().len()
        };
        assert_eq!(twice(deliveries()), 2);
        assert_eq!(twice(deliveries().dropping_repeats()), 1);
    }

    #[test]
    fn what_nobody_wants_is_seen() {
        let mut deliveries = deliveries();
        deliveries.accept(message("1", "events", "order.forgotten"));
        assert_eq!(deliveries.unwanted(), [message("1", "events", "order.forgotten")]);
    }
}
