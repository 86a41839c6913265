use super::*;
use crate::customers_search::SearchText;
use crate::payment_cancel::Reason;
use contract::problem::Code;
use domain::ids::{CustomerId, PaymentKey, PhoneNumber};
use std::collections::{BTreeMap, BTreeSet};

fn document() -> Value {
    serde_json::from_str(crate::openapi::DOCUMENT).unwrap()
}

#[tokio::test]
async fn the_document_names_every_path_and_method_and_no_other() {
    let mut served = BTreeMap::new();
    for (folder, path, function) in
        crate::table().into_iter().filter(|(_, path, _)| path.starts_with("/api/"))
    {
        let mut methods = crate::edge::layout::methods(path, function).await;
        // HEAD is described once, for every GET.
        assert_eq!(methods.remove("head"), methods.contains("get"), "{folder}");
        assert_eq!(methods.len(), 1, "{folder}");
        served.insert((path.to_owned(), methods.into_iter().next().unwrap()), folder.to_owned());
    }
    let mut described = BTreeMap::new();
    for (path, methods) in document()["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            described.insert((path.clone(), method.clone()), id);
        }
    }
    assert_eq!(described, served);
    assert!(document()["info"]["description"].as_str().unwrap().contains("HEAD"));
}

#[test]
fn the_document_and_the_details_of_problems_name_a_status_alike() {
    let document = document();
    let listed = |schema: &str| document["components"]["schemas"][schema]["enum"].clone();
    assert_eq!(listed("OrderStatus"), json!(domain::order::Status::ALL));
    assert_eq!(listed("OrderStatus"), json!(domain::order::Status::ALL.map(domain::order::Status::as_str)));
    assert_eq!(listed("BillStatus"), json!(domain::bill::Status::ALL));
    assert_eq!(listed("BillStatus"), json!(domain::bill::Status::ALL.map(domain::bill::Status::as_str)));
    assert_eq!(listed("PaymentStatus"), json!(domain::pay::Status::ALL));
    assert_eq!(listed("PaymentStatus"), json!(domain::pay::Status::ALL.map(domain::pay::Status::as_str)));
    assert_eq!(listed("SagaStatus"), json!(domain::saga::Status::ALL));
    assert_eq!(listed("SagaStatus"), json!(domain::saga::Status::ALL.map(domain::saga::Status::as_str)));
}

#[test]
fn the_document_lists_the_codes_of_problems() {
    let document = document();
    let listed = &document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"];
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(*listed, json!(codes));
}

#[test]
fn every_parameter_of_a_path_is_described_and_every_reference_leads_somewhere() {
    let document = document();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let named: BTreeSet<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
        for operation in methods.as_object().unwrap().values() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
            let described: BTreeSet<&str> =
                in_path.map(|parameter| parameter["name"].as_str().unwrap()).collect();
            assert_eq!(described, named, "{path}");
        }
    }
    check_references(&document, &document);
}

fn check_references(value: &Value, document: &Value) {
    match value {
        Value::Object(members) => {
            if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                assert!(document.pointer(target.trim_start_matches('#')).is_some(), "{target} leads nowhere");
            }
            members.values().for_each(|member| check_references(member, document));
        }
        Value::Array(items) => items.iter().for_each(|item| check_references(item, document)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Every operation, by its id.
fn operations(document: &Value) -> BTreeMap<String, (String, Value)> {
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|methods| methods.as_object().unwrap());
    let named = |(method, operation): (&String, &Value)| {
        (operation["operationId"].as_str().unwrap().to_owned(), (method.clone(), operation.clone()))
    };
    operations.map(named).collect()
}

#[test]
fn every_get_of_json_says_that_it_has_a_version_and_can_be_asked_for_a_newer_one() {
    let document = document();
    for (id, (method, operation)) in operations(&document) {
        let answers = &operation["responses"];
        if method != "get" || answers["200"]["content"]["application/json"].is_null() {
            continue;
        }
        assert_eq!(answers["200"]["headers"]["ETag"]["$ref"], "#/components/headers/ETag", "{id}");
        assert_eq!(answers["304"]["$ref"], "#/components/responses/NotModified", "{id}");
        let held = json!({ "$ref": "#/components/parameters/IfNoneMatch" });
        assert!(operation["parameters"].as_array().unwrap().contains(&held), "{id}");
    }
}

#[test]
fn a_list_tells_where_its_next_page_begins_when_it_can_be_asked_for_that_page_and_only_then() {
    let document = document();
    let mut lists = 0;
    for (id, (_, operation)) in operations(&document) {
        let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"];
        let Some(list) = answer.as_str().filter(|name| name.ends_with("List")) else { continue };
        let asked = json!({ "$ref": "#/components/parameters/Cursor" });
        let parameters = operation["parameters"].as_array().unwrap();
        let told = &document.pointer(list.trim_start_matches('#')).unwrap()["properties"]["cursor"];
        assert_eq!(told.is_object(), parameters.contains(&asked), "{id}");
        assert!(told.is_null() || told["$ref"] == "#/components/schemas/NextCursor", "{id}");
        lists += 1;
    }
    assert!(lists >= 5, "{lists}");
}

#[test]
fn every_operation_of_the_api_says_that_a_request_can_be_malformed() {
    // Of a page's query only its scripts know.
    let pages = ["web_mypage", "web_console", "web_asset"];
    for (id, (_, operation)) in operations(&document()) {
        assert_eq!(operation["responses"]["400"].is_object(), !pages.contains(&id.as_str()), "{id}");
    }
}

#[test]
fn every_operation_says_what_a_fault_of_ours_looks_like() {
    for (id, (_, operation)) in operations(&document()) {
        assert_eq!(operation["responses"]["500"]["$ref"], "#/components/responses/Internal", "{id}");
    }
}

#[test]
fn the_document_describes_the_headers_that_belong_to_a_status() {
    let responses = &document()["components"]["responses"];
    assert!(responses["Unauthenticated"]["headers"]["WWW-Authenticate"].is_object());
    let seconds = &responses["Unavailable"]["headers"]["Retry-After"]["schema"];
    assert_eq!((&seconds["minimum"], &seconds["maximum"]), (&json!(1), &json!(60)));
}

#[test]
fn the_document_allows_what_the_parsers_of_ids_and_keys_allow() {
    use domain::limits::IDEMPOTENCY_KEY_CHARS_MAX;
    let components = &document()["components"];
    let (schemas, parameters) = (&components["schemas"], &components["parameters"]);
    let customer = &schemas["CustomerId"];
    assert_eq!(customer["pattern"], "^[!-~]*$");
    let longest = usize::try_from(customer["maxLength"].as_u64().unwrap()).unwrap();
    assert!(
        CustomerId::parse("~".repeat(longest)).is_ok() && CustomerId::parse("!".repeat(longest + 1)).is_err()
    );
    for key in ["IdempotencyKey", "IdempotencyKeyRequired"] {
        let pattern = format!("^[!-~]{{1,{IDEMPOTENCY_KEY_CHARS_MAX}}}$");
        assert_eq!(parameters[key]["schema"]["pattern"], pattern);
    }
    assert_eq!(parameters["Cursor"]["schema"]["minLength"], 1);
    assert_eq!(schemas["NewPayment"]["properties"]["billId"]["minLength"], 1);
    // Dashes may stand anywhere among eleven digits.
    assert_eq!(schemas["NewOrder"]["properties"]["wishNumber"]["pattern"], "^-*0-*1-*0(-*[0-9]){8}-*$");
    let pattern = |schema: &str, field: &str| schemas[schema]["properties"][field]["pattern"].clone();
    assert_eq!(pattern("NewPayment", "paymentKey"), "^[A-Za-z0-9._=-]*$");
    for (key, valid) in [("Az09-_.=", true), ("a b", false), ("a/b", false), ("한", false)] {
        assert_eq!(PaymentKey::parse(key).is_ok(), valid, "{key}");
    }
    assert_eq!(pattern("Cancellation", "reason"), r"^[^\u0000-\u001f\u007f-\u009f]*$");
    for (reason, valid) in [("~ \u{a0}한", true), ("\0", false), ("\u{1f}", false), ("\u{7f}\u{9f}", false)]
    {
        assert_eq!(Reason::try_from(reason.to_owned()).is_ok(), valid, "{reason:?}");
    }
    assert_eq!(pattern("CustomerSearch", "query"), r"\S");
    for (query, valid) in [(" a ", true), (" \t\n", false)] {
        assert_eq!(SearchText::try_from(query.to_owned()).is_ok(), valid, "{query:?}");
    }
    for (number, valid) in [("-0-1--012345678-", true), ("010-1234-567", false), ("011-1234-5678", false)] {
        assert_eq!(PhoneNumber::parse(number).is_ok(), valid, "{number}");
    }
}
