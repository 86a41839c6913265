//! Who may do what: every role that is given, with its scope, stands in the table here.

use super::template::Template;
use crate::bicep::syntax::Kind;
use std::collections::BTreeSet;

/// Azure's built-in roles that are given, by the ids that Azure documents.
const ROLES: [(&str, &str, &str); 11] = [
    ("blobOwner", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "Storage Blob Data Owner"),
    ("blobContributor", "ba92f5b4-2d11-453d-a403-e96b0029c9fe", "Storage Blob Data Contributor"),
    ("blobReader", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", "Storage Blob Data Reader"),
    ("tableContributor", "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3", "Storage Table Data Contributor"),
    ("busOwner", "090c5cfd-751d-490a-894a-3ce6f1109419", "Azure Service Bus Data Owner"),
    ("busReceiver", "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0", "Azure Service Bus Data Receiver"),
    ("busSender", "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39", "Azure Service Bus Data Sender"),
    ("metricsPublisher", "3913510d-42f4-4e42-8a64-420c390055eb", "Monitoring Metrics Publisher"),
    ("secretsUser", "4633458b-17de-408a-b874-0445c86b69e6", "Key Vault Secrets User"),
    ("reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader"),
    ("monitoringReader", "43d0d8ad-25c7-4714-9337-8ba259a9fe05", "Monitoring Reader"),
];

/// The one more that only a releasing identity is given.
const WEBSITE_CONTRIBUTOR: (&str, &str, &str) =
    ("websiteContributor", "de139f84-1756-47ae-9be6-808fbbe84772", "Website Contributor");

/// Each assignment: its name, what it is given on, and the role.
const GIVEN: [(&str, &str, &str); 12] = [
    ("hostBlobs", "hostStorage", "roles.blobOwner"),
    ("hostTables", "hostStorage", "roles.tableContributor"),
    ("productTables", "dataStorage", "roles.tableContributor"),
    ("billDocuments", "bills", "roles.blobContributor"),
    ("runtimeConfig", "config", "roles.blobReader"),
    ("messages", "bus", "role"),
    ("depths", "bus", "roles.reader"),
    ("secrets", "vault", "roles.secretsUser"),
    ("telemetry", "applicationInsights", "roles.metricsPublisher"),
    ("operators", "", "role"),
    ("logLevels", "config", "roles.blobContributor"),
    ("deployer", "", "role"),
];

/// Roles that are chosen by a condition: in a variable of the file.
const CHOSEN: [(&str, &str, &str); 3] = [
    (
        "modules/access.bicep",
        "busRoles",
        "scaleOnBacklog ? [roles.busOwner] : [roles.busReceiver, roles.busSender]",
    ),
    (
        "modules/people.bicep",
        "forOperators",
        "empty(operatorPrincipalId) ? [] : [roles.reader, roles.monitoringReader]",
    ),
    (
        "modules/people.bicep",
        "forDeployer",
        "empty(deployerPrincipalId) ? [] : [roles.reader, roles.websiteContributor]",
    ),
];

#[test]
fn the_roles_are_azures_and_every_one_is_given() {
    let template = Template::read();
    let known: BTreeSet<_> =
        ROLES.into_iter().chain([WEBSITE_CONTRIBUTOR]).map(|(name, id, _)| (name, id)).collect();
    let files = ["modules/access.bicep", "modules/people.bicep"];
    let tables = files.map(|path| (path, template.variable(path, "roles")));
    let mut named = BTreeSet::new();
    for (path, roles) in &tables {
        for (name, id) in roles.as_object().unwrap() {
            named.insert((name.as_str(), id.as_str().unwrap()));
            let uses = template.source(path).text.matches(&format!("roles.{name}")).count();
            assert!(uses > 0, "{path}: {name} is given to nobody");
        }
    }
    assert_eq!(named, known);
}

#[test]
fn roles_are_given_where_the_table_says_and_nowhere_else() {
    let template = Template::read();
    let mut found = BTreeSet::new();
    for path in template.paths() {
        let source = template.source(path);
        for one in source.declarations() {
            let target = one.target.as_deref().unwrap_or_default();
            if one.kind == Kind::Resource && target.starts_with("Microsoft.Authorization/roleAssignments@") {
                let body = template.body(path, one.name);
                let scope = body["scope"]["$"].as_str().unwrap_or_default().to_owned();
                let role = body["properties"]["roleDefinitionId"]["$"].as_str().unwrap();
                let role = role
                    .strip_prefix("subscriptionResourceId('Microsoft.Authorization/roleDefinitions', ")
                    .and_then(|rest| rest.strip_suffix(')'))
                    .unwrap();
                // The name is made of what makes the assignment, so that the same one is never made twice.
                let name = body["name"]["$"].as_str().unwrap();
                assert!(
                    name.starts_with("guid(") && name.ends_with(&format!(", {role})")),
                    "{}: {name}",
                    one.name
                );
                assert!(
                    body["properties"]["principalType"].is_string() || one.name == "deployer",
                    "{}",
                    one.name
                );
                found.insert((one.name.to_owned(), scope, role.to_owned()));
            }
        }
    }
    let given = GIVEN.map(|(name, scope, role)| (name.to_owned(), scope.to_owned(), role.to_owned()));
    assert_eq!(found, BTreeSet::from(given));
}

#[test]
fn roles_that_depend_on_a_choice_are_the_ones_that_the_table_says() {
    let template = Template::read();
    for (path, variable, choice) in CHOSEN {
        assert_eq!(template.variable(path, variable)["$"], choice, "{variable}");
    }
}

#[test]
fn nothing_can_be_reached_with_a_key() {
    let template = Template::read();
    for (path, resource, property, wanted) in [
        ("modules/host-storage.bicep", "account", "allowSharedKeyAccess", false),
        ("modules/data-storage.bicep", "account", "allowSharedKeyAccess", false),
        ("modules/host-storage.bicep", "account", "allowBlobPublicAccess", false),
        ("modules/data-storage.bicep", "account", "allowBlobPublicAccess", false),
        ("modules/bus.bicep", "namespace", "disableLocalAuth", true),
        ("modules/cosmos.bicep", "account", "disableLocalAuth", true),
        ("modules/monitoring.bicep", "applicationInsights", "DisableLocalAuth", true),
        ("modules/vault.bicep", "vault", "enableRbacAuthorization", true),
        ("modules/vault.bicep", "vault", "enablePurgeProtection", true),
        ("modules/app.bicep", "app", "httpsOnly", true),
        ("modules/app.bicep", "ftpPassword", "allow", false),
        ("modules/app.bicep", "releasePassword", "allow", false),
    ] {
        assert_eq!(template.body(path, resource)["properties"][property], wanted, "{path}: {property}");
    }
    for path in template.paths() {
        let text = &template.source(path).text;
        for word in ["listKeys", "AccountKey", "SharedAccessKey", "listConnectionStrings"] {
            assert!(!text.contains(word), "{path}: {word}");
        }
    }
}
