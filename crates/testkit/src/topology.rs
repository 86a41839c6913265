use serde::Deserialize;

/// Between a topic and its subscription, in the path that a message is received from.
const SUBSCRIPTIONS: &str = "/Subscriptions/";

/// `infra/topology.json`: who gets which message.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Topology {
    /// Deliveries of a message before it goes to the dead letters.
    pub(crate) max_delivery_count: u32,
    pub(crate) dead_letter_queue: String,
    queues: Vec<Queue>,
    topics: Vec<Topic>,
}

#[derive(Debug, Clone, Deserialize)]
struct Queue {
    name: String,
    function: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Topic {
    name: String,
    subscriptions: Vec<Subscription>,
}

#[derive(Debug, Clone, Deserialize)]
struct Subscription {
    name: String,
    function: String,
    subjects: Vec<String>,
}

impl Queue {
    fn place(&self) -> Place {
        Place { path: self.name.clone(), function: self.function.clone() }
    }
}

impl Subscription {
    fn place(&self, topic: &Topic) -> Place {
        let path = format!("{}{SUBSCRIPTIONS}{}", topic.name, self.name);
        Place { path, function: self.function.clone() }
    }
}

/// A place where a message waits for its consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The queue, or the subscription as `events/Subscriptions/saga-track`.
    pub(crate) path: String,
    pub(crate) function: String,
}

impl Place {
    /// The place as the bus's own counts name it: `billing`, `events/saga-track`.
    pub(crate) fn entity(&self) -> String {
        self.path.replace(SUBSCRIPTIONS, "/")
    }
}

impl Topology {
    /// The project's own.
    ///
    /// # Panics
    /// When the file is not as expected.
    pub fn of_the_project() -> Self {
        match serde_json::from_str(include_str!("../../../infra/topology.json")) {
            Ok(topology) => topology,
            Err(error) => panic!("infra/topology.json: {error}"),
        }
    }

    /// Every place, in the order of the file.
    pub(crate) fn all_places(&self) -> Vec<Place> {
        let queues = self.queues.iter().map(Queue::place);
        let each = |topic: &Topic| topic.subscriptions.iter().map(|one| one.place(topic)).collect::<Vec<_>>();
        queues.chain(self.topics.iter().flat_map(each)).collect()
    }

    /// The places that a message sent to `entity` goes to; none when no subscription wants its subject.
    ///
    /// # Panics
    /// When there is no such queue or topic: the bus would refuse every such message.
    pub(crate) fn places(&self, entity: &str, subject: &str) -> Vec<Place> {
        if let Some(queue) = self.queues.iter().find(|queue| queue.name == entity) {
            return vec![queue.place()];
        }
        let topic = self.topics.iter().find(|topic| topic.name == entity);
        let Some(topic) = topic else { panic!("infra/topology.json has no queue or topic {entity}") };
        let wants =
            |subscription: &&Subscription| subscription.subjects.iter().any(|wanted| wanted == subject);
        topic.subscriptions.iter().filter(wants).map(|subscription| subscription.place(topic)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn functions(entity: &str, subject: &str) -> Vec<String> {
        let places = Topology::of_the_project().places(entity, subject);
        places.into_iter().map(|place| place.function).collect()
    }

    #[test]
    fn a_queue_has_one_consumer_whatever_the_subject() {
        assert_eq!(functions("billing", "anything"), ["billing_chunk"]);
    }

    #[test]
    fn an_event_goes_to_every_subscription_that_wants_it() {
        let functions = functions("events", "order.placed");
        assert_eq!(functions, ["bill_on_order_placed", "mypage_project", "saga_track"]);
    }

    #[test]
    fn an_event_that_nobody_wants_goes_nowhere() {
        assert_eq!(functions("events", "order.forgotten"), Vec::<String>::new());
    }

    #[test]
    #[should_panic(expected = "no queue or topic nowhere")]
    fn a_message_for_an_unknown_entity_is_a_fault_of_the_test() {
        functions("nowhere", "order.placed");
    }
}
