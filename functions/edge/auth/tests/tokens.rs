use super::*;
use aws_lc_rs::hmac;

async fn check(key: &SigningKey, token: &str, expected: Result<(), Refusal>) {
    let verified = world(Some(key_set(&[key]))).verifier.verify(token).await;
    assert_eq!(verified.map(|_| ()), expected, "{token}");
}

async fn check_claims(changes: Value, expected: Result<(), Refusal>) {
    let key = SigningKey::elliptic("k1");
    check(&key, &key.sign(&claims(changes)), expected).await;
}

#[tokio::test]
async fn good_tokens_of_both_algorithms_are_accepted() {
    for key in [SigningKey::rsa("k1"), SigningKey::elliptic("k1")] {
        let world = world(Some(key_set(&[&key])));
        let token = key.sign(&claims(json!({ "roles": ["operator", "customer", "someone"] })));
        let caller = world.verifier.verify(&token).await.unwrap();
        assert_eq!((caller.subject.as_str(), caller.customer, caller.operator), ("customer-1", true, true));
    }
}

#[tokio::test]
async fn roles_are_only_those_that_the_token_names() {
    let key = SigningKey::elliptic("k1");
    let world = world(Some(key_set(&[&key])));
    for (roles, customer, operator) in [
        (json!(["customer"]), true, false),
        (json!(["operator"]), false, true),
        (json!(["Operator"]), false, false),
        (json!(null), false, false),
    ] {
        let caller = world.verifier.verify(&key.sign(&claims(json!({ "roles": roles })))).await.unwrap();
        assert_eq!((caller.customer, caller.operator), (customer, operator), "{roles}");
    }
}

#[tokio::test]
async fn issuer_and_audience_must_be_ours() {
    for changes in [
        json!({ "iss": "https://other.example/" }),
        json!({ "iss": "https://issuer.example" }),
        json!({ "aud": "other" }),
        json!({ "aud": ["other", "another"] }),
        json!({ "aud": [] }),
    ] {
        check_claims(changes, Err(Refusal::Origin)).await;
    }
    check_claims(json!({ "aud": ["other", AUDIENCE] }), Ok(())).await;
}

#[tokio::test]
async fn claims_that_are_missing_or_of_another_type_are_refused() {
    for name in ["iss", "aud", "sub", "exp"] {
        check_claims(json!({ name: null }), Err(Refusal::Malformed)).await;
    }
    for changes in [
        json!({ "exp": "tomorrow" }),
        json!({ "nbf": "now" }),
        json!({ "sub": 7 }),
        json!({ "iss": [ISSUER] }),
        json!({ "roles": "operator" }),
    ] {
        check_claims(changes, Err(Refusal::Malformed)).await;
    }
    for sub in ["", "two words", "고객"] {
        check_claims(json!({ "sub": sub }), Err(Refusal::Subject)).await;
    }
}

#[tokio::test]
async fn times_are_held_against_the_clock_with_a_minutes_leeway() {
    for (changes, expected) in [
        (json!({ "exp": NOW - 59 }), Ok(())),
        (json!({ "exp": NOW - 60 }), Err(Refusal::Expired)),
        (json!({ "exp": 0 }), Err(Refusal::Expired)),
        (json!({ "exp": -1 }), Err(Refusal::Malformed)),
        (json!({ "nbf": NOW + 60 }), Ok(())),
        (json!({ "nbf": NOW + 61 }), Err(Refusal::NotYet)),
        (json!({ "nbf": null }), Ok(())),
        (json!({ "nbf": NOW, "exp": 1_793_458_800.5 }), Ok(())),
    ] {
        check_claims(changes, expected).await;
    }
}

#[tokio::test]
async fn a_token_that_was_accepted_is_refused_once_it_has_expired() {
    let key = SigningKey::elliptic("k1");
    let world = world(Some(key_set(&[&key])));
    let token = key.sign(&claims(json!({})));
    assert!(world.verifier.verify(&token).await.is_ok());
    world.pass(660);
    assert_eq!(world.verifier.verify(&token).await.map(|_| ()), Err(Refusal::Expired));
}

#[tokio::test]
async fn a_token_signed_with_the_public_key_as_a_secret_is_refused() {
    let key = SigningKey::rsa("k1");
    let public = key.public();
    let secrets = [public["n"].as_str().unwrap().to_owned(), public.to_string()];
    for secret in secrets {
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::HS256) };
        let token =
            encode(&header, &claims(json!({})), &EncodingKey::from_secret(secret.as_bytes())).unwrap();
        check(&key, &token, Err(Refusal::Algorithm)).await;
        // The same, with a header that claims RS256.
        let head = json!({ "alg": "RS256", "kid": "k1" });
        let message = unsigned(&head, &claims(json!({})), b"");
        let message = message.trim_end_matches('.');
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), message.as_bytes());
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()));
        check(&key, &token, Err(Refusal::Signature)).await;
    }
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let key = SigningKey::rsa("k1");
    for algorithm in ["none", "None", "NONE", ""] {
        let token = unsigned(&json!({ "alg": algorithm, "kid": "k1" }), &claims(json!({})), b"");
        check(&key, &token, Err(Refusal::Malformed)).await;
    }
    for algorithm in ["RS256", "ES256"] {
        let token = unsigned(&json!({ "alg": algorithm, "kid": "k1" }), &claims(json!({})), b"");
        let expected = if algorithm == "RS256" { Refusal::Signature } else { Refusal::Algorithm };
        check(&key, &token, Err(expected)).await;
    }
}

#[tokio::test]
async fn other_algorithms_of_the_same_key_are_refused() {
    let key = SigningKey::rsa("k1");
    for algorithm in [Algorithm::RS384, Algorithm::RS512, Algorithm::PS256] {
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(algorithm) };
        let token = encode(&header, &claims(json!({})), &key.private).unwrap();
        check(&key, &token, Err(Refusal::Algorithm)).await;
    }
}

#[tokio::test]
async fn a_changed_token_is_refused() {
    let key = SigningKey::elliptic("k1");
    let token = key.sign(&claims(json!({})));
    let parts: Vec<&str> = token.split('.').collect();
    let forged = URL_SAFE_NO_PAD.encode(claims(json!({ "roles": ["operator"] })).to_string());
    check(&key, &format!("{}.{forged}.{}", parts[0], parts[2]), Err(Refusal::Signature)).await;
    let other = SigningKey::elliptic("k1");
    check(&key, &other.sign(&claims(json!({}))), Err(Refusal::Signature)).await;
    let zero = format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode([0; 64]));
    check(&key, &zero, Err(Refusal::Signature)).await;
}

#[tokio::test]
async fn a_key_that_the_token_brings_along_is_not_used() {
    let (ours, theirs) = (SigningKey::elliptic("k1"), SigningKey::elliptic("k1"));
    let mut header = theirs.header();
    header.jwk = Some(serde_json::from_value(theirs.public()).unwrap());
    header.jku = Some("https://attacker.example/keys".to_owned());
    let token = encode(&header, &claims(json!({})), &theirs.private).unwrap();
    check(&ours, &token, Err(Refusal::Signature)).await;
}

#[tokio::test]
async fn tokens_of_another_type_are_refused() {
    let key = SigningKey::elliptic("k1");
    for (typ, expected) in [
        (None, Ok(())),
        (Some("at+jwt"), Ok(())),
        (Some("application/at+JWT"), Ok(())),
        (Some("logout+jwt"), Err(Refusal::Type)),
        (Some("dpop+jwt"), Err(Refusal::Type)),
    ] {
        let header = Header { typ: typ.map(str::to_owned), ..key.header() };
        check(&key, &encode(&header, &claims(json!({})), &key.private).unwrap(), expected).await;
    }
    let header = Header { crit: Some(vec!["exp".to_owned()]), ..key.header() };
    check(&key, &encode(&header, &claims(json!({})), &key.private).unwrap(), Err(Refusal::Malformed)).await;
}

#[tokio::test]
async fn garbage_is_refused() {
    let key = SigningKey::elliptic("k1");
    let huge = "a".repeat(100_000);
    for token in ["", ".", "..", "a.b.c", "a.b.c.d", "eyJhbGciOiJFUzI1NiJ9", "\u{1f4a3}", &huge] {
        check(&key, token, Err(Refusal::Malformed)).await;
    }
    let no_kid = Header { kid: None, ..key.header() };
    check(&key, &encode(&no_kid, &claims(json!({})), &key.private).unwrap(), Err(Refusal::Key)).await;
}

#[tokio::test]
async fn keys_that_are_not_for_signatures_of_ours_are_not_used() {
    let key = SigningKey::elliptic("k1");
    let token = key.sign(&claims(json!({})));
    for (member, value) in
        [("use", json!("enc")), ("alg", json!("RS256")), ("crv", json!("P-384")), ("kid", json!(null))]
    {
        let mut public = key.public();
        public[member] = value;
        let mut set = key_set(&[&SigningKey::elliptic("k2")]);
        set["keys"].as_array_mut().unwrap().extend([public, json!({ "kty": "new" }), json!("no key")]);
        let verified = world(Some(set)).verifier.verify(&token).await;
        assert_eq!(verified.map(|_| ()), Err(Refusal::Key), "{member}");
    }
}
