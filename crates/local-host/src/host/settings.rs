//! Application settings: the real environment, then local.settings.json, then what the local host says.

use super::ConfigError;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The settings that functions and their handler see.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    values: BTreeMap<String, String>,
    /// What a handler must be given beyond the environment that it inherits.
    given: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LocalSettings {
    #[serde(default)]
    is_encrypted: bool,
    #[serde(default)]
    values: BTreeMap<String, String>,
}

impl Settings {
    /// The environment, and `local.settings.json` in `root` if there is one; the environment wins.
    pub(crate) fn load(
        root: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let path = root.join("local.settings.json");
        let file = match std::fs::read_to_string(&path) {
            Ok(json) => parse(&json).map_err(|reason| ConfigError::wrong(&path, reason))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(ConfigError::read(&path, error)),
        };
        let mut settings = Self { values: environment.into_iter().collect(), given: BTreeMap::new() };
        for (name, value) in file {
            settings.fall_back(&name, value);
        }
        Ok(settings)
    }

    /// A value for a setting that has none yet.
    pub(crate) fn fall_back(&mut self, name: &str, value: impl Into<String>) {
        if !self.values.contains_key(name) {
            self.force(name, value);
        }
    }

    /// A value that nobody can override: addresses of this very host.
    pub(crate) fn force(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        self.values.insert(name.to_owned(), value.clone());
        self.given.insert(name.to_owned(), value);
    }

    /// What a handler must be given beyond the environment that it inherits.
    pub(crate) fn given(&self) -> &BTreeMap<String, String> {
        &self.given
    }

    /// The value of a setting.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Whether a setting says yes, as the real host reads it.
    fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
    }

    /// Whether a function is switched off.
    pub(crate) fn disables(&self, function: &str) -> bool {
        self.is_on(&format!("AzureWebJobs.{function}.Disabled"))
            || self.is_on(&format!("AzureWebJobs_{function}_Disabled"))
    }

    /// Replaces every `%NAME%`; an unknown name is an error.
    pub(crate) fn expand(&self, text: &str) -> Result<String, String> {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            let (name, behind) = after.split_once('%').ok_or_else(|| format!("{text:?} has a % too many"))?;
            expanded.push_str(before);
            expanded
                .push_str(self.get(name).ok_or_else(|| format!("%{name}% is not an application setting"))?);
            rest = behind;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }
}

fn parse(json: &str) -> Result<BTreeMap<String, String>, String> {
    let file: LocalSettings = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if file.is_encrypted {
        return Err(
            "IsEncrypted is not supported: decrypt the file, or set the values in the environment".to_owned()
        );
    }
    Ok(file.values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(json: &str, environment: &[(&str, &str)]) -> Settings {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("local.settings.json"), json).unwrap();
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::load(folder.path(), environment).unwrap()
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_host_over_both() {
        let mut settings = settings(r#"{"Values":{"A":"file","B":"file","C":"file"}}"#, &[("A", "real")]);
        settings.fall_back("B", "host");
        settings.fall_back("D", "host");
        settings.force("C", "host");
        let values = ["A", "B", "C", "D"].map(|name| settings.get(name).unwrap().to_owned());
        assert_eq!(values, ["real", "file", "host", "host"]);
        assert_eq!(settings.given().keys().collect::<Vec<_>>(), ["B", "C", "D"]);
    }

    #[test]
    fn names_between_percent_signs_are_replaced() {
        let settings = settings("{}", &[("QUEUE", "billing")]);
        assert_eq!(settings.expand("x-%QUEUE%-y").unwrap(), "x-billing-y");
        assert_eq!(settings.expand("plain").unwrap(), "plain");
        assert!(settings.expand("%OTHER%").unwrap_err().contains("%OTHER%"));
        assert!(settings.expand("50%").is_err());
    }

    #[test]
    fn functions_are_switched_off_by_either_name() {
        let settings = settings(
            r#"{"Values":{"AzureWebJobs.a.Disabled":"True","AzureWebJobs_b_Disabled":"1","AzureWebJobs.c.Disabled":"no"}}"#,
            &[],
        );
        assert_eq!(["a", "b", "c", "d"].map(|name| settings.disables(name)), [true, true, false, false]);
    }

    #[test]
    fn a_broken_file_is_an_error_and_a_missing_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Settings::load(folder.path(), []).is_ok());
        for json in ["{", r#"{"Values":{"A":1}}"#, r#"{"IsEncrypted":true}"#] {
            std::fs::write(folder.path().join("local.settings.json"), json).unwrap();
            assert!(Settings::load(folder.path(), []).is_err(), "{json}");
        }
    }
}
