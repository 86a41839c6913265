//! Bills as documents: rendered once, stored once, the same bytes for everybody who may see them.

use crate::world::commands::{customer, month};
use crate::world::{Spot, Trouble, World};
use app::Failure;
use app::bill::{BillDocument, DocumentForm};
use app::ports::{Documents, Stored};
use bytes::Bytes;
use contract::problem::Code;
use domain::bill::Status;
use domain::catalogue::{Catalogue, UsageType};
use domain::ids::BillId;
use jiff::SignedDuration;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::{Call, Card, Fault};

async fn document(world: &World, name: &str, bill: &BillId) -> Result<BillDocument, Failure> {
    world.app.bill_document(&customer(name), bill, DocumentForm::Html).await
}

fn name_of(bill: &BillId) -> String {
    format!("{}/{bill}.html", bill.month())
}

fn stored(world: &World) -> Vec<String> {
    world.documents.contents().into_iter().map(|(name, ..)| name).collect()
}

/// The code of a refusal.
#[track_caller]
fn refusal(answer: Result<BillDocument, Failure>) -> Code {
    match answer {
        Err(Failure::Refused(problem)) => problem.code(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_bill_is_rendered_when_it_is_first_asked_for_and_then_read() {
    let mut world = World::new(1);
    let (_, bill) = world.billed("kim").await;
    assert_eq!(stored(&world), Vec::<String>::new(), "a run stores no documents");
    world.counted.reset();
    world.faults.clear();
    let first = document(&world, "kim", &bill).await.unwrap();
    assert_eq!(world.counted.counts().total().all_reads(), 1);
    assert_eq!(world.faults.calls(), 3, "reads the bill, looks for the document, stores it");
    world.faults.clear();
    let second = document(&world, "kim", &bill).await.unwrap();
    assert_eq!(world.faults.calls(), 2, "reads the bill and the document");
    assert_eq!((first.form, &first), (DocumentForm::Html, &second));
    assert_eq!(first.file_name, format!("bill-{bill}.html"));
    let contents = world.documents.contents();
    assert_eq!(contents, [(name_of(&bill), "text/html; charset=utf-8".to_owned(), first.content.clone())]);
    let text = String::from_utf8(first.content.to_vec()).unwrap();
    assert!(text.contains("LTE 라이트") && text.contains("문자 메시지") && !text.contains("kim"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn each_form_is_stored_for_itself_and_says_the_same() {
    let mut world = World::new(1);
    let (_, bill) = world.billed("kim").await;
    let kim = customer("kim");
    let mut documents = Vec::new();
    for form in DocumentForm::ALL {
        let first = world.app.bill_document(&kim, &bill, form).await.unwrap();
        assert_eq!(world.app.bill_document(&kim, &bill, form).await.unwrap(), first);
        documents.push(first);
    }
    let names = ["html", "pdf"].map(|ending| format!("{}/{bill}.{ending}", bill.month()));
    assert_eq!(stored(&world), names);
    let [page, pdf] = [0, 1].map(|form| String::from_utf8(documents[form].content.to_vec()).unwrap());
    let amount = world.books().bills[&bill].lines[0].amount.to_string();
    let thousands = amount.len() - 3;
    let shown = format!("{},{}", &amount[..thousands], &amount[thousands..]);
    for text in ["LTE 라이트", "문자 메시지", "청구 금액", &shown] {
        assert!(page.contains(text) && pdf.contains(text), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn payments_and_releases_leave_the_document_as_it_is() {
    let mut world = World::new(1);
    let (_, bill) = world.billed("kim").await;
    let first = document(&world, "kim", &bill).await.unwrap();
    world.pay("kim", &bill, None, Card::Approve, None).await.unwrap();
    world.run_until_quiet().await;
    assert_eq!(world.books().bills[&bill].status, Status::Settled);
    assert_eq!(document(&world, "kim", &bill).await.unwrap(), first);
    // A release with another name for the plan.
    let renamed = include_str!("../../../domain/catalogue.json").replace("LTE 라이트", "LTE 새 이름");
    world.release(Catalogue::parse(&renamed).unwrap());
    assert_eq!(document(&world, "kim", &bill).await.unwrap(), first);
}

#[tokio::test(start_paused = true)]
async fn what_another_release_has_stored_is_the_document() {
    let mut world = World::new(1);
    let (_, bill) = world.billed("kim").await;
    let old = Bytes::from_static(b"<!DOCTYPE html><p>as it was rendered once");
    let done = world.documents.create(&name_of(&bill), "text/html", old.clone()).await.unwrap();
    assert_eq!(done, Stored::Created);
    assert_eq!(document(&world, "kim", &bill).await.unwrap().content, old);
}

#[tokio::test(start_paused = true)]
async fn instances_that_render_at_the_same_time_answer_the_same_bytes() {
    let stores = Arc::new(AtomicUsize::new(0));
    for seed in 0..50 {
        let mut world = World::new(seed);
        let (_, bill) = world.billed("kim").await;
        let before = world.app.clone();
        let renamed = include_str!("../../../domain/catalogue.json").replace("LTE 라이트", "LTE 새 이름");
        world.release(Catalogue::parse(&renamed).unwrap());
        world.mix(seed);
        let counted = Arc::clone(&stores);
        world.faults.each(move |call| {
            counted.fetch_add(usize::from(matches!(call, Call::CreateDocument(_))), Ordering::Relaxed);
            None
        });
        let kim = customer("kim");
        let [a, b, c] =
            [&before, &world.app, &world.app].map(|app| app.bill_document(&kim, &bill, DocumentForm::Html));
        let (a, b, c) = tokio::join!(a, b, c);
        let (a, b, c) = (a.unwrap(), b.unwrap(), c.unwrap());
        assert_eq!((&a, &b), (&b, &c), "mixture {seed}");
        assert_eq!(stored(&world).len(), 1);
    }
    assert!(stores.load(Ordering::Relaxed) > 50, "more than one instance rendered, some of the time");
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_bill_has_no_document_and_none_is_stored() {
    let mut world = World::new(1);
    let (_, bill) = world.billed("kim").await;
    assert_eq!(refusal(document(&world, "lee", &bill).await), Code::NotFound);
    let nowhere = BillId::parse("202611-0192f0c1a2b37c4d8e9f0123456789ab").unwrap();
    assert_eq!(refusal(document(&world, "kim", &nowhere).await), Code::NotFound);
    assert_eq!(stored(&world), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_bill_on_hold_has_no_document_until_it_is_released() {
    let mut world = World::new(1);
    let line = world.open_line("kim").await;
    let too_much = world.used(&line, "r", UsageType::VoiceDay, "99999999", "2026-10-05T03:00:00Z");
    world.import(&[too_much]).await;
    world.at("2026-10-31T16:00:00Z");
    world.run_month("2026-10").await;
    let bill = BillId::monthly(month("2026-10"), &line);
    assert_eq!(world.books().bills[&bill].status, Status::OnHold);
    assert_eq!(refusal(document(&world, "kim", &bill).await), Code::NotFound);
    assert_eq!(stored(&world), Vec::<String>::new());
    // A price at which the bill is within its limits.
    let cheaper =
        include_str!("../../../domain/catalogue.json").replace("\"voice_day\": 108,", "\"voice_day\": 0.01,");
    world.release(Catalogue::parse(&cheaper).unwrap());
    let parked = world.waiting_parked().await;
    world.app.replay_parked(&parked[0]).await.unwrap();
    world.run_until_quiet().await;
    assert_eq!(world.books().bills[&bill].status, Status::Issued);
    assert!(document(&world, "kim", &bill).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_final_bill_that_becomes_void_has_no_document_any_more() {
    let mut world = World::new(1);
    let line = world.open_line("kim").await;
    world.at("2026-10-20T03:00:00Z");
    // The closing hangs until its saga gives up and takes the final bill back.
    let terminate = Spot::first("order_on_final_issued", "bill.final_issued");
    world.plan.add(terminate, Trouble::Late(SignedDuration::from_hours(2)));
    world.app.terminate_line(&customer("kim"), &line, None).await.unwrap();
    world.run_until_quiet().await;
    let bill = BillId::closing(month("2026-10"), &line, 1);
    assert!(document(&world, "kim", &bill).await.is_ok());
    world.rest().await;
    assert_eq!(world.books().bills[&bill].status, Status::Voided);
    assert_eq!(refusal(document(&world, "kim", &bill).await), Code::WrongState);
}

#[tokio::test(start_paused = true)]
async fn without_the_document_store_there_is_no_answer_and_the_next_try_has_one() {
    let calls: [fn(&Call) -> bool; 2] =
        [|call| matches!(call, Call::ReadDocument(_)), |call| matches!(call, Call::CreateDocument(_))];
    for matches in calls {
        for fault in [Fault::Refused, Fault::LostBefore, Fault::LostAfter] {
            let mut world = World::new(1);
            let (_, bill) = world.billed("kim").await;
            world.faults.nth(1, matches, fault);
            let failed = document(&world, "kim", &bill).await;
            assert!(matches!(failed, Err(Failure::Unavailable(_))), "{fault:?}: {failed:?}");
            let after = document(&world, "kim", &bill).await.unwrap();
            assert_eq!(world.documents.contents()[0].2, after.content, "{fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_service_is_not_ready_without_the_document_store() {
    let world = World::new(1);
    world.faults.nth(3, |call| *call == Call::Ping, Fault::Refused);
    let ready = world.app.readiness().await;
    let ready: Vec<(&str, bool)> = ready.iter().map(|(name, reached)| (*name, reached.is_ok())).collect();
    assert_eq!(ready, [("tables", true), ("bus", true), ("documents", false)]);
}
