//! What the template promises to whoever deploys it: outputs and environment variables.

use super::code;
use super::template::Template;
use crate::bicep::syntax::Kind;
use std::collections::BTreeSet;

const SCRIPT: &str = "infra/deploy.sh";

/// The comment at the top of the template.
fn contract(template: &Template) -> &str {
    let text = &template.source("main.bicep").text;
    text.split("targetScope").next().unwrap()
}

fn outputs(template: &Template) -> BTreeSet<&str> {
    let declarations = template.source("main.bicep").declarations();
    declarations.iter().filter(|one| one.kind == Kind::Output).map(|one| one.name).collect()
}

/// The environment variables that the files of parameters read.
fn variables(template: &Template) -> BTreeSet<&str> {
    let files = template.paths().filter(|path| path.starts_with("params/"));
    let calls = files.flat_map(|path| template.source(path).text.split("readEnvironmentVariable('").skip(1));
    calls.filter_map(|rest| rest.split('\'').next()).collect()
}

#[test]
fn the_template_says_which_outputs_and_variables_it_has() {
    let template = Template::read();
    let told = contract(&template);
    for name in outputs(&template).into_iter().chain(variables(&template)) {
        assert!(told.contains(name), "{name} is not in the comment at the top of main.bicep");
    }
}

#[test]
fn the_deployment_script_takes_outputs_that_there_are() {
    let template = Template::read();
    let outputs = outputs(&template);
    let script = code::read(SCRIPT);
    let line = script.lines().find(|line| line.contains("properties.outputs")).unwrap();
    let taken: BTreeSet<_> = line
        .split(".value")
        .filter_map(|part| part.rsplit(|c: char| !c.is_ascii_alphanumeric()).next())
        .filter(|name| !name.is_empty())
        .collect();
    assert!(taken.len() > 1 && taken.is_subset(&outputs), "{taken:?}");
}

#[test]
fn the_deployment_script_tells_of_every_variable() {
    let script = code::read(SCRIPT);
    let told = script.split("TEXT").nth(1).unwrap();
    let template = Template::read();
    let missing: Vec<_> = variables(&template)
        .into_iter()
        // The script sets this one itself.
        .filter(|name| *name != "BUDGET_START_DATE" && !told.contains(name))
        .collect();
    assert!(missing.is_empty(), "--help does not tell of {missing:?}");
}
