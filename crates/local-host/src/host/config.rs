use super::ConfigError;
use super::timespan::{TimeSpan, Timeout};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What host.json says, as far as it changes what the host does here. Other settings are left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostConfig {
    /// The only functions that are loaded, when there is a list.
    pub(crate) functions: Option<Vec<String>>,
    /// `customHandler.description.defaultExecutablePath`.
    pub(crate) executable: PathBuf,
    pub(crate) arguments: Vec<String>,
    /// Relative to the folder of host.json.
    pub(crate) working_directory: PathBuf,
    pub(crate) initialization_timeout: Duration,
    pub(crate) function_timeout: Option<Duration>,
    /// Without slashes; empty for none.
    pub(crate) route_prefix: String,
    /// Messages that one worker handles at a time, for each function.
    pub(crate) max_concurrent_calls: usize,
    pub(crate) max_lock_renewal: Duration,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    version: String,
    functions: Option<Vec<String>>,
    custom_handler: Option<CustomHandler>,
    function_timeout: Option<Timeout>,
    #[serde(default)]
    extensions: Extensions,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CustomHandler {
    description: Description,
    #[serde(default)]
    enable_proxying_http_request: bool,
    initialization_timeout: Option<TimeSpan>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    default_executable_path: PathBuf,
    #[serde(default)]
    working_directory: PathBuf,
    #[serde(default)]
    arguments: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Extensions {
    http: Http,
    service_bus: ServiceBus,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Http {
    route_prefix: String,
}

impl Default for Http {
    fn default() -> Self {
        Self { route_prefix: "api".to_owned() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ServiceBus {
    max_concurrent_calls: usize,
    max_auto_lock_renewal_duration: TimeSpan,
    auto_complete_messages: bool,
}

/// Source: the Service Bus extension's options.
impl Default for ServiceBus {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            max_concurrent_calls: 16 * cores,
            max_auto_lock_renewal_duration: TimeSpan(Duration::from_mins(5)),
            auto_complete_messages: true,
        }
    }
}

/// `functionTimeout` of Flex Consumption when host.json has none.
const FUNCTION_TIMEOUT_DEFAULT: Duration = Duration::from_mins(30);
/// `customHandler.initializationTimeout` when host.json has none.
const INITIALIZATION_TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);

impl HostConfig {
    /// Reads host.json in `root`.
    pub(crate) fn load(root: &Path) -> Result<Self, ConfigError> {
        let path = root.join("host.json");
        let json = std::fs::read_to_string(&path).map_err(|error| ConfigError::read(&path, error))?;
        Self::parse(&json).map_err(|reason| ConfigError::wrong(&path, reason))
    }

    pub(crate) fn parse(json: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(json).map_err(|error| error.to_string())?;
        if file.version != "2.0" {
            return Err(format!("version must be \"2.0\", not {:?}", file.version));
        }
        let handler = file.custom_handler.ok_or("customHandler is missing")?;
        if !handler.enable_proxying_http_request {
            return Err("customHandler.enableProxyingHttpRequest must be true".to_owned());
        }
        let bus = file.extensions.service_bus;
        if bus.max_concurrent_calls == 0 || !bus.auto_complete_messages {
            let rule = "extensions.serviceBus needs maxConcurrentCalls above 0, and autoCompleteMessages";
            return Err(rule.to_owned());
        }
        let timeout = file.function_timeout.map_or(Some(FUNCTION_TIMEOUT_DEFAULT), |timeout| timeout.0);
        let initialization = handler.initialization_timeout.map(|span| span.0);
        Ok(Self {
            functions: file.functions,
            executable: handler.description.default_executable_path,
            arguments: handler.description.arguments,
            working_directory: handler.description.working_directory,
            initialization_timeout: initialization.unwrap_or(INITIALIZATION_TIMEOUT_DEFAULT),
            function_timeout: timeout,
            route_prefix: file.extensions.http.route_prefix.trim_matches('/').to_owned(),
            max_concurrent_calls: bus.max_concurrent_calls,
            max_lock_renewal: bus.max_auto_lock_renewal_duration.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"},
        "enableProxyingHttpRequest":true}}"#;

    #[test]
    fn defaults_are_those_of_the_real_host() {
        let config = HostConfig::parse(SMALL).unwrap();
        assert_eq!(config.route_prefix, "api");
        assert_eq!(config.initialization_timeout, Duration::from_secs(30));
        assert_eq!(config.function_timeout, Some(Duration::from_mins(30)));
        assert_eq!(config.max_lock_renewal, Duration::from_mins(5));
        assert_eq!(config.max_concurrent_calls % 16, 0);
    }

    #[test]
    fn settings_are_read() {
        let config = HostConfig::parse(
            r#"{"version":"2.0","functionTimeout":"00:05:00","functions":["a"],
            "customHandler":{"description":{"defaultExecutablePath":"bin/h","arguments":["x"],"workingDirectory":"w"},
              "enableProxyingHttpRequest":true,"initializationTimeout":"00:00:05"},
            "extensions":{"http":{"routePrefix":"/v1/"},
              "serviceBus":{"maxConcurrentCalls":3,"maxAutoLockRenewalDuration":"00:01:00"}}}"#,
        )
        .unwrap();
        assert_eq!(config.functions.as_deref(), Some(["a".to_owned()].as_slice()));
        assert_eq!((config.route_prefix.as_str(), config.max_concurrent_calls), ("v1", 3));
        assert_eq!(config.function_timeout, Some(Duration::from_mins(5)));
        assert_eq!(config.initialization_timeout, Duration::from_secs(5));
        assert_eq!(config.arguments, ["x"]);
    }

    #[test]
    fn a_host_file_that_cannot_work_is_refused_with_the_reason() {
        let cases = [
            ("{", "EOF"),
            (r#"{"version":"1.0"}"#, "version must be"),
            (r#"{"version":"2.0"}"#, "customHandler is missing"),
            (
                r#"{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"h"}}}"#,
                "enableProxyingHttpRequest",
            ),
            (r#"{"version":"2.0","functionTimeout":"soon"}"#, "time span"),
        ];
        for (json, reason) in cases {
            let error = HostConfig::parse(json).unwrap_err();
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}
