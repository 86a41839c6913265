//! The final bill of a line that is being closed.

use super::account::begun;
use crate::ports::Table;
use crate::store::{Changes, Loaded, retry_on_change};
use crate::{App, Failure, announcement};
use contract::event::Event;
use contract::problem::Code;
use domain::bill::{Account, AccountStatus, Bill, Command};
use domain::calendar::{UsageMonth, seoul_date};
use domain::event::EventType;
use domain::ids::{BillId, CustomerId, OrderId, SagaId};
use domain::order::Outcome;
use domain::rating::{LineTerms, UsageSums, rate};
use jiff::Timestamp;

impl App {
    /// `order.termination_requested`: the last bill, for the month up to today. Usage that comes later is charged by
    /// the month's run, once `order.terminated` says that the line is closed for good.
    pub(crate) async fn on_termination(&self, event: &Event) -> Result<(), Failure> {
        if event.kind == EventType::OrderTerminated {
            let account = retry_on_change!(self.try_end_account(event).await)?;
            return match &account.final_bill {
                Some(last) => self.issue_missed(&account, last.month()).await,
                None => Ok(()),
            };
        }
        retry_on_change!(self.try_issue_final(event).await)
    }

    async fn try_end_account(&self, event: &Event) -> Result<Account, Failure> {
        let now = self.now();
        let Loaded { row, value: account, etag } =
            self.load_account(event.customer()?, &event.order()?.order_id).await?;
        if account.status != AccountStatus::Final {
            return Ok(account);
        }
        let account = Account { status: AccountStatus::Ended, ..account };
        let mut changes = Changes::new(Table::Bills, self.buckets.customer(&account.customer_id).partition);
        changes.inbox(&event.event_id, now)?.replace(row, etag, &account)?;
        self.commit(changes).await?;
        Ok(account)
    }

    async fn try_issue_final(&self, event: &Event) -> Result<(), Failure> {
        let now = self.now();
        let (order, saga) = (event.order()?, event.saga()?);
        let mut loaded = self.load_account(event.customer()?, &order.order_id).await?;
        if loaded.value.status == AccountStatus::Opened {
            // The event that the line works is still on its way; this one tells it as well.
            loaded.value = begun(loaded.value, order, event.occurred_at);
        }
        if loaded.value.status != AccountStatus::Active || order.closings <= loaded.value.closings_undone {
            return Ok(());
        }
        let key = self.buckets.customer(&loaded.value.customer_id);
        let (fence, version) = self.fence(&key.partition).await?;
        let last_day = seoul_date(event.occurred_at);
        let month = fence.billed_in(UsageMonth::of_date(last_day));
        // The run of a closed month bills the line to the month's end, whether or not it has passed it by now.
        let last_day = last_day.max(month.previous().last_day());
        // All of these batches were stored before the fence was read; what is taken in meanwhile is of later ones.
        let usage = self.usage_up_to(fence.batches, &loaded.value, month).await?;
        let account = Account {
            status: AccountStatus::Final,
            service_to: Some(last_day),
            final_bill: Some(BillId::closing(month, &order.order_id, order.closings)),
            final_through: fence.batches,
            ..loaded.value
        };
        let bill = self.final_bill(&account, month, &usage, now)?;
        let event_out = self.final_event(EventType::BillFinalIssued, saga, &bill, Some(order), now)?;
        let mut changes = Changes::new(Table::Bills, key.partition.clone());
        changes.inbox(&event.event_id, now)?.replace(loaded.row, loaded.etag, &account)?;
        changes.insert(key.bill(&bill.bill_id).row, &bill)?.send(announcement(&event_out, now)?);
        self.commit_in_month(&key.partition, changes, fence, version).await
    }

    fn final_bill(
        &self,
        account: &Account,
        month: UsageMonth,
        usage: &UsageSums,
        now: Timestamp,
    ) -> Result<Bill, Failure> {
        let terms = LineTerms { fee_charged: false, ..account.terms(month) };
        let rated = rate(&self.catalogue, &terms, month, usage).map_err(|error| {
            Failure::refused(Code::WrongState, format!("no final bill: {}", error.code()))
        })?;
        let id = account.final_bill.clone().ok_or(Failure::Changed)?;
        Ok(Bill::issue(id, account, month, rated, now))
    }

    /// Undo of the final bill: it is void and the line is billed on. A request that comes late does nothing.
    pub(crate) async fn void_final_bill(
        &self,
        saga: &SagaId,
        customer: &CustomerId,
        order: &OrderId,
        attempt: u32,
    ) -> Result<(), Failure> {
        match retry_on_change!(self.try_void_final(saga, customer, order, attempt).await)? {
            Some((account, since)) => self.issue_missed(&account, since).await,
            None => Ok(()),
        }
    }

    /// Answers with the account when the line is billed on, and since which month it may not have been billed.
    async fn try_void_final(
        &self,
        saga: &SagaId,
        customer: &CustomerId,
        order: &OrderId,
        attempt: u32,
    ) -> Result<Option<(Account, UsageMonth)>, Failure> {
        let now = self.now();
        let key = self.buckets.customer(customer);
        let Loaded { row, value: account, etag } = self.load_account(customer, order).await?;
        let mut changes = Changes::new(Table::Bills, key.partition.clone());
        let mut event = self.saga_event(EventType::BillFinalVoided, saga, customer, now)?;
        // A command for a closing that was undone before says nothing of the one that may be under way now.
        let current = account.closings_undone < attempt;
        if let Some(id) = account.final_bill.as_ref().filter(|_| current) {
            let bill = self.load_bill(&key, id).await?;
            match bill.value.decide(&Command::Void) {
                Ok(Outcome::Changed(_)) => {
                    let voided = bill.value.after(&Command::Void, now);
                    event = self.final_event(EventType::BillFinalVoided, saga, &voided, None, now)?;
                    changes.replace(bill.row, bill.etag, &voided)?;
                }
                Ok(Outcome::Again(_) | Outcome::Nothing) => {}
                Err(refusal) => {
                    let refused =
                        self.final_event(EventType::SagaUndoRefused, saga, &bill.value, None, now)?;
                    let refused = Event { reason: Some(refusal.code().to_owned()), ..refused };
                    changes.send(announcement(&refused, now)?);
                    return self.commit(changes).await.map(|_| None);
                }
            }
        }
        // When this is done again the final bill is forgotten, but not the line's first day.
        let first = account.service_from.map(UsageMonth::of_date);
        let since = account.final_bill.as_ref().map(BillId::month).or(first);
        let account = if current { billed_on(account, attempt) } else { account };
        if current {
            changes.replace(row, etag, &account)?;
        }
        changes.send(announcement(&event, now)?);
        self.commit(changes).await.map(|_| since.map(|since| (account, since)))
    }
}

/// The account of a line that goes on after its closing was undone.
fn billed_on(account: Account, attempt: u32) -> Account {
    let status = match account.status {
        AccountStatus::Final => AccountStatus::Active,
        AccountStatus::Opened | AccountStatus::Active | AccountStatus::Ended | AccountStatus::Closed => {
            account.status
        }
    };
    Account {
        status,
        service_to: None,
        final_bill: None,
        final_through: 0,
        closings_undone: attempt,
        ..account
    }
}
