//! Everything that is stored, read by its row keys, and whether it all agrees.

mod agree;
mod figures;
mod sagas;
mod view;

use crate::world::World;
use app::ports::{Key, Table};
use domain::bill::{Account, Bill};
use domain::catalogue::UsageType;
use domain::ids::{BillId, OrderId, PaymentId, SagaId};
use domain::order::Order;
use domain::pay::{Payable, Payment};
use domain::rating::Quantity;
use domain::saga::{Saga, StepRecord};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A usage record as it is stored.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoredUsage {
    #[serde(skip, default)]
    pub(crate) line: String,
    #[serde(rename = "type")]
    pub(crate) kind: UsageType,
    pub(crate) quantity: Quantity,
}

/// Everything that is stored.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) orders: BTreeMap<OrderId, Order>,
    /// The holder of each number, by its row key.
    pub(crate) numbers: BTreeMap<String, Value>,
    pub(crate) accounts: BTreeMap<OrderId, Account>,
    pub(crate) bills: BTreeMap<BillId, Bill>,
    pub(crate) usage: Vec<StoredUsage>,
    pub(crate) payables: BTreeMap<BillId, Payable>,
    pub(crate) payments: BTreeMap<PaymentId, Payment>,
    pub(crate) sagas: BTreeMap<SagaId, Saga>,
    /// The statuses under which sagas are listed, by the digest of the saga's id.
    pub(crate) listed: BTreeSet<(String, String)>,
    /// Messages that are not published yet.
    pub(crate) outbox: Vec<(Table, String)>,
    /// Payments with business open at the gateway.
    pub(crate) open: Vec<PaymentId>,
}

fn parse<T: DeserializeOwned>(body: &str) -> T {
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

/// The last part of a key, an id.
fn last(key: &Key) -> &str {
    key.row.rsplit('|').next().unwrap_or_default()
}

impl World {
    /// Everything that is stored now.
    pub(crate) fn books(&self) -> Books {
        let mut books = Books::default();
        for table in Table::ALL {
            for (key, body) in self.tables.rows(table) {
                books.take_in(table, &key, &body);
            }
        }
        books
    }
}

impl Books {
    fn take_in(&mut self, table: Table, key: &Key, body: &str) {
        let kind = key.row.split('|').next().unwrap_or_default();
        match (table, kind) {
            (_, "out") => self.outbox.push((table, key.row.clone())),
            (Table::Orders, "order") => {
                let order: Order = parse(body);
                self.orders.insert(order.order_id.clone(), order);
            }
            (Table::Numbers, _) => {
                self.numbers.insert(key.row.clone(), parse(body));
            }
            (Table::Bills, "line") => {
                let account: Account = parse(body);
                self.accounts.insert(account.order_id.clone(), account);
            }
            (Table::Bills, "bill") => {
                let bill: Bill = parse(body);
                self.bills.insert(bill.bill_id.clone(), bill);
            }
            (Table::Bills, "use") => {
                let line = key.row.split('|').nth(2).unwrap().to_owned();
                self.usage.push(StoredUsage { line, ..parse(body) });
            }
            (Table::Payments, "pay") => self.take_in_payment(key, body),
            (Table::Payments, "open") => self.open.push(PaymentId::parse(last(key)).unwrap()),
            (Table::Sagas, "saga") => self.take_in_saga(key, body),
            (Table::Sagas, "status") => {
                let status = key.row.split('|').nth(1).unwrap().to_owned();
                self.listed.insert((status, last(key).to_owned()));
            }
            _ => {}
        }
    }

    fn take_in_payment(&mut self, key: &Key, body: &str) {
        if last(key).is_empty() {
            let payable: Payable = parse(body);
            self.payables.insert(payable.bill_id.clone(), payable);
        } else {
            let payment: Payment = parse(body);
            self.payments.insert(payment.payment_id.clone(), payment);
        }
    }

    /// A header comes before its steps.
    fn take_in_saga(&mut self, key: &Key, body: &str) {
        if last(key).is_empty() {
            let saga: Saga = parse(body);
            self.sagas.insert(saga.saga_id.clone(), saga);
            return;
        }
        let id = SagaId::parse(key.row.split('|').nth(1).unwrap()).unwrap();
        let step: StepRecord = parse(body);
        self.sagas.get_mut(&id).unwrap().steps.push(step);
    }

    /// What billing has of a line, for the message of a test that fails.
    pub(crate) fn of_line(&self, line: &str) -> impl std::fmt::Debug {
        let accounts: Vec<_> = self.accounts.values().filter(|a| a.order_id.as_str() == line).collect();
        let bills = self.bills.values().filter(|bill| bill.order_id.as_str() == line);
        let bills = bills.map(|bill| (bill.bill_id.clone(), bill.status, bill.issued_at, bill.lines.clone()));
        let usage = self.usage.iter().filter(|usage| usage.line == line);
        (format!("{accounts:?}"), bills.collect::<Vec<_>>(), usage.cloned().collect::<Vec<_>>())
    }

    /// The payments of a bill.
    pub(crate) fn payments_of<'a>(&'a self, bill: &'a BillId) -> impl Iterator<Item = &'a Payment> {
        self.payments.values().filter(move |payment| payment.bill_id == *bill)
    }
}
