//! The workflows: what zizmor and actionlint do not ask for.

use crate::root;
use std::collections::BTreeMap;
use std::fs;

/// Every workflow, by its file's name.
fn workflows() -> BTreeMap<String, String> {
    let files = fs::read_dir(root().join(".github/workflows")).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap())
    };
    files.map(read).collect()
}

/// What stands behind `uses:`, with its comment, in every workflow.
fn uses() -> Vec<String> {
    let lines: Vec<String> = workflows().into_values().collect();
    let used = |line: &str| line.trim_start_matches([' ', '-']).strip_prefix("uses: ").map(str::to_owned);
    lines.iter().flat_map(|text| text.lines().filter_map(used)).collect()
}

#[test]
fn there_are_the_workflows_that_the_documents_tell_of() {
    let names: Vec<_> = workflows().into_keys().collect();
    assert_eq!(names, ["ci.yml", "deploy.yml", "infra.yml", "release.yml"]);
}

#[test]
fn a_workflow_starts_without_any_permission() {
    for (name, text) in workflows() {
        assert!(text.contains("\npermissions: {}"), "{name}");
    }
}

#[test]
fn no_workflow_reads_a_stored_secret() {
    for (name, text) in workflows() {
        assert!(!text.contains("secrets"), "{name}");
    }
}

#[test]
fn every_action_is_pinned_by_commit_and_the_operators_page_says_how_it_was_checked() {
    let page = fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let others: Vec<_> = uses().into_iter().filter(|used| !used.starts_with("$/")).collect();
    assert!(others.len() >= 8, "{others:?}");
    for used in others {
        let (action, pin) = used.split_once('@').unwrap();
        let (commit, version) = pin.split_once(" # ").unwrap_or_else(|| panic!("{used}: no version"));
        assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{used}");
        assert!(page.contains(&format!("| {action} {version} | {commit} |")), "{used}");
    }
}

#[test]
fn a_token_of_azure_is_asked_for_only_where_an_environment_guards_it() {
    let signing_in: Vec<_> =
        workflows().into_iter().filter(|(_, text)| text.contains("uses: azure/login@")).collect();
    assert_eq!(signing_in.len(), 2);
    for (name, text) in signing_in {
        assert!(text.contains("\n    environment: "), "{name}");
        assert!(!text.contains("cargo xtask stage"), "{name}: build scripts would see the token");
    }
}

#[test]
fn the_same_script_deploys_from_github_as_from_a_desk() {
    let all = workflows();
    assert!(all["release.yml"].contains("infra/deploy.sh --group"));
    assert!(all["infra.yml"].contains("infra/deploy.sh --what-if"));
    let elsewhere =
        all.values().flat_map(|text| text.lines()).filter(|line| line.contains("az functionapp")).count();
    assert_eq!(elsewhere, 0);
}

#[test]
fn every_variable_that_the_parameters_need_reaches_the_script() {
    let parameters = fs::read_to_string(root().join("infra/bicep/params/prod.bicepparam")).unwrap();
    let named =
        |line: &str| Some(line.split_once("readEnvironmentVariable('")?.1.split_once('\'')?.0.to_owned());
    let variables: Vec<String> = parameters.lines().filter_map(named).collect();
    assert!(variables.len() >= 5, "{variables:?}");
    // The gateway's secret is in the vault already, the region is the resource group's, the script finds the budget.
    let known = ["TOSS_SECRET_KEY", "LOCATION", "BUDGET_START_DATE"];
    for name in ["release.yml", "infra.yml"] {
        let text = &workflows()[name];
        for variable in variables.iter().filter(|variable| !known.contains(&variable.as_str())) {
            assert!(text.contains(&format!("{variable}: ${{{{ vars.{variable} }}}}")), "{name}: {variable}");
        }
    }
}
