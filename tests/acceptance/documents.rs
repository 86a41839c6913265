//! Bills as documents: by any worker, after any restart, the same bytes.

use crate::harness::{Answer, LocalHost, Options, User, at, month_file, with_each};
use serde_json::json;
use std::path::{Path, PathBuf};

/// A host with so many workers, and a customer who has a bill for October.
async fn billed(options: Options) -> (LocalHost, User, String) {
    let host = LocalHost::start_with(options).await;
    host.api.set_clock(&at("2026-10-01")).await;
    let kim = host.api.customer("kim").await;
    let line = kim.open_line(&json!({ "plan": "lte-light" })).await;
    host.api.set_clock(&at("2026-11-02")).await;
    host.api.upload(month_file(&line.number, &[("voice_day", "400", "2026-10-03")])).await;
    host.api.run_month("2026-10").await;
    let kim = host.api.customer("kim").await;
    let bill = kim.unpaid_bill().await.id;
    (host, kim, bill)
}

async fn fetch(user: &User, bill: &str) -> Answer {
    user.get(&format!("/api/bills/{bill}/document")).expect(200).await
}

fn tag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().unwrap().to_owned()
}

/// The files of the customers' documents.
fn files(host: &LocalHost) -> Vec<PathBuf> {
    fn below(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                below(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    below(&host.data().join("documents/bills"), &mut found);
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_render_at_once_answer_the_same_bytes_and_store_them_once() {
    let (host, kim, bill) = billed(Options { workers: 3, ..Options::default() }).await;
    assert_eq!(files(&host), Vec::<PathBuf>::new(), "a run stores no documents");
    let answers = with_each(0..24, 24, async |_| fetch(&kim, &bill).await).await;
    for answer in &answers {
        assert_eq!((&answer.text, tag(answer)), (&answers[0].text, tag(&answers[0])));
    }
    let [file] = files(&host).try_into().unwrap();
    assert!(file.ends_with(format!("2026-10/{bill}.html")), "{}", file.display());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), answers[0].text);
    assert!(answers[0].text.contains("요금 청구서") && !answers[0].text.contains("kim"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_survives_the_kill_of_everything_and_the_payment_of_its_bill() {
    let (mut host, kim, bill) = billed(Options::default()).await;
    let first = fetch(&kim, &bill).await;
    let paid = kim.pay(&kim.bill(&bill).await, "approve").await;
    kim.saga_ends(&paid.text_at("/sagaId"), "completed").await;
    host.kill();
    host.start_again().await;
    host.api.set_clock(&at("2026-11-03")).await;
    let kim = host.api.customer("kim").await;
    let second = fetch(&kim, &bill).await;
    assert_eq!((&second.text, tag(&second)), (&first.text, tag(&first)));
    let path = format!("/api/bills/{bill}/document");
    let held = kim.get(&path).header("If-None-Match", &tag(&first)).expect(304).await;
    assert_eq!((held.text.as_str(), tag(&held)), ("", tag(&first)));
    let operator = host.api.operator().await;
    let named = operator.get(&format!("{path}?customerId=kim")).expect(200).await;
    assert_eq!(named.text, first.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_host_passes_on_is_a_page_for_nobody_else() {
    let (host, kim, bill) = billed(Options::default()).await;
    let page = fetch(&kim, &bill).await;
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "private, no-cache"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(page.headers[name], value, "{name}");
    }
    assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    let path = format!("/api/bills/{bill}/document");
    let lee = host.api.customer("lee").await;
    for path in [path.clone(), format!("{path}?customerId=kim")] {
        assert_eq!(lee.get(&path).expect(404).await.code(), "not_found", "{path}");
    }
    assert_eq!(host.api.get(&path).expect(401).await.code(), "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_documents_the_service_is_not_ready_and_says_which_is_missing() {
    let (host, kim, bill) = billed(Options::default()).await;
    host.api.get("/api/ready").expect(200).await;
    std::fs::remove_dir_all(host.data().join("documents/bills")).unwrap();
    // In its place, something that is no folder.
    std::fs::write(host.data().join("documents/bills"), "").unwrap();
    let ready = host.api.get("/api/ready").expect(503).await;
    let down: Vec<_> =
        ready.list_at("/dependencies").into_iter().filter(|one| one["ready"] == false).collect();
    assert_eq!(down, [json!({ "name": "documents", "ready": false })]);
    let refused = kim.get(&format!("/api/bills/{bill}/document")).expect(503).await;
    assert_eq!(refused.code(), "unavailable");
    kim.get(&format!("/api/bills/{bill}")).expect(200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_is_a_pdf_too_and_that_is_the_same_bytes_each_time() {
    let (mut host, kim, bill) = billed(Options::default()).await;
    let path = format!("/api/bills/{bill}/document?format=pdf");
    let first = kim.get(&path).expect(200).await;
    let header = |name: &str| first.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/pdf");
    assert_eq!(header("content-disposition"), format!("inline; filename=\"bill-{bill}.pdf\""));
    assert!(first.text.starts_with("%PDF-1.7"));
    let [file] = files(&host).try_into().unwrap();
    let stored = std::fs::read(&file).unwrap();
    // Rendered once more, by another process, it is the same.
    host.stop();
    std::fs::remove_file(&file).unwrap();
    host.start_again().await;
    assert_eq!(tag(&kim.get(&path).expect(200).await), tag(&first));
    assert_eq!(std::fs::read(&file).unwrap(), stored);
    kim.get(&format!("/api/bills/{bill}/document?format=docx")).expect(400).await;
}
