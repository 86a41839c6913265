//! One bad request, and what it is to be answered with.

use super::endpoints::Endpoint;
use super::world::World;
use crate::harness::{Answer, Request};
use contract::problem::Code;
use serde_json::json;
use std::collections::BTreeSet;

/// A request and the code of its answer.
pub(super) struct Case {
    pub(super) what: String,
    pub(super) request: Request,
    pub(super) code: Code,
    /// The endpoint, by which its description is found.
    endpoint: Option<(String, String)>,
}

impl Case {
    pub(super) fn new(what: impl Into<String>, request: Request, code: Code) -> Self {
        Self { what: what.into(), request, code, endpoint: None }
    }

    /// A case whose answer is to stand in the description of the endpoint.
    pub(super) fn of(endpoint: &Endpoint, what: impl Into<String>, request: Request, code: Code) -> Self {
        Self { endpoint: Some(endpoint.key_in_description()), ..Self::new(what, request, code) }
    }

    fn undocumented(&self, world: &World) -> Option<String> {
        let endpoint = self.endpoint.as_ref()?;
        let told = world.described.get(endpoint)?.get(&self.code.status().to_string());
        let documented = told.is_some_and(|told| told.contains(self.code.as_str()));
        (!documented).then(|| {
            format!("{endpoint:?} is not described with {} {}", self.code.status(), self.code.as_str())
        })
    }
}

/// Tries every case, and tells of all that are answered otherwise or change what is stored.
pub(super) async fn check(world: &World, cases: Vec<Case>) {
    let tried = cases.len();
    let undocumented: BTreeSet<String> = cases.iter().filter_map(|case| case.undocumented(world)).collect();
    let mut wrong: Vec<String> = undocumented.into_iter().collect();
    let mut before = world.dump().await;
    for Case { what, request, code, .. } in cases {
        match request.send().await {
            Ok(answer) => {
                wrong.extend(complaint(&answer, code).map(|why| format!("{what}: {why}: {}", answer.text)));
            }
            Err(error) => wrong.push(format!("{what}: {error:?}")),
        }
        let after = world.dump().await;
        if after != before {
            let changed: Vec<&String> = after.iter().filter(|row| !before.contains(row)).collect();
            wrong.push(format!("{what}: it changed what is stored: {changed:?}"));
            before = after;
        }
    }
    assert!(wrong.is_empty(), "{} of {tried} are answered otherwise:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is wrong with the answer: it is to be the problem of a code in every detail.
pub(super) fn complaint(answer: &Answer, code: Code) -> Option<String> {
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
    let expected = json!({
        "status": code.status(), "code": code.as_str(), "type": format!("urn:problem:{}", code.as_str())
    });
    let members = ["status", "code", "type"].map(|member| (member.to_owned(), answer.body[member].clone()));
    let told = serde_json::Value::Object(members.into_iter().collect());
    if (answer.status, &told) != (code.status(), &expected) {
        return Some(format!("{} instead of {} {}", answer.status, code.status(), code.as_str()));
    }
    if header("content-type") != Some("application/problem+json") {
        return Some("it is no application/problem+json".to_owned());
    }
    if answer.body["title"].as_str().is_none_or(str::is_empty) {
        return Some("it has no title".to_owned());
    }
    if code == Code::Unauthenticated && header("www-authenticate") != Some("Bearer") {
        return Some("it has no WWW-Authenticate".to_owned());
    }
    (code == Code::MethodNotAllowed && header("allow").is_none()).then(|| "it has no Allow".to_owned())
}
