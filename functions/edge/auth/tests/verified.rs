//! A token that was accepted before is looked at again, but for its signature.

use super::super::verified::GENERATION_TOKENS;
use super::*;

/// A world in which `k1` is the issuer's key, and a token by it that was accepted.
async fn accepted() -> (World, SigningKey, String) {
    let key = SigningKey::elliptic("k1");
    let world = world(Some(key_set(&[&key])));
    let token = key.sign(&claims(json!({})));
    assert!(world.verifier.verify(&token).await.is_ok());
    assert_eq!(world.verifier.verified.len(), 1);
    (world, key, token)
}

#[tokio::test]
async fn a_token_says_the_same_each_time() {
    let (world, _, token) = accepted().await;
    let caller = world.verifier.verify(&token).await.unwrap();
    assert_eq!((caller.subject.as_str(), caller.customer, caller.operator), ("customer-1", true, false));
    assert_eq!((world.verifier.verified.len(), world.issuer.times_asked()), (1, 1));
}

#[tokio::test]
async fn a_token_is_too_early_when_the_clock_goes_back() {
    let (world, _, token) = accepted().await;
    world.pass(-61);
    assert_eq!(world.verifier.verify(&token).await, Err(Refusal::NotYet));
}

#[tokio::test]
async fn another_signature_or_claim_makes_another_token() {
    let (world, key, token) = accepted().await;
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, body) = signed.split_once('.').unwrap();
    let other = key.sign(&claims(json!({ "roles": ["operator"] })));
    let (other_signed, other_signature) = other.rsplit_once('.').unwrap();
    let (_, other_body) = other_signed.split_once('.').unwrap();
    for forged in [
        format!("{signed}.{other_signature}"),
        format!("{header}.{other_body}.{signature}"),
        format!("{header}.{body}."),
    ] {
        assert!(world.verifier.verify(&forged).await.is_err(), "{forged}");
    }
    assert!(world.verifier.verify(&other).await.unwrap().operator);
    assert_eq!(world.verifier.verified.len(), 2, "only what is accepted is remembered");
}

#[tokio::test]
async fn a_withdrawn_key_takes_its_tokens_with_it() {
    let (world, _, token) = accepted().await;
    let new = SigningKey::elliptic("k2");
    world.issuer.publish(Some(key_set(&[&new])));
    world.pass(10);
    assert!(world.verifier.verify(&new.sign(&claims(json!({})))).await.is_ok());
    assert_eq!(world.verifier.verify(&token).await, Err(Refusal::Key));
}

#[tokio::test]
async fn another_key_of_the_same_name_does_not_vouch_for_old_tokens() {
    let (world, _, token) = accepted().await;
    let new = SigningKey::elliptic("k1");
    let other = SigningKey::elliptic("k2");
    world.issuer.publish(Some(key_set(&[&new, &other])));
    world.pass(10);
    assert!(world.verifier.verify(&other.sign(&claims(json!({})))).await.is_ok());
    assert_eq!(world.verifier.verify(&token).await, Err(Refusal::Signature));
    assert!(world.verifier.verify(&new.sign(&claims(json!({})))).await.is_ok());
}

#[tokio::test]
async fn a_key_that_was_fetched_again_vouches_again() {
    let (world, key, _) = accepted().await;
    let token = key.sign(&claims(json!({ "exp": NOW + 200_000 })));
    for _ in 0..3 {
        assert!(world.verifier.verify(&token).await.is_ok());
        world.pass(3_600);
    }
    assert_eq!(world.issuer.times_asked(), 3);
    // An issuer that is down is believed for a day after its last answer, and no longer.
    world.issuer.publish(None);
    world.pass(22 * 3_600 - 1);
    assert!(world.verifier.verify(&token).await.is_ok());
    world.pass(3_601);
    assert_eq!(world.verifier.verify(&token).await, Err(Refusal::IssuerUnavailable));
}

#[tokio::test]
async fn only_so_many_tokens_are_remembered_and_those_in_use_longest() {
    let (world, key, token) = accepted().await;
    let digest = super::super::verified::TokenDigest::of(&token);
    for n in 0..3 * GENERATION_TOKENS {
        let other = key.sign(&claims(json!({ "sub": format!("customer-{n}") })));
        assert!(world.verifier.verify(&other).await.is_ok());
        assert!(world.verifier.verified.len() <= 2 * GENERATION_TOKENS);
        if n % 500 == 0 {
            assert!(world.verifier.verified.find(&digest).is_some(), "after {n} others");
        }
    }
    assert!(world.verifier.verified.len() > GENERATION_TOKENS);
    for n in 0..2 * GENERATION_TOKENS {
        let other = key.sign(&claims(json!({ "sub": format!("client-{n}") })));
        assert!(world.verifier.verify(&other).await.is_ok());
    }
    assert!(world.verifier.verified.find(&digest).is_none(), "what nobody uses is forgotten");
    assert!(world.verifier.verify(&token).await.is_ok());
}
