//! Ids of others, paths and methods that nothing has, queries and headers that cannot be.

use super::case::Case;
use super::endpoints::{Endpoint, Key, Who, all};
use super::world::World;
use contract::problem::Code;
use reqwest::Method;
use serde_json::json;

pub(super) fn cases(world: &World) -> Vec<Case> {
    let endpoints = all(world);
    let mut cases = unknown_paths(world);
    cases.extend(states(world));
    for endpoint in &endpoints {
        cases.extend(ids(world, endpoint));
        cases.extend(queries(world, endpoint));
        cases.extend(keys(world, endpoint));
        cases.extend(methods(world, endpoint, &endpoints));
    }
    cases
}

fn unknown_paths(world: &World) -> Vec<Case> {
    let paths = [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/orders/",
        "/api/orders/a/b/c",
        "/orders",
        "/nothing",
        "/api/plans/x",
    ];
    let mut cases = Vec::new();
    for path in paths {
        for method in [Method::GET, Method::POST] {
            let request = world.kim.request(method.clone(), path);
            cases.push(Case::new(format!("{method} {path}"), request, Code::NotFound));
        }
    }
    cases
}

/// Good requests that come at the wrong time.
fn states(world: &World) -> Vec<Case> {
    let retry = format!("/api/sagas/{}/retry", world.kims.saga);
    let replay = format!("/api/parked/{}/replay", world.parked);
    let paid = json!({ "billId": world.lees.bill.id, "paymentKey": "tgen_unknown" });
    let post = |path: &str| world.operator.request(Method::POST, path);
    vec![
        Case::new("retrying a saga that is completed", post(&retry), Code::WrongState),
        Case::new("retrying it with a key", post(&retry).key("retry"), Code::WrongState),
        Case::new("replaying what nobody understands", post(&replay), Code::WrongState),
        Case::new("replaying it with a key", post(&replay).key("replay"), Code::WrongState),
        Case::new(
            "paying what is paid",
            world.lee.post("/api/payments", &paid).key("again"),
            Code::NothingDue,
        ),
    ]
}

/// Ids that nothing has, and ids of somebody else's.
fn ids(world: &World, endpoint: &Endpoint) -> Vec<Case> {
    let Some(id) = &endpoint.id else { return vec![] };
    let mut others = vec!["nothing", "0", "%00", "%20", "%2e%2e", "%F0%9F%98%80", "1999-12", "2026-13"];
    let (zeros, long) = ("0".repeat(32), "x".repeat(3_000));
    others.extend([zeros.as_str(), long.as_str()]);
    let foreign = foreign(world, endpoint);
    others.extend(foreign.as_deref());
    let case = |other: &str| {
        let moved = Endpoint { path: endpoint.path.replace(id.as_str(), other), ..endpoint.clone() };
        let request = moved.fill(moved.bare(world).token(&endpoint.caller(world).token));
        Case::of(endpoint, moved.name(), request, Code::NotFound)
    };
    let mut cases: Vec<Case> = others.into_iter().map(case).collect();
    if endpoint.who == Who::Customer {
        let path = format!("{}?customerId=park", endpoint.path);
        let named = Endpoint { path, ..endpoint.clone() };
        for (who, token) in [
            ("a customer who names another", &endpoint.caller(world).token),
            ("an operator who names another", &world.operator.token),
        ] {
            let request = named.fill(named.bare(world).token(token));
            cases.push(Case::of(endpoint, format!("{}, {who}", named.name()), request, Code::NotFound));
        }
    }
    cases
}

/// The same thing of another customer.
fn foreign(world: &World, endpoint: &Endpoint) -> Option<String> {
    let path = endpoint.path.as_str();
    if path.starts_with("/api/orders/") {
        Some(world.lees.order.clone())
    } else if path.starts_with("/api/bills/") {
        Some(world.lees.bill.id.clone())
    } else if path.starts_with("/api/payments/") {
        // The payment is lee's, so this one would be kim's: nobody's.
        Some(format!("{}-p1", world.kims.bill.id))
    } else if path.starts_with("/api/sagas/") && endpoint.who == Who::CustomerOrOperator {
        Some(world.lees.saga.clone())
    } else {
        None
    }
}

fn queries(world: &World, endpoint: &Endpoint) -> Vec<Case> {
    let case = |query: &str, code| {
        let asked = Endpoint { path: format!("{}?{query}", endpoint.path), ..endpoint.clone() };
        let request = asked.fill(asked.bare(world).token(&endpoint.caller(world).token));
        Case::of(endpoint, asked.name(), request, code)
    };
    let mut cases = Vec::new();
    if endpoint.pages {
        for query in
            ["limit=0", "limit=201", "limit=-1", "limit=x", "limit=1.5", "limit=1&limit=2", "unknown=1"]
        {
            cases.push(case(query, Code::InvalidParameter));
        }
        for cursor in ["x", "00", "zz", "%00", "6f", "99999.", "-1.", "0.zz"] {
            cases.push(case(&format!("cursor={cursor}"), Code::InvalidCursor));
        }
    }
    if endpoint.method == Method::GET && endpoint.who == Who::Customer {
        cases.push(case("unknown=1", Code::InvalidParameter));
        cases.push(case("customerId=", Code::InvalidParameter));
        cases.push(case("customerId=a%20b", Code::InvalidParameter));
        cases.push(case("customerId=lee&customerId=kim", Code::InvalidParameter));
        cases.push(case("customerId=park", Code::NotFound));
    }
    for (path, values) in
        [("/api/bills", ["paid", ""]), ("/api/sagas", ["open", ""]), ("/api/parked", ["open", ""])]
    {
        if endpoint.path == path && endpoint.pages {
            cases.extend(values.map(|value| case(&format!("status={value}"), Code::InvalidParameter)));
        }
    }
    cases
}

fn keys(world: &World, endpoint: &Endpoint) -> Vec<Case> {
    if endpoint.key == Key::Ignored {
        return vec![];
    }
    let without = Endpoint { key: Key::Ignored, ..endpoint.clone() };
    let request = || without.fill(without.bare(world).token(&endpoint.caller(world).token));
    let name = |what: &str| format!("{} with {what}", endpoint.name());
    let mut cases = Vec::new();
    if endpoint.key == Key::Required {
        cases.push(Case::of(endpoint, name("no key"), request(), Code::IdempotencyKeyMissing));
    }
    for (what, key) in [
        ("an empty key", ""),
        ("a key with a space", "a b"),
        ("a key in another script", "키"),
        ("a tab", "a\tb"),
    ] {
        cases.push(Case::of(endpoint, name(what), request().key(key), Code::IdempotencyKeyInvalid));
    }
    cases.push(Case::of(
        endpoint,
        name("a long key"),
        request().key(&"k".repeat(256)),
        Code::IdempotencyKeyInvalid,
    ));
    cases.push(Case::of(
        endpoint,
        name("two keys"),
        request().key("a").key("b"),
        Code::IdempotencyKeyInvalid,
    ));
    cases
}

/// Methods that no endpoint of the path takes.
fn methods(world: &World, endpoint: &Endpoint, all: &[Endpoint]) -> Vec<Case> {
    let taken = |method: &Method| all.iter().any(|it| it.path == endpoint.path && it.method == *method);
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let case = |method: Method| {
        let request =
            world.host.api.request(method.clone(), &endpoint.path).token(&endpoint.caller(world).token);
        Case::new(format!("{method} {}", endpoint.path), request, Code::MethodNotAllowed)
    };
    methods.into_iter().filter(|method| !taken(method)).map(case).collect()
}
