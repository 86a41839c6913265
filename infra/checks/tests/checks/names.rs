//! Every name in `infra/bicep` that the code or the bus's description knows as well is the same there, and none is
//! missing on either side.

mod access;
mod alerts;
mod code;
mod contract;
mod queries;
mod template;

use crate::bicep::syntax::Kind;
use app::ports::Table;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use template::{Template, texts};

const MAIN: &str = "main.bicep";
const APP: &str = "modules/app.bicep";
const BUS: &str = "modules/bus.bicep";

/// App settings that the Functions host reads, not the handler.
const OF_THE_HOST: [&str; 6] = [
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__credential",
    "SERVICEBUS__credential",
];

/// Settings that the handler reads and that are not set in Azure, and why not.
const NOT_IN_AZURE: [(&str, &str); 14] = [
    ("BUS_ENDPOINT", "the local host's bus"),
    ("BUS_TOKEN", "the local host's bus"),
    ("CATALOGUE_FILE", "the plans that are built in are the ones that are sold"),
    ("CLOCK_FILE", "a test clock"),
    ("DATA_DIR", "the embedded store"),
    ("FUNCTIONS_CUSTOMHANDLER_PORT", "the Functions host sets it"),
    ("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", "the Functions host sets it"),
    ("IDENTITY_ENDPOINT", "the platform sets it"),
    ("REDELIVERY_PAUSE_MS", "its default is right"),
    ("RUNTIME_POLL_MS", "its default is right"),
    ("RUST_LOG", "LOG_LEVEL says enough, and runtime.json the rest"),
    ("TOSS_SDK_URL", "the gateway's own script, which is the default"),
    ("WEBSITE_INSTANCE_ID", "the platform sets it"),
    ("WEBSITE_SITE_NAME", "the platform sets it"),
];

fn set(names: impl IntoIterator<Item = impl Into<String>>) -> BTreeSet<String> {
    names.into_iter().map(Into::into).collect()
}

fn json_of(path: &str) -> Value {
    serde_json::from_str(&code::read(path)).unwrap()
}

#[test]
fn bicep_and_code_name_the_same_tables() {
    let tables = Template::read().variable(MAIN, "tables");
    assert_eq!(set(texts(&tables)), set(Table::ALL.map(Table::name)));
    assert_eq!(texts(&tables).len(), Table::ALL.len());
}

#[test]
fn the_containers_are_the_codes() {
    let template = Template::read();
    let wire = code::sources().concat();
    for (variable, constant) in [("billsContainer", "BILLS"), ("configContainer", "CONFIG")] {
        let name = template.variable(MAIN, variable);
        assert!(wire.contains(&format!("const {constant}: &str = {name};")), "{constant} is not {name}");
    }
}

#[test]
fn every_setting_that_the_handler_reads_is_set_and_no_other() {
    let template = Template::read();
    let lists = ["platformSettings", "handlerSettings", "telemetrySettings"];
    let given: Vec<_> =
        lists.iter().flat_map(|list| template.settings(APP, list)).map(|(name, _)| name).collect();
    let read = code::settings(&code::sources());
    let elsewhere = set(NOT_IN_AZURE.map(|(name, _)| name));
    // OpenTelemetry's own: their defaults are right, unless the template says otherwise.
    let left = |name: &&String| name.starts_with("OTEL_") && !given.contains(name);
    let host = set(OF_THE_HOST);
    let wanted: BTreeSet<_> =
        read.difference(&elsewhere).filter(|name| !left(name)).chain(&host).cloned().collect();
    assert_eq!(set(given.clone()), wanted);
    assert_eq!(given.len(), wanted.len(), "one is set twice");
    let stale: Vec<_> = elsewhere.difference(&read).collect();
    assert!(stale.is_empty(), "the handler does not read {stale:?}");
}

#[test]
fn the_host_is_not_asked_to_export_what_only_the_handler_shall() {
    let given = Template::read().settings(APP, "telemetrySettings");
    assert_eq!(
        given,
        [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT".to_owned(), "otlpTracesEndpoint".to_owned())],
        "the host takes OTEL_EXPORTER_OTLP_ENDPOINT for its own logs, traces and metrics"
    );
}

/// The container of the package of a service's app.
fn container_of(service: &str) -> String {
    let app = Template::read().item(MAIN, "separateApps");
    app["packages"].as_str().unwrap().replace("${service.name}", service)
}

#[test]
fn every_app_has_a_container_of_its_own_for_its_package() {
    let template = Template::read();
    let services = json_of("infra/services.json");
    let services = services["services"].as_array().unwrap();
    let whole = template.variable(MAIN, "wholeApp")[0]["packages"].as_str().unwrap().to_owned();
    let each = services.iter().map(|service| container_of(service["name"].as_str().unwrap()));
    let containers: Vec<_> = each.chain([whole]).collect();
    assert_eq!(set(containers.clone()).len(), services.len() + 1, "{containers:?}");
    for name in &containers {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!((3..=63).contains(&name.len()) && name.chars().all(allowed), "{name}");
    }
    let computed = |text: &str| json!({ "$": text });
    let made = &template.body(MAIN, "hostStorage")["params"]["packagesContainers"];
    assert_eq!(*made, computed("[for app in apps: app.packages]"));
    assert_eq!(template.body("modules/host-storage.bicep", "packages")["name"], computed("container"));
    let given = &template.body(MAIN, "functionApps")["params"];
    assert_eq!(given["packagesUrl"], "${hostStorage.outputs.blobEndpoint}${app.packages}");
    let deployment = &template.body(APP, "app")["properties"]["functionAppConfig"]["deployment"];
    assert_eq!(deployment["storage"]["value"], computed("packagesUrl"));
}

#[test]
fn the_runtime_is_said_where_flex_consumption_wants_it() {
    let template = Template::read();
    let runtime = &template.body(APP, "app")["properties"]["functionAppConfig"]["runtime"];
    assert_eq!(*runtime, json!({ "name": "custom", "version": "1.0" }));
    let sources: Vec<_> = template.paths().filter(|path| path.starts_with("modules/")).collect();
    for path in sources {
        let text = &template.source(path).text;
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<String>();
        for refused in ["FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION", "WEBSITE_RUN_FROM_PACKAGE"]
        {
            assert!(!lines.contains(refused), "{path} sets {refused}");
        }
    }
}

#[test]
fn the_gateways_secret_is_taken_from_the_vault() {
    let settings = Template::read().settings(APP, "handlerSettings");
    let of =
        |name: &str| settings.iter().find(|(setting, _)| setting == name).map(|(_, value)| value.as_str());
    let reference = "@Microsoft.KeyVault(VaultName=${vaultName};SecretName=${gatewaySecret})";
    assert_eq!(of("TOSS_SECRET_KEY"), Some(reference));
    assert_eq!(
        of("SERVICEBUS__clientId"),
        of("AZURE_CLIENT_ID"),
        "the triggers and the handler are the same"
    );
}

#[test]
fn the_bus_that_is_asked_how_many_wait_is_the_one_that_messages_are_sent_to() {
    let template = Template::read();
    let settings = template.settings(APP, "handlerSettings");
    let asked = settings.iter().find(|(name, _)| name == "BUS_RESOURCE_URL").map(|(_, value)| value.as_str());
    assert_eq!(asked, Some("uri(environment().resourceManager, busId)"));
    let given = &template.body(MAIN, "functionApps")["params"];
    assert_eq!(given["busId"], json!({ "$": "bus.outputs.id" }));
    assert_eq!(given["busHostName"], json!({ "$": "bus.outputs.hostName" }));
}

#[test]
fn every_function_is_in_one_app() {
    let services = json_of("infra/services.json");
    let probes = texts(&services["probes"]);
    let each =
        services["services"].as_array().unwrap().iter().flat_map(|service| texts(&service["functions"]));
    let all: Vec<_> = probes.iter().copied().chain(each).collect();
    assert_eq!(set(all.clone()), set(code::functions().into_keys()));
    assert_eq!(all.len(), code::functions().len(), "one is in two apps");
    let own =
        set(services["services"].as_array().unwrap().iter().map(|service| service["name"].as_str().unwrap()));
    assert_eq!(own, set(["order", "bill", "pay", "mypage", "saga"]));
}

#[test]
fn every_function_of_an_app_can_be_switched_off() {
    let switches = Template::read().settings(APP, "functionSwitches");
    let expected =
        ("AzureWebJobs.${function}.Disabled", "contains(enabledFunctions, function) ? 'false' : 'true'");
    assert_eq!(switches, [(expected.0.to_owned(), expected.1.to_owned())]);
    // A setting's name has room for letters, digits, dots and underscores.
    let odd: Vec<_> = code::functions()
        .into_keys()
        .filter(|name| !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
}

/// The app that Front Door sends a path to: that with the longest pattern that fits.
fn app_of<'a>(path: &str, services: &'a [Value]) -> Option<&'a str> {
    let fits = |pattern: &str| match pattern.strip_suffix("/*") {
        Some(front) => path.strip_prefix(front).is_some_and(|rest| rest.starts_with('/')),
        None => path == pattern,
    };
    let named = services
        .iter()
        .flat_map(|service| texts(&service["paths"]).into_iter().map(move |path| (path, service)));
    let best = named.filter(|(pattern, _)| fits(pattern)).max_by_key(|(pattern, _)| pattern.len());
    best.and_then(|(_, service)| service["name"].as_str())
}

#[test]
fn front_door_sends_every_path_to_the_app_that_has_it() {
    let services = json_of("infra/services.json");
    let probes = set(texts(&services["probes"]));
    let services = services["services"].as_array().unwrap();
    let owner = |function: &str| {
        let has = |service: &&Value| texts(&service["functions"]).contains(&function);
        services.iter().find(has).and_then(|service| service["name"].as_str())
    };
    let mut used = BTreeSet::new();
    for (function, route) in code::routes() {
        if !probes.contains(&function) {
            assert_eq!(app_of(&route, services), owner(&function), "{function} {route}");
        }
        used.extend(app_of(&route, services));
    }
    assert_eq!(used.len(), services.len());
}

#[test]
fn what_is_asked_for_health_is_a_route() {
    let template = Template::read();
    let routes = code::routes();
    let request = &template.body("modules/availability.bicep", "probe")["properties"]["Request"];
    assert_eq!(request["RequestUrl"], format!("https://${{hostNames[i]}}{}", routes["ready"]));
    let group = &template.body("modules/front-door.bicep", "group")["properties"];
    assert_eq!(group["healthProbeSettings"]["probePath"], routes["health"].as_str());
}

#[test]
fn the_bus_has_what_its_description_says() {
    let template = Template::read();
    assert_eq!(template.variable(BUS, "topology"), json!({ "$": "loadJsonContent('../../topology.json')" }));
    let of = |name: &str| template.variable(BUS, name);
    assert_eq!(of("lock"), "PT${topology.lockSeconds}S");
    assert_eq!(of("life"), "PT${topology.messageHours}H");
    assert_eq!(of("duplicates"), "PT${topology.duplicateDetectionMinutes}M");
    let computed = |text: &str| json!({ "$": text });
    for (resource, deliveries, forwards, filters_duplicates) in [
        ("queue", "topology.maxDeliveryCount", true, true),
        ("deadLetters", "topology.deadLetterMaxDeliveryCount", false, false),
    ] {
        let properties = &template.body(BUS, resource)["properties"];
        assert_eq!(properties["lockDuration"], computed("lock"), "{resource}");
        assert_eq!(properties["defaultMessageTimeToLive"], computed("life"), "{resource}");
        assert_eq!(properties["maxDeliveryCount"], computed(deliveries), "{resource}");
        assert_eq!(properties["requiresDuplicateDetection"], filters_duplicates, "{resource}");
        let target = properties.get("forwardDeadLetteredMessagesTo");
        assert_eq!(target, forwards.then(|| computed("topology.deadLetterQueue")).as_ref(), "{resource}");
    }
    let given = &template.body(BUS, "subscriptions")["params"];
    assert_eq!(given["subscriptions"], computed("entity.subscriptions"));
    assert_eq!(given["maxDeliveryCount"], computed("topology.maxDeliveryCount"));
    assert_eq!((&given["lock"], &given["life"]), (&computed("lock"), &computed("life")));
}

#[test]
fn what_is_given_up_is_recorded_even_when_that_takes_far_more_than_a_consumers_deliveries() {
    let topology = json_of("infra/topology.json");
    let deliveries = |name: &str| topology[name].as_u64().unwrap();
    let (consumers, recorder) = (deliveries("maxDeliveryCount"), deliveries("deadLetterMaxDeliveryCount"));
    assert!(recorder >= 10 * consumers && recorder <= 2_000, "Service Bus takes 1 to 2,000: {recorder}");
}

#[test]
fn entities_of_the_bus_are_changed_one_after_the_other() {
    let template = Template::read();
    let mut found = 0;
    for path in [BUS, "modules/subscriptions.bicep", "modules/subscription-rules.bicep"] {
        for one in template.source(path).declarations() {
            let repeated = one.value.is_some_and(|value| value.kind() == "for_statement");
            if repeated && matches!(one.kind, Kind::Resource | Kind::Module) {
                found += 1;
                assert_eq!(one.decorator("batchSize"), Some(&vec![json!(1)]), "{path}: {}", one.name);
            }
        }
    }
    assert_eq!(found, 6);
}

#[test]
fn every_subscription_has_a_filter_for_each_of_its_subjects() {
    let template = Template::read();
    let computed = |text: &str| json!({ "$": text });
    let subscription = template.body("modules/subscriptions.bicep", "subscription");
    assert_eq!(subscription["name"], computed("entity.name"));
    assert_eq!(subscription["properties"]["forwardDeadLetteredMessagesTo"], computed("deadLetterQueue"));
    let given = &template.body("modules/subscriptions.bicep", "rules")["params"];
    assert_eq!(given["subjects"], computed("entity.subjects"));
    let rule = template.body("modules/subscription-rules.bicep", "rule");
    let filter =
        json!({ "filterType": "CorrelationFilter", "correlationFilter": { "label": { "$": "subject" } } });
    assert_eq!((&rule["name"], &rule["properties"]), (&computed("subject"), &filter));
    // Names that Service Bus takes: a subscription's and a rule's have at most 50 characters.
    let topology = json_of("infra/topology.json");
    for topic in topology["topics"].as_array().unwrap() {
        for subscription in topic["subscriptions"].as_array().unwrap() {
            let names =
                [subscription["name"].as_str().unwrap()].into_iter().chain(texts(&subscription["subjects"]));
            names.for_each(|name| assert!(name.len() <= 50, "{name}"));
        }
    }
}

#[test]
fn everything_in_the_buss_description_is_provisioned() {
    let template = Template::read();
    let text = &template.source(BUS).text;
    let topology = json_of("infra/topology.json");
    // A Standard namespace takes messages of 256 KB, and what a Premium one may take beyond that is not used.
    let not_said = "maxMessageBytes";
    assert_eq!(topology[not_said], 256 * 1024);
    for key in topology.as_object().unwrap().keys().filter(|key| *key != not_said) {
        assert!(text.contains(&format!("topology.{key}")), "{key} is not used");
    }
    let mut consumers = BTreeMap::new();
    let mut add = |place: String, entity: &Value| {
        consumers.insert(entity["function"].as_str().unwrap().to_owned(), place)
    };
    for queue in topology["queues"].as_array().unwrap() {
        add(queue["name"].as_str().unwrap().to_owned(), queue);
    }
    for topic in topology["topics"].as_array().unwrap() {
        for subscription in topic["subscriptions"].as_array().unwrap() {
            add(
                format!("{}/{}", topic["name"].as_str().unwrap(), subscription["name"].as_str().unwrap()),
                subscription,
            );
        }
    }
    let place = |binding: &Value| {
        let text = |name: &str| binding[name].as_str().map(str::to_owned);
        text("queueName").or_else(|| Some(format!("{}/{}", text("topicName")?, text("subscriptionName")?)))
    };
    let bound: BTreeMap<_, _> = code::functions()
        .into_iter()
        .filter_map(|(name, bindings)| Some((name, bindings.iter().find_map(place)?)))
        .collect();
    assert_eq!(bound, consumers);
}
