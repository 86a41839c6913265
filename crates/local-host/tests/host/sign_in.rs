//! Signing in with a browser: the authorization code flow with PKCE, and what it refuses.

use crate::rig::Rig;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::Value;

const VERIFIER: &str = "a-verifier-that-nobody-guesses-0123456789-abcdef";

/// The fields of a form.
type Fields = Vec<(&'static str, String)>;

fn request(rig: &Rig) -> Fields {
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
    vec![
        ("response_type", "code".to_owned()),
        ("client_id", "phone-pages".to_owned()),
        ("redirect_uri", rig.url("/api/web/mypage")),
        ("state", "a state & more".to_owned()),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256".to_owned()),
    ]
}

fn with(fields: Fields, name: &'static str, value: &str) -> Fields {
    let others = fields.into_iter().filter(|(its, _)| *its != name);
    others.chain([(name, value.to_owned())]).collect()
}

fn url(base: &str, fields: &Fields) -> Url {
    Url::parse_with_params(base, fields).unwrap()
}

async fn post(rig: &Rig, path: &str, fields: &Fields) -> Response {
    let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
    let body = url("http://form", fields).query().unwrap().to_owned();
    let request = client.post(rig.url(path)).header("content-type", "application/x-www-form-urlencoded");
    request.body(body).send().await.unwrap()
}

/// Chooses who one is, and comes back with a code.
async fn code(rig: &Rig, who: &str) -> String {
    let answer = post(rig, "/issuer/authorize", &with(request(rig), "who", who)).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let back = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    assert_eq!(back.path(), "/api/web/mypage");
    let value = |name: &str| back.query_pairs().find(|(its, _)| its == name).unwrap().1.into_owned();
    assert_eq!(value("state"), "a state & more");
    value("code")
}

fn exchange(rig: &Rig, code: &str) -> Fields {
    vec![
        ("grant_type", "authorization_code".to_owned()),
        ("client_id", "phone-pages".to_owned()),
        ("code", code.to_owned()),
        ("redirect_uri", rig.url("/api/web/mypage")),
        ("code_verifier", VERIFIER.to_owned()),
    ]
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_chooses_who_to_be_and_gets_a_token() {
    let rig = Rig::start().await;
    let configuration = rig.get_json("/issuer/.well-known/openid-configuration").await;
    assert_eq!(configuration["authorization_endpoint"], rig.url("/issuer/authorize"));
    assert_eq!(configuration["token_endpoint"], rig.url("/issuer/token"));
    let address = url(&rig.url("/issuer/authorize"), &request(&rig));
    let address = format!("{}?{}", address.path(), address.query().unwrap());
    let page = rig.get(&address).await.text().await.unwrap();
    for who in ["customer:kim-minji", "operator:operator-1", "a state &amp; more"] {
        assert!(page.contains(who), "{who}: {page}");
    }
    for (who, sub, role) in
        [("customer:lee-jun", "lee-jun", "customer"), ("operator:operator-1", "operator-1", "operator")]
    {
        let code = code(&rig, who).await;
        let answer = post(&rig, "/issuer/token", &exchange(&rig, &code)).await;
        assert_eq!(answer.headers()["access-control-allow-origin"], "*");
        let answer: Value = answer.json().await.unwrap();
        let claims = claims(answer["access_token"].as_str().unwrap());
        assert_eq!((&claims["sub"], &claims["roles"][0]), (&Value::from(sub), &Value::from(role)));
    }
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_once_and_only_with_its_verifier() {
    let rig = Rig::start().await;
    for (name, value) in [
        ("code_verifier", "another verifier"),
        ("redirect_uri", "http://127.0.0.1:1/api/web/mypage"),
        ("client_id", "another-client"),
        ("grant_type", "refresh_token"),
        ("code", "0123"),
    ] {
        let code = code(&rig, "customer:kim-minji").await;
        let refused = post(&rig, "/issuer/token", &with(exchange(&rig, &code), name, value)).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{name}");
    }
    let code = code(&rig, "customer:kim-minji").await;
    assert_eq!(post(&rig, "/issuer/token", &exchange(&rig, &code)).await.status(), StatusCode::OK);
    assert_eq!(post(&rig, "/issuer/token", &exchange(&rig, &code)).await.status(), StatusCode::BAD_REQUEST);
    rig.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_sent_anywhere_but_to_the_pages_of_this_machine() {
    let rig = Rig::start().await;
    for (name, value) in [
        ("redirect_uri", "https://elsewhere.example/"),
        ("redirect_uri", "http://127.0.0.1:80@elsewhere.example/"),
        ("redirect_uri", "http://localhost.elsewhere.example/"),
        ("redirect_uri", "http://127.0.0.1:80/?x="),
        ("client_id", "another-client"),
        ("response_type", "token"),
        ("code_challenge_method", "plain"),
        ("code_challenge", "short"),
    ] {
        let fields = with(with(request(&rig), "who", "customer:kim-minji"), name, value);
        let refused = post(&rig, "/issuer/authorize", &fields).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{name}={value}");
    }
    rig.host.stop().await;
}
