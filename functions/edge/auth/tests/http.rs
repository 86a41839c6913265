use super::*;
use crate::edge::Operator;
use crate::edge::auth::source::HttpSource;
use axum::Router;
use axum::body::Body;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use tower::ServiceExt;

async fn call(world: &World, path: &str, authorization: &[&str]) -> (StatusCode, Option<String>, String) {
    let router = Router::new()
        .route("/caller", get(async |caller: Caller| caller.subject.to_string()))
        .route("/operator", get(async |operator: Operator| operator.0.to_string()))
        .with_state(Arc::clone(&world.verifier));
    let mut request = Request::get(path);
    for value in authorization {
        request = request.header("Authorization", *value);
    }
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let challenge = response.headers().get(WWW_AUTHENTICATE).map(|value| value.to_str().unwrap().to_owned());
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
    (status, challenge, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn callers_are_let_in_by_their_roles() {
    let key = SigningKey::elliptic("k1");
    let world = world(Some(key_set(&[&key])));
    for (roles, path, status) in [
        (json!(["customer"]), "/caller", 200),
        (json!(["operator"]), "/caller", 200),
        (json!(["operator"]), "/operator", 200),
        (json!(["customer"]), "/operator", 403),
        (json!([]), "/caller", 403),
        (json!([]), "/operator", 403),
    ] {
        let token = format!("bearer {}", key.sign(&claims(json!({ "roles": roles }))));
        let (answered, challenge, body) = call(&world, path, &[&token]).await;
        assert_eq!(answered, status, "{roles} {path} {body}");
        assert_eq!(challenge, None);
        assert_eq!(body.contains(r#""code":"forbidden""#), status == 403, "{body}");
    }
}

#[tokio::test]
async fn who_has_no_good_token_is_asked_for_one() {
    let key = SigningKey::elliptic("k1");
    let world = world(Some(key_set(&[&key])));
    let good = format!("Bearer {}", key.sign(&claims(json!({}))));
    let basic = good.replace("Bearer", "Basic");
    let expired = format!("Bearer {}", key.sign(&claims(json!({ "exp": 1 }))));
    for authorization in
        [&[][..], &[""], &["Bearer"], &["Bearer "], &[&basic], &[&good, &good], &[&expired], &["Bearer x"]]
    {
        let (status, challenge, body) = call(&world, "/caller", authorization).await;
        assert_eq!(
            (status, challenge.as_deref()),
            (StatusCode::UNAUTHORIZED, Some("Bearer")),
            "{authorization:?}"
        );
        assert!(body.contains(r#""code":"unauthenticated""#), "{body}");
    }
}

#[tokio::test]
async fn an_issuer_that_is_down_is_no_reason_to_send_callers_away_for_good() {
    let key = SigningKey::elliptic("k1");
    let token = format!("Bearer {}", key.sign(&claims(json!({}))));
    let (status, _, body) = call(&world(None), "/caller", &[&token]).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains(r#""code":"issuer_unavailable""#), "{body}");
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/keys")
}

async fn fetch(url: &str) -> Result<Vec<u8>, FetchError> {
    HttpSource::new(&settings(url).jwks).unwrap().fetch().await
}

#[tokio::test]
async fn keys_are_fetched_over_http() {
    let url = serve(Router::new().route("/keys", get(async || "{\"keys\":[]}"))).await;
    assert_eq!(fetch(&url).await.unwrap(), b"{\"keys\":[]}");
}

#[tokio::test]
async fn answers_that_are_no_keys_are_errors() {
    let large = serve(Router::new().route("/keys", get(async || vec![b' '; 300 * 1024]))).await;
    assert!(matches!(fetch(&large).await, Err(FetchError::TooLarge)));
    let broken =
        serve(Router::new().route("/keys", get(async || StatusCode::BAD_GATEWAY.into_response()))).await;
    assert!(matches!(fetch(&broken).await, Err(FetchError::Unreachable(_))));
    let nobody = "http://127.0.0.1:1/keys";
    assert!(matches!(fetch(nobody).await, Err(FetchError::Unreachable(_))));
}

#[tokio::test]
async fn keys_from_another_place_are_not_taken() {
    let elsewhere = serve(Router::new().route("/keys", get(async || "{\"keys\":[]}"))).await;
    let url = serve(Router::new().route("/keys", get(async move || Redirect::temporary(&elsewhere)))).await;
    assert_ne!(fetch(&url).await.unwrap_or_default(), b"{\"keys\":[]}");
}
