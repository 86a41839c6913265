use crate::ports::Table;
use crate::store::{Changes, Loaded, retry_on_change};
use crate::{App, Failure, announcement};
use contract::event::{Event, OrderFacts};
use domain::bill::{Account, AccountStatus};
use domain::calendar::{UsageMonth, seoul_date};
use domain::event::EventType;
use domain::ids::{CustomerId, OrderId, PlanCode, SagaId};
use jiff::Timestamp;

impl App {
    /// `order.placed`: billing gets to know the line.
    pub(crate) async fn on_order_placed(&self, event: &Event) -> Result<(), Failure> {
        let now = self.now();
        let (customer, order) = (event.customer()?, event.order()?);
        let account = self.buckets.customer(customer).account(&order.order_id);
        let mut changes = Changes::new(Table::Bills, account.partition.clone());
        changes.inbox(&event.event_id, now)?;
        changes.insert(account.row, &new_account(customer, order))?;
        changes.send(announcement(
            &self.account_event(EventType::BillAccountOpened, customer, order, now)?,
            now,
        )?);
        match self.commit(changes).await {
            // The account is there: opened by another delivery, or closed because the order came to nothing first.
            Err(Failure::Changed) => Ok(()),
            ended => ended.map(|_| ()),
        }
    }

    fn account_event(
        &self,
        kind: EventType,
        customer: &CustomerId,
        order: &OrderFacts,
        now: Timestamp,
    ) -> Result<Event, Failure> {
        let event = self.saga_event(kind, &SagaId::open(&order.order_id), customer, now)?;
        Ok(Event { order: Some(order.clone()), ..event })
    }

    /// `order.activated`: billing of the line begins.
    pub(crate) async fn on_order_activated(&self, event: &Event) -> Result<(), Failure> {
        let account = retry_on_change!(self.try_begin_billing(event).await)?;
        match account.service_from {
            Some(first) => self.issue_missed(&account, UsageMonth::of_date(first)).await,
            None => Ok(()),
        }
    }

    async fn try_begin_billing(&self, event: &Event) -> Result<Account, Failure> {
        let now = self.now();
        let order = event.order()?;
        let Loaded { row, value: account, etag } =
            self.load_account(event.customer()?, &order.order_id).await?;
        if account.status != AccountStatus::Opened {
            return Ok(account);
        }
        let account = begun(account, order, event.occurred_at);
        let mut changes = Changes::new(Table::Bills, self.buckets.customer(&account.customer_id).partition);
        changes.inbox(&event.event_id, now)?.replace(row, etag, &account)?;
        self.commit(changes).await?;
        Ok(account)
    }

    pub(super) async fn load_account(
        &self,
        customer: &CustomerId,
        order: &OrderId,
    ) -> Result<Loaded<Account>, Failure> {
        let key = self.buckets.customer(customer).account(order);
        self.load(Table::Bills, &key).await?.ok_or_else(|| Failure::not_found("account"))
    }

    /// Undo of opening the account. It is closed even if it was never opened, so that an order event that comes late
    /// does not open it.
    pub(crate) async fn close_account(&self, customer: &CustomerId, order: &OrderId) -> Result<(), Failure> {
        retry_on_change!(self.try_close_account(customer, order).await)
    }

    async fn try_close_account(&self, customer: &CustomerId, order: &OrderId) -> Result<(), Failure> {
        let now = self.now();
        let key = self.buckets.customer(customer).account(order);
        let mut changes = Changes::new(Table::Bills, key.partition.clone());
        match self.load::<Account>(Table::Bills, &key).await? {
            None => {
                changes.insert(key.row, &closed_account(customer, order)?)?;
            }
            Some(Loaded { value, .. }) if value.status == AccountStatus::Closed => {}
            Some(Loaded { row, value, etag }) => {
                changes.replace(row, etag, &Account { status: AccountStatus::Closed, ..value })?;
            }
        }
        let event = self.saga_event(EventType::BillAccountClosed, &SagaId::open(order), customer, now)?;
        changes.send(announcement(&event, now)?);
        self.commit(changes).await.map(|_| ())
    }
}

fn new_account(customer: &CustomerId, order: &OrderFacts) -> Account {
    let (id, plan) = (order.order_id.clone(), order.plan.clone());
    Account { contract_months: order.contract_months, ..Account::open(id, customer.clone(), plan) }
}

/// The account of a line that works. The event that says so may be announced again, later than it happened.
pub(super) fn begun(account: Account, order: &OrderFacts, announced: Timestamp) -> Account {
    Account {
        status: AccountStatus::Active,
        number: order.number.clone(),
        service_from: Some(seoul_date(order.active_since.unwrap_or(announced))),
        ..account
    }
}

/// The mark of a line that will never be: its plan does not matter.
fn closed_account(customer: &CustomerId, order: &OrderId) -> Result<Account, Failure> {
    let plan = PlanCode::parse("none").map_err(|error| Failure::Fault(Box::new(error)))?;
    Ok(Account { status: AccountStatus::Closed, ..Account::open(order.clone(), customer.clone(), plan) })
}
