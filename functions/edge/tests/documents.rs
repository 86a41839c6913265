//! The bill as a document.

use super::*;
use axum::http::HeaderMap;

/// A page as it came.
struct Fetched {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Fetched {
    #[track_caller]
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {:?}", self.headers)).to_str().unwrap()
    }
}

fn path(bill: &Value) -> String {
    format!("/api/bills/{}/document", bill["billId"].as_str().unwrap())
}

async fn fetch(world: &World, who: Who, path: &str, held: &[&str]) -> Fetched {
    let mut request = Request::get(path).header("Authorization", world.token(who).unwrap());
    for tag in held {
        request = request.header("If-None-Match", *tag);
    }
    let response = world.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Fetched { status, headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
}

#[tokio::test]
async fn a_bill_page_is_sandboxed_and_never_cached_by_others() {
    let (world, bill) = World::with_bill().await;
    let page = fetch(&world, KIM, &path(&bill), &[]).await;
    assert_eq!(page.status, 200);
    let id = bill["billId"].as_str().unwrap();
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("content-language", "ko, en"),
        ("cache-control", "private, no-cache"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("content-disposition", &format!("inline; filename=\"bill-{id}.html\"")),
    ] {
        assert_eq!(page.header(name), value, "{name}");
    }
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
    let tag = page.header("etag");
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 40, "{tag} is strong");
    assert!(page.text.contains("요금 청구서") && page.text.contains("010-5555-0001"), "{}", page.text);
    assert!(!page.text.contains("customer-kim"), "{}", page.text);
}

#[tokio::test]
async fn the_page_has_the_lines_and_amounts_of_the_api() {
    let (world, bill) = World::with_bill().await;
    let page = fetch(&world, KIM, &path(&bill), &[]).await.text;
    let lines = bill["lines"].as_array().unwrap();
    assert_eq!(page.matches("<th scope=\"row\">").count(), lines.len());
    // The last number of a row is its amount.
    let rows = page.split("<tr>").skip(2);
    let amounts: Vec<i64> = rows
        .map(|row| row.rsplit("<td class=\"number\">").next().unwrap().split('<').next().unwrap())
        .map(|amount| amount.replace(',', "").parse().unwrap())
        .collect();
    let expected = lines.iter().map(|line| &line["amount"]).chain([&bill["amount"]]);
    assert_eq!(amounts, expected.map(|amount| amount.as_i64().unwrap()).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_has_the_version_is_told_so_and_gets_no_page() {
    let (world, bill) = World::with_bill().await;
    let first = fetch(&world, KIM, &path(&bill), &[]).await;
    let tag = first.header("etag");
    let weak = format!("W/{tag}");
    let list = format!("\"other\", {tag}");
    for held in [vec![tag], vec![weak.as_str()], vec![list.as_str()], vec!["\"other\"", tag], vec!["*"]] {
        let again = fetch(&world, KIM, &path(&bill), &held).await;
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{held:?}");
        assert_eq!((again.header("etag"), again.header("cache-control")), (tag, "private, no-cache"));
    }
    for held in ["\"other\"", "", tag.trim_matches('"'), "\""] {
        let again = fetch(&world, KIM, &path(&bill), &[held]).await;
        assert_eq!((again.status, &again.text), (200, &first.text), "{held}");
    }
}

#[tokio::test]
async fn a_page_is_stored_when_it_is_first_asked_for_and_stays_when_the_bill_is_paid() {
    let (world, bill) = World::with_bill().await;
    assert_eq!(world.documents.contents(), []);
    let first = fetch(&world, KIM, &path(&bill), &[]).await;
    let key = world.payment_key("form-1", &bill, bill["amount"].as_i64().unwrap(), Card::Approve);
    let form = json!({ "billId": bill["billId"], "paymentKey": key });
    world.post(KIM, "/api/payments", "pay", &form).await.expect(201);
    world.settle().await;
    let settled = world.get(KIM, format!("/api/bills/{}", bill["billId"].as_str().unwrap())).await;
    assert_eq!(settled.expect(200)["status"], "settled");
    let second = fetch(&world, KIM, &path(&bill), &[]).await;
    assert_eq!((&second.text, second.header("etag")), (&first.text, first.header("etag")));
    let [(name, content_type, content)] = world.documents.contents().try_into().unwrap();
    assert_eq!(name, format!("2026-10/{}.html", bill["billId"].as_str().unwrap()));
    assert_eq!((content_type.as_str(), content), ("text/html; charset=utf-8", first.text.into()));
}

#[tokio::test]
async fn operators_name_the_customer_whose_page_they_want() {
    let (world, bill) = World::with_bill().await;
    let path = path(&bill);
    let problem = async |who, path: String| {
        let reply = world.get(who, path).await;
        (reply.status, reply.body["code"].as_str().unwrap_or_default().to_owned())
    };
    let not_found = (404, "not_found".to_owned());
    assert_eq!(problem(LEE, path.clone()).await, not_found);
    assert_eq!(problem(LEE, format!("{path}?customerId=customer-kim")).await, not_found);
    assert_eq!(problem(Who::Operator, format!("{path}?customerId=customer-lee")).await, not_found);
    let unnamed = world.get(Who::Operator, path.clone()).await;
    let as_bill = world.get(Who::Operator, path.trim_end_matches("/document")).await;
    assert_eq!(unnamed.problem(), as_bill.problem(), "as it is with the bill itself");
    assert_eq!(world.documents.contents(), [], "nobody who may not see it has it rendered");
    let kims = fetch(&world, KIM, &path, &[]).await;
    let operators = fetch(&world, Who::Operator, &format!("{path}?customerId=customer-kim"), &[]).await;
    assert_eq!((operators.status, operators.text), (200, kims.text));
    for other in ["/api/bills/x/document", "/api/bills/202610-0192f0c1a2b37c4d8e9f0123456789ab/document"] {
        assert_eq!(problem(KIM, other.to_owned()).await, not_found, "{other}");
    }
    let unknown = problem(KIM, format!("{path}?format=docx")).await;
    assert_eq!(unknown, (400, "invalid_parameter".to_owned()));
}
