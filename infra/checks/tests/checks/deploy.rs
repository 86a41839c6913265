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
const VAULTS: &str = "az keyvault list --resource-group g --query [].name --output tsv";
const SECRET: &str = "az rest --method get --query value[?ends_with(id, '/secrets/toss-secret-key')].id --output tsv \
    --url /subscriptions/{subscriptionId}/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv-phone/secrets\
    ?api-version=2024-11-01";
const DEPLOYED: &str =
    "az deployment group list --resource-group g --query [?name=='phone-billing'].name --output tsv";
const KEPT: &str = "az deployment group show --query properties.parameters.[\
    join('=', ['WEB_CLIENT_ID', webClientId.value || '']), join('=', ['WEB_SCOPE', webScope.value || '']), \
    join('=', ['ALERT_EMAIL', alertEmail.value || ''])] --resource-group g --name phone-billing --output tsv";
/// All that is asked before anything is changed.
const BEFORE: [&str; 9] =
    [SIGNED_IN, GROUP_EXISTS, VAULTS, SECRET, BUDGET, DEPLOYED, KEPT, LOCATION, RUNTIMES];
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

fn references(app: &str) -> String {
    format!(
        "/subscriptions/{{subscriptionId}}/resourceGroups/g/providers/Microsoft.Web/sites/{app}/config/\
         configreferences/appsettings"
    )
}

/// Asks whether an app was given the gateway's secret.
fn is_given(app: &str) -> String {
    format!(
        "az rest --method get --url {}/TOSS_SECRET_KEY?api-version=2022-03-01 --query properties.status --output tsv",
        references(app)
    )
}

/// Asks that it be given it.
fn give(app: &str) -> String {
    format!("az rest --method post --url {}/refresh?api-version=2022-03-01 --output none", references(app))
}

#[track_caller]
fn takes(run: &rig::Run, parts: &[&[&str]]) {
    assert_eq!(run.lines(), parts.concat(), "{}", run.said);
}

#[test]
fn a_deployment_builds_provisions_sends_waits_and_tries_the_system_out() {
    let run = Rig::new().run(&["--group", "g"]);
    assert_eq!(run.code, 0, "{}", run.said);
    let (order, bill) =
        (send("phone-order", "target/functionapp.zip"), send("phone-bill", "target/functionapp.zip"));
    let (order_given, bill_given) = (is_given("phone-order"), is_given("phone-bill"));
    let after = [COMMIT_OF, CHANGED, STAGE, PROVISION, OUTPUTS, &order_given, &bill_given, &order, &bill];
    takes(&run, &[&BEFORE, &after]);
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
    takes(&run, &[&BEFORE, &[WHAT_IF]]);
    assert!(run.said.contains("+ create"), "{}", run.said);
    assert!(run.asked.is_empty(), "{:?}", run.asked);
}

#[test]
fn a_group_that_is_not_there_is_made_where_it_shall_be() {
    let rig = Rig::new().rule(json!({"program": "az", "starts": ["group", "exists"], "out": "false\n"}));
    let secret = [("TOSS_SECRET_KEY", Some("test_sk_1"))];
    let run = rig.run_with(&["--group", "g", "--location", "koreacentral"], &secret);
    assert_eq!(run.code, 0, "{}", run.said);
    let created = "az group create --name g --location koreacentral --output none";
    assert_eq!(run.lines()[..4], [SIGNED_IN, GROUP_EXISTS, created, BUDGET]);
    assert_eq!(run.variable(PROVISION, "LOCATION"), Some("koreacentral"), "Bicep is told as well");
}

#[test]
fn code_alone_is_sent_without_provisioning() {
    let rig = Rig::new().file("target/of-main.zip");
    let run = rig.run(&["--group", "g", "--only", "code", "--package", "target/of-main.zip"]);
    assert_eq!(run.code, 0, "{}", run.said);
    let (order, bill) = (send("phone-order", "target/of-main.zip"), send("phone-bill", "target/of-main.zip"));
    takes(&run, &[&[SIGNED_IN, GROUP_EXISTS, COMMIT_OF, CHANGED, OUTPUTS, &order, &bill]]);
}

#[test]
fn the_infrastructure_alone_is_provisioned_without_a_build() {
    let run = Rig::new().run(&["--group", "g", "--only", "infra"]);
    assert_eq!(run.code, 0, "{}", run.said);
    let (order, bill) = (is_given("phone-order"), is_given("phone-bill"));
    takes(&run, &[&BEFORE, &[PROVISION, OUTPUTS, &order, &bill]]);
    assert!(run.asked.is_empty(), "no code was sent, so none has to answer: {:?}", run.asked);
}

#[test]
fn a_budget_that_is_not_there_yet_begins_when_bicep_says() {
    let rig = Rig::new().rule(json!({"program": "az", "starts": ["consumption"]}));
    let run = rig.run(&["--group", "g", "--only", "infra"]);
    assert_eq!((run.code, run.variable(PROVISION, "BUDGET_START_DATE")), (0, None), "{}", run.said);
}

#[test]
fn what_somebody_else_deployed_stays_when_it_is_not_given_again() {
    let given = |run: &rig::Run, name: &str| run.variable(PROVISION, name).unwrap_or_default().to_owned();
    let run = Rig::new().run_with(&["-g", "g", "--only", "infra"], &[("WEB_SCOPE", Some(""))]);
    assert_eq!((given(&run, "WEB_CLIENT_ID"), given(&run, "WEB_SCOPE")), ("web".into(), "openid a=b".into()));
    assert!(run.said.contains("as the last deployment had them: WEB_CLIENT_ID WEB_SCOPE\n"), "{}", run.said);
    let run = Rig::new().run_with(
        &["-g", "g", "--only", "infra"],
        &[("WEB_CLIENT_ID", Some("-")), ("WEB_SCOPE", Some("openid")), ("ALERT_EMAIL", Some("a@b.c"))],
    );
    let all = ["WEB_CLIENT_ID", "WEB_SCOPE", "ALERT_EMAIL"].map(|name| given(&run, name));
    assert_eq!(all, ["", "openid", "a@b.c"], "what is given counts, and a - takes away");
}

#[test]
fn the_first_deployment_has_nothing_to_keep() {
    let rig = Rig::new().rule(json!({"program": "az", "starts": ["deployment", "group", "list"]}));
    let run = rig.run(&["-g", "g", "--only", "infra"]);
    assert_eq!((run.code, run.variable(PROVISION, "WEB_CLIENT_ID")), (0, None), "{}", run.said);
}

#[test]
fn a_secret_that_is_given_is_brought_to_the_apps_and_stays_off_every_command_line() {
    let rig = Rig::new().rule(json!({"program": "az", "starts": ["keyvault"], "exit": 1}));
    let run = rig.run_with(&["-g", "g", "--only", "infra"], &[("TOSS_SECRET_KEY", Some("test_sk_hush"))]);
    assert_eq!(run.code, 0, "{}", run.said);
    assert_eq!(run.variable(PROVISION, "TOSS_SECRET_KEY"), Some("test_sk_hush"));
    let after: Vec<_> = run.lines().into_iter().skip_while(|line| line != OUTPUTS).skip(1).collect();
    let (order, bill) = ("phone-order", "phone-bill");
    assert_eq!(after, [give(order), is_given(order), give(bill), is_given(bill)]);
    assert!(!run.lines().concat().contains("hush") && !run.said.contains("hush"));
}

#[test]
fn an_app_that_has_not_been_given_the_secret_is_waited_for() {
    let asked = ["rest", "--method", "get", "--url"];
    let denied = json!({"program": "az", "starts": asked, "times": 2, "out": "AccessToKeyVaultDenied\n"});
    let run = Rig::new().rule(denied).run(&["-g", "g", "--only", "infra"]);
    assert_eq!(run.code, 0, "{}", run.said);
    let after: Vec<_> = run.lines().into_iter().skip_while(|line| line != OUTPUTS).skip(1).collect();
    let order = "phone-order";
    let again = [is_given(order), give(order), is_given(order), give(order), is_given(order)];
    assert_eq!(after[..5], again);
    assert_eq!(after[5..], [is_given("phone-bill")]);
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
    assert!(script.contains("SECRET=toss-secret-key SECRET_SETTING=TOSS_SECRET_KEY"));
    assert!(text("infra/bicep/main.bicep").contains("var gatewaySecret = 'toss-secret-key'"));
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
    let secret = [("TOSS_SECRET_KEY", Some("test_sk_1"))];
    let runs = [
        Rig::new().rule(group_is_missing).run_with(&["-g", "g", "-l", "koreacentral"], &secret),
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
    assert!(different.len() >= 15, "{different:?}");
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
