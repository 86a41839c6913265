//! What a saga's record remembers of its past: the states of every step, and the messages.

use super::StepState;
use crate::event::EventType;
use crate::ids::EventId;
use crate::saga::Undo;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The Subject of the message that wakes a saga at its deadline.
pub const DEADLINE: &str = "saga.deadline";

/// A state that a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepChange {
    /// The state.
    pub state: StepState,
    /// When it came to it.
    pub at: Timestamp,
}

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To the saga: an event, or its deadline.
    Received,
    /// From the saga: a compensating command.
    Sent,
    /// An operator's word. It comes as a request, not as a message.
    Operator,
}

/// A message that a saga received or sent, or what an operator asked of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exchange {
    /// When the saga received or sent it.
    pub at: Timestamp,
    /// Which way it went.
    pub direction: Direction,
    /// The message's Subject.
    pub name: String,
    /// The message's id; an operator's word has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
}

impl Exchange {
    /// The saga was told of an event.
    pub fn event(event: EventType, id: &EventId, at: Timestamp) -> Self {
        Self::message(Direction::Received, event.as_str(), id.as_str(), at)
    }

    /// The message came that wakes the saga at its deadline.
    pub fn deadline(message_id: &str, at: Timestamp) -> Self {
        Self::message(Direction::Received, DEADLINE, message_id, at)
    }

    /// The saga asked for an undo.
    pub fn command(undo: Undo, message_id: &str, at: Timestamp) -> Self {
        Self::message(Direction::Sent, undo.as_str(), message_id, at)
    }

    /// An operator asked for the undo again.
    pub fn retry(at: Timestamp) -> Self {
        Self { at, direction: Direction::Operator, name: "retry".to_owned(), message_id: None }
    }

    fn message(direction: Direction, name: &str, id: &str, at: Timestamp) -> Self {
        Self { at, direction, name: name.to_owned(), message_id: Some(id.to_owned()) }
    }

    /// Whether both are the same message: what an operator asks for is always new.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.message_id.is_some()
            && (self.direction, &self.message_id) == (other.direction, &other.message_id)
    }
}

/// Adds to a list that keeps its beginning and its end when there is too much: `max` items, which is even. Two are left
/// out of the middle at a time, so that the begin and the end of an undo go together. Answers with how many were.
pub(super) fn push<T>(list: &mut Vec<T>, item: T, max: usize) -> usize {
    let left_out = if list.len() < max { 0 } else { list.drain(max / 2..max / 2 + 2).count() };
    list.push(item);
    left_out
}
