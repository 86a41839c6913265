use super::Record;
use crate::store::{Committed, Entity, Outgoing, retry_on_change};
use crate::{App, Failure};
use contract::event::{Compensation, Deadline, Event};
use domain::event::EventType;
use domain::ids::{EventId, SagaId};
use domain::saga::{Command, DEADLINE, Exchange, Saga, Status};
use jiff::Timestamp;

impl App {
    /// Records an event of a saga, and asks for the next undo when one is due.
    pub(crate) async fn track(&self, event: &Event) -> Result<(), Failure> {
        retry_on_change!(self.try_track(event).await)
    }

    async fn try_track(&self, event: &Event) -> Result<(), Failure> {
        let now = self.now();
        let id = event.saga()?;
        let mut record = match self.load_saga(id).await? {
            Some(record) => record,
            None => self.begin_saga(event, now).await?,
        };
        let before = record.saga.clone();
        record.saga.note(Exchange::event(event.kind, &event.event_id, now));
        let command = record.saga.on_event(event.kind, event.reason.as_deref(), now);
        if record.saga == before {
            return Ok(());
        }
        // A refusal that is delivered again must not stop a compensation that an operator has begun anew.
        let once = (event.kind == EventType::SagaUndoRefused).then_some(&event.event_id);
        self.advance(&mut record, &before, command, once, now).await
    }

    async fn begin_saga(&self, event: &Event, now: Timestamp) -> Result<Record, Failure> {
        let saga = Saga::begin(event.saga()?.clone(), event.customer()?.clone(), now);
        // Before the saga is written: a deadline without a saga does nothing, a saga without a deadline could hang.
        self.schedule_deadline(&saga, now).await?;
        Ok(Record::begun(saga))
    }

    async fn schedule_deadline(&self, saga: &Saga, now: Timestamp) -> Result<(), Failure> {
        // The same for every attempt to schedule the same deadline, so that the bus drops repeats.
        self.schedule(saga, &format!("{}-deadline-{}", saga.saga_id, saga.deadline.as_second()), now).await
    }

    async fn schedule(&self, saga: &Saga, id: &str, now: Timestamp) -> Result<(), Failure> {
        let body = Deadline { saga_id: saga.saga_id.clone() };
        let message = Outgoing::new(Entity::SagaDeadlines, id, DEADLINE, &body, now)?
            .correlated(Some(saga.saga_id.to_string()))
            .scheduled(saga.deadline);
        Ok(self.send(&message).await?)
    }

    /// Writes a saga as it is now, with its new deadline and the command that it asks for.
    pub(super) async fn advance(
        &self,
        record: &mut Record,
        before: &Saga,
        command: Option<Command>,
        once: Option<&EventId>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let undo = command.map(|command| compensation(&mut record.saga, command, now)).transpose()?;
        let saga = &record.saga;
        if saga.deadline != before.deadline {
            self.schedule_deadline(saga, now).await?;
        }
        let mut changes = self.save_saga(record)?;
        if let Some(event) = once {
            changes.inbox(event, now)?;
        }
        if let Some(undo) = undo {
            changes.send(undo);
        }
        // A repeat wrote nothing, so nothing became of the saga that anybody should hear of.
        let repeat = matches!(self.commit(changes).await?, Committed::Repeat);
        if !repeat && saga.status != before.status {
            log_status(saga);
        }
        Ok(())
    }

    /// The message of this id says that a saga's deadline has come.
    pub(crate) async fn on_deadline(&self, saga: &SagaId, message_id: &str) -> Result<(), Failure> {
        retry_on_change!(self.try_deadline(saga, message_id).await)
    }

    async fn try_deadline(&self, saga: &SagaId, message_id: &str) -> Result<(), Failure> {
        let now = self.now();
        let Some(mut record) = self.load_saga(saga).await? else { return Ok(()) };
        let before = record.saga.clone();
        let command = record.saga.on_deadline(now);
        if record.saga == before {
            // By our clock the message came early: another one must come at the deadline.
            let early = saga_is_under_way(&before) && now < before.deadline;
            return if early { self.schedule(&before, &self.ports.ids.mint(now), now).await } else { Ok(()) };
        }
        // In front of the undo that it leads to.
        record.saga.note(Exchange::deadline(message_id, now));
        self.advance(&mut record, &before, command, None, now).await
    }
}

fn saga_is_under_way(saga: &Saga) -> bool {
    matches!(saga.status, Status::Running | Status::Compensating)
}

fn log_status(saga: &Saga) {
    let status = saga.status.as_str();
    if saga.status == Status::Stuck {
        tracing::error!(saga.id = %saga.saga_id, saga.status = status, "saga stuck: an operator must act");
    } else {
        tracing::info!(saga.id = %saga.saga_id, saga.status = status, "saga {status}");
    }
}

/// The message that asks a service to undo a step, on record with the saga. A new attempt is a new message.
fn compensation(saga: &mut Saga, command: Command, now: Timestamp) -> Result<Outgoing, Failure> {
    let Command { step, undo } = command;
    let id = format!("{}-undo{step}-{}", saga.saga_id, saga.undo_attempts);
    saga.note(Exchange::command(undo, &id, now));
    let (saga_id, customer_id) = (saga.saga_id.clone(), saga.customer_id.clone());
    let body = Compensation { saga_id, customer_id, undo: undo.as_str().to_owned() };
    let message = Outgoing::new(Entity::Compensations, id, undo.as_str(), &body, now)?;
    Ok(message.correlated(Some(saga.saga_id.to_string())))
}
