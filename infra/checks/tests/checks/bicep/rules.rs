//! What the Bicep compiler would refuse, as far as it can be told without it, and the rules of this project.

use super::bounds::Bounds;
use super::modules::Modules;
use super::references::References;
use super::syntax::{Declaration, Kind, Project, body, line};

/// Every type of resource, and the one version of its interface that the project uses.
pub(super) const API_VERSIONS: [(&str, &str); 41] = [
    ("Microsoft.Authorization/roleAssignments", "2022-04-01"),
    ("Microsoft.Cdn/profiles", "2024-09-01"),
    ("Microsoft.Cdn/profiles/afdEndpoints", "2024-09-01"),
    ("Microsoft.Cdn/profiles/afdEndpoints/routes", "2024-09-01"),
    ("Microsoft.Cdn/profiles/originGroups", "2024-09-01"),
    ("Microsoft.Cdn/profiles/originGroups/origins", "2024-09-01"),
    ("Microsoft.Consumption/budgets", "2023-11-01"),
    ("Microsoft.DocumentDB/databaseAccounts", "2026-03-15"),
    ("Microsoft.DocumentDB/databaseAccounts/tableRoleAssignments", "2026-03-15"),
    ("Microsoft.DocumentDB/databaseAccounts/tables", "2026-03-15"),
    ("Microsoft.Insights/actionGroups", "2023-01-01"),
    ("Microsoft.Insights/components", "2020-02-02"),
    ("Microsoft.Insights/diagnosticSettings", "2021-05-01-preview"),
    ("Microsoft.Insights/metricAlerts", "2018-03-01"),
    ("Microsoft.Insights/scheduledQueryRules", "2023-12-01"),
    ("Microsoft.Insights/webtests", "2022-06-15"),
    ("Microsoft.Insights/workbooks", "2023-06-01"),
    ("Microsoft.KeyVault/vaults", "2024-11-01"),
    ("Microsoft.KeyVault/vaults/secrets", "2024-11-01"),
    ("Microsoft.ManagedIdentity/userAssignedIdentities", "2024-11-30"),
    ("Microsoft.Network/networkSecurityGroups", "2024-10-01"),
    ("Microsoft.Network/privateDnsZones", "2024-06-01"),
    ("Microsoft.Network/privateDnsZones/virtualNetworkLinks", "2024-06-01"),
    ("Microsoft.Network/privateEndpoints", "2024-10-01"),
    ("Microsoft.Network/privateEndpoints/privateDnsZoneGroups", "2024-10-01"),
    ("Microsoft.Network/virtualNetworks", "2024-10-01"),
    ("Microsoft.OperationalInsights/workspaces", "2025-07-01"),
    ("Microsoft.ServiceBus/namespaces", "2024-01-01"),
    ("Microsoft.ServiceBus/namespaces/queues", "2024-01-01"),
    ("Microsoft.ServiceBus/namespaces/topics", "2024-01-01"),
    ("Microsoft.ServiceBus/namespaces/topics/subscriptions", "2024-01-01"),
    ("Microsoft.ServiceBus/namespaces/topics/subscriptions/rules", "2024-01-01"),
    ("Microsoft.Storage/storageAccounts", "2025-06-01"),
    ("Microsoft.Storage/storageAccounts/blobServices", "2025-06-01"),
    ("Microsoft.Storage/storageAccounts/blobServices/containers", "2025-06-01"),
    ("Microsoft.Storage/storageAccounts/managementPolicies", "2025-06-01"),
    ("Microsoft.Storage/storageAccounts/tableServices", "2025-06-01"),
    ("Microsoft.Storage/storageAccounts/tableServices/tables", "2025-06-01"),
    ("Microsoft.Web/serverfarms", "2025-03-01"),
    ("Microsoft.Web/sites", "2025-03-01"),
    ("Microsoft.Web/sites/basicPublishingCredentialsPolicies", "2025-03-01"),
];

/// What is wrong in a project; each complaint begins with file and line.
pub(crate) fn complaints(project: &Project) -> Vec<String> {
    let mut found = Vec::new();
    for (path, source) in &project.sources {
        found.extend(source.errors().into_iter().map(|error| format!("{path}:{error}")));
        let declarations = source.declarations();
        found.extend(References::check(project, path, &declarations));
        if path.ends_with(".bicepparam") {
            found.extend(parameter_file(project, path, &declarations));
        } else {
            found.extend(Modules::check(project, path, &declarations));
            found.extend(declarations.iter().filter_map(|one| described(path, one)));
            found.extend(declarations.iter().filter_map(|one| resource(project, path, &declarations, one)));
        }
    }
    found
}

/// Parameters and outputs say what they are, parameters what they take.
fn described(path: &str, declaration: &Declaration<'_>) -> Option<String> {
    if !matches!(declaration.kind, Kind::Param | Kind::Output) {
        return None;
    }
    let place = format!("{path}:{}: `{}`", line(declaration.node), declaration.name);
    if declaration.decorator("description").is_none() {
        return Some(format!("{place} is not described"));
    }
    let unbounded = declaration.kind == Kind::Param
        && !Bounds::of(declaration).suffice(declaration.of_type.unwrap_or_default());
    unbounded.then(|| format!("{place} is not bounded"))
}

/// A resource's version is the agreed one; a child stands below a parent of the type that its own type says.
fn resource(
    project: &Project,
    path: &str,
    declarations: &[Declaration<'_>],
    declaration: &Declaration<'_>,
) -> Option<String> {
    if declaration.kind != Kind::Resource {
        return None;
    }
    let place = format!("{path}:{}: `{}`", line(declaration.node), declaration.name);
    let (of_type, version) = declaration.target.as_deref()?.split_once('@')?;
    if !API_VERSIONS.contains(&(of_type, version)) {
        return Some(format!("{place}: {of_type}@{version} is not in the table of versions"));
    }
    let source = &project.sources[path];
    let parent = source.properties(body(declaration.value?)).find(|(name, _)| name == "parent");
    let above = of_type.rsplit_once('/').map_or("", |(above, _)| above);
    let Some((_, parent)) = parent else {
        return above.contains('/').then(|| format!("{place} has no parent"));
    };
    let name = source.text_of(super::types::root(parent));
    let parent = declarations.iter().find(|one| one.name == name && one.kind == Kind::Resource);
    let found = parent.and_then(|parent| parent.target.as_deref()).unwrap_or_default();
    (found.split('@').next() != Some(above)).then(|| format!("{place} stands below {found}, not {above}"))
}

/// A file of parameters gives what the template wants, and nothing else.
fn parameter_file(project: &Project, path: &str, given: &[Declaration<'_>]) -> Vec<String> {
    let source = &project.sources[path];
    let using = super::syntax::parts(source.root()).into_iter().find(|node| node.kind() == "using_statement");
    let using = using.and_then(|node| super::syntax::parts(node).first().copied());
    let target = using.map(|node| Project::resolve(path, source.text_of(node).trim_matches('\'')));
    let Some(template) = target.and_then(|target| project.sources.get(&target)) else {
        return vec![format!("{path}:1: there is no template that it is for")];
    };
    let mut found = Vec::new();
    let declared = template.declarations();
    let params: Vec<_> = declared.iter().filter(|param| param.kind == Kind::Param).collect();
    for value in given {
        let place = format!("{path}:{}: `{}`", line(value.node), value.name);
        match params.iter().find(|param| param.name == value.name) {
            None => found.push(format!("{place} is no parameter of the template")),
            Some(param) => {
                let literal = value.value.map(|node| source.value(node)).unwrap_or_default();
                found.extend(Bounds::of(param).refuse(&literal).map(|why| format!("{place}: {why}")));
                found.extend(mistyped(param, &literal).map(|why| format!("{place}: {why}")));
            }
        }
    }
    for param in params.iter().filter(|param| param.value.is_none()) {
        if !given.iter().any(|value| value.name == param.name) {
            found.push(format!("{path}: the template wants `{}`", param.name));
        }
    }
    found
}

fn mistyped(param: &Declaration<'_>, literal: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    let found = match literal {
        Value::Bool(_) => "bool",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(computed) if computed.contains_key("$") => return None,
        Value::Object(_) => "object",
        Value::Null => return None,
    };
    (param.of_type != Some(found)).then(|| format!("{found} is not what the template wants"))
}
