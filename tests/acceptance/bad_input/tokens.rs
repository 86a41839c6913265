//! Callers whose token is missing, broken, old, of another issuer, or of the wrong role.

use super::case::Case;
use super::endpoints::{Endpoint, Who, all};
use super::world::World;
use crate::harness::LocalHost;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contract::problem::Code;
use reqwest::Method;
use serde_json::{Value, json};

pub(super) async fn cases(world: &World) -> Vec<Case> {
    let stranger = LocalHost::start().await;
    let foreign = stranger.api.token("kim", "customer", 3_600).await;
    let broken = broken(world, &foreign);
    let guarded: Vec<Endpoint> = all(world).into_iter().filter(|it| it.who != Who::Anybody).collect();
    let mut cases = Vec::new();
    for endpoint in &guarded {
        for (what, header) in &broken {
            let request = endpoint.fill(endpoint.bare(world));
            let request =
                header.iter().fold(request, |request, value| request.header("Authorization", value));
            cases.push(Case::of(
                endpoint,
                format!("{}, {what}", endpoint.name()),
                request,
                Code::Unauthenticated,
            ));
        }
        cases.extend(roles(world, endpoint));
    }
    cases
}

/// Values of `Authorization` that speak for nobody.
fn broken(world: &World, foreign: &str) -> Vec<(&'static str, Vec<String>)> {
    let bearer = |token: &str| vec![format!("Bearer {token}")];
    let good = &world.kim.token;
    let [head, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
    let other_claims = changed(claims, |claims| claims["sub"] = json!("lee"));
    let more_rights = changed(claims, |claims| claims["roles"] = json!(["customer", "operator"]));
    let unsigned = changed(head, |head| head["alg"] = json!("none"));
    let symmetric = changed(head, |head| head["alg"] = json!("HS256"));
    vec![
        ("without a token", vec![]),
        ("an empty header", vec![String::new()]),
        ("a scheme without a token", vec!["Bearer".to_owned()]),
        ("another scheme", vec!["Basic a2ltOg==".to_owned()]),
        ("garbage", bearer("garbage")),
        ("three parts of garbage", bearer("a.b.c")),
        ("a token as long as a book", bearer(&"x".repeat(20_000))),
        ("an expired token", bearer(&world.expired)),
        ("a token of another issuer", bearer(foreign)),
        ("another customer's name in it", bearer(&format!("{head}.{other_claims}.{signature}"))),
        ("more rights in it", bearer(&format!("{head}.{more_rights}.{signature}"))),
        ("no algorithm and no signature", bearer(&format!("{unsigned}.{claims}."))),
        ("another algorithm", bearer(&format!("{symmetric}.{claims}.{signature}"))),
        ("no signature", bearer(&format!("{head}.{claims}."))),
        ("a token without its scheme", vec![good.clone()]),
        ("two headers", vec![format!("Bearer {good}"), format!("Bearer {good}")]),
    ]
}

fn changed(part: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    change(&mut value);
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Good tokens of the wrong people.
fn roles(world: &World, endpoint: &Endpoint) -> Vec<Case> {
    let by = |what: &str, token: &str, code| {
        let request = endpoint.fill(endpoint.bare(world).token(token));
        Case::of(endpoint, format!("{}, {what}", endpoint.name()), request, code)
    };
    match endpoint.who {
        Who::Anybody => vec![],
        Who::Operator => vec![by("by a customer", &world.kim.token, Code::Forbidden)],
        Who::Customer => {
            // A new order names it in its body, everything else in its query.
            let opens = endpoint.method == Method::POST && endpoint.path == "/api/orders";
            let code = if opens { Code::InvalidField } else { Code::InvalidParameter };
            vec![by("by an operator who names no customer", &world.operator.token, code)]
        }
        Who::CustomerOrOperator => vec![],
    }
}
