use crate::rig::Rig;
use reqwest::StatusCode;
use reqwest::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::time::Duration;

async fn problem(response: reqwest::Response) -> (u16, String) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["status"], status);
    (status, body["code"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_forwarded_where_a_function_takes_it_and_answered_without_the_body() {
    let rig = Rig::start().await;
    let head = rig.client.head(rig.url("/api/orders/1234567")).send().await.unwrap();
    assert_eq!((head.status(), &head.headers()[CONTENT_LENGTH]), (StatusCode::OK, &"7".parse().unwrap()));
    assert_eq!(head.bytes().await.unwrap().len(), 0);
    let refused = rig.client.head(rig.url("/api/slow")).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_reaches_the_handler_as_it_came() {
    let rig = Rig::start().await;
    let request =
        rig.client.put(rig.url("/api/echo/a%20b/c?x=1&x=2&y=%2F")).header("x-own", "1").header("x-own", "2");
    let seen: Value = request.body("hello").send().await.unwrap().json().await.unwrap();
    assert_eq!(seen["method"], "PUT");
    assert_eq!(seen["uri"], "/api/echo/a%20b/c?x=1&x=2&y=%2F");
    assert_eq!(seen["bodyBytes"], 5);
    assert_eq!(seen["headers"]["x-own"], json!(["1", "2"]));
    assert_eq!(seen["headers"]["host"], json!([rig.host.url().trim_start_matches("http://")]));
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hosts_headers_override_the_clients_and_connection_headers_stay_behind() {
    let rig = Rig::start().await;
    let mut headers = HeaderMap::new();
    for name in ["x-azure-functions-invocationid", "x-azure-functions-hostversion", "x-ms-invocation-id"] {
        headers.insert(name, "forged".parse().unwrap());
    }
    headers.insert("keep-alive", "5".parse().unwrap());
    headers.insert("connection", "x-hop".parse().unwrap());
    headers.insert("x-hop", "1".parse().unwrap());
    let request = rig.client.get(rig.url("/api/echo/x")).headers(headers);
    let seen: Value = request.send().await.unwrap().json().await.unwrap();
    let seen = &seen["headers"];
    assert_eq!(seen["x-azure-functions-hostversion"].as_array().unwrap().len(), 1);
    assert_ne!(seen["x-azure-functions-hostversion"][0], "forged");
    assert_eq!(seen["x-azure-functions-invocationid"], seen["x-ms-invocation-id"]);
    assert_eq!(seen["x-ms-invocation-id"][0].as_str().unwrap().len(), 36);
    assert_eq!((&seen["keep-alive"], &seen["x-hop"]), (&Value::Null, &Value::Null));
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_streamed_both_ways() {
    let rig = Rig::start().await;
    let (chunks, body) = futures::channel::mpsc::unbounded::<Result<String, Infallible>>();
    chunks.unbounded_send(Ok("first".to_owned())).unwrap();
    let request = rig.client.post(rig.url("/api/stream")).body(reqwest::Body::wrap_stream(body));
    let mut response = request.send().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "first");
    chunks.unbounded_send(Ok("second".to_owned())).unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "second");
    drop(chunks);
    assert_eq!(response.chunk().await.unwrap(), None);
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_pass_and_larger_ones_are_refused() {
    let rig = Rig::start().await;
    let post = |bytes: usize| rig.client.post(rig.url("/api/echo/x")).body(vec![b'x'; bytes]).send();
    let seen: Value = post(20 << 20).await.unwrap().json().await.unwrap();
    assert_eq!(seen["bodyBytes"], 20 << 20);
    let announced = rig.client.post(rig.url("/api/echo/x")).header("content-length", "104857601");
    assert_eq!(problem(announced.send().await.unwrap()).await, (413, "body_too_large".to_owned()));
    let chunk = futures::stream::repeat_with(|| Ok::<_, Infallible>(vec![b'x'; 1 << 20]));
    let endless = reqwest::Body::wrap_stream(futures::StreamExt::take(chunk, 110));
    // The refusal may come while the rest is still being sent.
    if let Ok(response) = rig.client.post(rig.url("/api/echo/x")).body(endless).send().await {
        assert_eq!(problem(response).await, (413, "body_too_large".to_owned()));
    }
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_routes_of_functions_are_forwarded() {
    let rig = Rig::start().await;
    for path in [
        "/api",
        "/api/",
        "/api/other",
        "/api/off",
        "/api/on_work",
        "/on_work",
        "/nothing/here",
        "/api//on_work",
    ] {
        assert_eq!(problem(rig.get(path).await).await, (404, "not_found".to_owned()), "{path}");
        let forged = rig.post(path, &json!({ "Data": { "message": "e30=" }, "Metadata": {} })).await;
        assert_eq!(problem(forged).await, (404, "not_found".to_owned()), "{path}");
    }
    assert!(rig.seen().is_empty());
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_method_is_told_which_ones_there_are() {
    let rig = Rig::start().await;
    for (path, allowed) in
        [("/api/orders/7", "GET, HEAD"), ("/dev/token", "POST"), ("/dev/clock", "GET,HEAD,PUT")]
    {
        let response = rig.client.delete(rig.url(path)).send().await.unwrap();
        assert_eq!(response.headers()[ALLOW], allowed, "{path}");
        assert_eq!(problem(response).await, (405, "method_not_allowed".to_owned()), "{path}");
    }
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bodies_of_the_hosts_own_paths_are_refused() {
    let rig = Rig::start().await;
    let json = "application/json";
    for (path, content_type, body, expected) in [
        ("/dev/token", "text/plain", "{}", (415, "unsupported_media_type")),
        ("/dev/token", json, "{", (400, "invalid_json")),
        ("/dev/token", json, "", (400, "invalid_json")),
        ("/dev/token", json, "[]", (400, "invalid_field")),
        ("/dev/token", json, r#"{"sub":"a b","roles":["customer"]}"#, (400, "invalid_field")),
        ("/dev/token", json, r#"{"sub":"a","roles":[]}"#, (400, "invalid_field")),
        ("/dev/token", json, r#"{"sub":"a","roles":["king"]}"#, (400, "invalid_field")),
        ("/dev/token", json, r#"{"sub":"a","roles":["customer"],"ttlSeconds":0}"#, (400, "invalid_field")),
        ("/dev/payment-keys", json, "{", (400, "invalid_json")),
        ("/dev/reload", json, r#"{"executable":"/nowhere/handler"}"#, (400, "invalid_field")),
        ("/admin/functions/tick", "text/plain", "x", (415, "unsupported_media_type")),
        ("/admin/functions/none", json, "{}", (404, "not_found")),
        ("/admin/functions/echo", json, "{}", (400, "invalid_field")),
    ] {
        let request = rig.client.post(rig.url(path)).header(CONTENT_TYPE, content_type).body(body);
        let (status, code) = problem(request.send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), expected, "{path} {body}");
    }
    let by_hand = rig.client.post(rig.url("/admin/functions/Echo")).json(&json!({})).send().await.unwrap();
    let told: Value = by_hand.json().await.unwrap();
    assert_eq!(told["detail"], "echo is an HTTP function: call its route instead");
    let huge = rig.client.post(rig.url("/dev/token")).header(CONTENT_TYPE, json).body(vec![b' '; 70_000]);
    assert_eq!(problem(huge.send().await.unwrap()).await, (413, "body_too_large".to_owned()));
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_wait_for_the_handler_to_be_ready() {
    let rig = Rig::start().await;
    let response = tokio::time::timeout(Duration::from_secs(20), rig.get("/api/orders/7")).await.unwrap();
    assert_eq!((response.status(), response.text().await.unwrap().as_str()), (StatusCode::OK, "7"));
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handler_is_given_its_settings() {
    let rig = Rig::start().await;
    let settings = &rig.get_json("/api/echo/x").await["settings"];
    let resource = rig.url(&format!("/resource-manager{}", local_host::bus::management::NAMESPACE));
    let expected = json!({
        "BUS_ENDPOINT": rig.url("/servicebus"), "BUS_RESOURCE_URL": resource, "STORE": "embedded", "BUCKETS": "32",
        "GATEWAY_TIMEOUT_MS": "2000", "FROM_FILE": "yes", "SERVICEBUS": ""
    });
    assert_eq!(settings, &expected);
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_find_their_way() {
    let rig = Rig::start().await;
    assert!(rig.get("/").await.text().await.unwrap().contains("/dev/sign-in"));
    let page = rig.get("/dev/sign-in?role=operator&sub=%3Cb%3E").await.text().await.unwrap();
    assert!(page.contains("&lt;b&gt;") && page.contains("eyJ"), "{page}");
    rig.host.stop().await;
}
