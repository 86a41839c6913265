use super::*;

const TOPOLOGY: &str = r#"{"lockSeconds":300,"maxDeliveryCount":10,"messageHours":1,"duplicateDetectionMinutes":10,
    "deadLetterMaxDeliveryCount":10,"maxMessageBytes":1000,"deadLetterQueue":"dead","queues":[{"name":"dead","function":"d"}],
    "topics":[{"name":"events","subscriptions":[{"name":"s","function":"f","subjects":["a"]}]}]}"#;
const HOST: &str = r#"{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"},
    "enableProxyingHttpRequest":true}}"#;

fn check(name: &str, json: &str) -> Result<Function, String> {
    let mut settings = Settings::default();
    settings.force("QUEUE", "dead");
    settings.force("AzureWebJobs.off.Disabled", "true");
    let (config, topology) = (HostConfig::parse(HOST).unwrap(), Topology::parse(TOPOLOGY).unwrap());
    parse(name, json, &Context { config: &config, settings: &settings, topology: &topology })
}

fn http(extra: &str) -> String {
    format!(
        r#"{{"bindings":[{{"type":"httpTrigger","direction":"in","name":"req","authLevel":"anonymous"{extra}}},
        {{"type":"http","direction":"out","name":"res"}}]}}"#
    )
}

fn bus(fields: &str) -> String {
    format!(
        r#"{{"bindings":[{{"type":"serviceBusTrigger","direction":"in","name":"message","dataType":"binary",
        "connection":"SERVICEBUS",{fields}}}]}}"#
    )
}

fn timer(fields: &str) -> String {
    format!(r#"{{"bindings":[{{"type":"timerTrigger","direction":"in","name":"timer",{fields}}}]}}"#)
}

#[test]
fn an_http_function_has_its_route_and_methods() {
    let function = check("orders_get", &http(r#","route":"orders/{id}","methods":["get","POST"]"#)).unwrap();
    let Trigger::Http { route, methods } = function.trigger else { panic!("{:?}", function.trigger) };
    assert!(route.matches(&["orders".to_owned(), "7".to_owned()]));
    assert_eq!(methods, [Method::GET, Method::POST]);
}

#[test]
fn a_function_without_a_route_is_at_its_name_for_every_method() {
    let Trigger::Http { route, methods } = check("ready", &http("")).unwrap().trigger else { panic!() };
    assert!(route.matches(&["ready".to_owned()]));
    assert!(methods.is_empty());
}

#[test]
fn a_message_comes_from_a_queue_or_subscription_of_the_topology() {
    for (fields, expected) in [
        (r#""queueName":"dead""#, "dead"),
        (r#""queueName":"%QUEUE%""#, "dead"),
        (r#""topicName":"events","subscriptionName":"s""#, "events/Subscriptions/s"),
    ] {
        let Trigger::ServiceBus { binding, source } = check("f", &bus(fields)).unwrap().trigger else {
            panic!()
        };
        assert_eq!((binding.as_str(), source.as_str()), ("message", expected));
    }
}

#[test]
fn a_timer_keeps_a_status_unless_it_fires_too_often_for_one() {
    for (fields, expected) in [
        (r#""schedule":"0 */5 * * * *""#, true),
        (r#""schedule":"0 */5 * * * *","useMonitor":false"#, false),
        (r#""schedule":"*/10 * * * * *""#, false),
    ] {
        let Trigger::Timer { monitored, .. } = check("t", &timer(fields)).unwrap().trigger else { panic!() };
        assert_eq!(monitored, expected, "{fields}");
    }
}

#[test]
fn a_function_can_be_switched_off() {
    assert!(check("off", &http("")).unwrap().disabled);
    assert!(!check("on", &http("")).unwrap().disabled);
}

#[test]
fn a_function_that_the_real_host_would_not_load_is_refused_with_the_reason() {
    let output = r#"{"bindings":[{"type":"http","direction":"out","name":"res"}]}"#;
    let underscore = http("").replace("\"req\"", "\"the_req\"");
    let cases = [
        ("Host", http(""), "not a name"),
        ("1st", http(""), "not a name"),
        ("f", underscore, "binding name"),
        ("f", http("").replace("\"in\"", "\"out\""), "wrong direction"),
        ("f", http("").replace("\"res\"", "\"req\""), "two bindings are named"),
        ("f", http(r#","methods":["FETCH"]"#), "not an HTTP method"),
        ("f", http(r#","route":"{a}/{*b}/c""#), "only the last segment"),
        ("f", output.to_owned(), "no trigger"),
        ("f", r#"{"bindings":[]}"#.to_owned(), "one trigger"),
        (
            "f",
            r#"{"bindings":[{"type":"blobTrigger","name":"b","direction":"in"}]}"#.to_owned(),
            "unknown variant",
        ),
        ("f", "{".to_owned(), "EOF"),
        ("f", bus(r#""queueName":"other""#), "no queue \"other\""),
        ("f", bus(r#""queueName":"%OTHER%""#), "%OTHER%"),
        ("f", bus(r#""topicName":"other","subscriptionName":"s""#), "no topic"),
        ("f", bus(r#""topicName":"events","subscriptionName":"other""#), "no subscription"),
        ("f", bus(r#""topicName":"events""#), "either queueName"),
        ("f", bus(r#""queueName":"dead","cardinality":"many""#), "cardinality"),
        ("f", bus(r#""queueName":"dead","isSessionsEnabled":true"#), "sessions"),
        ("f", bus(r#""queueName":"dead""#).replace("binary", "string"), "dataType"),
        ("f", bus(r#""queueName":"dead""#).replace("SERVICEBUS", ""), "connection"),
        ("f", timer(r#""schedule":"every day""#), "six fields"),
        ("f", timer(r#""schedule":"0 0 0 * * *","runOnStartup":true"#), "runOnStartup"),
        ("f", timer(r#""schedule":"%WHEN%""#), "%WHEN%"),
    ];
    for (name, json, reason) in cases {
        let error = check(name, &json).unwrap_err();
        assert!(error.contains(reason), "{json}: {error}");
    }
}

#[test]
fn two_functions_cannot_claim_the_same_requests() {
    let first = check("a", &http(r#","route":"x/{id}","methods":["get"]"#)).unwrap();
    for (second, fits) in [
        (r#","route":"x/{other}""#, false),
        (r#","route":"X/{other}","methods":["get"]"#, false),
        (r#","route":"x/{other}","methods":["post"]"#, true),
        (r#","route":"y/{other}""#, true),
    ] {
        let second = check("b", &http(second)).unwrap();
        assert_eq!(check_together(&[first.clone(), second]).is_ok(), fits);
    }
}
