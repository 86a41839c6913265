//! The checks find what is wrong, and nothing where nothing is.

use super::rules::complaints;
use super::syntax::Project;

const MODULE: &str = r"
@description('Name.')
@minLength(3)
@maxLength(24)
param name string

@description('How many.')
@minValue(1)
@maxValue(10)
param count int = 1

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  sku: { name: string(count) }
}

@description('Id.')
output id string = account.id
";

const MAIN: &str = r"
@description('Name.')
@minLength(3)
@maxLength(24)
param name string

var names = [name]

module stores 'modules/store.bicep' = [
  for (each, i) in names: {
    name: 'store-${i}'
    params: { name: each, count: 2 }
  }
]

@description('Ids.')
output ids array = [for (each, i) in names: stores[i].outputs.id]
";

const PARAMETERS: &str = "using '../main.bicep'\n\nparam name = readEnvironmentVariable('NAME')\n";

/// The complaints about the three files after a change of one of them.
#[track_caller]
fn after(file: &str, from: &str, to: &str) -> String {
    let mut files =
        [("main.bicep", MAIN), ("modules/store.bicep", MODULE), ("params/dev.bicepparam", PARAMETERS)];
    let changed = files.iter_mut().find(|(path, _)| *path == file).unwrap();
    assert!(changed.1.contains(from), "{from}");
    let text = changed.1.replacen(from, to, 1);
    changed.1 = &text;
    complaints(&Project::of(&files)).join("\n")
}

#[track_caller]
fn finds(file: &str, from: &str, to: &str, what: &str) {
    let found = after(file, from, to);
    assert!(found.contains(what), "{what}: {found}");
}

#[test]
fn what_is_right_gives_no_complaint() {
    assert_eq!(after("main.bicep", "", ""), "");
}

#[test]
fn a_file_that_cannot_be_read_is_found() {
    finds("main.bicep", "params: {", "params: [", "main.bicep:12: cannot be read here");
    finds("modules/store.bicep", "  name: name\n", "  name: = name\n", "cannot be read here");
    finds("params/dev.bicepparam", "param name = ", "param name = = ", "cannot be read here");
}

#[test]
fn names_that_are_not_declared_or_not_used_are_found() {
    finds("main.bicep", "[name]", "[nam]", "main.bicep:7: `nam` is not declared");
    finds("main.bicep", "[name]", "['${nam}']", "`nam` is not declared");
    finds("main.bicep", "[name]", "['x']", "`name` is not used");
    finds("main.bicep", "[for (each, i) in names", "[for each in names", "`i` is not declared");
    finds("main.bicep", "var names", "var other = 1\nvar names", "`other` is not used");
    finds("main.bicep", "var names", "var name = 1\nvar names", "`name` is declared twice");
    let existing =
        "resource old 'Microsoft.Storage/storageAccounts@2025-06-01' existing = { name: name }\nvar names";
    finds("main.bicep", "var names", existing, "`old` is not used");
}

#[test]
fn functions_and_files_that_are_not_there_are_found() {
    finds("main.bicep", "[name]", "toUppercase([name])", "`toUppercase` is none of the functions");
    finds(
        "main.bicep",
        "[name]",
        "utcNow([name])",
        "the time can be asked for in a parameter's default only",
    );
    finds("main.bicep", "[name]", "concat([name], loadTextContent('a.kql'))", "there is no file a.kql");
    finds("main.bicep", "@minLength(3)", "@minlength(3)", "there is no decorator `minlength`");
    finds(
        "main.bicep",
        "modules/store.bicep",
        "modules/stores.bicep",
        "there is no module modules/stores.bicep",
    );
}

#[test]
fn arguments_that_a_module_does_not_take_are_found() {
    finds("main.bicep", "count: 2", "size: 2", "has no parameter `size`");
    finds("main.bicep", "name: each, count: 2", "count: 2", "wants the parameter `name`");
    finds("main.bicep", "count: 2", "count: '2'", "`count` of modules/store.bicep is int, not string");
    finds("main.bicep", "count: 2", "count: empty(names)", "is int, not bool");
    finds("main.bicep", "count: 2", "count: 11", "11 is out of bounds");
    finds("main.bicep", "name: each", "name: 'ab'", "\"ab\" is out of bounds");
}

#[test]
fn a_parameter_that_takes_more_than_the_module_is_found() {
    let change = |bound: &str| {
        let main = MAIN.replacen("@maxLength(24)", bound, 1).replacen("name: each", "name: name", 1);
        complaints(&Project::of(&[("main.bicep", &main), ("modules/store.bicep", MODULE)])).join("\n")
    };
    assert_eq!(change("@maxLength(24)"), "");
    assert!(change("@maxLength(25)").contains("is bounded more narrowly than the parameter"));
    assert!(change("@allowed(['abc', 'ab'])\n@maxLength(24)").contains("is bounded more narrowly"));
    assert!(change("@secure()\n@maxLength(24)").contains("a secret stays one"));
}

#[test]
fn outputs_that_are_not_there_are_found() {
    finds("main.bicep", "outputs.id", "outputs.ident", "modules/store.bicep has no output `ident`");
    finds("main.bicep", "output ids array", "output ids string", "`ids` is string, not array");
    let single = MAIN
        .replace("[\n  for (each, i) in names: {", "if (!empty(names)) {")
        .replace("store-${i}", "store")
        .replace("name: each", "name: name")
        .replace("  }\n]\n", "}\n")
        .replace("array = [for (each, i) in names: stores[i].outputs.id]", "string = stores.outputs.id");
    let found =
        |main: &str| complaints(&Project::of(&[("main.bicep", main), ("modules/store.bicep", MODULE)]));
    assert!(found(&single).join("\n").contains("`stores` is not always there"), "{:?}", found(&single));
    assert_eq!(found(&single.replace("stores.outputs", "stores!.outputs")), Vec::<String>::new());
}

#[test]
fn parameters_that_are_not_described_or_not_bounded_are_found() {
    finds("modules/store.bicep", "@description('Name.')\n", "", "`name` is not described");
    finds("modules/store.bicep", "@maxLength(24)\n", "", "`name` is not bounded");
    finds("modules/store.bicep", "@minValue(1)\n", "", "`count` is not bounded");
    finds("modules/store.bicep", "@description('Id.')\n", "", "`id` is not described");
    finds("modules/store.bicep", "int = 1", "int = 0", "`count`: 0 is out of bounds");
    finds("modules/store.bicep", "int = 1", "int = 'one'", "`count` is int, not string");
}

#[test]
fn versions_and_parents_that_are_wrong_are_found() {
    finds("modules/store.bicep", "2025-06-01", "2025-06-02", "is not in the table of versions");
    let child = |parent: &str| {
        format!(
            "resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {{ {parent} name: 'default' }}\n\n@description('Id.')"
        )
    };
    let found = |parent: &str| after("modules/store.bicep", "@description('Id.')", &child(parent));
    assert_eq!(found("parent: account,"), "");
    assert!(found("").contains("`blobs` has no parent"), "{}", found(""));
    let rules = "Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01";
    let wrong = child("parent: other,")
        + &format!("\nresource other '{rules}' = {{ parent: account, name: name }}\n");
    let found = after("modules/store.bicep", "@description('Id.')", &wrong);
    assert!(
        found.contains("`blobs` stands below Microsoft.Storage/storageAccounts/managementPolicies"),
        "{found}"
    );
}

#[test]
fn values_that_the_template_does_not_take_are_found() {
    let file = "params/dev.bicepparam";
    finds(file, "param name =", "param named =", "`named` is no parameter of the template");
    finds(file, "param name =", "param named =", "the template wants `name`");
    finds(file, "readEnvironmentVariable('NAME')", "'ab'", "\"ab\" is out of bounds");
    finds(file, "readEnvironmentVariable('NAME')", "12", "int is not what the template wants");
    finds(file, "readEnvironmentVariable('NAME')", "other", "`other` is not declared");
    finds(file, "../main.bicep", "../mein.bicep", "there is no template that it is for");
}
