use super::history::{self, Exchange, StepChange};
use super::steps::{Kind, Meaning, Undo};
use crate::event::EventType;
use crate::ids::{CustomerId, SagaId};
use crate::limits::{SAGA_DEADLINE_SECONDS, SAGA_MESSAGES_MAX, SAGA_STEP_CHANGES_MAX};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Where a saga stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// On its way.
    Running,
    /// A step failed or time ran out; what was done is being undone.
    Compensating,
    /// Every step succeeded.
    Completed,
    /// Everything that was done is undone.
    Compensated,
    /// An undo failed or did not answer: an operator must act.
    Stuck,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Running, Self::Compensating, Self::Completed, Self::Compensated, Self::Stuck];

    /// The status's name in the API and in keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Compensating => "compensating",
            Self::Completed => "completed",
            Self::Compensated => "compensated",
            Self::Stuck => "stuck",
        }
    }

    /// Nothing more will happen.
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Compensated)
    }
}

/// Where a step stands. The states are those of the steno saga library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Awaited.
    Started,
    /// Done.
    Succeeded,
    /// Refused, or not done in time.
    Failed,
    /// Its undo is awaited.
    UndoStarted,
    /// Undone.
    UndoSucceeded,
    /// Its undo was refused, or did not answer.
    UndoFailed,
}

/// A step as the saga table records it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepRecord {
    /// The event that completes the step.
    pub step: String,
    /// Where it stands; `None` until it is awaited.
    pub state: Option<StepState>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Why it failed, or why its undo did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The states that it came to, the last of which is where it stands: at most [`SAGA_STEP_CHANGES_MAX`], of more
    /// the first and the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<StepChange>,
}

/// A saga as the saga table records it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Saga {
    /// The saga's id.
    pub saga_id: SagaId,
    /// What it does.
    pub kind: Kind,
    /// For whom.
    pub customer_id: CustomerId,
    /// Where it stands.
    pub status: Status,
    /// When it began.
    pub started_at: Timestamp,
    /// When it is compensated, or given to an operator, unless it has ended.
    pub deadline: Timestamp,
    /// How often its compensation was begun: 1 at first, one more for each retry by an operator.
    pub undo_attempts: u32,
    /// What it received and sent, as it did: at most [`SAGA_MESSAGES_MAX`], of more the first and the last.
    #[serde(default)]
    pub messages: Vec<Exchange>,
    /// Messages that were left out of the middle.
    #[serde(default)]
    pub messages_left_out: u32,
    /// The steps, in the order in which they happen.
    pub steps: Vec<StepRecord>,
}

/// A compensating command to send: the undo of the step of this index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    /// The step.
    pub step: usize,
    /// What undoes it.
    pub undo: Undo,
}

/// The saga is not in a state in which an operator can retry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the saga is {}; only a stuck one can be retried", .0.as_str())]
pub struct Refusal(pub Status);

impl Saga {
    /// The record of a saga that begins.
    pub fn begin(saga_id: SagaId, customer_id: CustomerId, now: Timestamp) -> Self {
        let kind = Kind::of(&saga_id);
        let record = |step: super::Step| StepRecord {
            step: step.done.as_str().to_owned(),
            state: None,
            at: None,
            detail: None,
            history: Vec::new(),
        };
        let mut saga = Self {
            saga_id,
            kind,
            customer_id,
            status: Status::Running,
            started_at: now,
            deadline: deadline(now),
            undo_attempts: 0,
            messages: Vec::new(),
            messages_left_out: 0,
            steps: kind.steps().map(record).to_vec(),
        };
        saga.mark(0, StepState::Started, now, None);
        saga
    }

    /// Takes in an event, and answers with the undo to ask for next. Events may come twice and in any order.
    pub fn on_event(&mut self, event: EventType, detail: Option<&str>, now: Timestamp) -> Option<Command> {
        match self.kind.meaning(event) {
            Meaning::Started(_) | Meaning::Foreign => None,
            Meaning::Succeeded(step) => {
                self.on_success(step, now);
                None
            }
            Meaning::Failed(step) => self.on_failure(step, detail.unwrap_or(event.as_str()), now),
            Meaning::Undone(step) => self.on_undone(step, now),
            Meaning::UndoRefused => {
                self.on_undo_refused(detail.unwrap_or("refused"), now);
                None
            }
        }
    }

    fn on_success(&mut self, step: usize, now: Timestamp) {
        let last = step + 1 == self.steps.len();
        if self.state(step) == Some(StepState::Succeeded) {
            return;
        }
        match self.status {
            // Each step causes the next, so the last one completes the saga even if news of another is late.
            Status::Running if last => self.complete(now),
            // The fence of the last step announces it again when it had happened before it could be called off. Once
            // the fence has held, or the step was refused, what was done is being undone: there is no way back.
            Status::Compensating | Status::Stuck if last && self.is_undoing(step) => self.complete(now),
            Status::Running => {
                self.mark(step, StepState::Succeeded, now, None);
                if self.state(step + 1).is_none() {
                    self.mark(step + 1, StepState::Started, now, None);
                }
            }
            Status::Completed => self.mark(step, StepState::Succeeded, now, None),
            // Its undo is on the way or done: news that came late does not change that.
            Status::Compensating | Status::Compensated | Status::Stuck => {}
        }
    }

    fn complete(&mut self, now: Timestamp) {
        self.mark(self.steps.len() - 1, StepState::Succeeded, now, None);
        self.status = Status::Completed;
    }

    fn on_failure(&mut self, step: usize, why: &str, now: Timestamp) -> Option<Command> {
        match self.status {
            // Each step causes the next, so one that was done, or whose successor was, did not fail.
            Status::Running if self.steps[step..].iter().any(|s| s.state == Some(StepState::Succeeded)) => {
                None
            }
            Status::Running => {
                self.mark(step, StepState::Failed, now, Some(why));
                self.status = Status::Compensating;
                self.undo_attempts += 1;
                self.deadline = deadline(now);
                self.undo_from(step, now)
            }
            // What was to be undone turns out never to have happened.
            Status::Compensating | Status::Stuck if self.is_undoing(step) => self.on_undone(step, now),
            Status::Compensating | Status::Stuck | Status::Completed | Status::Compensated => None,
        }
    }

    fn on_undone(&mut self, step: usize, now: Timestamp) -> Option<Command> {
        if self.status.has_ended() || !self.is_undoing(step) {
            return None;
        }
        self.mark(step, StepState::UndoSucceeded, now, None);
        if self.status == Status::Stuck {
            // The undo was done after all. What is left of the time may be nothing.
            self.deadline = deadline(now);
        }
        self.status = Status::Compensating;
        self.undo_from(step, now)
    }

    fn on_undo_refused(&mut self, why: &str, now: Timestamp) {
        if let Some(step) = self.undoing()
            && self.status == Status::Compensating
        {
            self.mark(step, StepState::UndoFailed, now, Some(why));
            self.status = Status::Stuck;
        }
    }

    /// Time has run out: a running saga is undone from its last step, which is fenced first, so that nothing can
    /// overtake the undo; one that is being undone is given to an operator.
    pub fn on_deadline(&mut self, now: Timestamp) -> Option<Command> {
        match self.status {
            Status::Completed | Status::Compensated | Status::Stuck => None,
            Status::Running | Status::Compensating if now < self.deadline => None,
            Status::Running => {
                if let Some(step) = self.steps.iter().position(|s| s.state == Some(StepState::Started)) {
                    self.mark(step, StepState::Failed, now, Some("deadline"));
                }
                self.status = Status::Compensating;
                self.undo_attempts += 1;
                self.deadline = deadline(now);
                self.undo_from(self.steps.len(), now)
            }
            Status::Compensating => {
                self.on_undo_refused("the undo did not answer in time", now);
                None
            }
        }
    }

    /// An operator asks for the undo again.
    pub fn retry(&mut self, now: Timestamp) -> Result<Option<Command>, Refusal> {
        match (self.status, self.undoing()) {
            (Status::Stuck, Some(step)) => {
                self.status = Status::Compensating;
                self.undo_attempts += 1;
                self.deadline = deadline(now);
                Ok(self.undo_from(step + 1, now))
            }
            _ => Err(Refusal(self.status)),
        }
    }

    /// Puts a message on record, once however often it comes. Nothing that the saga does depends on it.
    pub fn note(&mut self, message: Exchange) {
        if !self.messages.iter().any(|known| known.is_same(&message)) {
            let left_out = history::push(&mut self.messages, message, SAGA_MESSAGES_MAX);
            self.messages_left_out += u32::try_from(left_out).unwrap_or_default();
        }
    }

    /// Begins the undo of the step before `step`, or ends the saga when there is none.
    fn undo_from(&mut self, step: usize, now: Timestamp) -> Option<Command> {
        let Some(before) = step.checked_sub(1) else {
            self.status = Status::Compensated;
            return None;
        };
        self.mark(before, StepState::UndoStarted, now, None);
        Some(Command { step: before, undo: self.kind.steps()[before].undo })
    }

    fn mark(&mut self, step: usize, state: StepState, now: Timestamp, detail: Option<&str>) {
        let record = &mut self.steps[step];
        record.state = Some(state);
        record.at = Some(now);
        history::push(&mut record.history, StepChange { state, at: now }, SAGA_STEP_CHANGES_MAX);
        if detail.is_some() {
            record.detail = detail.map(ToOwned::to_owned);
        }
    }

    fn state(&self, step: usize) -> Option<StepState> {
        self.steps.get(step).and_then(|record| record.state)
    }

    fn is_undoing(&self, step: usize) -> bool {
        matches!(self.state(step), Some(StepState::UndoStarted | StepState::UndoFailed))
    }

    /// The step whose undo is awaited or failed.
    fn undoing(&self) -> Option<usize> {
        (0..self.steps.len()).find(|step| self.is_undoing(*step))
    }
}

fn deadline(now: Timestamp) -> Timestamp {
    now.saturating_add(SignedDuration::from_secs(SAGA_DEADLINE_SECONDS)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
