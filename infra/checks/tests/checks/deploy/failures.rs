//! What goes wrong, and that the script stops there and says why.

use super::rig::{COMMIT, Rig, Run, healthy};
use super::{
    BEFORE, DEPLOYED, GROUP_EXISTS, OUTPUTS, PROVISION, RUNTIMES, SECRET, SIGNED_IN, VAULTS, is_given,
};
use serde_json::{Value, json};

#[track_caller]
fn fails(run: &Run, code: i32, last: &str, words: &str) {
    assert_eq!(run.code, code, "{}", run.said);
    assert!(run.said.contains(words), "{}", run.said);
    assert_eq!(run.lines().last().map_or("", String::as_str), last, "{}", run.said);
}

/// az that fails in one command, with words of its own.
fn az_fails(starts: &[&str]) -> Value {
    json!({"program": "az", "starts": starts, "exit": 1, "err": "ERROR: no\n"})
}

#[test]
fn wrong_calls_are_refused_before_anything_is_run() {
    let wrong: [(&[&str], &str); 8] = [
        (&[], "--group is missing"),
        (&["--group"], "--group needs a value"),
        (&["-g", "g", "--delete"], "unknown option --delete"),
        (&["-g", "g", "extra"], "unknown option extra"),
        (&["-g", "g", "--only", "tests"], "--only is infra, code or all, not tests"),
        (&["-g", "g", "--timeout", "soon"], "--timeout is a number of seconds, not soon"),
        (&["-g", "g", "--only", "code", "--what-if"], "--what-if and --only code exclude each other"),
        (&["-g", "g", "--only", "infra", "--package", "p"], "--package and --only infra exclude each other"),
    ];
    let rig = Rig::new();
    for (arguments, words) in wrong {
        fails(&rig.run(arguments), 2, "", words);
    }
}

#[test]
fn help_is_given_and_nothing_is_run() {
    let run = Rig::new().run(&["--help"]);
    fails(&run, 0, "", "Usage: infra/deploy.sh --group NAME [options]");
}

#[test]
fn what_is_missing_is_named_before_anything_is_run() {
    let rig = Rig::new();
    fails(
        &rig.run(&["-g", "g", "-p", "none.bicepparam"]),
        1,
        "",
        "there is no parameter file none.bicepparam",
    );
    fails(&rig.run(&["-g", "g", "--package", "none.zip"]), 1, "", "there is no package none.zip");
    let run = rig.run_with(&["-g", "g"], &[("TOKEN_ISSUER", None)]);
    fails(&run, 1, "", "TOKEN_ISSUER is not set, and infra/bicep/params/dev.bicepparam reads it");
    for key in ["@Microsoft.KeyVault(SecretUri=https://kv/secrets/k/)", "-"] {
        let run = rig.run_with(&["-g", "g"], &[("TOSS_SECRET_KEY", Some(key))]);
        fails(&run, 1, "", "TOSS_SECRET_KEY is not a secret");
    }
}

#[test]
fn without_the_gateways_secret_nothing_is_made() {
    let words = "TOSS_SECRET_KEY is not set, and no vault of the resource group has the secret yet";
    let no_group = json!({"program": "az", "starts": ["group", "exists"], "out": "false\n"});
    fails(&Rig::new().rule(no_group).run(&["-g", "g", "-l", "koreacentral"]), 1, GROUP_EXISTS, words);
    let no_vault = json!({"program": "az", "starts": ["keyvault", "list"]});
    fails(&Rig::new().rule(no_vault).run(&["-g", "g"]), 1, VAULTS, words);
    let no_secret = json!({"program": "az", "starts": ["rest", "--method", "get", "--query"]});
    fails(&Rig::new().rule(no_secret.clone()).run(&["-g", "g"]), 1, SECRET, words);
    let run = Rig::new().rule(no_secret).run(&["-g", "g", "--what-if"]);
    assert!(run.code == 0 && run.said.contains(&format!("warning: {words}")), "{}", run.said);
}

#[test]
fn what_cannot_be_read_is_not_taken_for_what_is_not_there() {
    let run = Rig::new().rule(az_fails(&["keyvault"])).run(&["-g", "g"]);
    fails(&run, 1, VAULTS, "the vaults of the resource group cannot be read");
    let run = Rig::new().rule(az_fails(&["rest"])).run(&["-g", "g"]);
    fails(&run, 1, SECRET, "which secrets kv-phone has cannot be read");
    let run = Rig::new().rule(az_fails(&["deployment", "group", "list"])).run(&["-g", "g"]);
    fails(&run, 1, DEPLOYED, "what was deployed before cannot be read, and would be taken away");
}

#[test]
fn an_app_that_is_never_given_the_secret_gets_no_code() {
    let says = |status: &str| {
        let starts = ["rest", "--method", "get", "--url"];
        Rig::new().rule(json!({"program": "az", "starts": starts, "out": format!("{status}\n")}))
    };
    let run = says("AccessToKeyVaultDenied").run(&["-g", "g", "--timeout", "1"]);
    let words = "phone-order cannot be given the gateway's secret: AccessToKeyVaultDenied";
    fails(&run, 1, &is_given("phone-order"), words);
    // Of an app that the platform says nothing about, the app itself will say it.
    let silent = Rig::new().rule(az_fails(&["rest", "--method", "get", "--url"]));
    for rig in [says("Initialized"), silent] {
        let run = rig.run(&["-g", "g", "--timeout", "1"]);
        assert_eq!(run.code, 0, "{}", run.said);
        assert!(run.said.contains("nobody says whether phone-bill is given the gateway's secret"));
        let asked = run.lines().iter().filter(|line| **line == is_given("phone-bill")).count();
        assert_eq!(asked, 1, "the first one had the time of all: {}", run.said);
    }
}

#[test]
fn an_app_that_was_denied_the_secret_gets_no_code_when_nobody_answers_any_more() {
    let asked = ["rest", "--method", "get", "--url"];
    let denied = json!({"program": "az", "starts": asked, "times": 1, "out": "AccessToKeyVaultDenied\n"});
    let run = Rig::new().rule(az_fails(&asked)).rule(denied).run(&["-g", "g", "--timeout", "1"]);
    let words = "phone-order cannot be given the gateway's secret: AccessToKeyVaultDenied";
    fails(&run, 1, &is_given("phone-order"), words);
}

#[test]
fn an_app_is_waited_for_while_nobody_answers() {
    let asked = ["rest", "--method", "get", "--url"];
    let silent = || Rig::new().rule(json!({"program": "az", "starts": asked, "times": 2, "exit": 1}));
    let denied = json!({"program": "az", "starts": asked, "times": 1, "out": "AccessToKeyVaultDenied\n"});
    for rig in [silent(), silent().rule(denied)] {
        let run = rig.run(&["-g", "g", "--only", "infra"]);
        assert_eq!(run.code, 0, "{}", run.said);
        assert!(!run.said.contains("nobody says"), "{}", run.said);
        assert_eq!(run.lines().iter().filter(|line| **line == is_given("phone-order")).count(), 3);
    }
}

#[test]
fn somebody_who_is_not_signed_in_is_told_how() {
    let run = Rig::new().rule(az_fails(&["account"])).run(&["-g", "g"]);
    fails(&run, 1, SIGNED_IN, "run az login");
}

#[test]
fn a_group_is_made_only_when_it_is_said_where_and_something_is_provisioned() {
    let missing =
        || Rig::new().rule(json!({"program": "az", "starts": ["group", "exists"], "out": "false\n"}));
    fails(&missing().run(&["-g", "g"]), 1, GROUP_EXISTS, "say where it shall be with --location");
    let run = missing().run(&["-g", "g", "--what-if", "-l", "koreacentral"]);
    fails(&run, 1, GROUP_EXISTS, "there is no resource group g");
    let run = missing().run(&["-g", "g", "--only", "code", "-l", "koreacentral"]);
    fails(&run, 1, GROUP_EXISTS, "there is no resource group g");
}

#[test]
fn a_region_without_the_runtime_is_refused_before_anything_is_changed() {
    let rig = Rig::new().rule(az_fails(&["functionapp", "list-flexconsumption-runtimes"]));
    fails(&rig.run(&["-g", "g"]), 1, RUNTIMES, "koreacentral does not offer Flex Consumption");
    let versions = json!({"program": "az", "starts": ["functionapp", "list-flexconsumption-runtimes"], "out": "1.00\n2.0\n"});
    let run = Rig::new().rule(versions).run(&["-g", "g"]);
    fails(&run, 1, RUNTIMES, "offers the runtime custom in version 1.00, 2.0, not 1.0");
}

#[test]
fn budgets_that_cannot_be_read_are_said_and_do_not_stop_it() {
    let run = Rig::new().rule(az_fails(&["consumption"])).run(&["-g", "g", "--only", "infra"]);
    assert_eq!(run.code, 0, "{}", run.said);
    assert!(run.said.contains("warning: the budgets of the resource group cannot be read"), "{}", run.said);
}

#[test]
fn a_build_that_fails_changes_nothing_in_azure() {
    let run = Rig::new().rule(json!({"program": "cargo", "exit": 101})).run(&["-g", "g"]);
    fails(&run, 1, "cargo xtask stage", "the package could not be built; nothing was changed");
    let run = Rig::new().rule(json!({"program": "cargo"})).run(&["-g", "g"]);
    fails(&run, 1, "cargo xtask stage", "the build left no target/functionapp.zip");
}

#[test]
fn a_deployment_that_fails_says_which_resources_and_sends_no_code() {
    let operations =
        json!({"program": "az", "starts": ["deployment", "operation"], "out": "phone-bus\tquota\n"});
    let rig = Rig::new().rule(operations).rule(az_fails(&["deployment", "group", "create"]));
    let run = rig.run(&["-g", "g"]);
    let lines = run.lines();
    assert_eq!(lines[lines.len() - 2], PROVISION);
    let failed = "az deployment operation group list --resource-group g --name phone-billing --output tsv --query \
        [?properties.provisioningState=='Failed'].[properties.targetResource.resourceName, \
        properties.statusMessage.error.message]";
    fails(&run, 1, failed, "phone-bus\tquota");
    assert!(run.said.contains("the deployment failed"), "{}", run.said);
}

#[test]
fn code_cannot_be_sent_to_what_was_never_provisioned() {
    let rig = Rig::new().rule(az_fails(&["deployment", "group", "show"]));
    fails(&rig.run(&["-g", "g", "--only", "code"]), 1, OUTPUTS, "nothing was provisioned in g yet");
}

#[test]
fn outputs_that_name_no_apps_are_an_error() {
    for out in ["", "https://a\n\n\n", "https://a\none two\nhost\n"] {
        let rig =
            Rig::new().rule(json!({"program": "az", "starts": ["deployment", "group", "show"], "out": out}));
        fails(&rig.run(&["-g", "g"]), 1, OUTPUTS, "outputs name no apps");
    }
}

#[test]
fn a_package_that_is_refused_while_roles_arrive_is_sent_again() {
    let zip = ["functionapp", "deployment", "source", "config-zip"];
    let refused = json!({"program": "az", "starts": zip, "exit": 1, "times": 2});
    let run = Rig::new().rule(refused).run(&["-g", "g"]);
    assert_eq!(run.code, 0, "{}", run.said);
    assert_eq!(
        run.lines()
            .iter()
            .filter(|line| line.contains("config-zip --resource-group g --name phone-order"))
            .count(),
        3
    );
}

#[test]
fn an_app_that_does_not_take_the_package_fails_after_those_that_took_it() {
    let to = |app: &str| super::send(app, "target/functionapp.zip");
    let bill = "functionapp deployment source config-zip --resource-group g --name phone-bill";
    let run = Rig::new().rule(az_fails(&bill.split(' ').collect::<Vec<_>>())).run(&["-g", "g"]);
    fails(&run, 1, &to("phone-bill"), "phone-bill did not take the package");
    assert_eq!(run.lines().iter().filter(|line| **line == to("phone-order")).count(), 1);
}

#[test]
fn a_package_that_is_never_taken_leaves_the_other_apps_as_they_are() {
    let rig = Rig::new().rule(az_fails(&["functionapp", "deployment", "source", "config-zip"]));
    let run = rig.run(&["-g", "g"]);
    fails(
        &run,
        1,
        &super::send("phone-order", "target/functionapp.zip"),
        "phone-order did not take the package",
    );
    assert_eq!(run.lines().iter().filter(|line| line.contains("config-zip")).count(), 5);
    assert!(!run.lines().iter().any(|line| line.contains("--name phone-bill ")));
}

#[test]
fn apps_that_start_slowly_are_waited_for() {
    let mut answers = healthy();
    answers
        .get_mut("/api/health")
        .unwrap()
        .splice(0..0, [(503, String::new()), (200, r#"{"status":"ok","commit":"an older one"}"#.to_owned())]);
    answers.get_mut("/api/ready").unwrap().insert(0, (503, r#"{"status":"not_ready"}"#.to_owned()));
    let run = Rig::with_site(answers).run(&["-g", "g"]);
    assert_eq!(run.code, 0, "{}", run.said);
    assert_eq!(
        run.asked.iter().filter(|path| *path == "/api/health").count(),
        5,
        "two more than when all is well"
    );
}

#[test]
fn an_app_that_never_becomes_ready_fails_with_its_last_answer() {
    let mut answers = healthy();
    let body = r#"{"status":"not_ready","dependencies":[{"name":"tables","ready":false}]}"#;
    answers.insert("/api/ready", vec![(503, body.to_owned())]);
    let run = Rig::with_site(answers).run(&["-g", "g", "--timeout", "1"]);
    assert_eq!(run.code, 1, "{}", run.said);
    assert!(run.said.contains("/api/ready did not answer"), "{}", run.said);
    assert!(run.said.contains(&format!("within 1 s; its last answer: 503 {body}")), "{}", run.said);
    assert!(!run.asked.contains(&"/api/plans".to_owned()));
}

#[test]
fn another_commit_than_the_one_that_was_sent_is_a_failure() {
    let mut answers = healthy();
    let health = r#"{"commit":"ffff456789abcdef0123456789abcdef01234567"}"#;
    answers.insert("/api/health", vec![(200, health.to_owned())]);
    let run = Rig::with_site(answers).run(&["-g", "g", "--timeout", "1"]);
    assert_eq!(run.code, 1, "{}", run.said);
    assert!(run.said.contains(&format!("did not answer with \"commit\":\"{COMMIT}\"")), "{}", run.said);
}

#[test]
fn nobody_answering_at_all_is_a_failure() {
    let outputs = "http://127.0.0.1:1\none\n127.0.0.1:1\n";
    let rig =
        Rig::new().rule(json!({"program": "az", "starts": ["deployment", "group", "show"], "out": outputs}));
    let run = rig.run(&["-g", "g", "--timeout", "1"]);
    assert_eq!(run.code, 1, "{}", run.said);
    assert!(run.said.contains("its last answer: 000"), "{}", run.said);
}

#[test]
fn a_price_list_without_prices_is_a_failure() {
    let mut answers = healthy();
    answers.insert("/api/plans", vec![(200, r#"{"items":[]}"#.to_owned())]);
    let run = Rig::with_site(answers).run(&["-g", "g", "--timeout", "1"]);
    assert!(run.code == 1 && run.said.contains("/api/plans did not answer"), "{}", run.said);
}

#[test]
fn a_system_that_lets_everybody_in_is_a_failure() {
    let mut answers = healthy();
    answers.insert("/api/mypage", vec![(200, "{}".to_owned())]);
    let run = Rig::with_site(answers).run(&["-g", "g"]);
    assert_eq!(run.code, 1, "{}", run.said);
    assert!(run.said.contains("/api/mypage must ask for a token; it answered: 200 {}"), "{}", run.said);
}

#[test]
fn the_last_line_before_provisioning_reads_only() {
    let run = Rig::new().run(&["-g", "g"]);
    let before: Vec<_> = run.lines().into_iter().take_while(|line| line != PROVISION).collect();
    let az: Vec<_> = before.iter().filter(|line| line.starts_with("az ")).collect();
    assert_eq!(az, BEFORE.iter().collect::<Vec<_>>());
}
