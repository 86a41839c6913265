//! Order: opening, blocking and closing lines.

use crate::keys::CustomerKey;
use crate::ports::{Range, Table};
use crate::store::{Changes, Committed, Loaded, retry_on_change};
use crate::{Answer, App, Failure, List, Once, PageRequest, announcement};
use contract::event::{Event, OrderFacts};
use contract::problem::{Code, Problem};
use domain::calendar::{rfc3339, seoul_date};
use domain::event::EventType;
use domain::ids::{CustomerId, EventId, OrderId, PhoneNumber, PlanCode, SagaId};
use domain::order::{Change, Command, Order, Outcome, Status};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What a customer asks for when opening a line.
#[derive(Debug, Clone)]
pub struct OpenLine {
    /// The plan.
    pub plan: PlanCode,
    /// Months of a discount contract (선택약정), 12 or 24.
    pub contract_months: Option<u8>,
    /// The number that the customer would like.
    pub wish_number: Option<PhoneNumber>,
}

/// A time and the status from then on, as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry<S> {
    /// RFC 3339 with Seoul's offset.
    pub at: String,
    /// The status.
    pub status: S,
}

/// A history as the API shows it.
pub(crate) fn history<S: Copy>(changes: &[Change<S>]) -> Vec<HistoryEntry<S>> {
    changes.iter().map(|change| HistoryEntry { at: rfc3339(change.at), status: change.status }).collect()
}

/// An order as the API shows it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderView {
    order_id: OrderId,
    customer_id: CustomerId,
    plan: PlanCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract_months: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract_to: Option<Date>,
    number: Option<PhoneNumber>,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    history: Vec<HistoryEntry<Status>>,
}

impl From<Order> for OrderView {
    fn from(order: Order) -> Self {
        Self {
            history: history(&order.history),
            contract_to: order.contract_to(),
            order_id: order.order_id,
            customer_id: order.customer_id,
            plan: order.plan,
            contract_months: order.contract_months,
            number: order.number,
            status: order.status,
            reason: order.reason,
        }
    }
}

/// The saga of which a change of an order is a part.
fn saga_of(order: &Order, kind: EventType) -> SagaId {
    let closing = matches!(
        kind,
        EventType::OrderTerminationRequested
            | EventType::OrderTerminated
            | EventType::OrderTerminationStopped
            | EventType::OrderTerminationWithdrawn
    );
    if closing { SagaId::close(&order.order_id, order.closings) } else { SagaId::open(&order.order_id) }
}

impl App {
    /// Places an order for a line.
    pub async fn open_line(
        &self,
        customer: &CustomerId,
        request: OpenLine,
        once: Option<&Once>,
    ) -> Result<Answer, Failure> {
        let now = self.now();
        let key = self.buckets.customer(customer);
        let ended = match self.check_plan(&request, now) {
            Ok(()) => self.place_order(customer, &key, request, once, now).await,
            Err(failure) => Err(failure),
        };
        self.replayed(Table::Orders, &key, once, ended, now).await
    }

    fn check_plan(&self, request: &OpenLine, now: Timestamp) -> Result<(), Failure> {
        let today = seoul_date(now);
        let plan = self.catalogue.plan(&request.plan).filter(|plan| plan.is_orderable_on(today));
        let plan =
            plan.ok_or_else(|| Failure::refused(Code::UnknownPlan, "the catalogue has no such plan today"))?;
        if request.contract_months.is_some() && !plan.is_discountable_on(today) {
            let problem =
                Problem::new(Code::InvalidField).field("contractMonths", "the plan has no contract discount");
            return Err(problem.into());
        }
        Ok(())
    }

    async fn place_order(
        &self,
        customer: &CustomerId,
        key: &CustomerKey,
        request: OpenLine,
        once: Option<&Once>,
        now: Timestamp,
    ) -> Result<Option<Answer>, Failure> {
        let id = OrderId::parse(self.ports.ids.mint(now)).map_err(|error| Failure::Fault(Box::new(error)))?;
        let OpenLine { plan, contract_months, wish_number } = request;
        let order = Order::place(id, customer.clone(), plan, contract_months, wish_number, now);
        let saga = SagaId::open(&order.order_id);
        let body = json!({ "orderId": order.order_id, "status": order.status, "sagaId": saga });
        let answer = Answer { status: 202, body };
        let mut changes = Changes::new(Table::Orders, key.partition.clone());
        changes.once(once, Some(&answer), now)?.insert(key.order(&order.order_id).row, &order)?;
        changes.send(announcement(&self.order_event(EventType::OrderPlaced, &order, now)?, now)?);
        Ok(matches!(self.commit(changes).await?, Committed::Applied(_)).then_some(answer))
    }

    fn order_event(&self, kind: EventType, order: &Order, now: Timestamp) -> Result<Event, Failure> {
        let event = self.saga_event(kind, &saga_of(order, kind), &order.customer_id, now)?;
        Ok(Event { order: Some(OrderFacts::from(order)), reason: order.reason.clone(), ..event })
    }

    /// A customer's orders, oldest first.
    pub async fn orders(
        &self,
        customer: &CustomerId,
        page: &PageRequest,
    ) -> Result<List<OrderView>, Failure> {
        let key = self.buckets.customer(customer);
        let range = Range::prefix(key.partition.clone(), &key.orders());
        self.list(Table::Orders, &range, page, |row| Ok(Some(Loaded::<Order>::of(row)?.value.into()))).await
    }

    /// One of a customer's orders.
    pub async fn order(&self, customer: &CustomerId, id: &OrderId) -> Result<OrderView, Failure> {
        Ok(self.load_order(customer, id).await?.value.into())
    }

    async fn load_order(&self, customer: &CustomerId, id: &OrderId) -> Result<Loaded<Order>, Failure> {
        let key = self.buckets.customer(customer).order(id);
        self.load(Table::Orders, &key).await?.ok_or_else(|| Failure::not_found("order"))
    }

    /// Begins to close a line.
    pub async fn terminate_line(
        &self,
        customer: &CustomerId,
        id: &OrderId,
        once: Option<&Once>,
    ) -> Result<Answer, Failure> {
        self.command_order(customer, id, &Command::RequestTermination, once).await
    }

    /// Blocks a line.
    pub async fn suspend_line(
        &self,
        customer: &CustomerId,
        id: &OrderId,
        once: Option<&Once>,
    ) -> Result<Answer, Failure> {
        self.command_order(customer, id, &Command::Suspend, once).await
    }

    /// Unblocks a line.
    pub async fn resume_line(
        &self,
        customer: &CustomerId,
        id: &OrderId,
        once: Option<&Once>,
    ) -> Result<Answer, Failure> {
        self.command_order(customer, id, &Command::Resume, once).await
    }

    async fn command_order(
        &self,
        customer: &CustomerId,
        id: &OrderId,
        command: &Command,
        once: Option<&Once>,
    ) -> Result<Answer, Failure> {
        let now = self.now();
        let key = self.buckets.customer(customer);
        let ended = retry_on_change!(self.try_command_order(customer, id, command, once, now).await);
        self.replayed(Table::Orders, &key, once, ended, now).await
    }

    async fn try_command_order(
        &self,
        customer: &CustomerId,
        id: &OrderId,
        command: &Command,
        once: Option<&Once>,
        now: Timestamp,
    ) -> Result<Option<Answer>, Failure> {
        let Loaded { row, value: order, etag } = self.load_order(customer, id).await?;
        let outcome = order.decide(command)?;
        let Outcome::Changed(kind) = outcome else {
            let answer = Answer { status: 200, body: json!({ "orderId": id, "status": order.status }) };
            return self.keep_answer(customer, once, answer, now).await;
        };
        let order = order.after(command, now);
        let mut body = json!({ "orderId": id, "status": order.status });
        if *command == Command::RequestTermination {
            body["sagaId"] = json!(saga_of(&order, kind));
        }
        let answer = Answer { status: 202, body };
        let mut changes = Changes::new(Table::Orders, self.buckets.customer(customer).partition);
        changes.once(once, Some(&answer), now)?.replace(row, etag, &order)?;
        changes.send(announcement(&self.order_event(kind, &order, now)?, now)?);
        Ok(matches!(self.commit(changes).await?, Committed::Applied(_)).then_some(answer))
    }

    /// The answer to a command that changes nothing; `None` when its key was used before.
    async fn keep_answer(
        &self,
        customer: &CustomerId,
        once: Option<&Once>,
        answer: Answer,
        now: Timestamp,
    ) -> Result<Option<Answer>, Failure> {
        if once.is_none() {
            return Ok(Some(answer));
        }
        let mut changes = Changes::new(Table::Orders, self.buckets.customer(customer).partition);
        changes.once(once, Some(&answer), now)?;
        Ok(matches!(self.commit(changes).await?, Committed::Applied(_)).then_some(answer))
    }

    /// `bill.account_opened`: the line gets its number and works.
    pub(crate) async fn on_account_opened(&self, event: &Event) -> Result<(), Failure> {
        let (customer, id) = (event.customer()?, event.order()?.order_id.clone());
        retry_on_change!(self.try_activate(customer, &id, &event.event_id).await)
    }

    async fn try_activate(
        &self,
        customer: &CustomerId,
        id: &OrderId,
        cause: &EventId,
    ) -> Result<(), Failure> {
        let now = self.now();
        let loaded = self.load_order(customer, id).await?;
        if !loaded.value.may_activate() {
            // An earlier attempt may have assigned a number before the activation was called off.
            return if loaded.value.number.is_none() {
                self.free_numbers(&loaded.value, now).await
            } else {
                Ok(())
            };
        }
        let command = match self.assign_number(&loaded.value, now).await? {
            Some(number) => Command::Activate(number),
            None if loaded.value.wish_number.is_some() => Command::RefuseActivation("number_taken"),
            None => Command::RefuseActivation("no_free_number"),
        };
        self.apply_order(loaded, &command, Some(cause), now).await
    }

    /// `bill.final_issued`: the line is closed.
    pub(crate) async fn on_final_issued(&self, event: &Event) -> Result<(), Failure> {
        let (customer, id) = (event.customer()?, event.bill()?.order_id.clone());
        let attempt = event.saga()?.attempt();
        retry_on_change!(self.try_terminate(customer, &id, attempt, &event.event_id).await)
    }

    async fn try_terminate(
        &self,
        customer: &CustomerId,
        id: &OrderId,
        attempt: u32,
        cause: &EventId,
    ) -> Result<(), Failure> {
        let now = self.now();
        let loaded = self.load_order(customer, id).await?;
        self.apply_order(loaded, &Command::Terminate(attempt), Some(cause), now).await?;
        let order = self.load_order(customer, id).await?.value;
        // A crash between the two leaves the message, which comes again.
        if order.status == Status::Terminated { self.retire_number(&order, now).await } else { Ok(()) }
    }

    /// A compensating command of a saga.
    pub(crate) async fn undo_order(
        &self,
        customer: &CustomerId,
        id: &OrderId,
        command: &Command,
    ) -> Result<(), Failure> {
        retry_on_change!(self.try_undo_order(customer, id, command).await)
    }

    async fn try_undo_order(
        &self,
        customer: &CustomerId,
        id: &OrderId,
        command: &Command,
    ) -> Result<(), Failure> {
        let now = self.now();
        let loaded = self.load_order(customer, id).await?;
        let stops = *command == Command::StopActivation;
        let loaded = if stops { self.stop_activation(loaded, now).await? } else { loaded };
        self.apply_order(loaded, command, None, now).await
    }

    /// Calls the activation off, and only then frees the number: an activation that is at work at the same time would
    /// otherwise keep a number that others can get. That it is free is announced by whoever calls this.
    async fn stop_activation(&self, loaded: Loaded<Order>, now: Timestamp) -> Result<Loaded<Order>, Failure> {
        let mut loaded = loaded;
        if loaded.value.may_activate() {
            let partition = self.buckets.customer(&loaded.value.customer_id).partition;
            loaded.value = loaded.value.after(&Command::StopActivation, now);
            let mut changes = Changes::new(Table::Orders, partition);
            changes.replace(loaded.row.clone(), loaded.etag, &loaded.value)?;
            let Committed::Applied(etags) = self.commit(changes).await? else { return Err(Failure::Changed) };
            loaded.etag = etags.into_iter().flatten().next().ok_or(Failure::Changed)?;
        }
        if loaded.value.number.is_none() {
            self.free_numbers(&loaded.value, now).await?;
        }
        Ok(loaded)
    }

    async fn apply_order(
        &self,
        loaded: Loaded<Order>,
        command: &Command,
        cause: Option<&EventId>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let Loaded { row, value: order, etag } = loaded;
        let mut changes = Changes::new(Table::Orders, self.buckets.customer(&order.customer_id).partition);
        if let Some(cause) = cause {
            changes.inbox(cause, now)?;
        }
        match order.decide(command)? {
            Outcome::Nothing => return Ok(()),
            Outcome::Again(kind) => {
                changes.send(announcement(&self.order_event(kind, &order, now)?, now)?);
            }
            Outcome::Changed(kind) => {
                let order = order.after(command, now);
                changes.replace(row, etag, &order)?;
                changes.send(announcement(&self.order_event(kind, &order, now)?, now)?);
            }
        }
        self.commit(changes).await.map(|_| ())
    }
}
