use super::Books;
use super::agree::Faults;
use crate::world::World;
use domain::bill;
use domain::pay;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What a page shows of a thing, by its id.
type Shown = BTreeMap<String, Value>;

fn name(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

/// The entries of a page, with the fields that must agree.
fn shown(page: &Value, list: &str, id: &str, fields: &[&str]) -> Shown {
    let entry = |entry: &Value| {
        let facts = fields.iter().map(|field| ((*field).to_owned(), entry[*field].clone())).collect();
        (entry[id].as_str().unwrap().to_owned(), Value::Object(facts))
    };
    page[list].as_array().unwrap().iter().map(entry).collect()
}

impl World {
    /// Every customer's page shows what the services have.
    pub(super) async fn check_view(&self, books: &Books, faults: &mut Faults) {
        let customers: BTreeSet<_> = books.orders.values().map(|order| order.customer_id.clone()).collect();
        for customer in customers {
            let page = serde_json::to_value(self.app.my_page(&customer).await.unwrap()).unwrap();
            let mine = |id: &domain::ids::CustomerId| *id == customer;
            let lines = books.orders.values().filter(|order| mine(&order.customer_id)).map(|order| {
                let facts = json!({ "status": name(&order.status), "number": order.number });
                (order.order_id.to_string(), facts)
            });
            check_equal(&lines.collect(), &shown(&page, "lines", "orderId", &["status", "number"]), faults);
            let bills = books.bills.values().filter(|bill| mine(&bill.customer_id));
            let bills = bills.filter(|bill| bill.status != bill::Status::OnHold).map(|bill| {
                let facts = json!({
                    "status": name(&bill.status), "amount": bill.amount, "paid": bill.paid,
                    "outstanding": bill.outstanding()
                });
                (bill.bill_id.to_string(), facts)
            });
            let fields = ["status", "amount", "paid", "outstanding"];
            check_equal(&bills.collect(), &shown(&page, "bills", "billId", &fields), faults);
            let payments = books.payments.values().filter(|payment| mine(&payment.customer_id));
            let payments = payments.filter(|payment| payment.status != pay::Status::Pending).map(|payment| {
                let facts = json!({ "status": name(&payment.status), "amount": payment.amount });
                (payment.payment_id.to_string(), facts)
            });
            let fields = ["status", "amount"];
            check_equal(&payments.collect(), &shown(&page, "payments", "paymentId", &fields), faults);
        }
    }
}

fn check_equal(stored: &Shown, shown: &Shown, faults: &mut Faults) {
    for id in stored.keys().chain(shown.keys()).collect::<BTreeSet<_>>() {
        let (stored, shown) = (stored.get(id), shown.get(id));
        faults.check(same(stored, shown), || format!("{id} is {stored:?}, MyPage shows {shown:?}"));
    }
}

/// A field that is left out is null.
fn same(stored: Option<&Value>, shown: Option<&Value>) -> bool {
    match (stored, shown) {
        (Some(stored), Some(shown)) => stored == shown,
        (None, None) => true,
        (_, _) => false,
    }
}
