use crate::Store;
use crate::host::{ConfigError, HostConfig, Program, Settings};
use std::path::{Path, PathBuf};

/// How a local host is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes any that is free.
    pub port: u16,
    /// The folder of everything that outlives a restart; it is made when it is missing.
    pub data: PathBuf,
    /// Handler processes.
    pub workers: usize,
    /// Where the handler keeps tables and documents.
    pub store: Store,
    /// The address of the blob endpoint for documents, with a [`Store::Endpoint`].
    pub documents: Option<String>,
    /// Partitions that customers are spread over; what the settings say when `None`.
    pub buckets: Option<u32>,
    /// The function app.
    pub app: FunctionApp,
}

/// Where a function app is, and what runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionApp {
    /// The folder with host.json, and with local.settings.json if there is one.
    pub root: PathBuf,
    /// The folder whose sub-folders hold a function.json each.
    pub functions: PathBuf,
    /// The program that plays the handler; what host.json names when `None`.
    pub handler: Option<Program>,
}

impl FunctionApp {
    /// The repository's layout: functions below `functions/`, and this very executable as the handler.
    ///
    /// Looks for host.json in `folder` and the folders around it; `None` when there is none.
    pub fn in_repository(folder: &Path, executable: PathBuf) -> Option<Self> {
        let root = folder.ancestors().find(|folder| folder.join("host.json").is_file())?;
        let handler = Program { path: executable, arguments: vec!["handler".to_owned()] };
        Some(Self { root: root.to_owned(), functions: functions_below(root), handler: Some(handler) })
    }

    /// A tree as it is deployed: functions and handler beside host.json.
    pub fn staged(root: &Path) -> Self {
        Self { root: root.to_owned(), functions: functions_below(root), handler: None }
    }

    /// The topology of the bus: the app's own, or the one that was built in when the app has none, as when staged.
    pub(crate) fn topology(&self) -> Result<String, ConfigError> {
        let path = self.root.join("infra/topology.json");
        match std::fs::read_to_string(&path) {
            Ok(json) => Ok(json),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BUILT_IN_TOPOLOGY.to_owned()),
            Err(error) => Err(ConfigError::read(&path, error)),
        }
    }

    /// The program that plays the handler.
    pub(crate) fn program(&self, config: &HostConfig, settings: &Settings) -> Result<Program, ConfigError> {
        if let Some(program) = &self.handler {
            return Ok(program.clone());
        }
        let arguments = config.arguments.iter().map(|argument| settings.expand(argument));
        let arguments = arguments
            .collect::<Result<_, _>>()
            .map_err(|reason| ConfigError::wrong(&self.root.join("host.json"), reason))?;
        // As in the real host, what is not beside host.json is a command to be found on the PATH.
        let beside = self.root.join(&config.executable);
        let path = if beside.is_file() { beside } else { config.executable.clone() };
        Ok(Program { path, arguments })
    }
}

const BUILT_IN_TOPOLOGY: &str = include_str!("../../../infra/topology.json");

fn functions_below(root: &Path) -> PathBuf {
    let below = root.join("functions");
    if below.is_dir() { below } else { root.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_found_from_any_folder_below_it() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("functions/orders");
        std::fs::create_dir_all(&deep).unwrap();
        assert_eq!(FunctionApp::in_repository(&deep, "x".into()), None);
        std::fs::write(root.path().join("host.json"), "{}").unwrap();
        let app = FunctionApp::in_repository(&deep, "x".into()).unwrap();
        assert_eq!((app.root.as_path(), app.functions), (root.path(), root.path().join("functions")));
    }

    #[test]
    fn a_staged_app_runs_what_host_json_names() {
        let root = tempfile::tempdir().unwrap();
        let config = HostConfig::parse(
            r#"{"version":"2.0","customHandler":{"enableProxyingHttpRequest":true,
            "description":{"defaultExecutablePath":"handler","arguments":["-p","%PLACE%"]}}}"#,
        )
        .unwrap();
        let mut settings = Settings::default();
        settings.force("PLACE", "here");
        let app = FunctionApp::staged(root.path());
        assert_eq!(app.functions, root.path());
        let on_the_path = app.program(&config, &settings).unwrap();
        assert_eq!(
            (on_the_path.path, on_the_path.arguments),
            ("handler".into(), vec!["-p".to_owned(), "here".to_owned()])
        );
        std::fs::write(root.path().join("handler"), "").unwrap();
        assert_eq!(app.program(&config, &settings).unwrap().path, root.path().join("handler"));
    }
}
