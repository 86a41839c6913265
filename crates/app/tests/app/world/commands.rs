//! What customers and operators do.

use super::World;
use app::bill::{Intake, UsageRecord};
use app::order::OpenLine;
use app::pay::Pay;
use app::{Answer, Failure, Once};
use domain::calendar::UsageMonth;
use domain::catalogue::UsageType;
use domain::ids::{BillId, CustomerId, OrderId, PaymentId, PaymentKey, PhoneNumber, PlanCode, SagaId};
use domain::money::Won;
use domain::rating::Quantity;
use testkit::Card;

pub(crate) fn customer(name: &str) -> CustomerId {
    CustomerId::parse(name).unwrap()
}

pub(crate) fn month(text: &str) -> UsageMonth {
    UsageMonth::parse(text).unwrap()
}

pub(crate) fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).unwrap()
}

/// A request for a line on the plan of the tests, with a number if one is wished for.
pub(crate) fn wish(number: Option<&str>) -> OpenLine {
    on_plan("lte-light", number)
}

pub(crate) fn on_plan(plan: &str, number: Option<&str>) -> OpenLine {
    let wish_number = number.map(|number| PhoneNumber::parse(number).unwrap());
    OpenLine { plan: PlanCode::parse(plan).unwrap(), contract_months: None, wish_number }
}

fn text<'a>(answer: &'a Answer, field: &str) -> &'a str {
    answer.body[field].as_str().unwrap_or_else(|| panic!("{field} of {answer:?}"))
}

pub(crate) fn order_of(answer: &Answer) -> OrderId {
    OrderId::parse(text(answer, "orderId")).unwrap()
}

pub(crate) fn payment_of(answer: &Answer) -> PaymentId {
    PaymentId::parse(text(answer, "paymentId")).unwrap()
}

pub(crate) fn saga_of(answer: &Answer) -> SagaId {
    SagaId::parse(text(answer, "sagaId")).unwrap()
}

impl World {
    /// Opens a line and delivers what follows.
    pub(crate) async fn open_line(&mut self, name: &str) -> OrderId {
        self.open(name, wish(None)).await
    }

    pub(crate) async fn open(&mut self, name: &str, request: OpenLine) -> OrderId {
        let answer = self.app.open_line(&customer(name), request, None).await.unwrap();
        self.run_until_quiet().await;
        order_of(&answer)
    }

    /// Takes in usage of a line.
    pub(crate) async fn import(&self, usage: &[UsageRecord]) -> Intake {
        self.app.take_in_usage(usage.to_vec(), Vec::new()).await.unwrap()
    }

    /// A usage record of a line.
    pub(crate) fn used(
        &self,
        line: &OrderId,
        record: &str,
        kind: UsageType,
        units: &str,
        at: &str,
    ) -> UsageRecord {
        UsageRecord {
            line: 2,
            record_id: record.to_owned(),
            number: self.number_of(line),
            kind,
            quantity: quantity(units),
            used_at: at.parse().unwrap(),
        }
    }

    /// The number of a line.
    pub(crate) fn number_of(&self, line: &OrderId) -> PhoneNumber {
        self.books().orders[line].number.clone().unwrap()
    }

    /// Starts the run of a month and delivers what follows.
    pub(crate) async fn run_month(&mut self, usage_month: &str) {
        self.app.start_billing_run(month(usage_month)).await.unwrap();
        self.run_until_quiet().await;
    }

    /// The customer fills in the form of a card, for a bill.
    pub(crate) fn form(&mut self, bill: &BillId, amount: Won, card: Card) -> PaymentKey {
        let n = self.forms.len() + 1;
        let key = PaymentKey::parse(format!("key-{n}")).unwrap();
        self.gateway.register(&key, &format!("{bill}-{n}"), amount, card);
        self.forms.push((key.clone(), self.now()));
        key
    }

    /// Pays a bill, or a part of it, and leaves what follows on its way.
    pub(crate) async fn pay(
        &mut self,
        name: &str,
        bill: &BillId,
        amount: Option<Won>,
        card: Card,
        once: Option<&Once>,
    ) -> Result<Answer, Failure> {
        let due = self.books().bills[bill].outstanding();
        let payment_key = self.form(bill, amount.unwrap_or(due), card);
        self.app.pay(&customer(name), Pay { bill: bill.clone(), amount, payment_key }, once).await
    }

    /// A customer with a line that used something in October 2026, and the bill for it, on 1 November.
    pub(crate) async fn billed(&mut self, name: &str) -> (OrderId, BillId) {
        let line = self.open_line(name).await;
        let usage = self.used(&line, name, UsageType::Sms, "321", "2026-10-05T03:00:00Z");
        assert_eq!(self.import(&[usage]).await.accepted, 1);
        self.at("2026-10-31T16:00:00Z");
        self.run_month("2026-10").await;
        let bill = BillId::monthly(month("2026-10"), &line);
        assert!(self.books().bills.contains_key(&bill), "the line is billed");
        (line, bill)
    }

    /// A customer with a bill that is paid.
    pub(crate) async fn paid(&mut self, name: &str, card: Card) -> (OrderId, PaymentId) {
        let (line, bill) = self.billed(name).await;
        let answer = self.pay(name, &bill, None, card, None).await.unwrap();
        self.run_until_quiet().await;
        (line, payment_of(&answer))
    }
}
