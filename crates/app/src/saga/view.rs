//! Sagas as the API shows them.

use domain::calendar::rfc3339;
use domain::ids::{CustomerId, SagaId};
use domain::saga::{Direction, Exchange, Kind, Saga, Status, StepChange, StepRecord, StepState};
use serde::Serialize;

/// A saga as the API shows it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SagaView {
    saga_id: SagaId,
    kind: Kind,
    customer_id: CustomerId,
    status: Status,
    started_at: String,
    deadline: String,
    undo_attempts: u32,
    steps: Vec<StepView>,
    #[serde(flatten)]
    messages: Option<Messages>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct StepView {
    step: String,
    state: Option<StepState>,
    at: Option<String>,
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<ChangeView>>,
}

#[derive(Debug, Clone, Serialize)]
struct ChangeView {
    state: StepState,
    at: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Messages {
    messages: Vec<MessageView>,
    messages_left_out: u32,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageView {
    at: String,
    direction: Direction,
    name: String,
    message_id: Option<String>,
}

impl SagaView {
    /// Where the saga and its steps stand now, for lists.
    pub(super) fn now(saga: Saga) -> Self {
        Self {
            saga_id: saga.saga_id,
            kind: saga.kind,
            customer_id: saga.customer_id,
            status: saga.status,
            started_at: rfc3339(saga.started_at),
            deadline: rfc3339(saga.deadline),
            undo_attempts: saga.undo_attempts,
            steps: saga.steps.into_iter().map(StepView::now).collect(),
            messages: None,
        }
    }

    /// With every state that its steps came to.
    pub(super) fn with_history(mut saga: Saga) -> Self {
        let histories: Vec<_> = saga.steps.iter_mut().map(|step| std::mem::take(&mut step.history)).collect();
        let mut view = Self::now(saga);
        for (step, history) in view.steps.iter_mut().zip(histories) {
            step.history = Some(history.into_iter().map(ChangeView::from).collect());
        }
        view
    }

    /// With its messages as well, which are the operators' business.
    pub(super) fn with_messages(mut saga: Saga) -> Self {
        let messages = std::mem::take(&mut saga.messages).into_iter().map(MessageView::from).collect();
        let messages = Messages { messages, messages_left_out: saga.messages_left_out };
        Self { messages: Some(messages), ..Self::with_history(saga) }
    }
}

impl StepView {
    fn now(step: StepRecord) -> Self {
        let StepRecord { step, state, at, detail, .. } = step;
        Self { step, state, at: at.map(rfc3339), detail, history: None }
    }
}

impl From<StepChange> for ChangeView {
    fn from(change: StepChange) -> Self {
        Self { state: change.state, at: rfc3339(change.at) }
    }
}

impl From<Exchange> for MessageView {
    fn from(message: Exchange) -> Self {
        let Exchange { at, direction, name, message_id } = message;
        Self { at: rfc3339(at), direction, name, message_id }
    }
}
