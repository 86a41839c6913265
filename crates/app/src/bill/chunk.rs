//! One message's share of a billing run: the lines of a bucket, up to a limit, and then the next message.

use super::run::Progress;
use crate::keys;
use crate::ports::{Range, Table, key_behind};
use crate::store::Loaded;
use crate::{App, Failure};
use contract::event::{BillingChunk, BillingCounts};
use contract::problem::Code;
use domain::bill::{Account, AccountStatus, Bill, Status};
use domain::calendar::UsageMonth;
use domain::ids::BillId;
use domain::limits::{BILLS_PER_TRANSACTION, LINES_PER_CHUNK, USAGE_PER_CHUNK};
use domain::rating::{UsageSums, rate};
use jiff::Timestamp;

/// What is to become of a line.
enum Verdict {
    Bill(Box<Bill>),
    NothingToBill,
}

impl App {
    /// A message of the `billing` queue.
    pub(crate) async fn on_billing_chunk(&self, chunk: &BillingChunk) -> Result<(), Failure> {
        let Some(bucket) = chunk.bucket else { return self.plan_run(chunk).await };
        let partition = keys::Buckets::partition(bucket);
        let month = chunk.usage_month;
        if chunk.after.is_none() {
            self.close_month(&partition, month).await?;
        }
        let (accounts, are_last) = self.accounts_after(&partition, chunk).await?;
        let (counts, billed) = self.bill_lines(&partition, month, &accounts).await?;
        let done = are_last && billed == accounts.len();
        let last = accounts.iter().take(billed).next_back();
        let next = BillingChunk {
            after: last.map(|account| account.order_id.clone()).or_else(|| chunk.after.clone()),
            counts: chunk.counts.plus(counts),
            ..chunk.clone()
        };
        self.record_progress(&Progress { pass: chunk.pass, next: next.clone(), done, at: self.now() })
            .await?;
        if done { Ok(()) } else { self.send_chunk(&next).await }
    }

    /// The accounts behind the last one that was done, up to a chunk's limit, and whether they are the last.
    async fn accounts_after(
        &self,
        partition: &str,
        chunk: &BillingChunk,
    ) -> Result<(Vec<Account>, bool), Failure> {
        let mut range = Range::prefix(partition, keys::ACCOUNTS);
        if let Some(after) = &chunk.after {
            range.from = key_behind(&keys::account_row(after));
        }
        let (rows, more) = self.load_some(Table::Bills, &range, LINES_PER_CHUNK).await?;
        let accounts = rows.into_iter().map(|row| Ok(Loaded::<Account>::of(row)?.value));
        Ok((accounts.collect::<Result<_, Failure>>()?, !more))
    }

    /// Bills lines until much usage was read, so that a chunk ends in its time and little is repeated when it fails. Says
    /// how many lines are done.
    async fn bill_lines(
        &self,
        partition: &str,
        month: UsageMonth,
        accounts: &[Account],
    ) -> Result<(BillingCounts, usize), Failure> {
        let (mut counts, mut billed) = (BillingCounts::default(), 0);
        let (Some(first), Some(last)) = (accounts.first(), accounts.last()) else {
            return Ok((counts, billed));
        };
        let now = self.now();
        let mut usage = self.usage_between(partition, month, &first.order_id, &last.order_id);
        let mut bills = Vec::with_capacity(BILLS_PER_TRANSACTION);
        for account in accounts {
            match self.bill_line(account, month, &usage.of(account).await?, now) {
                Verdict::Bill(bill) => bills.push(*bill),
                Verdict::NothingToBill => counts.skipped += 1,
            }
            counts.lines += 1;
            billed += 1;
            if bills.len() == BILLS_PER_TRANSACTION {
                counts = counts.plus(self.issue(partition, std::mem::take(&mut bills), now).await?);
            }
            if usage.rows_read() >= USAGE_PER_CHUNK {
                break;
            }
        }
        Ok((counts.plus(self.issue(partition, bills, now).await?), billed))
    }

    /// Makes out the bill of a line, from its terms and its usage.
    fn bill_line(&self, account: &Account, month: UsageMonth, usage: &UsageSums, now: Timestamp) -> Verdict {
        let due = usage.is_left() || (account.served_in(month) && !account.is_closed_in(month));
        let counted = match account.status {
            AccountStatus::Active | AccountStatus::Ended => due,
            // Is the line closed, or does it go on? Its months from the final bill on wait for that.
            AccountStatus::Final => {
                due && account.final_bill.as_ref().is_some_and(|last| last.month() > month)
            }
            AccountStatus::Opened | AccountStatus::Closed => false,
        };
        if !counted {
            return Verdict::NothingToBill;
        }
        let id = BillId::monthly(month, &account.order_id);
        Verdict::Bill(Box::new(match rate(&self.catalogue, &account.terms(month), month, usage) {
            Ok(rated) => Bill::issue(id, account, month, rated, now),
            Err(error) => Bill::hold(id, account, month, error.code(), now),
        }))
    }

    /// Issues the bills of the months from `since` on whose runs have passed a line while it was not to be billed. Once
    /// a line is written as billed, a run either sees it so or closed its month before: then the month shows here.
    pub(super) async fn issue_missed(&self, account: &Account, since: UsageMonth) -> Result<(), Failure> {
        let now = self.now();
        let key = self.buckets.customer(&account.customer_id);
        let (fence, _) = self.fence(&key.partition).await?;
        let Some(closed) = fence.closed_through else { return Ok(()) };
        let mut month = since;
        while month <= closed {
            let usage = self.usage_of(account, month).await?;
            if let Verdict::Bill(bill) = self.bill_line(account, month, &usage, now) {
                self.issue(&key.partition, vec![*bill], now).await?;
            }
            month = month.next();
        }
        Ok(())
    }

    /// Makes out the bill of a parked line again. A run may do so at the same time: then it is issued already.
    pub(crate) async fn release_bill(&self, bill: &Bill) -> Result<(), Failure> {
        let account = self.load_account(&bill.customer_id, &bill.order_id).await?.value;
        let usage = self.usage_of(&account, bill.usage_month).await?;
        let Verdict::Bill(again) = self.bill_line(&account, bill.usage_month, &usage, self.now()) else {
            return Err(Failure::not_found("line to bill"));
        };
        if again.status == Status::OnHold {
            let why = again.reason.unwrap_or_default();
            return Err(Failure::refused(Code::WrongState, format!("still not billable: {why}")));
        }
        let partition = self.buckets.customer(&bill.customer_id).partition;
        self.issue(&partition, vec![*again], self.now()).await.map(|_| ())
    }
}
