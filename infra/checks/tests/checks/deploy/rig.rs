//! Runs infra/deploy.sh in a folder of its own, with stand-ins for az, cargo and git, and a real curl.

use super::site::{Answer, Site};
use crate::root;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Output};

/// The commit that the stand-in for git names.
pub(super) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

const PARAMS: &str = "using '../main.bicep'\n\
    param tokenIssuer = readEnvironmentVariable('TOKEN_ISSUER')\n\
    param tossSecretKey = readEnvironmentVariable('TOSS_SECRET_KEY', '')\n\
    param webClientId = readEnvironmentVariable('WEB_CLIENT_ID', '')\n\
    param webScope = readEnvironmentVariable('WEB_SCOPE', '')\n\
    param alertEmail = readEnvironmentVariable('ALERT_EMAIL', '')\n";

/// What the script must not see of the environment that the tests run in.
const VARIABLES: [&str; 7] = [
    "LOCATION",
    "BUDGET_START_DATE",
    "GIT_SHA",
    "TOSS_SECRET_KEY",
    "WEB_CLIENT_ID",
    "WEB_SCOPE",
    "ALERT_EMAIL",
];

/// What the last deployment was given.
const KEPT: &str = "WEB_CLIENT_ID=web\nWEB_SCOPE=openid a=b\nALERT_EMAIL=\n";

/// A project with the script in it, and an Azure that answers by rules.
pub(super) struct Rig {
    home: tempfile::TempDir,
    site: Site,
    rules: Vec<Value>,
}

/// What came of a run of the script.
pub(super) struct Run {
    /// Its exit code.
    pub(super) code: i32,
    /// What it said on both of its outputs.
    pub(super) said: String,
    /// The calls of the stand-ins, in their order.
    pub(super) calls: Vec<Value>,
    /// The paths that were asked of the apps.
    pub(super) asked: Vec<String>,
}

impl Run {
    /// The calls as a person would type them.
    pub(super) fn lines(&self) -> Vec<String> {
        let words = |call: &Value| {
            let arguments = call["arguments"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
            std::iter::once(call["program"].as_str().unwrap()).chain(arguments).collect::<Vec<_>>().join(" ")
        };
        self.calls.iter().map(words).collect()
    }

    /// The arguments of every call of az.
    pub(super) fn az(&self) -> Vec<Vec<String>> {
        let az = self.calls.iter().filter(|call| call["program"] == "az");
        az.map(|call| serde_json::from_value(call["arguments"].clone()).unwrap()).collect()
    }

    /// What a call that starts so was given in a variable.
    #[track_caller]
    pub(super) fn variable(&self, starts: &str, name: &str) -> Option<&str> {
        let index = self.lines().iter().position(|line| line.starts_with(starts)).unwrap();
        self.calls[index]["variables"][name].as_str()
    }
}

impl Rig {
    /// A subscription in which everything goes well: two apps, an older budget, a secret in the vault, and a deployment
    /// that somebody else made.
    pub(super) fn new() -> Self {
        Self::with_site(healthy())
    }

    pub(super) fn with_site(answers: HashMap<&'static str, Vec<Answer>>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let (project, bin) = (home.path().join("project"), home.path().join("bin"));
        fs::create_dir_all(project.join("infra/bicep/params")).unwrap();
        fs::write(project.join("infra/bicep/params/dev.bicepparam"), PARAMS).unwrap();
        fs::copy(root().join("infra/deploy.sh"), project.join("infra/deploy.sh")).unwrap();
        fs::create_dir(&bin).unwrap();
        let stand_in = bin.join("stand_in.py");
        fs::write(&stand_in, include_str!("stand_in.py")).unwrap();
        fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755)).unwrap();
        for program in ["az", "cargo", "git"] {
            symlink(&stand_in, bin.join(program)).unwrap();
        }
        let site = Site::start(answers);
        let rules = rules(&site.host());
        Self { home, site, rules }
    }

    /// A rule that comes before all others.
    pub(super) fn rule(mut self, rule: Value) -> Self {
        self.rules.insert(0, rule);
        self
    }

    /// A file of the project that is there before the script runs.
    pub(super) fn file(self, path: &str) -> Self {
        let path = self.project().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "a package").unwrap();
        self
    }

    fn project(&self) -> PathBuf {
        self.home.path().join("project")
    }

    /// Runs the script with these arguments; variables that are `None` are not set.
    pub(super) fn run_with(&self, arguments: &[&str], variables: &[(&str, Option<&str>)]) -> Run {
        let bin = self.home.path().join("bin");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        fs::write(self.home.path().join("rules.json"), json!(self.rules).to_string()).unwrap();
        let _ = fs::remove_file(self.home.path().join("calls.jsonl"));
        let mut script = Command::new("bash");
        script.arg(self.project().join("infra/deploy.sh")).args(arguments).current_dir(self.home.path());
        script.env("PATH", path).env("STAND_IN", self.home.path()).env("POLL_SECONDS", "0");
        script.env("TOKEN_ISSUER", "https://issuer.example/");
        for name in VARIABLES {
            script.env_remove(name);
        }
        for (name, value) in variables {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        let Output { status, stdout, stderr } = script.output().unwrap();
        let said = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        let calls = fs::read_to_string(self.home.path().join("calls.jsonl")).unwrap_or_default();
        let calls = calls.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        Run { code: status.code().unwrap(), said, calls, asked: self.site.seen() }
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, &[])
    }
}

/// What the apps answer when they run the commit and reach everything.
pub(super) fn healthy() -> HashMap<&'static str, Vec<Answer>> {
    HashMap::from([
        ("/api/health", vec![(200, format!(r#"{{"status":"ok","version":"0.1.0","commit":"{COMMIT}"}}"#))]),
        ("/api/ready", vec![(200, r#"{"status":"ready","dependencies":[]}"#.to_owned())]),
        ("/api/plans", vec![(200, r#"{"items":[{"code":"lte-light"}]}"#.to_owned())]),
        ("/api/mypage", vec![(401, r#"{"code":"token-missing"}"#.to_owned())]),
    ])
}

fn rules(host: &str) -> Vec<Value> {
    let outputs = format!("http://{host}\nphone-order phone-bill\n{host} {host}\n");
    vec![
        json!({"program": "git", "starts": ["rev-parse"], "out": format!("{COMMIT}\n")}),
        json!({"program": "git", "starts": ["status"]}),
        json!({"program": "cargo", "makes": "target/functionapp.zip"}),
        json!({"program": "az", "starts": ["account", "show"], "out": "Pay-As-You-Go 0000-1111\n"}),
        json!({"program": "az", "starts": ["group", "exists"], "out": "true\n"}),
        json!({"program": "az", "starts": ["group", "show"], "out": "koreacentral\n"}),
        json!({"program": "az", "starts": ["group", "create"]}),
        json!({"program": "az", "starts": ["functionapp", "list-flexconsumption-runtimes"], "out": "1.0\n"}),
        json!({"program": "az", "starts": ["consumption"], "out": "2026-03-01T00:00:00Z\n"}),
        json!({"program": "az", "starts": ["keyvault", "list"], "out": "kv-phone\n"}),
        json!({"program": "az", "starts": ["rest", "--method", "get", "--query"], "out": "/secrets/toss-secret-key\n"}),
        json!({"program": "az", "starts": ["rest", "--method", "get", "--url"], "out": "Resolved\n"}),
        json!({"program": "az", "starts": ["rest", "--method", "post"]}),
        json!({"program": "az", "starts": ["deployment", "group", "list"], "out": "phone-billing\n"}),
        json!({"program": "az", "starts": ["deployment", "group", "show", "--query"], "out": KEPT}),
        json!({"program": "az", "starts": ["deployment", "group", "what-if"], "out": "+ create\n"}),
        json!({"program": "az", "starts": ["deployment", "group", "create"]}),
        json!({"program": "az", "starts": ["deployment", "group", "show"], "out": outputs}),
        json!({"program": "az", "starts": ["functionapp", "deployment", "source", "config-zip"]}),
    ]
}
