//! What stands on a bill, whatever its form.

use super::words::{self, name};
use crate::ports::{Sheet, SheetLine};
use domain::bill::{Bill, ContractTerm};
use domain::calendar::seoul_date;
use domain::catalogue::Name;
use domain::rating::ChargeLine;

/// What stands where a bill has nothing.
const NOTHING: &str = "-";

/// The sheet of a bill: a pure function of what was issued, and so the same for the same bill whatever was paid since.
/// `plan` is the plan's name; without one the code stands for it.
pub(super) fn sheet(bill: &Bill, plan: Option<&Name>) -> Sheet {
    let issued = seoul_date(bill.issued_at);
    let number = bill.number.as_ref().map_or_else(|| NOTHING.to_owned(), |number| dashed(number.as_str()));
    let id = bill.bill_id.to_string();
    let mut facts = vec![
        (name("청구서 번호", "Bill number"), plain(&id)),
        (name("사용월", "Usage month"), words::month(bill.usage_month.first_day())),
        (name("전화번호", "Phone number"), plain(&number)),
        (name("요금제", "Plan"), plan.cloned().unwrap_or_else(|| plain(bill.plan.as_str()))),
    ];
    facts.extend(bill.contract.into_iter().flat_map(contract));
    facts.extend([
        (name("발행일", "Issued"), words::day(issued)),
        (name("납부 기한", "Due date"), words::day(bill.due_date)),
    ]);
    Sheet {
        title: name("요금 청구서", "Bill"),
        issued,
        facts,
        id,
        caption: name("청구 내역", "Charges"),
        columns: [
            name("항목", "Item"),
            name("수량", "Quantity"),
            name("단위", "Unit"),
            name("금액(원)", "Won"),
        ],
        lines: bill.lines.iter().map(line).collect(),
        total_label: name("청구 금액", "Total"),
        total: words::grouped(&bill.amount.to_string()),
        note: name(
            "발행한 때의 청구서입니다. 그 뒤의 납부는 표시하지 않습니다.",
            "The bill as it was issued. Payments are not shown.",
        ),
    }
}

/// What a bill has to say of a discount contract: its days, and what ending it early would cost (방송통신위원회,
/// 「전기통신서비스 요금고지서 관련 금지행위의 세부유형 및 심사기준」). Nothing is taken back of the discount.
fn contract(term: ContractTerm) -> [(Name, Name); 2] {
    let (from, to) = (words::day(term.from), words::day(term.to));
    [
        (
            name("약정 기간", "Contract"),
            name(format!("{} ~ {}", from.ko, to.ko), format!("{} to {}", from.en, to.en)),
        ),
        (
            name("예상 해지 비용", "Exit fee"),
            name("0원 (할인반환금 없음)", "0 won (no discount is taken back)"),
        ),
    ]
}

/// What is the same in every language.
fn plain(text: &str) -> Name {
    name(text, text)
}

fn line(line: &ChargeLine) -> SheetLine {
    SheetLine {
        charge: words::charge(line.code),
        explanation: words::explanation(line),
        quantity: words::number(line.quantity),
        unit: words::unit(line.unit),
        amount: words::grouped(&line.amount.to_string()),
    }
}

/// `010-1234-5678`: the digits of a number are checked where it is parsed.
fn dashed(digits: &str) -> String {
    match (digits.get(..3), digits.get(3..7), digits.get(7..)) {
        (Some(first), Some(second), Some(third)) => format!("{first}-{second}-{third}"),
        _ => digits.to_owned(),
    }
}
