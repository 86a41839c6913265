//! `infra/bicep` can be read, says what it means, and holds together. There is no compiler to ask, so this is not all
//! that it would say; what is checked against the code is in `names`.

mod bounds;
mod modules;
mod references;
mod rules;
mod snippets;
pub(crate) mod syntax;
mod types;

use std::collections::BTreeSet;
use syntax::{Kind, Project};

#[test]
fn every_file_is_read_and_holds_together() {
    let project = Project::read();
    assert!(project.sources.len() > 15, "{:?}", project.sources.keys());
    let found = rules::complaints(&project);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_table_of_versions_has_no_type_that_is_not_used() {
    let project = Project::read();
    let used: BTreeSet<String> = project
        .sources
        .values()
        .flat_map(syntax::Source::declarations)
        .filter(|declaration| declaration.kind == Kind::Resource)
        .filter_map(|declaration| declaration.target)
        .collect();
    let idle: Vec<_> = rules::API_VERSIONS
        .iter()
        .map(|(of_type, version)| format!("{of_type}@{version}"))
        .filter(|known| !used.contains(known))
        .collect();
    assert!(idle.is_empty(), "{idle:?}");
}

#[test]
fn every_query_is_asked_somewhere_and_every_module_called() {
    let project = Project::read();
    let texts: String = project.sources.values().map(|source| source.text.as_str()).collect();
    let queries = project.others.iter().filter(|path| path.contains("/queries/"));
    let modules = project.sources.keys().filter(|path| path.contains("/modules/"));
    let idle: Vec<_> = queries
        .chain(modules)
        .filter(|path| !texts.contains(&format!("{}'", path.rsplit('/').next().unwrap())))
        .collect();
    assert!(idle.is_empty(), "{idle:?}");
}
