//! A bill as PDF can be read by people and programs, on one page or many, and is the same bytes each time.

use app::ports::{Sheet, SheetLine, Typesetter};
use bill_pdf::PdfTypesetter;
use domain::catalogue::Name;

fn name(ko: &str, en: &str) -> Name {
    Name { ko: ko.to_owned(), en: en.to_owned() }
}

#[expect(clippy::unwrap_used, reason = "a helper of tests may fail them")]
fn sheet(lines: usize) -> Sheet {
    let line = |index: usize| SheetLine {
        charge: name("음성 통화 (주간)", "Calls by day"),
        explanation: name("단가 108원, 기본 제공 300 중 300 사용", "at 108 won, 300 of 300 included"),
        quantity: "401.5".to_owned(),
        unit: name("분", "min"),
        amount: format!("{index},962"),
    };
    Sheet {
        title: name("요금 청구서", "Bill"),
        id: "202610-0192f0c1a2b37c4d8e9f0123456789ab".to_owned(),
        issued: "2026-11-01".parse().unwrap(),
        facts: vec![
            (name("사용월", "Usage month"), name("2026년 10월", "October 2026")),
            (name("전화번호", "Phone number"), name("010-1234-5678", "010-1234-5678")),
            (name("요금제", "Plan"), name("뷁뷁 \u{1f600} 요금제", "Odd <plan>")),
        ],
        caption: name("청구 내역", "Charges"),
        columns: [
            name("항목", "Item"),
            name("수량", "Quantity"),
            name("단위", "Unit"),
            name("금액(원)", "Won"),
        ],
        lines: (0..lines).map(line).collect(),
        total_label: name("청구 금액", "Total"),
        total: "28,020".to_owned(),
        note: name("발행한 때의 청구서입니다.", "The bill as it was issued."),
    }
}

#[test]
fn two_renderings_are_the_same_bytes() {
    let render = || PdfTypesetter::new().unwrap().pdf(&sheet(12)).unwrap();
    let first = render();
    assert!(first.starts_with(b"%PDF-1.7"));
    assert_eq!(first, render());
}

#[test]
fn a_sheet_of_any_length_is_set_and_keeps_to_the_standards_it_names() {
    let typesetter = PdfTypesetter::new().unwrap();
    for lines in [0, 1, 12, 13, 200] {
        let pdf = typesetter.pdf(&sheet(lines)).unwrap();
        let text = String::from_utf8_lossy(&pdf);
        for part in
            ["<pdfaid:part>2", "<pdfaid:conformance>A", "<pdfuaid:part>1", "NanumSquareR", "NanumSquareB"]
        {
            assert!(text.contains(part), "{lines} lines: {part}");
        }
    }
}

#[test]
fn whatever_stands_on_a_sheet_is_set() {
    let long = "가".repeat(500);
    for text in ["", " ", "\u{0}\u{7}\n", "\u{200b}\u{202e}", "\u{1f600}", long.as_str(), "<script>"] {
        let mut sheet = sheet(2);
        sheet.facts.push((name(text, text), name(text, "")));
        sheet.lines[0].charge = name(text, text);
        sheet.lines[0].explanation = name(text, "e");
        sheet.note = name("", text);
        assert!(PdfTypesetter::new().unwrap().pdf(&sheet).is_ok(), "{text:?}");
    }
}
