//! What the template says, in a form that can be compared.

use crate::bicep::syntax::{Declaration, Kind, Project, Source, body, each};
use serde_json::Value;

/// A file of `infra/bicep`.
pub(super) struct Template(Project);

impl Template {
    pub(super) fn read() -> Self {
        Self(Project::read())
    }

    pub(super) fn source(&self, path: &str) -> &Source {
        &self.0.sources[&format!("bicep/{path}")]
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.sources.keys().filter_map(|path| path.strip_prefix("bicep/"))
    }

    /// A variable or the default of a parameter, when it is a literal.
    pub(super) fn variable(&self, path: &str, name: &str) -> Value {
        let source = self.source(path);
        let declarations = source.declarations();
        let found =
            declarations.iter().find(|one| one.name == name).unwrap_or_else(|| panic!("{path}: {name}"));
        source.value(found.value.unwrap())
    }

    /// What a variable has for each item of the loop that it is.
    pub(super) fn item(&self, path: &str, name: &str) -> Value {
        let source = self.source(path);
        let declarations = source.declarations();
        let found =
            declarations.iter().find(|one| one.name == name).unwrap_or_else(|| panic!("{path}: {name}"));
        source.value(body(found.value.unwrap()))
    }

    /// The body of a resource or module, and what it is.
    pub(super) fn body(&self, path: &str, name: &str) -> Value {
        let source = self.source(path);
        let declarations = source.declarations();
        let is_it =
            |one: &&Declaration<'_>| one.name == name && matches!(one.kind, Kind::Resource | Kind::Module);
        let found = declarations.iter().find(is_it).unwrap_or_else(|| panic!("{path}: {name}"));
        source.value(body(found.value.unwrap()))
    }

    /// The names and values of a list of app settings.
    pub(super) fn settings(&self, path: &str, variable: &str) -> Vec<(String, String)> {
        let source = self.source(path);
        let mut found = Vec::new();
        let declarations = source.declarations();
        let list = declarations.iter().find(|one| one.name == variable).and_then(|one| one.value).unwrap();
        each(list, &mut |node| {
            if node.kind() == "object" {
                let object = source.value(node);
                let text = |name: &str| {
                    object[name].as_str().or_else(|| object[name]["$"].as_str()).unwrap_or_default()
                };
                found.push((text("name").to_owned(), text("value").to_owned()));
            }
        });
        found
    }
}

/// The texts in a list.
pub(super) fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
}
