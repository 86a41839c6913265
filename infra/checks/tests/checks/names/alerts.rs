//! Somebody is told when messages stop flowing or functions keep failing, and nobody when nothing is wrong.

use super::code;
use super::template::Template;
use domain::limits::{DELIVERIES_MAX, REDELIVERY_PAUSE_MS, REDELIVERY_PAUSE_SECONDS_MAX};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ALERTS: &str = "modules/alerts.bicep";
const WORKBOOK: &str = "modules/workbook.bicep";

/// Metrics of a namespace that count messages, by queue and topic, as Azure documents them. None of them is exported to
/// the logs by a diagnostic setting, and each of them has these aggregations.
const COUNTS: [&str; 3] = ["ActiveMessages", "ScheduledMessages", "DeadletteredMessages"];
const AGGREGATIONS: [&str; 3] = ["Average", "Minimum", "Maximum"];

/// The row of a name in a table of alerts.
fn row(template: &Template, table: &str, name: &str) -> Value {
    let rules = template.variable(ALERTS, table);
    rules.as_array().unwrap().iter().find(|row| row["name"] == name).unwrap().clone()
}

/// The alert of a query: its row among the rules, and the minutes that it looks back.
fn rule(template: &Template, name: &str) -> (Value, u64) {
    let row = row(template, "rules", name);
    let minutes = row["window"].as_str().unwrap().trim_start_matches("PT").trim_end_matches('M').parse();
    (row, minutes.unwrap())
}

/// The query of the alert of that name.
fn query(name: &str) -> String {
    let text = code::read(&format!("infra/bicep/queries/{name}.kql"));
    let (row, _) = rule(&Template::read(), name);
    assert_eq!(row["query"]["$"], format!("loadTextContent('../queries/{name}.kql')"));
    text
}

/// The number behind `minutes >= ` in a query.
fn minutes_of(query: &str) -> u64 {
    let rest = query.split("minutes >= ").nth(1).unwrap();
    rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

#[test]
fn somebody_is_told_of_messages_that_wait_in_any_queue_or_topic() {
    let template = Template::read();
    for (name, metric, messages) in [
        ("backlog", "ActiveMessages", json!({ "$": "backlogAlertMessages" })),
        ("unparked-dead-letters", "DeadletteredMessages", json!(0)),
    ] {
        let row = row(&template, "busRules", name);
        assert_eq!((&row["metric"], &row["messages"]), (&json!(metric), &messages));
        assert!(COUNTS.contains(&metric), "{metric}");
        assert!(AGGREGATIONS.contains(&row["aggregation"].as_str().unwrap()));
    }
    let properties = &template.body(ALERTS, "busRule")["properties"];
    assert_eq!(properties["scopes"], json!([{ "$": "busId" }]));
    assert_eq!(properties["actions"], json!([{ "actionGroupId": { "$": "people.id" } }]));
    let conditions = properties["criteria"]["allOf"].as_array().unwrap();
    let [condition] = &conditions[..] else { panic!("{conditions:?}") };
    let of_row = |field: &str| json!({ "$": format!("entry.{field}") });
    assert_eq!(
        (&condition["metricName"], &condition["threshold"], &condition["timeAggregation"]),
        (&of_row("metric"), &of_row("messages"), &of_row("aggregation"))
    );
    assert_eq!(
        (&condition["operator"], &properties["windowSize"]),
        (&json!("GreaterThan"), &of_row("window"))
    );
    let each = json!([{ "name": "EntityName", "operator": "Include", "values": ["*"] }]);
    assert_eq!(condition["dimensions"], each);
}

/// A run puts a message for each bucket into its queue at once, and as many events as the bills of a bucket by hundreds.
#[test]
fn a_billing_run_that_is_being_worked_off_alarms_nobody() {
    let template = Template::read();
    let backlog = row(&template, "busRules", "backlog");
    assert_eq!(backlog["aggregation"], "Minimum", "a moment without a backlog is enough");
    assert_eq!(backlog["window"], "PT1H");
    let given = |file: &str, name: &str| {
        let text = code::read(&format!("infra/bicep/params/{file}.bicepparam"));
        let line =
            text.lines().find_map(|line| line.strip_prefix(&format!("param {name} = ")).map(str::to_owned));
        line.map_or_else(
            || template.variable("main.bicep", name),
            |value| json!(value.parse::<u64>().unwrap()),
        )
    };
    for file in ["dev", "prod"] {
        // A quiet installation has less at work, and a message that nobody takes shows sooner.
        let most = given(file, "backlogAlertMessages").as_u64().unwrap();
        assert!((1..=given(file, "buckets").as_u64().unwrap()).contains(&most), "{file}: {most}");
    }
}

#[test]
fn somebody_is_told_of_messages_that_stay_in_the_outbox_and_not_of_one_that_leaves_it_at_the_next_look() {
    let (_, window) = rule(&Template::read(), "outbox");
    let minutes = minutes_of(&query("outbox"));
    assert!((2..window).contains(&minutes), "{minutes} of {window}");
    let relay = code::functions().remove("outbox_relay").unwrap();
    let schedule = relay.iter().find_map(|binding| binding["schedule"].as_str()).unwrap();
    assert!(seconds_between(schedule) < 60, "{schedule}");
}

/// Seconds between two calls of a timer, at the least, as far as its schedule tells: a day when it tells of none.
fn seconds_between(schedule: &str) -> u64 {
    let mut fields = schedule.split(' ');
    let every = |field: Option<&str>| field?.strip_prefix("*/")?.parse::<u64>().ok();
    let (second, minute) = (fields.next(), fields.next());
    every(second).or_else(|| every(minute).map(|n| n * 60)).unwrap_or(24 * 3600)
}

#[test]
fn a_timer_that_keeps_failing_is_told_of_however_seldom_it_is_called() {
    let text = query("failing-functions");
    let (_, window) = rule(&Template::read(), "failing-functions");
    let seldom = text.split("function in (").nth(1).unwrap().split(')').next().unwrap();
    let seldom: BTreeSet<_> = seldom.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    let mut expected = BTreeSet::from(["handler".to_owned()]);
    for (function, bindings) in code::functions() {
        let Some(schedule) = bindings.iter().find_map(|binding| binding["schedule"].as_str()) else {
            continue;
        };
        if seconds_between(schedule) > window * 60 / (minutes_of(&text) + 1) {
            expected.insert(function);
        }
    }
    assert_eq!(seldom, expected, "these count at their first failure, the others in their fifth minute");
}

#[test]
fn one_message_that_fails_until_the_bus_gives_it_up_is_not_a_function_that_keeps_failing() {
    let pause =
        |delivery: u32| (REDELIVERY_PAUSE_MS << (delivery - 1)).min(1_000 * REDELIVERY_PAUSE_SECONDS_MAX);
    let milliseconds: u64 = (1..DELIVERIES_MAX).map(pause).sum();
    // Its first failure may be late in one minute, and its last one early in another.
    let touched = milliseconds.div_ceil(60_000) + 1;
    assert!(minutes_of(&query("failing-functions")) > touched, "{touched}");
}

#[test]
fn the_log_lines_of_every_failure_of_a_use_case_are_asked_for() {
    let conversion = code::read("functions/edge/answer.rs");
    let text = query("failing-functions");
    let mut found = 0;
    for line in conversion.lines().filter(|line| line.trim_start().starts_with("tracing::")) {
        let message = line.rsplit('"').nth(1).unwrap();
        found += 1;
        assert!(text.contains(&format!("\"{message}\"")), "{message}");
    }
    assert!(found >= 3, "{found}");
}

#[test]
fn how_many_messages_there_are_is_asked_of_the_bus_for_it_is_not_in_the_logs() {
    let template = Template::read();
    let shown = template.variable(WORKBOOK, "depths");
    let shown: BTreeSet<_> =
        shown.as_array().unwrap().iter().map(|row| row["metric"].as_str().unwrap().to_owned()).collect();
    assert_eq!(shown, COUNTS.iter().map(|name| (*name).to_owned()).collect());
    let panel = template.item(WORKBOOK, "depthPanels");
    assert_eq!((&panel["type"], &panel["content"]["resourceIds"]), (&json!(10), &json!([{ "$": "busId" }])));
    let metric = &panel["content"]["metrics"][0];
    assert_eq!(metric["metric"], "microsoft.servicebus/namespaces--${depth.metric}");
    assert_eq!(metric["splitBy"], "EntityName");
    assert!(template.source(WORKBOOK).text.contains("concat([period], panels, depthPanels)"));
    for entry in std::fs::read_dir(crate::root().join("infra/bicep/queries")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!COUNTS.iter().any(|name| text.contains(name)), "{}", path.display());
    }
}
