use super::super::sheet::sheet;
use super::*;
use domain::bill::Bill;
use domain::bill::{Account, Command};
use domain::calendar::UsageMonth;
use domain::catalogue::Name;
use domain::catalogue::{Unit, UsageType};
use domain::ids::{BillId, CustomerId, OrderId, PaymentId, PhoneNumber, PlanCode};
use domain::money::Won;
use domain::rating::ChargeLine;
use domain::rating::{ChargeCode, RatedBill};
use jiff::Timestamp;
use std::path::Path;

/// What has to be as it was, byte by byte: a page that is stored in many places by now. `UPDATE_GOLDEN=1` writes it anew.
const GOLDEN: &str = "src/bill/document/html/golden.html";

fn charged(
    code: ChargeCode,
    quantity: &str,
    unit: Unit,
    rate: &str,
    rule: &'static str,
    won: i64,
) -> ChargeLine {
    ChargeLine {
        code,
        quantity: quantity.parse().unwrap(),
        unit,
        rate: rate.parse().unwrap(),
        rule: rule.into(),
        amount: Won::new(won),
    }
}

/// A line for every code, with each kind of rule.
fn lines() -> Vec<ChargeLine> {
    let used = |kind: UsageType, quantity, rate, rule, won| {
        charged(ChargeCode::Usage(kind), quantity, kind.unit(), rate, rule, won)
    };
    let won = |code, quantity, rate, rule, won| charged(code, quantity, Unit::Won, rate, rule, won);
    vec![
        charged(
            ChargeCode::MonthlyFee,
            "0.5483870967741935483870967742",
            Unit::Month,
            "30000",
            "days 17/31 from 2026-10-15",
            16_452,
        ),
        used(UsageType::VoiceDay, "401.5", "108", "included 300/300", 10_962),
        used(UsageType::VoiceEvening, "12", "108", "late usage of 2026-09", 1_296),
        used(UsageType::VoiceNight, "7", "108", "late usage of 2026-09, unlimited", 0),
        used(UsageType::VoiceInternational, "3.25", "270", "unit rate", 878),
        used(UsageType::Sms, "80", "20", "included 80/100", 0),
        used(UsageType::DataMb, "110540.25", "20.48", "unlimited", 0),
        won(ChargeCode::ContractDiscount, "16452", "-0.25", "25% of monthly_fee", -4_113),
        won(ChargeCode::Vat, "25475", "0.1", "vat 10%", 2_548),
        won(ChargeCode::Rounding, "3", "-1", "cut to 10 won", -3),
    ]
}

fn bill() -> Bill {
    let line = OrderId::parse("0192f0c1a2b37c4d8e9f0123456789ab").unwrap();
    let month = UsageMonth::parse("2026-10").unwrap();
    let customer = CustomerId::parse("kim@example.org").unwrap();
    let number = PhoneNumber::parse("010-1234-5678").unwrap();
    let opened = Account::open(line.clone(), customer, PlanCode::parse("lte-light").unwrap());
    let first = "2026-10-15".parse().unwrap();
    let account =
        Account { number: Some(number), service_from: Some(first), contract_months: Some(12), ..opened };
    let rated = RatedBill { lines: lines(), total: Won::new(28_020) };
    let at: Timestamp = "2026-10-31T15:00:00Z".parse().unwrap();
    Bill::issue(BillId::monthly(month, &line), &account, month, rated, at)
}

fn plan() -> Name {
    Name { ko: "LTE 라이트".to_owned(), en: "LTE Light".to_owned() }
}

fn page(bill: &Bill, plan: Option<&Name>) -> String {
    String::from_utf8(render(&sheet(bill, plan)).unwrap().to_vec()).unwrap()
}

#[test]
fn the_page_is_the_golden_one_byte_by_byte() {
    let page = page(&bill(), Some(&plan()));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    let golden = std::fs::read_to_string(&file).unwrap();
    assert!(page == golden, "the page has changed:\n{page}");
}

#[test]
fn the_lines_of_the_example_add_up() {
    assert_eq!(lines().iter().map(|line| line.amount.get()).sum::<i64>(), bill().amount.get());
}

#[test]
fn payments_do_not_change_the_page() {
    let now: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
    let issued = bill();
    let payment = PaymentId::nth(&issued.bill_id, 1);
    let part = issued.clone().after(&Command::Settle(payment.clone(), Won::new(10_000)), now);
    let reopened = part.clone().after(&Command::Reopen(payment.clone(), 1), now);
    let settled = issued.clone().after(&Command::Settle(payment, issued.amount), now);
    for bill in [part, reopened, settled] {
        assert_eq!(page(&bill, Some(&plan())), page(&issued, Some(&plan())), "{:?}", bill.status);
    }
}

#[test]
fn the_page_says_whose_line_it_is_by_its_number_only() {
    let bill = bill();
    let named = page(&bill, Some(&plan()));
    assert!(named.contains("<dd>010-1234-5678</dd>"), "{named}");
    assert!(!named.contains(bill.customer_id.as_str()), "{named}");
    let nameless = page(&Bill { number: None, ..bill }, None);
    assert!(nameless.contains("<dd>-</dd>") && nameless.contains("<dd>lte-light</dd>"), "{nameless}");
}

#[test]
fn what_others_wrote_is_text_and_never_markup() {
    let evil = "</style><script>alert('1')</script>\"&<b onclick=x>";
    let mut bill = bill();
    bill.lines[0].rule = evil.into();
    let page = page(&bill, Some(&Name { ko: evil.to_owned(), en: evil.to_owned() }));
    for text in ["<script", "<b ", "alert('", "\"&<"] {
        assert!(!page.contains(text), "{text}: {page}");
    }
    assert_eq!(page.matches("</style>").count(), 1);
    // The plan's name once, for it is the same in both languages, and the rule twice.
    let escaped =
        "&#60;/style&#62;&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62;&#34;&#38;&#60;b onclick=x&#62;";
    assert_eq!(page.matches(escaped).count(), 3, "{page}");
}

#[test]
fn the_page_stands_for_itself() {
    let page = page(&bill(), Some(&plan()));
    for text in ["<script", "<link", "<img", "<iframe", "src=", "href=", "style=", "://", "url(", "@import"] {
        assert!(!page.contains(text), "{text}");
    }
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"ko\">\n<head>\n<meta charset=\"utf-8\">"));
    assert!(page.contains("@media print") && page.ends_with("</html>\n"));
    assert!(page.lines().all(|line| line == line.trim_end()), "white space at the end of a line");
}
