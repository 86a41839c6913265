use super::*;

async fn verify(world: &World, key: &SigningKey) -> Result<Caller, Refusal> {
    let exp = world.clock.now().as_second() + 600;
    world.verifier.verify(&key.sign(&claims(json!({ "exp": exp })))).await
}

#[tokio::test]
async fn many_callers_at_once_ask_the_issuer_once() {
    let key = SigningKey::elliptic("k1");
    let world = world(Some(key_set(&[&key])));
    let token = key.sign(&claims(json!({})));
    let calls: Vec<_> = (0..32)
        .map(|_| {
            let (verifier, token) = (Arc::clone(&world.verifier), token.clone());
            tokio::spawn(async move { verifier.verify(&token).await })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap().is_ok());
    }
    assert_eq!(world.issuer.times_asked(), 1);
}

#[tokio::test]
async fn unknown_keys_make_one_question_and_then_a_pause() {
    let key = SigningKey::elliptic("k1");
    let world = world(Some(key_set(&[&key])));
    for stranger in 0..20 {
        let unknown = SigningKey { kid: format!("stranger-{stranger}"), ..key.clone() };
        assert_eq!(verify(&world, &unknown).await, Err(Refusal::Key));
    }
    assert_eq!(world.issuer.times_asked(), 1);
    world.pass(10);
    assert_eq!(verify(&world, &SigningKey { kid: "stranger".to_owned(), ..key }).await, Err(Refusal::Key));
    assert_eq!(world.issuer.times_asked(), 2);
}

#[tokio::test]
async fn a_new_key_is_found_and_a_withdrawn_one_is_gone() {
    let (old, new) = (SigningKey::elliptic("old"), SigningKey::elliptic("new"));
    let world = world(Some(key_set(&[&old])));
    assert!(verify(&world, &old).await.is_ok());
    world.issuer.publish(Some(key_set(&[&new])));
    world.pass(10);
    assert!(verify(&world, &new).await.is_ok());
    assert_eq!(verify(&world, &old).await, Err(Refusal::Key));
    assert_eq!(world.issuer.times_asked(), 2);
}

#[tokio::test]
async fn a_withdrawn_key_goes_away_within_the_hour_without_any_new_one() {
    let (old, new) = (SigningKey::elliptic("old"), SigningKey::elliptic("new"));
    let world = world(Some(key_set(&[&old, &new])));
    assert!(verify(&world, &old).await.is_ok());
    world.issuer.publish(Some(key_set(&[&new])));
    world.pass(3599);
    assert!(verify(&world, &old).await.is_ok());
    world.pass(1);
    assert_eq!(verify(&world, &old).await, Err(Refusal::Key));
}

#[tokio::test]
async fn an_issuer_that_never_answered_is_unavailable_and_asked_again() {
    let key = SigningKey::elliptic("k1");
    let world = world(None);
    assert_eq!(verify(&world, &key).await, Err(Refusal::IssuerUnavailable));
    assert_eq!(verify(&world, &key).await, Err(Refusal::IssuerUnavailable));
    assert_eq!(world.issuer.times_asked(), 1);
    world.issuer.publish(Some(key_set(&[&key])));
    world.pass(1);
    assert!(verify(&world, &key).await.is_ok());
}

#[tokio::test]
async fn known_keys_go_on_for_a_day_while_the_issuer_is_down() {
    let key = SigningKey::elliptic("k1");
    let world = world(Some(key_set(&[&key])));
    assert!(verify(&world, &key).await.is_ok());
    for down in [None, Some(json!({ "keys": [] })), Some(json!("no key set"))] {
        world.issuer.publish(down);
        world.pass(2 * 3600);
        assert!(verify(&world, &key).await.is_ok());
        let unknown = SigningKey { kid: "new".to_owned(), ..key.clone() };
        assert_eq!(verify(&world, &unknown).await, Err(Refusal::IssuerUnavailable));
    }
    world.pass(18 * 3600);
    assert_eq!(verify(&world, &key).await, Err(Refusal::IssuerUnavailable));
}

#[tokio::test]
async fn a_clock_that_is_set_back_asks_again() {
    let key = SigningKey::elliptic("k1");
    let world = world(Some(key_set(&[&key])));
    assert!(verify(&world, &key).await.is_ok());
    world.pass(-86_400);
    assert_eq!(verify(&world, &key).await, Err(Refusal::NotYet));
    assert_eq!(world.issuer.times_asked(), 2);
}
