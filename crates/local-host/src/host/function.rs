//! Functions as their function.json describes them, checked as the real host checks them when it starts.

use super::ConfigError;
use super::config::HostConfig;
use super::schedule::Schedule;
use super::settings::Settings;
use super::template::Template;
use crate::bus::Topology;
use axum::http::Method;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// One function.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    /// The folder's name: what triggers are posted to.
    pub(crate) name: String,
    pub(crate) trigger: Trigger,
    /// Switched off by a setting.
    pub(crate) disabled: bool,
}

/// What sets a function off.
#[derive(Debug, Clone)]
pub(crate) enum Trigger {
    /// A request, forwarded as it came. No methods: all of them.
    Http { route: Template, methods: Vec<Method> },
    /// A message of a queue (`billing`) or subscription (`events/Subscriptions/saga-track`).
    ServiceBus { binding: String, source: String },
    /// The clock.
    Timer { binding: String, schedule: Box<Schedule>, monitored: bool },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    bindings: Vec<Binding>,
    retry: Option<serde_json::Value>,
}

/// The bindings that the local host plays.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Binding {
    HttpTrigger {
        name: String,
        direction: Direction,
        #[serde(default)]
        auth_level: AuthLevel,
        methods: Option<Vec<String>>,
        route: Option<String>,
    },
    Http {
        name: String,
        direction: Direction,
    },
    ServiceBusTrigger(ServiceBusTrigger),
    TimerTrigger {
        name: String,
        direction: Direction,
        schedule: String,
        use_monitor: Option<bool>,
        #[serde(default)]
        run_on_startup: bool,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServiceBusTrigger {
    name: String,
    direction: Direction,
    data_type: Option<String>,
    cardinality: Option<String>,
    connection: Option<String>,
    queue_name: Option<String>,
    topic_name: Option<String>,
    subscription_name: Option<String>,
    #[serde(default)]
    is_sessions_enabled: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Direction {
    In,
    Out,
    Inout,
}

/// Keys are the business of Azure's front end: like Core Tools, the local host asks for none.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum AuthLevel {
    Anonymous,
    #[default]
    Function,
    Admin,
}

/// What a function is checked against.
pub(crate) struct Context<'a> {
    pub(crate) config: &'a HostConfig,
    pub(crate) settings: &'a Settings,
    pub(crate) topology: &'a Topology,
}

/// Reads every immediate sub-folder of `folder` that has a function.json, in the order of their names.
pub(crate) fn load_all(folder: &Path, context: &Context<'_>) -> Result<Vec<Function>, ConfigError> {
    let mut functions = Vec::new();
    for path in function_files(folder)? {
        let name = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        let listed = context.config.functions.as_ref().is_none_or(|list| list.contains(&name));
        if listed {
            let json = std::fs::read_to_string(&path).map_err(|error| ConfigError::read(&path, error))?;
            let function =
                parse(&name, &json, context).map_err(|reason| ConfigError::wrong(&path, reason))?;
            functions.push(function);
        }
    }
    check_together(&functions).map_err(|reason| ConfigError::wrong(folder, reason))?;
    Ok(functions)
}

fn function_files(folder: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let entries = entries.map_err(|error| ConfigError::read(folder, error))?;
    let mut files: Vec<PathBuf> = entries.iter().map(|entry| entry.path().join("function.json")).collect();
    files.retain(|path| path.is_file());
    files.sort();
    Ok(files)
}

/// A function of its name and function.json, or what is wrong with it.
pub(crate) fn parse(name: &str, json: &str, context: &Context<'_>) -> Result<Function, String> {
    check_name(name)?;
    let file: File = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if file.retry.is_some() {
        return Err("a retry policy is not played: let the message be delivered again".to_owned());
    }
    let trigger = match <[Binding; 2]>::try_from(file.bindings) {
        Ok(pair) => http_function(name, pair)?,
        Err(bindings) => match <[Binding; 1]>::try_from(bindings) {
            Ok([binding]) => triggered_function(binding, context)?,
            Err(_) => return Err("a function has one trigger, and an HTTP function one output".to_owned()),
        },
    };
    Ok(Function { name: name.to_owned(), trigger, disabled: context.settings.disables(name) })
}

/// Source: the host's `Utility.IsValidFunctionName`.
fn check_name(name: &str) -> Result<(), String> {
    let starts = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    let allowed = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if starts && allowed && name.len() <= 128 && !name.eq_ignore_ascii_case("host") {
        Ok(())
    } else {
        Err(format!("{name:?} is not a name that the Functions host allows"))
    }
}

/// Letters and digits only: the host refuses a binding name with an underscore.
fn check_binding(name: &str, direction: Direction, expected: Direction) -> Result<(), String> {
    let starts = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    let valid = starts && name.len() <= 128 && name.bytes().all(|b| b.is_ascii_alphanumeric());
    if !valid {
        return Err(format!("{name:?} is not a binding name that the Functions host allows"));
    }
    if direction == expected { Ok(()) } else { Err(format!("the binding {name:?} has the wrong direction")) }
}

fn http_function(name: &str, pair: [Binding; 2]) -> Result<Trigger, String> {
    let (trigger, output) = match pair {
        [trigger, Binding::Http { name, direction }] => (trigger, (name, direction)),
        [Binding::Http { name, direction }, trigger] => (trigger, (name, direction)),
        _ => return Err("two bindings must be an HTTP trigger and its HTTP output".to_owned()),
    };
    let Binding::HttpTrigger { name: request, direction, auth_level, methods, route } = trigger else {
        return Err("only an HTTP trigger has an HTTP output".to_owned());
    };
    match auth_level {
        AuthLevel::Anonymous | AuthLevel::Function | AuthLevel::Admin => {}
    }
    check_binding(&request, direction, Direction::In)?;
    check_binding(&output.0, output.1, Direction::Out)?;
    if request == output.0 {
        return Err(format!("two bindings are named {request:?}"));
    }
    let route = Template::parse(route.as_deref().unwrap_or(name))?;
    let methods =
        methods.unwrap_or_default().iter().map(|method| http_method(method)).collect::<Result<_, _>>()?;
    Ok(Trigger::Http { route, methods })
}

fn http_method(name: &str) -> Result<Method, String> {
    let known = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE"];
    let name = name.to_ascii_uppercase();
    let method = known.contains(&name.as_str()).then(|| name.parse().ok()).flatten();
    method.ok_or_else(|| format!("{name:?} is not an HTTP method"))
}

fn triggered_function(binding: Binding, context: &Context<'_>) -> Result<Trigger, String> {
    match binding {
        Binding::ServiceBusTrigger(trigger) => bus_function(trigger, context),
        Binding::TimerTrigger { name, direction, schedule, use_monitor, run_on_startup } => {
            check_binding(&name, direction, Direction::In)?;
            if run_on_startup {
                return Err(
                    "runOnStartup must be false: it fires whenever the platform adds an instance".to_owned()
                );
            }
            let schedule = Schedule::parse(&context.settings.expand(&schedule)?)?;
            let monitored = use_monitor.unwrap_or(true) && !schedule.is_sub_minute();
            Ok(Trigger::Timer { binding: name, schedule: Box::new(schedule), monitored })
        }
        Binding::HttpTrigger { .. } => Err("an HTTP trigger needs one HTTP output".to_owned()),
        Binding::Http { .. } => Err("there is no trigger".to_owned()),
    }
}

fn bus_function(trigger: ServiceBusTrigger, context: &Context<'_>) -> Result<Trigger, String> {
    check_binding(&trigger.name, trigger.direction, Direction::In)?;
    if trigger.data_type.as_deref() != Some("binary") {
        return Err(
            "dataType must be \"binary\": other types change bodies and let them forge metadata".to_owned()
        );
    }
    if trigger.cardinality.as_deref().is_some_and(|cardinality| cardinality != "one") {
        return Err("cardinality must be \"one\": batches are not played".to_owned());
    }
    if trigger.is_sessions_enabled {
        return Err("sessions are not played".to_owned());
    }
    if trigger.connection.as_deref().unwrap_or_default().is_empty() {
        return Err("connection must name the prefix of the bus's settings".to_owned());
    }
    let expand = |name: Option<String>| name.map(|name| context.settings.expand(&name)).transpose();
    let names =
        (expand(trigger.queue_name)?, expand(trigger.topic_name)?, expand(trigger.subscription_name)?);
    let source = match names {
        (Some(queue), None, None) => queue_of(context.topology, &queue)?,
        (None, Some(topic), Some(subscription)) => subscription_of(context.topology, &topic, &subscription)?,
        _ => return Err("name either queueName, or topicName and subscriptionName".to_owned()),
    };
    Ok(Trigger::ServiceBus { binding: trigger.name, source })
}

fn queue_of(topology: &Topology, name: &str) -> Result<String, String> {
    let found = topology.queues.iter().find(|queue| queue.name.eq_ignore_ascii_case(name));
    found.map(|queue| queue.name.clone()).ok_or_else(|| format!("the topology has no queue {name:?}"))
}

fn subscription_of(topology: &Topology, topic: &str, name: &str) -> Result<String, String> {
    let found = topology.topics.iter().find(|known| known.name.eq_ignore_ascii_case(topic));
    let topic = found.ok_or_else(|| format!("the topology has no topic {topic:?}"))?;
    let found = topic.subscriptions.iter().find(|known| known.name.eq_ignore_ascii_case(name));
    let known = found.ok_or_else(|| format!("the topic {:?} has no subscription {name:?}", topic.name))?;
    Ok(Topology::subscription_path(&topic.name, &known.name))
}

/// No two functions may claim the same requests.
fn check_together(functions: &[Function]) -> Result<(), String> {
    let mut routes: Vec<(String, &[Method], &str)> = Vec::new();
    for function in functions {
        let Trigger::Http { route, methods } = &function.trigger else { continue };
        let shape = route.shape();
        let overlap = |known: &[Method]| {
            known.is_empty() || methods.is_empty() || known.iter().any(|method| methods.contains(method))
        };
        if let Some((.., other)) = routes.iter().find(|(known, verbs, _)| *known == shape && overlap(verbs)) {
            return Err(format!(
                "the functions {other} and {} have the same route and method",
                function.name
            ));
        }
        routes.push((shape, methods, &function.name));
    }
    Ok(())
}

#[cfg(test)]
#[path = "function_tests.rs"]
mod tests;
