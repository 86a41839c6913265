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

/// Kim's things, under the paths of every GET.
async fn pages(world: &World, bill: &Value) -> Vec<(Who, String)> {
    let order = world.get(KIM, "/api/orders").await.expect(200)["items"][0]["orderId"].clone();
    let bill_id = bill["billId"].as_str().unwrap();
    world.payment_key("form-1", bill, bill["amount"].as_i64().unwrap(), Card::Approve);
    let form = json!({ "billId": bill_id, "paymentKey": "form-1" });
    let payment = world.post(KIM, "/api/payments", "pay", &form).await.expect(201)["paymentId"].clone();
    world.settle().await;
    let of_kim = [("{billId}", bill_id), ("{paymentId}", payment.as_str().unwrap())];
    let ids = of_kim.into_iter().chain([("{orderId}", order.as_str().unwrap()), ("{usageMonth}", "2026-10")]);
    let saga = format!("open-{}", order.as_str().unwrap());
    let ids: Vec<_> =
        ids.chain([("{sagaId}", &*saga), ("{version}", "current"), ("{asset}", "boot.js")]).collect();
    let operators = ["billing_run_get", "figures", "sagas_list", "parked_list"];
    let mut pages = Vec::new();
    for (folder, path, function) in crate::table() {
        if crate::edge::layout::methods(path, function).await.contains("get") {
            let path = ids.iter().fold(path.to_owned(), |path, (name, id)| path.replace(name, id));
            pages.push((if operators.contains(&folder) { Who::Operator } else { KIM }, path));
        }
    }
    pages
}

#[tokio::test]
async fn head_is_answered_like_get_without_the_body() {
    let (world, bill) = World::with_bill().await;
    let pages = pages(&world, &bill).await;
    assert!(pages.len() >= 20);
    for (who, path) in pages {
        let get = world.call(who, Method::GET, &path).send().await;
        let head = world.call(who, Method::HEAD, &path).send().await;
        assert_eq!((get.status, head.status, head.bytes), (200, 200, 0), "{path}");
        assert_eq!(head.headers, get.headers, "{path}");
        assert_eq!(head.headers["content-length"], get.bytes.to_string(), "{path}");
        let tag = head.headers["etag"].to_str().unwrap().to_owned();
        for method in [Method::GET, Method::HEAD] {
            let unchanged = world.call(who, method.clone(), &path).header("If-None-Match", &tag).send().await;
            assert_eq!((unchanged.status, unchanged.bytes), (304, 0), "{method} {path}");
            assert_eq!(unchanged.headers["etag"], tag, "{method} {path}");
            // A length of 304 would be that of the whole answer (RFC 9110, 8.6).
            assert_eq!(unchanged.headers.get("content-length"), None, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn head_of_what_is_not_there_says_so_without_a_body() {
    let world = World::new();
    for (who, path, status) in
        [(KIM, "/api/orders/1", 404), (Who::Nobody, "/api/orders", 401), (KIM, "/api/usage", 405)]
    {
        let head = world.call(who, Method::HEAD, path).send().await;
        assert_eq!((head.status, head.bytes), (status, 0), "{path}");
        assert_ne!(head.headers["content-length"], "0", "{path}");
    }
}

#[tokio::test]
async fn a_parameter_that_a_function_does_not_know_is_refused_everywhere() {
    let world = World::new();
    // A sign-in comes back to the pages with parameters that are for their scripts.
    let pages = ["web_mypage", "web_console", "web_asset"];
    for (folder, path, function) in crate::table() {
        if !path.starts_with("/api/") || pages.contains(&folder) {
            continue;
        }
        let id = "0192f0c1a2b37c4d8e9f0123456789ab";
        let path = path
            .replace("{orderId}", id)
            .replace("{parkedId}", id)
            .replace("{sagaId}", &format!("open-{id}"))
            .replace("{billId}", &format!("202610-{id}"))
            .replace("{paymentId}", &format!("202610-{id}-p1"))
            .replace("{usageMonth}", "2026-10");
        let methods = crate::edge::layout::methods(&path, function).await;
        let method: Method = methods.first().unwrap().to_uppercase().parse().unwrap();
        let reply = world
            .call(Who::Operator, method, format!("{path}?surprise=1"))
            .header("Idempotency-Key", "key-1")
            .send()
            .await;
        assert_eq!(reply.problem(), (400, "invalid_parameter"), "{folder}: {}", reply.body);
        let detail = reply.body["detail"].as_str().unwrap();
        assert!(detail.starts_with("surprise: is not known"), "{folder}: {detail}");
    }
}
