//! Request objects (RFC 9101, OpenID Connect Core §6): what the client has signed is what is asked, by value or by reference.

use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, SigningKey, base64url, jwt, sha256};
use symbolon_oauth::registration::RequestObjectAlg;

use crate::support::flow::authorize_url;
use crate::support::protocol::claims;
use crate::support::receiver::Receiver;
use crate::support::requests::{TYP, object, object_claims, object_url, reference_url};
use crate::support::{Answer, Browser, CALLBACK, ISSUER, NOW, PASSWORD, World};

const ADA: &str = "ada@example.com";
const MEDIA: &str = "application/oauth-authz-req+jwt";

async fn signed_in(world: &World) -> Browser {
    let mut browser = world.browser();
    browser.code("other", ADA, &[]).await;
    browser
}

/// It is said on a page, with the standard's code.
#[track_caller]
fn is_page_with(answer: &Answer, code: &str) {
    answer.is_page(400);
    assert!(answer.body.contains(code), "{}", answer.body);
}

/// A world in which loopback may be called.
async fn outgoing() -> World {
    World::with(|config| config.outgoing.allow = vec!["127.0.0.0/8".parse().unwrap()]).await
}

fn unsigned(claims: &Value) -> String {
    format!("{}.{}.", base64url::encode(br#"{"alg":"none"}"#), base64url::encode(claims.to_string().as_bytes()))
}

/// RFC 9101 §6.3: "MUST only use the parameters in the Request Object".
#[tokio::test]
async fn what_is_signed_is_what_is_asked_and_nothing_beside_it_rfc_9101_6_3() {
    let world = World::new().await;
    let key = world.signs_requests("web").await;
    let text = object(&key, "web", &[("scope", "openid"), ("nonce", "signed")]);
    let beside = [
        ("redirect_uri", "https://evil.example/"),
        ("state", "evil"),
        ("scope", "openid email"),
        ("nonce", "evil"),
        ("prompt", "none"),
        ("max_age", "0"),
        ("response_mode", "fragment"),
        ("audience", "https://nobody.example"),
    ];
    let mut browser = world.browser();
    let page = browser.get(&object_url("web", &text, &beside)).await;
    page.is_page(200);
    // The object was opened on arrival: what travels is what it said.
    let wrong = browser.sign_in(&page, ADA, "wrong horse battery").await;
    let answer = browser.sign_in(&wrong, ADA, PASSWORD).await;
    assert!(answer.location().starts_with(&format!("{CALLBACK}?code=")), "{answer:?}");
    assert_eq!(answer.param("state").as_deref(), Some("st/ate +1"));
    let tokens = world.redeem("web", &answer.param("code").unwrap()).await.json();
    assert_eq!((&tokens["scope"], &claims(&tokens["id_token"])["nonce"]), (&json!("openid"), &json!("signed")));
}

#[tokio::test]
async fn a_signed_request_goes_through_sign_in_and_consent() {
    let world = World::new().await;
    let key = world.signs_requests("partner").await;
    world.change_client("partner", |client| client.requests.require_signed_request_object = true).await;
    let mut browser = world.browser();
    let page = browser.get(&object_url("partner", &object(&key, "partner", &[]), &[])).await;
    let consent = browser.sign_in(&page, ADA, PASSWORD).await;
    let (interaction, csrf) = (consent.field("interaction"), consent.field("csrf"));
    let allow = [("interaction", &*interaction), ("csrf", &csrf), ("decision", "allow")];
    let answer = browser.post("/consent", &allow).await;
    assert_eq!(world.redeem("partner", &answer.param("code").unwrap()).await.status, 200);
}

/// RFC 9101 §10.5.
#[tokio::test]
async fn a_client_that_must_sign_is_refused_without_rfc_9101_10_5() {
    let world = World::new().await;
    world.signs_requests("web").await;
    world.change_client("web", |client| client.requests.require_signed_request_object = true).await;
    let mut browser = signed_in(&world).await;
    browser.get(&authorize_url("web", &[])).await.is_redirected_error("invalid_request");
    let unsigned = object_url("web", &unsigned(&object_claims("web", &[])), &[]);
    is_page_with(&browser.get(&unsigned).await, "invalid_request_object");
}

/// RFC 9101 §6.2, §6.3, §10.8; the error goes to the client where what came beside the object proves where that is.
#[tokio::test]
async fn an_object_that_is_not_the_clients_for_this_server_now_is_refused_rfc_9101_6() {
    let world = World::new().await;
    let key = world.signs_requests("web").await;
    let foreign = world.signs_requests("other").await;
    let signed = |typ: &str, member: &str, value: Value| {
        let mut claims = object_claims("web", &[]);
        claims[member] = value;
        jwt::sign(&key, typ, &claims).unwrap()
    };
    let good = object(&key, "web", &[]);
    let mut changed = good.clone();
    changed.replace_range(80..81, if &good[80..81] == "A" { "B" } else { "A" });
    let mut browser = signed_in(&world).await;
    for (what, text) in [
        ("another client's key", object(&foreign, "web", &[])),
        ("another client's object", object(&foreign, "other", &[])),
        ("changed", changed),
        ("no signature", good.rsplit_once('.').unwrap().0.to_owned() + "."),
        ("no JWT", "nonsense".to_owned()),
        ("encrypted", "a.b.c.d.e".to_owned()),
        ("typ", signed("at+jwt", "iss", json!("web"))),
        ("client assertion", signed("client-authentication+jwt", "iss", json!("web"))),
        ("iss", signed(TYP, "iss", json!("other"))),
        ("aud", signed(TYP, "aud", json!("https://evil.example"))),
        ("aud with a slash", signed(TYP, "aud", json!(format!("{ISSUER}/")))),
        ("expired", signed(TYP, "exp", json!(NOW - 60))),
        ("too early", signed(TYP, "nbf", json!(NOW + 60))),
        ("client_id", signed(TYP, "client_id", json!("other"))),
        ("no client_id", signed(TYP, "client_id", Value::Null)),
        ("a request inside", signed(TYP, "request", json!(good))),
        ("a request_uri inside", signed(TYP, "request_uri", json!("https://evil.example/"))),
        ("a sub", signed(TYP, "sub", json!("web"))),
    ] {
        let beside = [("redirect_uri", CALLBACK), ("state", "st/ate +1"), ("response_type", "code")];
        let answer = browser.get(&object_url("web", &text, &beside)).await;
        assert_eq!(answer.param("error").as_deref(), Some("invalid_request_object"), "{what}: {answer:?}");
        answer.is_redirected_error("invalid_request_object");
        // Beside it nothing proves where the client is.
        is_page_with(&browser.get(&object_url("web", &text, &[])).await, "invalid_request_object");
        let evil = browser.get(&object_url("web", &text, &[("redirect_uri", "https://evil.example/")])).await;
        is_page_with(&evil, "invalid_request_object");
    }
    let other_type = [("redirect_uri", CALLBACK), ("state", "st/ate +1"), ("response_type", "token")];
    browser.get(&object_url("web", &good, &other_type)).await.is_redirected_error("invalid_request_object");
    let answer = browser.get(&object_url("web", &good, &[])).await;
    assert!(answer.param("code").is_some(), "{answer:?}");
}

/// What is inside is checked as it would be in a query, and told as it would be.
#[tokio::test]
async fn what_is_inside_is_checked_as_any_request() {
    let world = World::new().await;
    let key = world.signs_requests("web").await;
    let mut browser = signed_in(&world).await;
    for (name, value, code) in [
        ("response_type", "none of these", "unsupported_response_type"),
        ("code_challenge", "", "invalid_request"),
        ("prompt", "none login", "invalid_request"),
        ("scope", "a\"b", "invalid_scope"),
        ("audience", "https://nobody.example", "invalid_target"),
        ("registration", "{}", "registration_not_supported"),
    ] {
        browser.get(&object_url("web", &object(&key, "web", &[(name, value)]), &[])).await.is_redirected_error(code);
    }
    let evil = object(&key, "web", &[("redirect_uri", "https://evil.example/")]);
    browser.get(&object_url("web", &evil, &[("redirect_uri", CALLBACK)])).await.is_page(400);
    let absent = object(&key, "web", &[("redirect_uri", "")]);
    browser.get(&object_url("web", &absent, &[("redirect_uri", CALLBACK)])).await.is_page(400);
    for twice in ["client_id=web", "request=x"] {
        let url = format!("{}&{twice}", object_url("web", &object(&key, "web", &[]), &[]));
        browser.get(&url).await.is_page(400);
    }
}

/// OpenID Connect Core §6.1; security requirement: `none` is nowhere else.
#[tokio::test]
async fn unsigned_objects_are_for_clients_registered_for_them_core_6_1() {
    let world = World::new().await;
    world
        .change_client("web", |client| {
            client.requests.request_object_signing_alg = Some(RequestObjectAlg::Unsigned);
        })
        .await;
    let mut browser = signed_in(&world).await;
    // What it does not say is taken from beside it.
    let text = unsigned(&json!({ "state": "inside", "prompt": "login", "client_id": "web" }));
    let url = authorize_url("web", &[("request", &text), ("state", "outside")]);
    let page = browser.get(&url).await;
    page.is_page(200);
    let answer = browser.sign_in(&page, ADA, PASSWORD).await;
    assert_eq!(answer.param("state").as_deref(), Some("inside"));
    assert_eq!(world.redeem("web", &answer.param("code").unwrap()).await.status, 200);
    let url = authorize_url("other", &[("request", &unsigned(&json!({ "client_id": "other" })))]);
    browser.get(&url).await.is_redirected_error("invalid_request_object");
}

/// Core Registration §2: "All Request Objects from this Client MUST be rejected, if not signed with this algorithm".
#[tokio::test]
async fn a_registered_algorithm_is_the_only_one_that_counts() {
    let world = World::new().await;
    let (one, other) = (Jwk::generate(Algorithm::ES256).unwrap(), Jwk::generate(Algorithm::Ed25519).unwrap());
    let keys = json!({ "keys": [one.public_value().unwrap(), other.public_value().unwrap()] });
    world.change_client("web", |client| client.jwks = Some(keys)).await;
    let one = SigningKey::from_jwk(&one, Algorithm::ES256).unwrap();
    let other = SigningKey::from_jwk(&other, Algorithm::Ed25519).unwrap();
    let mut browser = signed_in(&world).await;
    for key in [&one, &other] {
        let answer = browser.get(&object_url("web", &object(key, "web", &[]), &[])).await;
        assert!(answer.param("code").is_some(), "{answer:?}");
    }
    world
        .change_client("web", |client| {
            client.requests.request_object_signing_alg = Some(RequestObjectAlg::Signed(Algorithm::ES256));
        })
        .await;
    assert!(browser.get(&object_url("web", &object(&one, "web", &[]), &[])).await.param("code").is_some());
    is_page_with(&browser.get(&object_url("web", &object(&other, "web", &[]), &[])).await, "invalid_request_object");
}

/// What discovery lists is read; those under a secret: `shared_secret.rs`.
#[tokio::test]
async fn every_listed_signature_of_a_request_object_counts() {
    let world = World::new().await;
    let listed = world.metadata()["request_object_signing_alg_values_supported"].clone();
    let listed: Vec<String> = serde_json::from_value(listed).unwrap();
    let mut browser = signed_in(&world).await;
    let known = listed.iter().filter_map(|name| Algorithm::from_name(name)).filter(|alg| !alg.is_symmetric());
    let mut seen = 0;
    for alg in known {
        let jwk = Jwk::generate(alg).unwrap();
        let jwks = json!({ "keys": [jwk.public_value().unwrap()] });
        world.change_client("web", |client| client.jwks = Some(jwks)).await;
        let key = SigningKey::from_jwk(&jwk, alg).unwrap();
        let answer = browser.get(&object_url("web", &object(&key, "web", &[]), &[])).await;
        assert!(answer.param("code").is_some(), "{alg}: {answer:?}");
        seen += 1;
    }
    assert_eq!(seen, Algorithm::ASYMMETRIC.len(), "{listed:?}");
}

#[tokio::test]
async fn a_registered_request_uri_is_fetched_once_and_what_is_there_counts_rfc_9101_5_2() {
    let world = outgoing().await;
    let key = world.signs_requests("web").await;
    let mut receiver = Receiver::new().await;
    let uri = receiver.url("/request.jwt");
    world.change_client("web", |client| client.requests.request_uris = vec![uri.clone()]).await;
    receiver.answer_as(200, MEDIA, &object(&key, "web", &[("scope", "openid")]));
    let mut browser = world.browser();
    let beside = [("state", "evil"), ("redirect_uri", "https://evil.example/"), ("scope", "openid email")];
    let page = browser.get(&reference_url("web", &uri, &beside)).await;
    page.is_page(200);
    let asked = receiver.next().await;
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("GET", "/request.jwt"));
    assert!(asked.headers["accept"].to_str().unwrap().contains(MEDIA));
    assert!(asked.headers.get("cookie").is_none() && asked.headers.get("authorization").is_none());
    // What is there meanwhile does not count any more.
    receiver.answer_as(404, MEDIA, "");
    let answer = browser.sign_in(&page, ADA, PASSWORD).await;
    assert_eq!(answer.param("state").as_deref(), Some("st/ate +1"));
    let tokens = world.redeem("web", &answer.param("code").unwrap()).await.json();
    assert_eq!(tokens["scope"], "openid");
    assert_eq!(receiver.unread(), 0, "fetched once");
}

/// Security 113: server-side request forgery.
#[tokio::test]
async fn nothing_is_fetched_from_where_no_client_registered_security_113() {
    let world = outgoing().await;
    let key = world.signs_requests("web").await;
    let mut receiver = Receiver::new().await;
    receiver.answer_as(200, MEDIA, &object(&key, "web", &[]));
    let uri = receiver.url("/request.jwt");
    let own = receiver.url("/own.jwt");
    world.change_client("other", |client| client.requests.request_uris = vec![uri.clone()]).await;
    world.change_client("web", |client| client.requests.request_uris = vec![own.clone()]).await;
    let mut browser = signed_in(&world).await;
    for near in [
        uri.clone(),
        format!("{own}?x=1"),
        format!("{own}#x"),
        format!("{own}/"),
        format!("{own}@evil.example/"),
        own.to_uppercase(),
        own.replace("127.0.0.1", "localhost"),
        own[..own.len() - 1].to_owned(),
        format!("{uri}?x=1"),
        format!("{uri}#x"),
        uri.to_uppercase(),
        uri.replace("127.0.0.1", "localhost"),
        receiver.url("/"),
        receiver.url("/request.jwt/../request.jwt"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
        "urn:ietf:params:oauth:request_uri".to_owned(),
    ] {
        is_page_with(&browser.get(&reference_url("web", &near, &[])).await, "invalid_request_uri");
    }
    let told = browser.get(&authorize_url("web", &[("request_uri", &uri)])).await;
    told.is_redirected_error("invalid_request_uri");
    // Nor for a client that is nobody or switched off, nor with an object beside it.
    world.change_client("other", |client| client.disabled = true).await;
    for client in ["other", "nobody"] {
        browser.get(&reference_url(client, &uri, &[])).await.is_page(400);
    }
    world.change_client("other", |client| client.disabled = false).await;
    let both = [("request", object(&key, "other", &[]))];
    let both: Vec<(&str, &str)> = both.iter().map(|(name, value)| (*name, value.as_str())).collect();
    is_page_with(&browser.get(&reference_url("other", &uri, &both)).await, "invalid_request");
    assert_eq!(receiver.unread(), 0);
}

/// An address that must not be called is not, registered or not.
#[tokio::test]
async fn a_registered_address_within_is_not_called_unless_the_operator_allows_it_security_113() {
    let world = World::new().await;
    let mut receiver = Receiver::new().await;
    let uri = receiver.url("/request.jwt");
    world.change_client("web", |client| client.requests.request_uris = vec![uri.clone()]).await;
    let answer = world.browser().get(&authorize_url("web", &[("request_uri", &uri)])).await;
    answer.is_redirected_error("invalid_request_uri");
    assert!(!answer.location().contains("127.0.0.1"), "the reason is for the operator: {answer:?}");
    assert_eq!(receiver.unread(), 0);
}

#[tokio::test]
async fn what_is_not_a_request_object_there_is_refused_rfc_9101_5_2_3() {
    let world = outgoing().await;
    let key = world.signs_requests("web").await;
    let receiver = Receiver::new().await;
    let uri = receiver.url("/request.jwt");
    world.change_client("web", |client| client.requests.request_uris = vec![uri.clone()]).await;
    let good = object(&key, "web", &[]);
    for (status, media, body, code) in [
        (404, MEDIA, good.as_str(), "invalid_request_uri"),
        (302, MEDIA, &good, "invalid_request_uri"),
        (200, "text/html", &good, "invalid_request_uri"),
        (200, MEDIA, &"x".repeat(70_000), "invalid_request_uri"),
        (200, MEDIA, "<html>", "invalid_request_object"),
        (200, MEDIA, "", "invalid_request_object"),
    ] {
        receiver.answer_as(status, media, body);
        let answer = world.browser().get(&authorize_url("web", &[("request_uri", &uri)])).await;
        answer.is_redirected_error(code);
    }
    receiver.answer_as(200, "application/jwt", &good);
    assert_eq!(world.browser().get(&reference_url("web", &uri, &[])).await.status, 200);
}

/// Core §6.2: the fragment is the hash of what must be there.
#[tokio::test]
async fn a_fragment_binds_what_is_there_core_6_2() {
    let world = outgoing().await;
    let key = world.signs_requests("web").await;
    let mut receiver = Receiver::new().await;
    let good = object(&key, "web", &[]);
    let uri = format!("{}#{}", receiver.url("/request.jwt"), base64url::encode(&sha256(good.as_bytes())));
    world.change_client("web", |client| client.requests.request_uris = vec![uri.clone()]).await;
    receiver.answer_as(200, MEDIA, &good);
    assert_eq!(world.browser().get(&reference_url("web", &uri, &[])).await.status, 200);
    assert_eq!(receiver.next().await.path, "/request.jwt");
    receiver.answer_as(200, MEDIA, &object(&key, "web", &[("scope", "openid")]));
    is_page_with(&world.browser().get(&reference_url("web", &uri, &[])).await, "invalid_request_uri");
}

/// Specs rule 11: failures count, so nobody has this server knock at a client's door for ever.
#[tokio::test]
async fn fetches_that_fail_again_and_again_wait() {
    let world = outgoing().await;
    let mut receiver = Receiver::new().await;
    let uri = receiver.url("/request.jwt");
    world.change_client("web", |client| client.requests.request_uris = vec![uri.clone()]).await;
    receiver.answer(404, "");
    let url = reference_url("web", &uri, &[]);
    let mut browser = world.browser();
    for _ in 0..50 {
        is_page_with(&browser.get(&url).await, "invalid_request_uri");
    }
    assert_eq!(receiver.unread(), 50);
    let waits = browser.get(&url).await;
    assert_eq!(waits.status, 503, "{waits:?}");
    // RFC 6749 §4.1.2.1: what is our fault is told there, too, where client and redirect URI are proven without what could not be read.
    let beside = [("redirect_uri", CALLBACK), ("response_type", "code"), ("state", "st/ate +1"), ("prompt", "none")];
    browser.get(&reference_url("web", &uri, &beside)).await.is_redirected_error("temporarily_unavailable");
    assert_eq!(receiver.unread(), 0);
}
