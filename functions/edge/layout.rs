//! Holds the table of functions, every `function.json`, `host.json` and `infra/topology.json` against each other.

use crate::edge::tests::handler;
use axum::Router;
use axum::body::Body;
use axum::http::header::ALLOW;
use axum::http::{Method, Request};
use axum::routing::MethodRouter;
use domain::event::EventType;
use domain::limits;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tower::ServiceExt;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every folder with a `function.json`, and its bindings.
fn folders() -> BTreeMap<String, Vec<Value>> {
    let entries = std::fs::read_dir(root().join("functions")).unwrap();
    let folders =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.join("function.json").exists());
    folders
        .map(|folder| {
            let file = read(&folder.join("function.json"));
            let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
            (name, file["bindings"].as_array().unwrap().clone())
        })
        .collect()
}

/// The methods that a function takes, from what it says about one that no function takes.
pub(super) async fn methods(path: &str, function: MethodRouter<crate::Handler>) -> BTreeSet<String> {
    let router = Router::new().route(path, function).with_state(handler());
    let uri = path.replace(['{', '}'], "");
    let path = if path.contains('{') { uri.as_str() } else { path };
    let request = Request::builder().method(Method::TRACE).uri(path).body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let allowed = response.headers()[ALLOW].to_str().unwrap().to_ascii_lowercase();
    allowed.split(',').map(str::to_owned).collect()
}

#[test]
fn every_function_has_a_folder_and_every_folder_a_function() {
    let table: Vec<String> = crate::table().into_iter().map(|(folder, ..)| folder.to_owned()).collect();
    let unique: BTreeSet<_> = table.iter().cloned().collect();
    assert_eq!(unique.len(), table.len(), "a folder stands twice in the table");
    assert_eq!(unique, folders().into_keys().collect());
    for name in table {
        let first = name.starts_with(|c: char| c.is_ascii_lowercase());
        let rest = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        assert!(first && rest && name.len() <= 128 && name != "host", "{name} is no name for a function");
    }
}

#[tokio::test]
async fn each_path_and_method_is_the_one_of_function_json() {
    let prefix =
        read(&root().join("host.json"))["extensions"]["http"]["routePrefix"].as_str().unwrap().to_owned();
    assert!(!prefix.is_empty(), "without a prefix, public routes could reach triggers");
    let folders = folders();
    for (folder, path, function) in crate::table() {
        let trigger = &folders[folder][0];
        let (expected, taken) = match trigger["route"].as_str() {
            Some(route) => (format!("/{prefix}/{route}"), trigger["methods"].clone()),
            None => (format!("/{folder}"), json!(["post"])),
        };
        assert_eq!(path, expected, "{folder}");
        assert!(!path.contains("{*"), "{folder}: a route that takes everything reaches everything");
        assert_eq!(json!(methods(path, function).await), taken, "{folder}");
    }
}

#[test]
fn bindings_have_the_forms_that_the_host_treats_as_we_expect() {
    for (folder, bindings) in folders() {
        let trigger = &bindings[0];
        for binding in &bindings {
            let name = binding["name"].as_str().unwrap();
            assert!(
                name.bytes().all(|b| b.is_ascii_alphanumeric()),
                "{folder}: a binding's name has no underscore"
            );
        }
        let expected = match trigger["type"].as_str().unwrap() {
            // One HTTP trigger and one HTTP output: the host forwards the request as it came.
            "httpTrigger" => json!([
                {
                    "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous",
                    "methods": trigger["methods"], "route": trigger["route"]
                },
                { "type": "http", "direction": "out", "name": "res" }
            ]),
            "serviceBusTrigger" => json!([service_bus(&folder)]),
            "timerTrigger" => {
                assert_eq!(trigger["schedule"].as_str().unwrap().split(' ').count(), 6, "{folder}");
                json!([{
                    "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": trigger["schedule"],
                    // Fires on every start of every instance otherwise.
                    "runOnStartup": false,
                    "useMonitor": trigger["useMonitor"].as_bool().unwrap()
                }])
            }
            other => panic!("{folder}: {other}"),
        };
        assert_eq!(json!(bindings), expected, "{folder}");
    }
}

/// The trigger that a function must have by `infra/topology.json`.
fn service_bus(function: &str) -> Value {
    let common = json!({
        "type": "serviceBusTrigger", "direction": "in", "name": "message", "connection": "SERVICEBUS",
        // As text, the host would copy the message's own properties over its metadata.
        "dataType": "binary"
    });
    let entities = entities();
    let entity = entities.get(function).unwrap_or_else(|| panic!("{function} is not in the topology"));
    let (mut trigger, members) = (common, entity.as_object().unwrap().clone());
    trigger.as_object_mut().unwrap().extend(members);
    trigger
}

/// What each function is to be triggered by.
fn entities() -> BTreeMap<String, Value> {
    let topology = read(&root().join("infra/topology.json"));
    let function = |entity: &Value| entity["function"].as_str().unwrap().to_owned();
    let mut entities = BTreeMap::new();
    for queue in topology["queues"].as_array().unwrap() {
        let earlier = entities.insert(function(queue), json!({ "queueName": queue["name"] }));
        assert_eq!(earlier, None, "{queue}");
    }
    for topic in topology["topics"].as_array().unwrap() {
        for subscription in topic["subscriptions"].as_array().unwrap() {
            let entity = json!({ "topicName": topic["name"], "subscriptionName": subscription["name"] });
            assert_eq!(entities.insert(function(subscription), entity), None, "{subscription}");
        }
    }
    entities
}

#[test]
fn every_queue_and_subscription_has_its_function() {
    let triggers = folders().into_iter().filter(|(_, bindings)| bindings[0]["type"] == "serviceBusTrigger");
    let functions: BTreeSet<String> = triggers.map(|(folder, _)| folder).collect();
    assert_eq!(functions, entities().into_keys().collect());
}

#[test]
fn subscriptions_filter_on_types_of_events_that_exist() {
    let topology = read(&root().join("infra/topology.json"));
    for subscription in topology["topics"][0]["subscriptions"].as_array().unwrap() {
        let subjects = subscription["subjects"].as_array().unwrap();
        let unique: BTreeSet<_> = subjects.iter().map(|subject| subject.as_str().unwrap()).collect();
        assert_eq!(unique.len(), subjects.len(), "{subscription}");
        for subject in unique {
            assert!(EventType::parse(subject).is_some(), "{}: {subject}", subscription["name"]);
        }
    }
}

#[test]
fn limits_in_the_configuration_are_those_of_the_code() {
    let topology = read(&root().join("infra/topology.json"));
    assert_eq!(topology["lockSeconds"], json!(limits::LOCK_SECONDS));
    assert_eq!(topology["maxDeliveryCount"], json!(limits::DELIVERIES_MAX));
    assert_eq!(topology["messageHours"], json!(limits::MESSAGE_HOURS));
    let host = read(&root().join("host.json"));
    assert_eq!(host["functionTimeout"], json!(timespan(limits::FUNCTION_TIMEOUT_SECONDS)));
    let renewal = &host["extensions"]["serviceBus"]["maxAutoLockRenewalDuration"];
    assert_eq!(renewal, &json!(timespan(limits::LOCK_SECONDS)));
}

#[test]
fn the_host_starts_the_handler_and_forwards_http_as_it_came() {
    let host = read(&root().join("host.json"));
    assert_eq!(host["customHandler"]["description"]["defaultExecutablePath"], "handler");
    assert_eq!(host["customHandler"]["enableProxyingHttpRequest"], true);
    assert_eq!(host["extensionBundle"]["id"], "Microsoft.Azure.Functions.ExtensionBundle");
    assert_eq!(host["extensions"]["serviceBus"]["autoCompleteMessages"], true);
    let settings = read(&root().join("local.settings.json"));
    assert_eq!(settings["IsEncrypted"], false);
    for name in settings["Values"].as_object().unwrap().keys() {
        let upper = name.to_ascii_uppercase();
        assert!(!["KEY", "TOKEN", "SECRET"].iter().any(|end| upper.ends_with(end)), "{name} is a secret");
    }
}

fn timespan(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
