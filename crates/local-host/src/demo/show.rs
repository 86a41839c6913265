//! What the product answered, in a form for people.

use super::table::{Side, Table, grouped, grouped_decimal, won};
use serde_json::Value;

pub(super) fn text(value: &Value, member: &str) -> String {
    match &value[member] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    }
}

fn amount(value: &Value, member: &str) -> String {
    value[member].as_i64().map(grouped).unwrap_or_default()
}

/// The day and the time of an RFC 3339 time, in Seoul as the product gives it.
pub(super) fn time(value: &Value, member: &str) -> String {
    let text = text(value, member);
    text.split_once('+').map_or(text.clone(), |(time, _)| time.replace('T', " "))
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The price list; a plan that is no longer sold says so.
pub(super) fn plans(items: &[Value]) -> Table<8> {
    use Side::{Left, Right};
    let mut table = Table::new([
        ("plan", Left),
        ("won a month", Right),
        ("with VAT", Right),
        ("minutes", Right),
        ("SMS", Right),
        ("MB", Right),
        ("name", Left),
        ("", Left),
    ]);
    for plan in items {
        let included = |what: &str| match plan["allowances"][what].as_i64() {
            Some(allowance) => grouped(allowance),
            None => "unlimited".to_owned(),
        };
        let name = format!("{} / {}", text(&plan["name"], "ko"), text(&plan["name"], "en"));
        table.row([
            text(plan, "code"),
            amount(plan, "monthlyFee"),
            amount(plan, "monthlyFeeWithVat"),
            included("voiceMinutes"),
            included("sms"),
            included("dataMb"),
            name,
            if plan["onSale"] == true { String::new() } else { "cannot be ordered".to_owned() },
        ]);
    }
    table
}

/// A bill with its lines in won.
pub(super) fn bill(bill: &Value) -> String {
    use Side::{Left, Right};
    let mut table = Table::new([
        ("line", Left),
        ("quantity", Right),
        ("unit", Left),
        ("rate", Right),
        ("rule", Left),
        ("won", Right),
    ]);
    for line in list(&bill["lines"]) {
        table.row([
            text(line, "code"),
            grouped_decimal(&text(line, "quantity")),
            text(line, "unit"),
            grouped_decimal(&text(line, "rate")),
            text(line, "rule"),
            amount(line, "amount"),
        ]);
    }
    let empty = String::new;
    table.row(["total".to_owned(), empty(), empty(), empty(), empty(), amount(bill, "amount")]);
    table.row(["paid".to_owned(), empty(), empty(), empty(), empty(), amount(bill, "paid")]);
    table.row(["due".to_owned(), empty(), empty(), empty(), empty(), amount(bill, "outstanding")]);
    let head = ["usageMonth", "number", "plan", "status"].map(|member| text(bill, member)).join(", ");
    format!("Bill {}\n{head}, due {}\n{table}", text(bill, "billId"), text(bill, "dueDate"))
}

/// Lines, bills and payments with their histories.
pub(super) fn my_page(page: &Value) -> String {
    let mut shown = vec![format!("MyPage of {}, as of {}", text(page, "customerId"), time(page, "asOf"))];
    for (what, id) in [("lines", "orderId"), ("bills", "billId"), ("payments", "paymentId")] {
        let items = list(&page[what]);
        let none = if items.is_empty() { " none" } else { "" };
        shown.push(format!("{what}:{none}"));
        for item in items {
            shown.push(format!("  {}{}", text(item, id), facts(item)));
            let changes = list(&item["history"]).iter();
            shown.extend(
                changes.map(|change| format!("    {}  {}", time(change, "at"), text(change, "status"))),
            );
        }
    }
    shown.join("\n")
}

fn facts(item: &Value) -> String {
    let plain = ["plan", "number", "usageMonth"].into_iter().map(|member| text(item, member));
    let sum = item["amount"].as_i64().map(won).unwrap_or_default();
    let due = item["outstanding"].as_i64().map(|due| format!("{} due", won(due))).unwrap_or_default();
    plain
        .chain([sum, due])
        .filter(|fact| !fact.is_empty())
        .fold(String::new(), |all, fact| format!("{all}, {fact}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_plan_that_cannot_be_ordered_is_marked() {
        let plan = |code: &str, on_sale: bool| json!({ "code": code, "onSale": on_sale });
        let table = plans(&[plan("new", true), plan("old", false)]).to_string();
        let marked: Vec<&str> = table.lines().filter(|line| line.ends_with("cannot be ordered")).collect();
        assert_eq!(marked.len(), 1, "{table}");
        assert!(marked[0].starts_with("old"), "{table}");
    }
}
