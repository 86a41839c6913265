use super::*;

#[tokio::test]
async fn the_hosts_probe_is_answered() {
    let reply = World::new().get(Who::Nobody, "/").await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let world = World::new();
    for (path, method, problem) in [
        ("/api", Method::GET, (404, "not_found")),
        ("/api/", Method::GET, (404, "not_found")),
        ("/api/nothing", Method::POST, (404, "not_found")),
        ("/api/orders/", Method::GET, (404, "not_found")),
        ("/admin/host/status", Method::GET, (404, "not_found")),
        ("/api/orders", Method::DELETE, (405, "method_not_allowed")),
        ("/api/plans", Method::POST, (405, "method_not_allowed")),
        ("/saga_track", Method::GET, (405, "method_not_allowed")),
    ] {
        let reply = world.call(Who::Operator, method, path).send().await;
        assert_eq!(reply.problem(), problem, "{path}");
        assert_eq!(reply.headers["content-type"], "application/problem+json");
        assert_eq!(reply.headers.contains_key("allow"), problem.0 == 405, "{path}");
    }
}

#[tokio::test]
async fn no_public_path_reaches_a_trigger() {
    let world = World::new();
    for (folder, path, _) in crate::table() {
        if !path.starts_with("/api/") {
            let reply = world
                .call(Who::Operator, Method::POST, format!("/api/{folder}"))
                .json(&json!({}))
                .send()
                .await;
            assert!(matches!(reply.status, 404 | 405), "{folder}");
        }
    }
}

#[tokio::test]
async fn the_price_list_and_the_state_of_the_service_are_open_to_everybody() {
    let world = World::new();
    let plans = world.get(Who::Nobody, "/api/plans").await.expect(200);
    assert!(plans["items"].as_array().unwrap().len() >= 4);
    let health = world.get(Who::Nobody, "/api/health").await.expect(200);
    assert_eq!((&health["status"], &health["version"]), (&json!("ok"), &json!(env!("CARGO_PKG_VERSION"))));
    let ready = world.get(Who::Nobody, "/api/ready").await.expect(200);
    assert_eq!(ready["status"], "ready");
}

#[tokio::test]
async fn everything_else_needs_a_token_and_the_role_for_it() {
    let world = World::new();
    let open =
        ["plans", "health", "ready", "openapi", "web_mypage", "web_console", "web_asset", "web_settings"];
    let operators = [
        "order_suspend",
        "order_resume",
        "usage_intake",
        "billing_run_start",
        "billing_run_get",
        "customers_search",
        "figures",
        "sagas_list",
        "saga_retry",
        "parked_list",
        "parked_replay",
        "parked_discard",
    ];
    let before = world.tables.contents();
    for (folder, path, function) in crate::table() {
        if !path.starts_with("/api/") || open.contains(&folder) {
            continue;
        }
        let methods = crate::edge::layout::methods(path, function).await;
        let method: Method = methods.first().unwrap().to_uppercase().parse().unwrap();
        let path = path.replace(['{', '}'], "");
        let reply = world.call(Who::Nobody, method.clone(), &path).send().await;
        assert_eq!(reply.problem(), (401, "unauthenticated"), "{folder}");
        assert_eq!(reply.headers["www-authenticate"], "Bearer", "{folder}");
        let reply = world.call(KIM, method, &path).send().await;
        assert_eq!(
            reply.problem() == (403, "forbidden"),
            operators.contains(&folder),
            "{folder}: {}",
            reply.body
        );
    }
    assert_eq!(world.tables.contents(), before);
}
