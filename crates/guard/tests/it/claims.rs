//! Which tokens count: every claim that is wrong, missing or of the wrong type, and every other kind of token.

use std::time::Duration;

use axum::{Router, routing::get};
use serde_json::{Value, json};
use symbolon_guard::{
    Algorithm, Caller, Guard, Jwk, JwkSet, Keys,
    testing::{AUDIENCE, TestIssuer, TestToken},
};
use symbolon_jose::{SigningKey, base64url, jws};

use super::{app, bearer, offline, send};

async fn status(guard: &Guard, token: &TestToken) -> u16 {
    send(&app(guard), bearer("/me", &token.sign())).await.status.as_u16()
}

#[tokio::test]
async fn each_needed_claim_missing_is_refused() {
    let issuer = TestIssuer::offline();
    for guard in [issuer.guard(AUDIENCE), issuer.guard(AUDIENCE).accept_plain_jwt()] {
        for claim in ["iss", "sub", "aud", "exp"] {
            assert_eq!(status(&guard, &issuer.token().without(claim)).await, 401, "{claim}");
        }
        for claim in ["iat", "jti", "client_id", "scope"] {
            assert_eq!(status(&guard, &issuer.token().without(claim)).await, 200, "{claim}");
        }
    }
}

#[tokio::test]
async fn look_alike_claims_do_not_count() {
    let issuer = TestIssuer::offline();
    let guard = issuer.guard(AUDIENCE);
    for (claim, look_alike) in [("exp", "EXP"), ("exp", "ехр"), ("aud", "Aud"), ("iss", "ISS"), ("sub", "sub ")] {
        let good = match claim {
            "exp" => json!(u32::MAX),
            "aud" => json!(AUDIENCE),
            "iss" => json!(issuer.issuer()),
            _ => json!("u1"),
        };
        assert_eq!(status(&guard, &issuer.token().without(claim).claim(look_alike, good)).await, 401, "{look_alike}");
    }
}

#[tokio::test]
async fn wrong_values_and_types_are_refused() {
    let issuer = TestIssuer::offline();
    let guard = issuer.guard(AUDIENCE);
    let wrong: &[(&str, Value)] = &[
        ("iss", json!("https://issuer.example.com/")),
        ("iss", json!("https://issuer.example.co")),
        ("iss", json!([issuer.issuer()])),
        ("aud", json!("https://api.example.com/")),
        ("aud", json!("https://api.example.comm")),
        ("aud", json!([])),
        ("aud", json!([["https://api.example.com"]])),
        ("aud", json!({ "https://api.example.com": true })),
        ("aud", json!(null)),
        ("exp", json!("9999999999")),
        ("exp", json!(-1)),
        ("exp", json!(null)),
        ("exp", json!(0)),
        ("nbf", json!("0")),
        ("nbf", json!(u32::MAX)),
        ("iat", json!(u32::MAX)),
        ("sub", json!(7)),
        ("scope", json!(["read:dragons"])),
        ("roles", json!("admin")),
    ];
    for (claim, value) in wrong {
        assert_eq!(status(&guard, &issuer.token().claim(claim, value.clone())).await, 401, "{claim}: {value}");
    }
    let several = json!(["https://other.example.com", AUDIENCE]);
    assert_eq!(status(&guard, &issuer.token().claim("aud", several)).await, 200);
}

#[tokio::test]
async fn leeway_is_thirty_seconds_and_changes_nothing_else() {
    let issuer = TestIssuer::offline();
    let expired = |secs| issuer.token().expired(Duration::from_secs(secs));
    let guard = issuer.guard(AUDIENCE);
    assert_eq!((status(&guard, &expired(20)).await, status(&guard, &expired(40)).await), (200, 401));
    let strict = issuer.guard(AUDIENCE).leeway(Duration::ZERO);
    assert_eq!(status(&strict, &expired(2)).await, 401);
    // 300 s at most, whatever is asked for.
    let lax = issuer.guard(AUDIENCE).leeway(Duration::from_hours(24));
    assert_eq!((status(&lax, &expired(290)).await, status(&lax, &expired(310)).await), (200, 401));
    assert_eq!(status(&lax, &issuer.token().audience("x")).await, 401);
    assert_eq!(status(&lax, &issuer.token().without("exp")).await, 401);
    assert_eq!(status(&lax, &issuer.token().typ("JWT")).await, 401);
}

#[tokio::test]
async fn only_access_tokens_are_access_tokens() {
    let issuer = TestIssuer::offline();
    let guard = issuer.guard(AUDIENCE);
    let types =
        ["JWT", "", "logout+jwt", "dpop+jwt", "client-authentication+jwt", "secevent+jwt", "at+jwt2", "xat+jwt"];
    for typ in types {
        assert_eq!(status(&guard, &issuer.token().typ(typ)).await, 401, "{typ}");
    }
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        assert_eq!(status(&guard, &issuer.token().typ(typ)).await, 200, "{typ}");
    }
    let relaxed = issuer.guard(AUDIENCE).accept_plain_jwt();
    assert_eq!(status(&relaxed, &issuer.token().typ("JWT")).await, 200);
    assert_eq!(status(&relaxed, &issuer.token()).await, 200);
    for typ in ["logout+jwt", "dpop+jwt", "client-authentication+jwt"] {
        assert_eq!(status(&relaxed, &issuer.token().typ(typ)).await, 401, "{typ}");
    }
}

#[tokio::test]
async fn an_id_token_is_not_an_access_token() {
    let issuer = TestIssuer::offline();
    let id_token = issuer.token().typ("JWT").audience("dragons-spa").claim("nonce", "n");
    assert_eq!(status(&issuer.guard(AUDIENCE), &id_token).await, 401);
    assert_eq!(status(&issuer.guard(AUDIENCE).accept_plain_jwt(), &id_token).await, 401);
    // Of a client that is called what the API is called.
    for name in ["at_hash", "c_hash", "s_hash"] {
        let relaxed = issuer.guard(AUDIENCE).accept_plain_jwt();
        for (typ, wanted) in [("JWT", 401), ("at+jwt", 200)] {
            let token = issuer.token().typ(typ).claim(name, "x");
            assert_eq!(status(&relaxed, &token).await, wanted, "{name} {typ}");
        }
    }
    // By a `nonce` alone, which Keycloak before 25 writes into access tokens, too, where it does not say what it is for.
    let relaxed = issuer.guard(AUDIENCE).accept_plain_jwt();
    let with =
        |name: &str, value: &str| issuer.token().typ("JWT").claim("scope", "").claim("nonce", "n").claim(name, value);
    assert_eq!(status(&relaxed, &with("sid", "s")).await, 401);
    for (name, value) in [("scope", "email"), ("scp", "email"), ("typ", "Bearer")] {
        assert_eq!(status(&relaxed, &with(name, value)).await, 200, "{name}");
    }
}

#[tokio::test]
async fn a_token_bound_to_a_key_is_refused_as_a_plain_one() {
    let issuer = TestIssuer::offline();
    let bound = issuer.token().claim("cnf", json!({ "jkt": "x" }));
    assert_eq!(status(&issuer.guard(AUDIENCE), &bound).await, 401);
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let (issuer, app) = offline();
    let good = issuer.token().sign();
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three segments") };
    let none = base64url::encode(br#"{"alg":"none","typ":"at+jwt"}"#);
    let forged = [
        format!("{none}.{payload}."),
        format!("{none}.{payload}.{signature}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{signature}."),
        format!("{header}..{payload}.{signature}.x"),
        format!("{header}.{}.{signature}", base64url::encode(br#"{"sub":"admin"}"#)),
        // Another key under the same name.
        TestIssuer::offline().token().sign(),
    ];
    for token in forged {
        assert_eq!(send(&app, bearer("/me", &token)).await.status, 401, "{token}");
    }
    // Any one character changed.
    for at in (0..good.len()).step_by(7) {
        let mut changed = good.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(send(&app, bearer("/me", &changed)).await.status, 401, "at {at}");
    }
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let issuer = TestIssuer::offline();
    let public = issuer.key_set().to_value()["keys"][0].to_string();
    let secret = Jwk::oct(public.as_bytes(), Algorithm::HS256).unwrap();
    let kid = issuer.key_set().keys()[0].kid().unwrap().to_owned();
    let key = SigningKey::from_jwk(&secret.with_kid(kid), Algorithm::HS256).unwrap();
    let token = issuer.token().key(&key);
    assert_eq!(status(&issuer.guard(AUDIENCE), &token).await, 401);
    assert_eq!(status(&issuer.guard(AUDIENCE).algorithms([Algorithm::HS256, Algorithm::ES256]), &token).await, 401);
}

#[tokio::test]
async fn a_shared_secret_works_where_it_is_the_key() {
    let issuer = TestIssuer::offline();
    let secret = [7; 32];
    let key = SigningKey::from_jwk(&Jwk::oct(&secret, Algorithm::HS256).unwrap(), Algorithm::HS256).unwrap();
    let guard = issuer.guard(AUDIENCE).keys(Keys::shared_secret(&secret, Algorithm::HS256).unwrap());
    assert_eq!(status(&guard, &issuer.token().key(&key)).await, 200);
    assert_eq!(status(&guard, &issuer.token()).await, 401);
    assert!(Keys::shared_secret(&[7; 31], Algorithm::HS256).is_err());
}

#[tokio::test]
async fn algorithms_that_are_not_chosen_are_refused() {
    let issuer = TestIssuer::offline();
    assert_eq!(status(&issuer.guard(AUDIENCE).algorithms([Algorithm::RS256]), &issuer.token()).await, 401);
    assert_eq!(status(&issuer.guard(AUDIENCE).algorithms([]), &issuer.token()).await, 401);
}

#[tokio::test]
async fn every_default_algorithm_works() {
    // Making an RSA key is slow, and the six of them differ by nothing that the guard does.
    let is_other_rsa = |it: &Algorithm| matches!(&it.name()[..2], "RS" | "PS") && *it != Algorithm::RS256;
    for &algorithm in Algorithm::ASYMMETRIC.iter().filter(|it| !is_other_rsa(it)) {
        let jwk = Jwk::generate(algorithm).unwrap();
        let key = SigningKey::from_jwk(&jwk, algorithm).unwrap();
        let issuer = TestIssuer::offline();
        let guard = issuer.guard(AUDIENCE).keys(Keys::fixed(JwkSet::from_iter([jwk])));
        assert_eq!(status(&guard, &issuer.token().key(&key)).await, 200, "{algorithm}");
    }
}

#[tokio::test]
async fn duplicate_claims_are_refused() {
    let issuer = TestIssuer::offline();
    let jwk = Jwk::generate(Algorithm::ES256).unwrap();
    let key = SigningKey::from_jwk(&jwk, Algorithm::ES256).unwrap();
    let guard = issuer.guard(AUDIENCE).keys(Keys::fixed(JwkSet::from_iter([jwk])));
    let once = json!({ "iss": issuer.issuer(), "sub": "u1", "aud": AUDIENCE, "exp": u32::MAX }).to_string();
    for twice in ["\"sub\":\"admin\"", "\"exp\":1", "\"x\":1,\"x\":2", "\"x\":{\"y\":1,\"y\":2}"] {
        let payload = once.replace('}', &format!(",{twice}}}"));
        let token = jws::compact::sign(&key, Some("at+jwt"), payload.as_bytes()).unwrap();
        assert!(guard.verify(&token).await.is_err(), "{payload}");
    }
    let token = jws::compact::sign(&key, Some("at+jwt"), once.as_bytes()).unwrap();
    assert!(guard.verify(&token).await.is_ok());
}

#[tokio::test]
async fn handlers_read_their_own_claims() {
    #[derive(Clone, serde::Deserialize)]
    struct Mine {
        tenant: String,
    }
    async fn tenant(caller: Caller<Mine>) -> String {
        format!("{} of {}", caller.sub, caller.custom.tenant)
    }
    let issuer = TestIssuer::offline();
    let app = Router::new().route("/me", get(tenant)).layer(issuer.guard(AUDIENCE).layer());
    let with = issuer.token().claim("tenant", "north").sign();
    assert_eq!(send(&app, bearer("/me", &with)).await.body, "u1 of north");
    let wrong = send(&app, bearer("/me", &issuer.token().claim("tenant", 7).sign())).await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.challenge.unwrap().contains("invalid_token"));
}
