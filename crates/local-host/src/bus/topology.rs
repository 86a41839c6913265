use serde::Deserialize;
use std::collections::HashSet;
use std::ops::RangeInclusive;

/// The bus as `infra/topology.json` describes it. [`Topology::parse`] checks it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Topology {
    /// Seconds a message is locked for its receiver.
    pub lock_seconds: u32,
    /// Deliveries before a message is dead-lettered.
    pub max_delivery_count: u32,
    /// Ditto, in the dead-letter queue: what is given up there, only a person finds.
    pub dead_letter_max_delivery_count: u32,
    /// Hours a message lives, and the most it can ask for, before it is dead-lettered.
    pub message_hours: u32,
    /// Minutes during which a second message with the same id is dropped.
    pub duplicate_detection_minutes: u32,
    /// Bytes of a message with its properties.
    pub max_message_bytes: usize,
    /// The queue that takes the dead letters of every other queue and subscription. It alone has no duplicate
    /// detection: two subscriptions may give up the same event, and both copies must arrive.
    pub dead_letter_queue: String,
    /// The queues.
    pub queues: Vec<Queue>,
    /// The topics.
    pub topics: Vec<Topic>,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// The function it triggers.
    pub function: String,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Who listens.
    pub subscriptions: Vec<Subscription>,
}

/// A subscription of a topic, with one correlation filter for each subject.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Subscription {
    /// Its name.
    pub name: String,
    /// The function it triggers.
    pub function: String,
    /// The values of `Subject` that it takes; the comparison is case-sensitive.
    pub subjects: Vec<String>,
}

/// What is wrong with a topology.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    /// It is not JSON of this form.
    #[error("the topology cannot be read")]
    Syntax(#[source] serde_json::Error),
    /// Service Bus allows 1 to 260 letters, digits, full stops, hyphens and underscores, 50 for a subscription.
    #[error("{0:?} is not a name that Service Bus allows")]
    Name(String),
    /// Two things have the same name; case does not tell them apart.
    #[error("the name {0:?} is used twice")]
    Twice(String),
    /// Dead letters have nowhere to go.
    #[error("the dead-letter queue {0:?} is not among the queues")]
    DeadLetterQueue(String),
    /// A subscription would receive nothing, or names a subject twice.
    #[error("subscription {0:?} needs subjects, each once and none empty")]
    Subjects(String),
    /// A number is outside of what Service Bus allows.
    #[error("{field} is {value}, but must be {min} to {max}")]
    Number {
        /// The field, as it is spelled in the file.
        field: &'static str,
        /// What it says.
        value: u64,
        /// The lowest value allowed.
        min: u64,
        /// The highest value allowed.
        max: u64,
    },
}

impl Topology {
    /// Reads a topology and checks it.
    pub fn parse(json: &str) -> Result<Self, TopologyError> {
        let topology: Self = serde_json::from_str(json).map_err(TopologyError::Syntax)?;
        topology.check_numbers()?;
        topology.check_names()?;
        if topology.queues.iter().any(|queue| queue.name == topology.dead_letter_queue) {
            Ok(topology)
        } else {
            Err(TopologyError::DeadLetterQueue(topology.dead_letter_queue))
        }
    }

    /// The path of a subscription, as triggers and the portal spell it.
    pub fn subscription_path(topic: &str, subscription: &str) -> String {
        format!("{topic}/Subscriptions/{subscription}")
    }

    /// Source of the ranges: Service Bus quotas, and the queue properties of the resource manager.
    fn check_numbers(&self) -> Result<(), TopologyError> {
        let bytes = u64::try_from(self.max_message_bytes).unwrap_or(u64::MAX);
        within("lockSeconds", self.lock_seconds.into(), 1..=300)?;
        within("maxDeliveryCount", self.max_delivery_count.into(), 1..=2_000)?;
        within("deadLetterMaxDeliveryCount", self.dead_letter_max_delivery_count.into(), 1..=2_000)?;
        within("messageHours", self.message_hours.into(), 1..=87_600)?;
        within("duplicateDetectionMinutes", self.duplicate_detection_minutes.into(), 1..=10_080)?;
        within("maxMessageBytes", bytes, 1..=104_857_600)
    }

    fn check_names(&self) -> Result<(), TopologyError> {
        let mut entities = HashSet::new();
        for name in self.queues.iter().map(|q| &q.name).chain(self.topics.iter().map(|t| &t.name)) {
            check_name(name, 260, &mut entities)?;
        }
        for topic in &self.topics {
            let mut subscriptions = HashSet::new();
            for subscription in &topic.subscriptions {
                check_name(&subscription.name, 50, &mut subscriptions)?;
                check_subjects(subscription)?;
            }
        }
        Ok(())
    }
}

fn within(field: &'static str, value: u64, range: RangeInclusive<u64>) -> Result<(), TopologyError> {
    if range.contains(&value) {
        Ok(())
    } else {
        Err(TopologyError::Number { field, value, min: *range.start(), max: *range.end() })
    }
}

fn check_name(name: &str, chars_max: usize, seen: &mut HashSet<String>) -> Result<(), TopologyError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if name.is_empty() || name.len() > chars_max || !name.bytes().all(allowed) {
        return Err(TopologyError::Name(name.to_owned()));
    }
    if seen.insert(name.to_ascii_lowercase()) { Ok(()) } else { Err(TopologyError::Twice(name.to_owned())) }
}

fn check_subjects(subscription: &Subscription) -> Result<(), TopologyError> {
    let mut seen = HashSet::new();
    let each_once = subscription.subjects.iter().all(|subject| !subject.is_empty() && seen.insert(subject));
    if each_once && !subscription.subjects.is_empty() {
        Ok(())
    } else {
        Err(TopologyError::Subjects(subscription.name.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{
        "lockSeconds": 300, "maxDeliveryCount": 10, "messageHours": 336, "duplicateDetectionMinutes": 10,
        "deadLetterMaxDeliveryCount": 500, "maxMessageBytes": 262144, "deadLetterQueue": "dead",
        "queues": [{ "name": "work", "function": "f" }, { "name": "dead", "function": "g" }],
        "topics": [{ "name": "events", "subscriptions": [{ "name": "one", "function": "h", "subjects": ["a"] }] }]
    }"#;

    #[track_caller]
    fn check_refused(from: &str, to: &str, expected: impl Fn(&TopologyError) -> bool) {
        assert!(GOOD.contains(from), "{from}");
        let error = Topology::parse(&GOOD.replacen(from, to, 1)).expect_err(to);
        assert!(expected(&error), "{to}: {error:?}");
    }

    #[test]
    fn the_topology_of_the_product_can_be_read() {
        let topology = Topology::parse(include_str!("../../../../infra/topology.json")).unwrap();
        assert_eq!(topology.topics.len(), 1);
        assert!(topology.queues.iter().any(|queue| queue.name == "billing"));
    }

    #[test]
    fn everything_in_the_file_is_read() {
        let topology = Topology::parse(GOOD).unwrap();
        assert_eq!(
            (topology.lock_seconds, topology.max_delivery_count, topology.message_hours),
            (300, 10, 336)
        );
        assert_eq!(topology.dead_letter_max_delivery_count, 500);
        assert_eq!((topology.duplicate_detection_minutes, topology.max_message_bytes), (10, 262_144));
        assert_eq!(topology.queues[0], Queue { name: "work".to_owned(), function: "f".to_owned() });
        let subscription =
            Subscription { name: "one".to_owned(), function: "h".to_owned(), subjects: vec!["a".to_owned()] };
        assert_eq!(topology.topics, [Topic { name: "events".to_owned(), subscriptions: vec![subscription] }]);
    }

    #[test]
    fn what_is_no_topology_is_refused() {
        for json in ["", "[]", "{}", "null", &GOOD.replace("lockSeconds", "lockMinutes")] {
            assert!(matches!(Topology::parse(json), Err(TopologyError::Syntax(_))), "{json}");
        }
        check_refused("300", "-1", |error| matches!(error, TopologyError::Syntax(_)));
    }

    #[test]
    fn names_that_service_bus_refuses_are_refused() {
        let long = "x".repeat(51);
        for name in ["", "a b", "a/b", "주문", &long] {
            check_refused("\"one\"", &format!("{name:?}"), |error| matches!(error, TopologyError::Name(_)));
        }
        check_refused("\"work\"", &format!("\"{}\"", "x".repeat(261)), |e| {
            matches!(e, TopologyError::Name(_))
        });
        for (from, to) in [("\"work\"", "\"Dead\""), ("\"work\"", "\"EVENTS\"")] {
            check_refused(from, to, |error| matches!(error, TopologyError::Twice(_)));
        }
        let twice = r#"[{ "name": "One", "function": "h", "subjects": ["a"] }, {"#;
        check_refused("[{ \"name\": \"one\"", &format!("{twice} \"name\": \"one\""), |error| {
            matches!(error, TopologyError::Twice(_))
        });
    }

    #[test]
    fn a_dead_letter_queue_that_is_no_queue_is_refused() {
        check_refused("\"deadLetterQueue\": \"dead\"", "\"deadLetterQueue\": \"events\"", |error| {
            matches!(error, TopologyError::DeadLetterQueue(_))
        });
    }

    #[test]
    fn a_subscription_without_subjects_of_its_own_is_refused() {
        for subjects in ["[]", r#"[""]"#, r#"["a", "a"]"#] {
            check_refused(r#"["a"]"#, subjects, |error| matches!(error, TopologyError::Subjects(_)));
        }
    }

    #[test]
    fn numbers_outside_of_what_service_bus_allows_are_refused() {
        let numbers = [
            ("\"lockSeconds\": 300", "\"lockSeconds\": 301"),
            ("\"lockSeconds\": 300", "\"lockSeconds\": 0"),
            ("\"maxDeliveryCount\": 10", "\"maxDeliveryCount\": 0"),
            ("\"deadLetterMaxDeliveryCount\": 500", "\"deadLetterMaxDeliveryCount\": 2001"),
            ("\"messageHours\": 336", "\"messageHours\": 0"),
            ("\"duplicateDetectionMinutes\": 10", "\"duplicateDetectionMinutes\": 10081"),
            ("\"maxMessageBytes\": 262144", "\"maxMessageBytes\": 0"),
        ];
        for (from, to) in numbers {
            check_refused(from, to, |error| matches!(error, TopologyError::Number { .. }));
        }
    }
}
