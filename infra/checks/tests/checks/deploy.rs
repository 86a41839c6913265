//! infra/deploy.sh, run with stand-ins, and its command lines against the Azure CLI's own parser.

mod documents;
mod failures;
mod rig;
mod site;

use infra_checks::az;
use rig::{COMMIT, Rig};
use serde_json::json;

const SIGNED_IN: &str = "az account show --query join(' ', [name, id]) --output tsv";
const GROUP_EXISTS: &str = "az group exists --name g --output tsv";
const LOCATION: &str = "az group show --name g --query location --output tsv";
const RUNTIMES: &str = "az functionapp list-flexconsumption-runtimes --location koreacentral --runtime custom --query \
    [?name=='custom'].version --output tsv";
const BUDGET: &str =
    "az consumption budget list --resource-group g --query [0].timePeriod.startDate --output tsv";
const WHAT_IF: &str = "az deployment group what-if --resource-group g --name phone-billing --template-file \
    infra/bicep/main.bicep --parameters infra/bicep/params/dev.bicepparam --validation-level ProviderNoRbac";
const COMMIT_OF: &str = "git rev-parse HEAD";
const CHANGED: &str = "git status --porcelain";
const STAGE: &str = "cargo xtask stage";
const PROVISION: &str = "az deployment group create --resource-group g --name phone-billing --mode Incremental \
    --template-file infra/bicep/main.bicep --parameters infra/bicep/params/dev.bicepparam --output none";
const OUTPUTS: &str = "az deployment group show --resource-group g --name phone-billing --output tsv --query \
    properties.outputs.[apiUrl.value, join(' ', functionAppNames.value), join(' ', appHostNames.value)]";

fn send(app: &str, package: &str) -> String {
    format!(
        "az functionapp deployment source config-zip --resource-group g --name {app} --src {package} \
         --build-remote false --timeout 900 --output none"
    )
}

#[track_caller]
fn takes(run: &rig::Run, lines: &[&str]) {
    assert_eq!(run.lines(), lines, "{}", run.said);
}

#[test]
fn a_deployment_builds_provisions_sends_waits_and_tries_the_system_out() {
    let run = Rig::new().run(&["--group", "g"]);
    assert_eq!(run.code, 0, "{}", run.said);
    let (order, bill) =
        (send("phone-order", "target/functionapp.zip"), send("phone-bill", "target/functionapp.zip"));
    takes(
        &run,
        &[
            SIGNED_IN,
            GROUP_EXISTS,
            LOCATION,
            RUNTIMES,
            BUDGET,
            COMMIT_OF,
            CHANGED,
            STAGE,
            PROVISION,
            OUTPUTS,
            &order,
            &bill,
        ],
    );
    assert_eq!(run.variable(STAGE, "GIT_SHA"), Some(COMMIT), "the build knows its commit");
    assert_eq!(
        run.variable(PROVISION, "BUDGET_START_DATE"),
        Some("2026-03-01"),
        "the budget's first day stays"
    );
    let asked = ["/api/health", "/api/health", "/api/ready", "/api/health", "/api/plans", "/api/mypage"];
    assert_eq!(run.asked, asked);
    assert!(run.said.contains(&format!("commit {COMMIT} runs at http://127.0.0.1:")), "{}", run.said);
}

#[test]
fn a_second_run_does_the_same_again() {
    let rig = Rig::new();
    let (first, second) = (rig.run(&["--group", "g"]), rig.run(&["--group", "g"]));
    assert_eq!((first.code, second.code), (0, 0), "{}", second.said);
    assert_eq!(first.lines(), second.lines());
}

#[test]
fn what_if_builds_and_changes_nothing() {
    let run = Rig::new().run(&["--group", "g", "--what-if"]);
    assert_eq!(run.code, 0, "{}", run.said);
    takes(&run, &[SIGNED_IN, GROUP_EXISTS, LOCATION, RUNTIMES, BUDGET, WHAT_IF]);
    assert!(run.said.contains("+ create"), "{}", run.said);
    assert!(run.asked.is_empty(), "{:?}", run.asked);
}

#[test]
fn a_group_that_is_not_there_is_made_where_it_shall_be() {
    let rig = Rig::new().rule(json!({"program": "az", "starts": ["group", "exists"], "out": "false\n"}));
    let run = rig.run(&["--group", "g", "--location", "koreacentral"]);
    assert_eq!(run.code, 0, "{}", run.said);
    let created = "az group create --name g --location koreacentral --output none";
    assert_eq!(run.lines()[..4], [SIGNED_IN, GROUP_EXISTS, created, RUNTIMES]);
    assert_eq!(run.variable(PROVISION, "LOCATION"), Some("koreacentral"), "Bicep is told as well");
}

#[test]
fn code_alone_is_sent_without_provisioning() {
    let rig = Rig::new().file("target/of-main.zip");
    let run = rig.run(&["--group", "g", "--only", "code", "--package", "target/of-main.zip"]);
    assert_eq!(run.code, 0, "{}", run.said);
    let (order, bill) = (send("phone-order", "target/of-main.zip"), send("phone-bill", "target/of-main.zip"));
    takes(&run, &[SIGNED_IN, GROUP_EXISTS, COMMIT_OF, CHANGED, OUTPUTS, &order, &bill]);
}

#[test]
fn the_infrastructure_alone_is_provisioned_without_a_build() {
    let run = Rig::new().run(&["--group", "g", "--only", "infra"]);
    assert_eq!(run.code, 0, "{}", run.said);
    takes(&run, &[SIGNED_IN, GROUP_EXISTS, LOCATION, RUNTIMES, BUDGET, PROVISION, OUTPUTS]);
    assert!(run.asked.is_empty(), "no code was sent, so none has to answer: {:?}", run.asked);
}

#[test]
fn a_budget_that_is_not_there_yet_begins_when_bicep_says() {
    let rig = Rig::new().rule(json!({"program": "az", "starts": ["consumption"]}));
    let run = rig.run(&["--group", "g", "--only", "infra"]);
    assert_eq!((run.code, run.variable(PROVISION, "BUDGET_START_DATE")), (0, None), "{}", run.said);
}

#[test]
fn files_that_differ_from_the_commit_show_in_the_build() {
    let dirty = format!("{COMMIT}-dirty");
    let mut answers = rig::healthy();
    answers.insert("/api/health", vec![(200, format!(r#"{{"commit":"{dirty}"}}"#))]);
    let rig = Rig::with_site(answers)
        .rule(json!({"program": "git", "starts": ["status"], "out": " M host.json\n"}));
    let run = rig.run(&["--group", "g"]);
    assert_eq!(run.code, 0, "{}", run.said);
    assert_eq!(run.variable(STAGE, "GIT_SHA"), Some(dirty.as_str()));
}

#[test]
fn the_script_asks_for_what_bicep_names_and_sends_what_the_build_leaves() {
    let text = |path: &str| std::fs::read_to_string(crate::root().join(path)).unwrap();
    let script = text("infra/deploy.sh");
    assert!(script.contains("RUNTIME=custom RUNTIME_VERSION=1.0"));
    assert!(text("infra/bicep/modules/app.bicep").contains("runtime: { name: 'custom', version: '1.0' }"));
    assert!(script.contains("BUILT_PACKAGE=target/functionapp.zip"));
    assert!(text("xtask/src/stage.rs").contains("target.join(\"functionapp.zip\")"));
    let main = text("infra/bicep/main.bicep");
    for output in ["apiUrl string", "functionAppNames array", "appHostNames array"] {
        assert!(main.contains(&format!("output {output} =")), "{output}");
    }
}

#[test]
fn nothing_in_the_script_deletes() {
    let script = std::fs::read_to_string(crate::root().join("infra/deploy.sh")).unwrap();
    let code = script.lines().filter(|line| !line.trim_start().starts_with('#'));
    let commands = code.filter(|line| ["az ", "git ", "rm "].iter().any(|word| line.contains(word)));
    for line in commands {
        for word in ["delete", "purge", "remove", "Complete", "rm ", "reset", "clean"] {
            assert!(!line.contains(word), "{line}");
        }
    }
}

#[test]
fn the_azure_cli_takes_every_line_that_the_script_can_run() {
    let group_is_missing = json!({"program": "az", "starts": ["group", "exists"], "out": "false\n"});
    let deployment_fails = json!({"program": "az", "starts": ["deployment", "group", "create"], "exit": 1});
    let runs = [
        Rig::new().rule(group_is_missing).run(&["-g", "g", "-l", "koreacentral"]),
        Rig::new().run(&["-g", "g", "--what-if"]),
        Rig::new()
            .rule(json!({"program": "az", "starts": ["deployment", "operation"]}))
            .rule(deployment_fails)
            .run(&["-g", "g", "--only", "infra"]),
    ];
    let mut lines: Vec<_> = runs.iter().flat_map(rig::Run::az).collect();
    lines.push(
        ["functionapp", "log", "deployment", "show", "--resource-group", "g", "--name", "a"]
            .map(str::to_owned)
            .into(),
    );
    let different: std::collections::BTreeSet<_> = lines.iter().map(|line| line[..3].join(" ")).collect();
    assert!(different.len() >= 11, "{different:?}");
    for (line, refusal) in lines.iter().zip(az::refusals(&lines).unwrap()) {
        assert_eq!(refusal, None, "{line:?}");
    }
}

#[test]
fn the_azure_cli_refuses_what_it_does_not_have() {
    let wrong = [
        "functionapp deployment source config-zip --resource-group g --name a --src p --remote-build false",
        "functionapp deployment source config-zip --resource-group g --name a --src p --build-remote maybe",
        "functionapp list-flexconsumption-runtime --location koreacentral",
        "deployment group create --name d --template-file t",
        "deployment group create --resource-group g --mode Everything",
        "deployment group show --resource-group g --name d --query outputs.[",
    ];
    let lines: Vec<Vec<String>> =
        wrong.iter().map(|line| line.split(' ').map(str::to_owned).collect()).collect();
    for (line, refusal) in wrong.iter().zip(az::refusals(&lines).unwrap()) {
        assert!(refusal.is_some(), "az {line}");
    }
}
