//! MyPage: the customer's lines, bills and payments with their histories, from a view computed ahead.
//!
//! Every event carries the state that it led to and its version, so an entry takes in events in any order and as
//! often as they come. What all entries together come to is kept beside them, for operators.

mod fold;
mod tally;

pub(crate) use tally::{Billed, Happened, Tally};

use crate::order::HistoryEntry;
use crate::ports::{Key, Range, Table};
use crate::store::{Changes, Loaded, retry_on_change};
use crate::{App, Failure};
use contract::event::{BillFacts, Event, OrderFacts, PaymentFacts};
use domain::calendar::rfc3339;
use domain::ids::CustomerId;
use fold::change_row;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One thing of the customer's, as the view keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    version: u32,
    at: Timestamp,
    facts: Value,
    /// The status of each version.
    changes: BTreeMap<u32, HistoryEntry<Value>>,
    /// The way of counting by which the sums have it: [`tally::VERSION`], or none that is good now.
    #[serde(default)]
    counted: u32,
}

/// What an event says of one thing.
struct News {
    kind: Kind,
    row: String,
    version: u32,
    at: Timestamp,
    status: Value,
    facts: Value,
}

/// The customer's page.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MyPage {
    customer_id: CustomerId,
    /// The time of the newest event in the view; now, while there is none.
    as_of: String,
    lines: Vec<Value>,
    bills: Vec<Value>,
    payments: Vec<Value>,
}

/// What events tell other services and a customer need not know; the history has the time since which a line works.
const INTERNAL: [&str; 5] = ["version", "closings", "cancellations", "contractMonths", "activeSince"];

/// What there is an entry of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Line,
    Bill,
    Payment,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Bill => "bill",
            Self::Payment => "pay",
        }
    }

    /// What the row of an entry is about: `{customer's digest}|{kind}|{id}`.
    fn of_row(row: &str) -> Result<Self, Failure> {
        let name = row.split('|').nth(1).unwrap_or_default();
        let kind = [Self::Line, Self::Bill, Self::Payment].into_iter().find(|kind| kind.as_str() == name);
        kind.ok_or_else(|| Failure::Fault(format!("{row} is no entry of the view").into()))
    }
}

impl Entry {
    fn new(news: &News) -> Self {
        let mut entry =
            Self { version: 0, at: news.at, facts: Value::Null, changes: BTreeMap::new(), counted: 0 };
        entry.take_in(news);
        entry
    }

    /// Whether the news changed anything. What a service announces again, when it is asked once more for what it has
    /// done, happened when it was announced first, whichever news of it comes first.
    fn take_in(&mut self, news: &News) -> bool {
        let change = HistoryEntry { at: rfc3339(news.at), status: news.status.clone() };
        if let Some(known) = self.changes.get_mut(&news.version) {
            let earlier = known.at.parse::<Timestamp>().is_ok_and(|at| news.at < at);
            if earlier {
                *known = change;
            }
            return earlier;
        }
        self.changes.insert(news.version, change);
        if news.version > self.version {
            self.version = news.version;
            self.facts = news.facts.clone();
            self.at = self.at.max(news.at);
        }
        true
    }

    /// What the sums have of it.
    fn counted_as(&self, kind: Kind) -> Result<Tally, Failure> {
        if self.counted == tally::VERSION { Tally::of(kind, self) } else { Ok(Tally::default()) }
    }

    /// What it comes to, which the sums have from now on.
    fn count(&mut self, kind: Kind) -> Result<Tally, Failure> {
        self.counted = tally::VERSION;
        Tally::of(kind, self)
    }

    fn into_view(self) -> Result<Value, Failure> {
        let mut history: Vec<HistoryEntry<Value>> = self.changes.into_values().collect();
        history.dedup_by(|later, earlier| later.status == earlier.status);
        let mut view: Map<String, Value> = serde_json::from_value(self.facts)?;
        for internal in INTERNAL {
            view.remove(internal);
        }
        view.insert("history".to_owned(), serde_json::to_value(history)?);
        Ok(Value::Object(view))
    }
}

impl App {
    /// The customer's page: one range query.
    pub async fn my_page(&self, customer: &CustomerId) -> Result<MyPage, Failure> {
        let key = self.buckets.customer(customer);
        let prefix = key.view();
        let rows = self.load_all(Table::MyPage, &Range::prefix(key.partition, &prefix)).await?;
        let mut page = MyPage {
            customer_id: customer.clone(),
            as_of: String::new(),
            lines: Vec::new(),
            bills: Vec::new(),
            payments: Vec::new(),
        };
        let mut newest = None;
        for row in rows {
            let kind = Kind::of_row(&row.row)?;
            let entry = Loaded::<Entry>::of(row)?.value;
            newest = newest.max(Some(entry.at));
            let list = match kind {
                Kind::Line => &mut page.lines,
                Kind::Bill => &mut page.bills,
                Kind::Payment => &mut page.payments,
            };
            list.push(entry.into_view()?);
        }
        page.as_of = rfc3339(newest.unwrap_or_else(|| self.now()));
        Ok(page)
    }

    /// Takes an event into the view.
    pub(crate) async fn project(&self, event: &Event) -> Result<(), Failure> {
        if event.bills.len() > 1 {
            return self.project_bills(event).await;
        }
        for (customer, news) in self.news_of(event)? {
            retry_on_change!(self.try_project(&customer, &news).await)?;
        }
        Ok(())
    }

    fn news_of(&self, event: &Event) -> Result<Vec<(CustomerId, News)>, Failure> {
        let mut news = Vec::new();
        // A bill's event may name the order or the payment that it is about; their own events tell of them.
        let of = |service: &str| event.kind.as_str().starts_with(service);
        if let (true, Some(order)) = (of("order."), &event.order) {
            news.push((
                event.customer()?.clone(),
                self.order_news(event.customer()?, order, event.occurred_at)?,
            ));
        }
        if let (true, Some(payment)) = (of("pay."), &event.payment) {
            news.push((
                event.customer()?.clone(),
                self.payment_news(event.customer()?, payment, event.occurred_at)?,
            ));
        }
        if let (true, Some(bill)) = (of("bill."), event.bills.first()) {
            news.push((bill.customer_id.clone(), self.bill_news(bill, event.occurred_at)?));
        }
        Ok(news)
    }

    fn row_of(&self, customer: &CustomerId, kind: Kind, id: &str) -> String {
        format!("{}{}|{id}", self.buckets.customer(customer).view(), kind.as_str())
    }

    fn order_news(&self, customer: &CustomerId, order: &OrderFacts, at: Timestamp) -> Result<News, Failure> {
        let (kind, facts) = (Kind::Line, serde_json::to_value(order)?);
        let row = self.row_of(customer, kind, order.order_id.as_str());
        Ok(News { kind, row, version: order.version, at, status: serde_json::to_value(order.status)?, facts })
    }

    fn payment_news(
        &self,
        customer: &CustomerId,
        payment: &PaymentFacts,
        at: Timestamp,
    ) -> Result<News, Failure> {
        let (kind, facts) = (Kind::Payment, serde_json::to_value(payment)?);
        let row = self.row_of(customer, kind, payment.payment_id.as_str());
        Ok(News {
            kind,
            row,
            version: payment.version,
            at,
            status: serde_json::to_value(payment.status)?,
            facts,
        })
    }

    fn bill_news(&self, bill: &BillFacts, at: Timestamp) -> Result<News, Failure> {
        let (kind, facts) = (Kind::Bill, serde_json::to_value(bill)?);
        let row = self.row_of(&bill.customer_id, kind, bill.bill_id.as_str());
        Ok(News { kind, row, version: bill.version, at, status: serde_json::to_value(bill.status)?, facts })
    }

    async fn try_project(&self, customer: &CustomerId, news: &News) -> Result<(), Failure> {
        let partition = self.buckets.customer(customer).partition;
        let key = Key::new(partition.clone(), news.row.clone());
        let mut changes = Changes::new(Table::MyPage, partition);
        let mut tally = Tally::default();
        match self.load::<Entry>(Table::MyPage, &key).await? {
            None => {
                let mut entry = Entry::new(news);
                tally += &entry.count(news.kind)?;
                changes.insert(news.row.clone(), &entry)?;
            }
            Some(Loaded { row, mut value, etag }) => {
                let before = value.counted_as(news.kind)?;
                if !value.take_in(news) {
                    return Ok(());
                }
                tally += &value.count(news.kind)?;
                tally.take_off(&before);
                changes.replace(row, etag, &value)?;
            }
        }
        if !tally.is_zero() {
            // A version is counted once for each time that it is said to have happened at.
            let at = news.at.as_millisecond();
            changes.insert(change_row(&format!("{}|{}|{at}", news.row, news.version)), &tally)?;
        }
        self.commit(changes).await.map(|_| ())
    }

    /// Bills that a run issued together are of one bucket: one transaction, unless some have news already.
    async fn project_bills(&self, event: &Event) -> Result<(), Failure> {
        let Some(first) = event.bills.first() else { return Ok(()) };
        let partition = self.buckets.customer(&first.customer_id).partition;
        let mut changes = Changes::new(Table::MyPage, partition);
        let mut tally = Tally::default();
        for bill in &event.bills {
            let news = self.bill_news(bill, event.occurred_at)?;
            let mut entry = Entry::new(&news);
            tally += &entry.count(news.kind)?;
            changes.insert(news.row, &entry)?;
        }
        // The hundredth entity.
        changes.insert(change_row(event.event_id.as_str()), &tally)?;
        match self.commit(changes).await {
            Ok(_) => Ok(()),
            Err(Failure::Changed) => {
                for bill in &event.bills {
                    let news = self.bill_news(bill, event.occurred_at)?;
                    retry_on_change!(self.try_project(&bill.customer_id, &news).await)?;
                }
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }
}
