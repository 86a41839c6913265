//! The six steps and a failure, each checked as it is shown.

use super::api::{Answer, Api, Call, Caller};
use super::clock::Borrowed;
use super::table::won;
use super::timeline::timeline;
use super::{DemoError, show};
use domain::calendar::{UsageMonth, rfc3339};
use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// The plan that is opened: with a fee, and with an allowance of data that the demo uses up.
const PLAN: &str = "5g-standard";
/// Usage of the month: type and quantity.
const USAGE: [(&str, &str); 4] =
    [("voice_day", "312.5"), ("voice_international", "7.4"), ("sms", "42"), ("data_mb", "113664")];

/// Who is in it.
struct Story<'a, 'b> {
    api: &'a mut Api<'b>,
    customer: Caller,
    operator: Caller,
    month: UsageMonth,
}

pub(super) async fn play(api: &mut Api<'_>, clock: &mut Borrowed) -> Result<(), DemoError> {
    plans(api).await?;
    api.screen().step("Open a line (개통)")?;
    let opened_at = clock.go_to(api, 1).await?;
    let (customer, operator) = (api.sign_in("customer").await?, api.sign_in("operator").await?);
    let mut story = Story { api, customer, operator, month: clock.month() };
    let number = story.open_line().await?;
    let in_time = story.send_usage(clock, &number, opened_at).await?;
    clock.give_back(story.api).await?;
    story.renew().await?;
    story.run_month().await?;
    let bill = story.look_up_bill(in_time).await?;
    let payment = story.pay(&bill).await?;
    story.cancel(&bill, &payment).await?;
    story.look_at_my_page(&bill, &payment).await?;
    story.fail_to_open(&number).await
}

async fn plans(api: &mut Api<'_>) -> Result<(), DemoError> {
    api.screen().step("Look at the plans (요금제)")?;
    let answer = api.call(Call::get("/api/plans")).await?;
    let items = answer.list("/items")?;
    api.screen().block(show::plans(items))?;
    let there = items.iter().any(|plan| plan["code"] == PLAN);
    ensure(there, || format!("the plan {PLAN} is not on offer"))
}

impl Story<'_, '_> {
    /// The number of the line.
    async fn open_line(&mut self) -> Result<String, DemoError> {
        let page = self.api.call(Call::get("/api/mypage").by(&self.customer)).await?;
        self.api.screen().block(show::my_page(&page.body))?;
        ensure(page.list("/lines")?.is_empty(), || "a fresh customer has a line".to_owned())?;
        let form = json!({ "plan": PLAN, "contractMonths": 24 });
        let call = Call::post("/api/orders", form).by(&self.customer).once().wants(StatusCode::ACCEPTED);
        let order = self.api.call(call).await?;
        self.saga(order.text("/sagaId")?, "completed", &self.customer.clone()).await?;
        let path = format!("/api/orders/{}", order.text("/orderId")?);
        let line = self.api.call(Call::get(path).by(&self.customer)).await?;
        ensure(line.text("/status")? == "active", || format!("the line is {}", line.body["status"]))?;
        let number = line.text("/number")?.to_owned();
        self.api.screen().block(format_args!("The line works; its number is {number}."))?;
        Ok(number)
    }

    /// Whether the month still takes usage: one that was billed before leaves it to the next bill.
    async fn send_usage(
        &mut self,
        clock: &mut Borrowed,
        number: &str,
        opened_at: Timestamp,
    ) -> Result<bool, DemoError> {
        self.api.screen().step("Send usage (사용량)")?;
        let run = Call::get(format!("/api/billing-runs/{}", self.month)).by(&self.operator);
        let in_time = self.api.status(run).await? == StatusCode::NOT_FOUND;
        clock.go_to(self.api, 20).await?;
        self.renew().await?;
        let file = usage_file(number, opened_at);
        self.api.screen().block(&file)?;
        let first = self.api.call(Call::upload("/api/usage", &file).by(&self.operator)).await?;
        let sent = i64::try_from(USAGE.len()).unwrap_or_default();
        ensure(first.number("/accepted")? == sent, || format!("not all usage was taken in: {}", first.body))?;
        let again = self.api.call(Call::upload("/api/usage", &file).by(&self.operator)).await?;
        ensure(again.number("/duplicates")? == sent, || format!("a repeat was not noticed: {}", again.body))?;
        self.api.screen().block(format_args!("{sent} records were taken in, and none of them again."))?;
        if !in_time {
            let month = self.month;
            self.api
                .screen()
                .block(format_args!("{month} was billed before: this usage goes on the next bill."))?;
        }
        Ok(in_time)
    }

    async fn run_month(&mut self) -> Result<(), DemoError> {
        self.api.screen().step("Bill the month (사용월별 청구)")?;
        let form = json!({ "usageMonth": self.month });
        let call = Call::post("/api/billing-runs", form).by(&self.operator).wants(StatusCode::ACCEPTED);
        self.api.call(call).await?;
        let follow = Call::get(format!("/api/billing-runs/{}", self.month)).by(&self.operator);
        let run = self
            .api
            .until(follow, "the end of the billing run", |run| run.body["status"] == "completed")
            .await?;
        let [lines, issued, skipped, parked] =
            ["/lines", "/issued", "/skipped", "/parked"].map(|member| run.number(member).unwrap_or(-1));
        self.api.screen().block(format_args!(
            "{}: {lines} lines; {issued} with a bill, {skipped} with nothing to bill, {parked} parked for an operator.",
            self.month
        ))?;
        ensure(issued > 0, || format!("no bill was issued: {}", run.body))
    }

    async fn look_up_bill(&mut self, in_time: bool) -> Result<Bill, DemoError> {
        self.api.screen().step("Look the bill up (청구서)")?;
        let unpaid = self.api.call(Call::get("/api/bills?status=unpaid").by(&self.customer)).await?;
        ensure(unpaid.list("/items")?.len() == 1, || {
            format!("there is not one unpaid bill: {}", unpaid.body)
        })?;
        let path = format!("/api/bills/{}", unpaid.text("/items/0/billId")?);
        let answer = self.api.call(Call::get(&path).by(&self.customer)).await?;
        self.api.screen().block(show::bill(&answer.body))?;
        let lines = answer.list("/lines")?;
        let sum: i64 = lines.iter().filter_map(|line| line["amount"].as_i64()).sum();
        let total = answer.number("/amount")?;
        ensure(sum == total, || format!("the lines add up to {}, not to {}", won(sum), won(total)))?;
        let rated = USAGE.iter().all(|(kind, _)| lines.iter().any(|line| line["code"] == *kind));
        ensure(rated == in_time, || "the usage is not on the bill of its month".to_owned())?;
        let due = answer.number("/outstanding")?;
        ensure(due == total && due > 0, || format!("{} is due on a bill of {}", won(due), won(total)))?;
        Ok(Bill { id: answer.text("/billId")?.to_owned(), path, due })
    }

    /// The payment's id.
    async fn pay(&mut self, bill: &Bill) -> Result<String, DemoError> {
        self.api.screen().step("Pay it (수납)")?;
        let form = json!({ "card": "approve", "amount": bill.due, "orderId": bill.id });
        let filled_in = self.api.call(Call::post("/dev/payment-keys", form)).await?;
        let form = json!({ "billId": bill.id, "paymentKey": filled_in.text("/paymentKey")? });
        let call = Call::post("/api/payments", form).by(&self.customer).once().wants(StatusCode::CREATED);
        let payment = self.api.call(call).await?;
        self.saga(payment.text("/sagaId")?, "completed", &self.customer.clone()).await?;
        self.expect_bill(bill, "settled", 0).await?;
        Ok(payment.text("/paymentId")?.to_owned())
    }

    async fn cancel(&mut self, bill: &Bill, payment: &str) -> Result<(), DemoError> {
        self.api.screen().step("Cancel the payment (수납취소)")?;
        let path = format!("/api/payments/{payment}/cancellation");
        let call = Call::post(path, json!({ "reason": "paid from the wrong card" }));
        let call = call.by(&self.customer).once().wants(StatusCode::ACCEPTED);
        let cancellation = self.api.call(call).await?;
        self.saga(cancellation.text("/sagaId")?, "completed", &self.customer.clone()).await?;
        self.expect_bill(bill, "issued", bill.due).await
    }

    async fn expect_bill(&mut self, bill: &Bill, status: &str, due: i64) -> Result<(), DemoError> {
        let now = self.api.call(Call::get(&bill.path).by(&self.customer)).await?;
        let (is, is_due) = (now.text("/status")?.to_owned(), now.number("/outstanding")?);
        self.api.screen().block(format_args!("The bill is {is}: {} due.", won(is_due)))?;
        ensure(is == status && is_due == due, || format!("the bill is not {status} with {} due", won(due)))
    }

    /// The view follows a moment later.
    async fn look_at_my_page(&mut self, bill: &Bill, payment: &str) -> Result<(), DemoError> {
        self.api.screen().step("See it all on MyPage")?;
        let call = Call::get("/api/mypage").by(&self.customer);
        let page = self.api.until(call, "the payment's cancellation on MyPage", |page| {
            let (payment, bill) =
                (find(page, "/payments", "paymentId", payment), find(page, "/bills", "billId", &bill.id));
            payment.is_some_and(|it| it["status"] == "cancelled")
                && bill.is_some_and(|it| it["status"] == "issued")
        });
        let page = page.await?;
        self.api.screen().block(show::my_page(&page.body))?;
        ensure(page.list("/lines")?.len() == 1, || "MyPage does not show the one line".to_owned())
    }

    async fn fail_to_open(&mut self, taken: &str) -> Result<(), DemoError> {
        self.api.screen().step("Wish for a number that is taken: the saga undoes itself")?;
        let other = self.api.sign_in("customer").await?;
        let form = json!({ "plan": PLAN, "wishNumber": taken });
        let call = Call::post("/api/orders", form).by(&other).once().wants(StatusCode::ACCEPTED);
        let order = self.api.call(call).await?;
        self.saga(order.text("/sagaId")?, "compensated", &other).await?;
        let path = format!("/api/orders/{}", order.text("/orderId")?);
        let rejected = self.api.call(Call::get(path).by(&other)).await?;
        let (status, number) = (rejected.text("/status")?, &rejected.body["number"]);
        ensure(status == "rejected" && number.is_null(), || {
            format!("the order is {status}, its number {number}")
        })?;
        let why = rejected.body["reason"].as_str().unwrap_or("no reason").to_owned();
        self.api.screen().block(format_args!("The order is rejected: {why}."))?;
        let call = Call::get("/api/mypage").by(&other);
        let rejected = |page: &Answer| page.body["lines"][0]["status"] == "rejected";
        let page = self.api.until(call, "the rejected order on MyPage", rejected).await?;
        self.api.screen().block(show::my_page(&page.body))?;
        Ok(())
    }

    /// Tokens for the time that the clock shows now.
    async fn renew(&mut self) -> Result<(), DemoError> {
        self.api.renew(&mut self.customer).await?;
        Ok(self.api.renew(&mut self.operator).await?)
    }

    /// Waits for the end of a saga, and shows its steps and its messages, which operators see.
    async fn saga(&mut self, id: &str, ending: &str, caller: &Caller) -> Result<(), DemoError> {
        let path = format!("/api/sagas/{id}");
        let call = Call::get(&path).by(caller);
        let ended = |saga: &Answer| {
            matches!(saga.body["status"].as_str(), Some("completed" | "compensated" | "stuck"))
        };
        let saga = self.api.until(call, "the end of the saga", ended).await?;
        let whole = self.api.call(Call::get(path).by(&self.operator)).await?;
        self.api.screen().block(timeline(&whole.body))?;
        let status = saga.text("/status")?;
        ensure(status == ending, || format!("the saga is {status}, not {ending}"))
    }
}

/// The bill that is paid.
struct Bill {
    id: String,
    path: String,
    due: i64,
}

/// Usage of the days after the opening, each record with an id of its own.
fn usage_file(number: &str, opened_at: Timestamp) -> String {
    let batch = crate::chance::hex();
    let records = (1..).zip(USAGE).map(|(day, (kind, quantity))| {
        let used_at = rfc3339(opened_at + SignedDuration::from_hours(24 * day));
        format!("{batch}-{day},{number},{kind},{quantity},{used_at}\n")
    });
    let header = "recordId,number,type,quantity,usedAt\n".to_owned();
    records.fold(header, |file, record| file + &record)
}

fn find<'a>(page: &'a Answer, list: &str, member: &str, id: &str) -> Option<&'a Value> {
    page.list(list).ok()?.iter().find(|item| item[member] == id)
}

fn ensure(is_so: bool, otherwise: impl FnOnce() -> String) -> Result<(), DemoError> {
    if is_so { Ok(()) } else { Err(DemoError::Wrong(otherwise())) }
}
