use super::*;

fn name(ko: &str, en: &str) -> Name {
    Name { ko: ko.to_owned(), en: en.to_owned() }
}

fn line(amount: usize) -> SheetLine {
    SheetLine {
        charge: name("국제 전화", "International calls"),
        explanation: name("단가 270원, 2026-09 사용분 추가 청구", "at 270 won, late usage of 2026-09"),
        quantity: "110,540.25".to_owned(),
        unit: name("건", "messages"),
        amount: format!("-{amount},000,000"),
    }
}

fn sheet(lines: usize) -> Sheet {
    Sheet {
        title: name("요금 청구서", "Bill"),
        id: "1".to_owned(),
        issued: "2026-11-01".parse().unwrap(),
        facts: vec![(name("사용월", "Usage month"), name("2026년 10월", "October 2026"))],
        caption: name("청구 내역", "Charges"),
        columns: [
            name("항목", "Item"),
            name("수량", "Quantity"),
            name("단위", "Unit"),
            name("금액(원)", "Won"),
        ],
        lines: (0..lines).map(line).collect(),
        total_label: name("청구 금액", "Total"),
        total: "-999,999,999".to_owned(),
        note: name("발행한 때의 청구서입니다.", "The bill as it was issued."),
    }
}

#[test]
fn everything_stands_inside_the_margins_and_nothing_on_something_else() {
    let faces = Faces::load().unwrap();
    let blocks = blocks(&sheet(60), &faces);
    for page in pages(&blocks) {
        let mut below = MARGIN;
        for Placed { block, top, .. } in page {
            assert!(top >= below && top + block.height <= BOTTOM, "{:?}", block.role);
            below = top + block.height;
            for (index, piece) in block.pieces.iter().enumerate() {
                let face = if piece.bold { &faces.bold } else { &faces.regular };
                let right = piece.x + face.width(&piece.text, piece.size);
                assert!(piece.x >= MARGIN && right <= RIGHT + 0.01, "{}", piece.text);
                assert!(piece.y > 0.0 && piece.y < block.height, "{}", piece.text);
                let beside = block.pieces[index + 1..].iter().filter(|next| (next.y - piece.y).abs() < 1.0);
                for next in beside {
                    assert!(right < next.x, "{} runs into {}", piece.text, next.text);
                }
            }
        }
    }
}

#[test]
fn a_table_that_goes_on_has_its_head_again_and_every_line_once() {
    let faces = Faces::load().unwrap();
    let blocks = blocks(&sheet(60), &faces);
    let pages = pages(&blocks);
    assert!(pages.len() > 2);
    for page in &pages[1..] {
        assert!(page[0].again && page[0].block.role == Role::Head);
    }
    let once = pages.iter().flatten().filter(|placed| !placed.again);
    let roles: Vec<Role> = once.map(|placed| placed.block.role).collect();
    assert_eq!(roles, blocks.iter().map(|block| block.role).collect::<Vec<_>>());
}

#[test]
fn a_short_bill_is_one_page() {
    let faces = Faces::load().unwrap();
    for lines in [0, 1, 10] {
        assert_eq!(pages(&blocks(&sheet(lines), &faces)).len(), 1, "{lines} lines");
    }
}
