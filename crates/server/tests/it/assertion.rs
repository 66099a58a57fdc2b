//! `private_key_jwt` (RFC 7523, RFC 10070): a client proves itself with a signature, once, for us alone.

use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, SigningKey, jwt};
use symbolon_oauth::AuthMethod;

use crate::support::{Answer, ISSUER, NOW, World};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const TYP: &str = "client-authentication+jwt";

/// The client `machine`, with a key instead of a secret.
struct Keyed {
    world: World,
    key: SigningKey,
}

impl Keyed {
    async fn new() -> Self {
        let world = World::new().await;
        let key = enrol(&world, "machine").await;
        Self { world, key }
    }

    fn claims(jti: &str) -> Value {
        json!({ "iss": "machine", "sub": "machine", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": jti })
    }

    async fn send(&self, assertion: &str) -> Answer {
        let fields =
            [("grant_type", "client_credentials"), ("client_assertion_type", TYPE), ("client_assertion", assertion)];
        self.world.post_with("", "/oauth/token", &fields).await
    }

    async fn try_claims(&self, jti: &str, member: &str, value: Value) -> Answer {
        let mut claims = Self::claims(jti);
        claims[member] = value;
        if claims[member].is_null() {
            claims.as_object_mut().unwrap().remove(member);
        }
        self.send(&jwt::sign(&self.key, TYP, &claims).unwrap()).await
    }
}

/// Gives a client a key and takes its secret.
async fn enrol(world: &World, client: &str) -> SigningKey {
    enrol_with(world, client, Algorithm::ES256).await
}

async fn enrol_with(world: &World, client: &str, algorithm: Algorithm) -> SigningKey {
    let jwk = Jwk::generate(algorithm).unwrap();
    let public = json!({ "keys": [jwk.public_value().unwrap()] });
    world
        .change_client(client, |client| {
            client.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
            client.secrets = Vec::new();
            client.jwks = Some(public);
        })
        .await;
    SigningKey::from_jwk(&jwk, algorithm).unwrap()
}

#[tokio::test]
async fn an_assertion_for_the_issuer_is_proof_enough() {
    let keyed = Keyed::new().await;
    for (jti, typ) in [("a", TYP), ("b", "JWT"), ("c", "application/client-authentication+jwt")] {
        let answer = keyed.send(&jwt::sign(&keyed.key, typ, &Keyed::claims(jti)).unwrap()).await;
        assert_eq!(answer.status, 200, "{typ}: {}", answer.body);
    }
}

#[tokio::test]
async fn an_assertion_may_be_signed_with_any_algorithm_that_discovery_lists() {
    let world = World::new().await;
    for (algorithm, jti) in [(Algorithm::Ed25519, "e"), (Algorithm::MlDsa44, "m4"), (Algorithm::MlDsa87, "m8")] {
        let key = enrol_with(&world, "machine", algorithm).await;
        let assertion = jwt::sign(&key, TYP, &Keyed::claims(jti)).unwrap();
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", TYPE),
            ("client_assertion", assertion.as_str()),
        ];
        let answer = world.post_with("", "/oauth/token", &fields).await;
        assert_eq!(answer.status, 200, "{algorithm}: {}", answer.body);
        let discovery = world.browser().get("/.well-known/openid-configuration").await.json();
        let listed = discovery["token_endpoint_auth_signing_alg_values_supported"].as_array().unwrap().clone();
        assert!(listed.contains(&json!(algorithm.name())), "{algorithm}");
    }
}

/// A client that could only be encrypted to could never prove itself.
#[tokio::test]
async fn a_key_for_encryption_alone_is_no_key_to_register() {
    let world = World::new().await;
    let jwk = Jwk::generate(symbolon_jose::KeyManagement::EcdhEsA256Kw).unwrap();
    let keys = json!({ "keys": [jwk.public_value().unwrap()] });
    let mut client = (**world.running.app.registry().client("machine").unwrap()).clone();
    client.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
    client.jwks = Some(keys);
    client.secrets = Vec::new();
    assert!(client.validate().is_err());
}

/// Security 35, CVE-2020-15222.
#[tokio::test]
async fn an_assertion_counts_once_even_in_parallel() {
    let keyed = Keyed::new().await;
    let assertion = jwt::sign(&keyed.key, TYP, &Keyed::claims("once")).unwrap();
    let answers = crate::support::protocol::futures(8, || keyed.send(&assertion)).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
    keyed.send(&assertion).await.is_error(401, "invalid_client");
    // The same jti in another assertion is the same jti.
    keyed.try_claims("once", "exp", json!(NOW + 50)).await.is_error(401, "invalid_client");
    keyed.world.advance(59);
    keyed.send(&assertion).await.is_error(401, "invalid_client");
}

/// RFC 10070, CVE-2025-27370.
#[tokio::test]
async fn the_issuer_is_the_only_audience() {
    let keyed = Keyed::new().await;
    let endpoint = format!("{ISSUER}/oauth/token");
    for (at, audience) in [
        json!(endpoint),
        json!([ISSUER]),
        json!([ISSUER, "https://other.example"]),
        json!(format!("{ISSUER}/")),
        json!("https://other.example"),
        json!(""),
        json!([]),
        Value::Null,
        json!(5),
    ]
    .into_iter()
    .enumerate()
    {
        keyed.try_claims(&format!("aud-{at}"), "aud", audience).await.is_error(401, "invalid_client");
    }
    // Clients older than that rule do not name their kind, and name the endpoint; each has a switch for it.
    keyed.world.change_client("machine", |client| client.legacy_assertion_audience = true).await;
    for (at, (audience, status)) in [
        (json!(endpoint), 200),
        (json!([endpoint]), 200),
        (json!([ISSUER, endpoint]), 401),
        (json!([endpoint, "https://other.example"]), 401),
    ]
    .into_iter()
    .enumerate()
    {
        let mut claims = Keyed::claims(&format!("old-{at}"));
        claims["aud"] = audience;
        claims["exp"] = json!(NOW + 3_600);
        let answer = keyed.send(&jwt::sign(&keyed.key, "JWT", &claims).unwrap()).await;
        assert_eq!(answer.status, status, "{claims}: {}", answer.body);
    }
}

#[tokio::test]
async fn an_assertion_that_is_expired_endless_or_somebody_elses_is_refused() {
    let keyed = Keyed::new().await;
    for (at, (member, value)) in [
        ("exp", json!(NOW - 16)),
        ("exp", json!(NOW + 86_400)),
        ("exp", Value::Null),
        ("exp", json!("soon")),
        ("nbf", json!(NOW + 60)),
        ("iss", json!("web")),
        ("iss", Value::Null),
        ("jti", Value::Null),
        ("jti", json!("")),
        ("jti", json!(7)),
        ("jti", json!("x".repeat(300))),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = keyed.try_claims(&format!("bad-{at}"), member, value).await;
        answer.is_error(401, "invalid_client");
    }
}

#[tokio::test]
async fn another_key_another_client_and_another_kind_of_token_prove_nothing() {
    let keyed = Keyed::new().await;
    let others = enrol(&keyed.world, "other").await;
    let forged = jwt::sign(&others, TYP, &Keyed::claims("forged")).unwrap();
    keyed.send(&forged).await.is_error(401, "invalid_client");
    for typ in ["at+jwt", "dpop+jwt", "logout+jwt", "secevent+jwt"] {
        let wrong = jwt::sign(&keyed.key, typ, &Keyed::claims(typ)).unwrap();
        keyed.send(&wrong).await.is_error(401, "invalid_client");
    }
    let good = jwt::sign(&keyed.key, TYP, &Keyed::claims("good")).unwrap();
    let mut parts = good.split('.');
    let (_, claims) = (parts.next(), parts.next().unwrap());
    let unsigned = format!("eyJhbGciOiJub25lIn0.{claims}.");
    for garbage in ["", "x", "a.b.c", &unsigned, &good[..good.len() - 2], &"x.".repeat(9_000)] {
        let answer = keyed.send(garbage).await;
        assert!(matches!(answer.status.as_u16(), 400 | 401), "{answer:?}");
    }
    // A client with a key has no secret, and one with a secret no key.
    let world = &keyed.world;
    let grant = ("grant_type", "client_credentials");
    let by_secret = world.token("machine", &[grant]).await;
    by_secret.is_error(401, "invalid_client");
    let web = json!({ "iss": "web", "sub": "web", "aud": ISSUER, "exp": NOW + 60, "jti": "w" });
    keyed.send(&jwt::sign(&keyed.key, TYP, &web).unwrap()).await.is_error(401, "invalid_client");
    let fields = [grant, ("client_assertion_type", "urn:other"), ("client_assertion", good.as_str())];
    world.post_with("", "/oauth/token", &fields).await.is_error(401, "invalid_client");
    let fields = [grant, ("client_assertion_type", TYPE), ("client_assertion", &good), ("client_id", "other")];
    world.post_with("", "/oauth/token", &fields).await.is_error(400, "invalid_request");
    assert_eq!(keyed.send(&good).await.status, 200, "none of it used the assertion up");
}
