//! Issuing the bills that a run has made out: new ones, and those that were on hold and can be made out now.

use crate::parked::Parked;
use crate::ports::{Key, Table};
use crate::store::{Changes, Loaded};
use crate::{App, Failure, announcement};
use contract::event::{BillFacts, BillingCounts, Event};
use domain::bill::{Bill, Command, Status};
use domain::event::EventType;
use domain::limits::CONFLICT_RETRIES_MAX;
use domain::order::Outcome;
use domain::rating::RatedBill;
use futures::future::try_join_all;
use jiff::Timestamp;

/// Bills that a run has made out, by what is stored of them.
#[derive(Default)]
struct Batch<'a> {
    /// Nothing yet.
    fresh: Vec<&'a Bill>,
    /// They were on hold; this is what they become.
    released: Vec<Loaded<Bill>>,
    /// They are there, and are left as they are.
    standing: Vec<Bill>,
    /// They are on hold and stay so, because an operator has discarded them: nobody is to look at them again.
    discarded: usize,
}

impl App {
    /// Issues bills of one bucket in one transaction, with the event that announces them, and counts what is stored then.
    /// Bills that are there already, from another delivery or another pass, are left as they are, but for those on hold
    /// that can be made out by now.
    pub(super) async fn issue(
        &self,
        partition: &str,
        bills: Vec<Bill>,
        now: Timestamp,
    ) -> Result<BillingCounts, Failure> {
        let Some(first) = bills.first() else { return Ok(BillingCounts::default()) };
        // In another pass, or delivery, nearly all are there: a read finds out sooner than a transaction that fails.
        let mut batch = match self.stored_bill(partition, first).await? {
            Some(_) => self.sort_out(partition, &bills, now).await?,
            None => Batch { fresh: bills.iter().collect(), ..Batch::default() },
        };
        for _ in 0..CONFLICT_RETRIES_MAX {
            match self.try_issue(partition, &batch, now).await {
                Ok(()) => return self.follow_up(batch, now).await,
                Err(Failure::Changed) => batch = self.sort_out(partition, &bills, now).await?,
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::Changed)
    }

    async fn stored_bill(&self, partition: &str, bill: &Bill) -> Result<Option<Loaded<Bill>>, Failure> {
        let row = self.buckets.customer(&bill.customer_id).bill(&bill.bill_id).row;
        self.load(Table::Bills, &Key::new(partition, row)).await
    }

    async fn sort_out<'a>(
        &self,
        partition: &str,
        bills: &'a [Bill],
        now: Timestamp,
    ) -> Result<Batch<'a>, Failure> {
        let found = try_join_all(bills.iter().map(|bill| self.stored_bill(partition, bill))).await?;
        let on_hold = found.iter().flatten().map(|stored| &stored.value).filter(|bill| on_hold(bill));
        let discarded = self.discarded_lines(on_hold.map(|bill| &bill.bill_id)).await?;
        let mut batch = Batch::default();
        for (bill, stored) in bills.iter().zip(found) {
            match stored {
                None => batch.fresh.push(bill),
                Some(_) if discarded.contains(&bill.bill_id) => batch.discarded += 1,
                Some(stored) => match released(&stored.value, bill, now)? {
                    Some(value) => batch.released.push(Loaded { value, ..stored }),
                    None => batch.standing.push(stored.value),
                },
            }
        }
        Ok(batch)
    }

    async fn try_issue(&self, partition: &str, batch: &Batch<'_>, now: Timestamp) -> Result<(), Failure> {
        if batch.fresh.is_empty() && batch.released.is_empty() {
            return Ok(());
        }
        let mut changes = Changes::new(Table::Bills, partition);
        for bill in &batch.fresh {
            changes.insert(self.buckets.customer(&bill.customer_id).bill(&bill.bill_id).row, bill)?;
        }
        for Loaded { row, value, etag } in &batch.released {
            changes.replace(row.clone(), etag.clone(), value)?;
        }
        let bills = batch.fresh.iter().copied().chain(batch.released.iter().map(|bill| &bill.value));
        let issued: Vec<BillFacts> =
            bills.filter(|bill| bill.status != Status::OnHold).map(BillFacts::from).collect();
        if !issued.is_empty() {
            let event = Event { bills: issued, ..self.event(EventType::BillIssued, now)? };
            changes.send(announcement(&event, now)?);
        }
        self.commit(changes).await.map(|_| ())
    }

    /// Parks what is on hold, ends the records of what is not any more, and counts. All of it is no news when it is done
    /// again: an earlier delivery may have come as far as the bills.
    async fn follow_up(&self, batch: Batch<'_>, now: Timestamp) -> Result<BillingCounts, Failure> {
        let line = |bill: &Bill| Parked::line(bill, now);
        let new: Vec<Parked> = batch.fresh.iter().copied().filter(|bill| on_hold(bill)).map(line).collect();
        let again: Vec<Parked> = batch.standing.iter().filter(|bill| on_hold(bill)).map(line).collect();
        let parked = new.len() + again.len();
        let all = batch.fresh.len() + batch.released.len() + batch.standing.len();
        let skipped = batch.discarded as u64;
        let again = self.not_waiting(again).await?;
        self.park_all(new.into_iter().chain(again).collect()).await?;
        let released = batch.released.iter().map(|bill| &bill.value);
        let released = released.chain(batch.standing.iter().filter(|bill| bill.was_on_hold));
        self.end_lines(released.map(|bill| &bill.bill_id).collect()).await?;
        let (issued, parked) = ((all - parked) as u64, parked as u64);
        Ok(BillingCounts { issued, skipped, parked, ..BillingCounts::default() })
    }
}

fn on_hold(bill: &Bill) -> bool {
    bill.status == Status::OnHold
}

/// What a stored bill becomes when it was on hold and has been made out now; `None` when it stays as it is.
fn released(stored: &Bill, made_out: &Bill, now: Timestamp) -> Result<Option<Bill>, Failure> {
    if made_out.status == Status::OnHold {
        return Ok(None);
    }
    let rated = RatedBill { lines: made_out.lines.clone(), total: made_out.amount };
    let command = Command::Release(rated);
    let changes = matches!(stored.decide(&command)?, Outcome::Changed(_));
    Ok(changes.then(|| stored.clone().after(&command, now)))
}
