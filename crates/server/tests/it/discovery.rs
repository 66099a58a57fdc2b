//! Discovery and the key set: what is listed works, and nothing else is listed.

use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE};
use serde_json::{Value, json};
use symbolon_jose::Algorithm;
use symbolon_server::admin::{Command, Haste, KeyCommand};
use symbolon_server::registry;
use symbolon_store::{DocumentWrite, Expect};

use crate::support::client::form;
use crate::support::device;
use crate::support::flow::authorize_url;
use crate::support::protocol::header;
use crate::support::{ISSUER, OTHER_API, World};

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const JWKS: &str = "/.well-known/jwks.json";

fn names(document: &Value, member: &str) -> Vec<String> {
    let values = document[member].as_array().unwrap_or_else(|| panic!("no {member}"));
    values.iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}

async fn kids(world: &World) -> Vec<String> {
    let keys = world.browser().get(JWKS).await.json();
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn both_documents_say_the_same_and_name_the_issuer_exactly() {
    let world = World::new().await;
    let (openid, oauth) = (world.browser().get(OPENID).await, world.browser().get(OAUTH).await);
    assert_eq!(openid.status, 200);
    assert_eq!(openid.body, oauth.body);
    assert_eq!(openid.json()["issuer"], ISSUER);
    for answer in [openid, oauth, world.browser().get(JWKS).await] {
        assert!(answer.header("content-type").starts_with("application/j"), "{answer:?}");
        assert_eq!(answer.header("cache-control"), "public, max-age=300");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.headers.get("set-cookie").is_none());
    }
}

#[tokio::test]
async fn the_issuer_never_depends_on_the_host_header_security_111() {
    let world = World::new().await;
    let headers = [(http::HeaderName::from_static("x-forwarded-host"), "evil.example"), (ACCEPT, "*/*")];
    let answer = world.send(Method::GET, OPENID, &headers, None).await;
    assert!(!answer.body.contains("evil"), "{}", answer.body);
    assert_eq!(answer.json()["issuer"], ISSUER);
}

#[tokio::test]
async fn every_listed_endpoint_answers() {
    let world = World::new().await;
    let document = world.browser().get(OPENID).await.json();
    let mut seen = 0;
    for (member, value) in document.as_object().unwrap() {
        if !member.ends_with("_endpoint") && member != "jwks_uri" {
            continue;
        }
        let url = value.as_str().unwrap();
        assert!(url.starts_with(&format!("{ISSUER}/")), "{member}: {url}");
        // A stream would not end; its head is as good an answer.
        let method = if member.contains("stream") { Method::HEAD } else { Method::GET };
        let got = world.browser().send(method, url, &[], None).await;
        let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded")];
        let posted = world.send(Method::POST, url.strip_prefix(ISSUER).unwrap(), &headers, Some(String::new())).await;
        for answer in [&got, &posted] {
            assert!(answer.status != 404 && answer.status.as_u16() < 500, "{member}: {answer:?}");
        }
        assert!(got.status != 405 || posted.status != 405, "{member} takes neither GET nor POST");
        seen += 1;
    }
    assert_eq!(seen, 13);
}

#[tokio::test]
async fn every_listed_grant_works_and_no_other_security_32() {
    let world = World::new().await;
    let document = world.browser().get(OPENID).await.json();
    let grants = names(&document, "grant_types_supported");
    for grant in &grants {
        let answer = world.token("web", &[("grant_type", grant)]).await;
        // It names what the authorization endpoint hands out (RFC 7591 §2.1), and the token endpoint knows nothing of it.
        let is_known = answer.json()["error"] != "unsupported_grant_type";
        assert_eq!(is_known, grant != symbolon_oauth::grant::IMPLICIT, "{grant}: {}", answer.body);
    }
    for grant in
        [symbolon_oauth::grant::IMPLICIT, "authorization_code", "refresh_token", "client_credentials", device::GRANT]
    {
        assert!(grants.iter().any(|listed| listed == grant), "{grant}");
    }
    // That of apps that were made for another server is listed once a client may use it: `existing_apps.rs`.
    let known = symbolon_oauth::Grant::ALL.iter().filter(|grant| **grant != symbolon_oauth::Grant::PasswordRealm);
    for grant in known.map(|grant| grant.name()) {
        assert!(grants.iter().any(|listed| listed == grant), "{grant} works and is not listed");
    }
    for grant in ["password", "device_code", "Refresh_Token"] {
        assert!(!grants.iter().any(|listed| listed == grant));
        world.token("web", &[("grant_type", grant)]).await.is_error(400, "unsupported_grant_type");
    }
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    let algs = names(&document, "dpop_signing_alg_values_supported");
    assert_eq!(algs, symbolon_oauth::dpop::ALGS.iter().map(|alg| alg.name()).collect::<Vec<_>>());
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    assert_eq!(document["claims_parameter_supported"], true);
}

#[tokio::test]
async fn every_listed_response_type_brings_what_it_names() {
    let world = World::of_answers().await;
    let document = world.browser().get(OPENID).await.json();
    let types = names(&document, "response_types_supported");
    assert_eq!(types.len(), 8);
    let mut browser = world.browser();
    for name in types {
        let answer = world.authorized(&mut browser, "web", "ada@example.com", &[("response_type", &name)]).await;
        for (word, param) in [("code", "code"), ("id_token", "id_token"), ("token", "access_token")] {
            assert_eq!(answer.param(param).is_some(), name.split(' ').any(|one| one == word), "{name}: {param}");
        }
    }
}

#[tokio::test]
async fn every_listed_response_mode_and_prompt_value_is_known() {
    let world = World::of_answers().await;
    let document = world.browser().get(OPENID).await.json();
    let modes = names(&document, "response_modes_supported");
    assert_eq!(modes.len(), 9);
    for mode in modes {
        let answer = world.browser().get(&authorize_url("web", &[("response_mode", &mode), ("prompt", "none")])).await;
        let is_page = mode.starts_with("form_post") || mode.starts_with("web_message");
        let said = if is_page { answer.body.clone() } else { answer.location().to_owned() };
        let expected = if mode.ends_with("jwt") { "eyJ" } else { "login_required" };
        assert!(said.contains(expected), "{mode}: {said}");
        assert!(!mode.ends_with("jwt") || !said.contains("login_required"), "{mode}: {said}");
    }
    for alg in names(&document, "authorization_signing_alg_values_supported") {
        let registered = Algorithm::from_name(&alg).unwrap();
        // Those under a secret: `shared_secret.rs`.
        if registered.is_symmetric() {
            continue;
        }
        world
            .change_client("web", |client| client.responses.authorization_signed_response_alg = Some(registered))
            .await;
        let url = authorize_url("web", &[("response_mode", "jwt"), ("prompt", "none")]);
        let jwt = world.browser().get(&url).await.param("response").unwrap();
        assert_eq!(header(&json!(jwt))["alg"], alg);
    }
    for prompt in names(&document, "prompt_values_supported") {
        let answer = world.browser().get(&authorize_url("web", &[("prompt", &prompt)])).await;
        assert!(answer.status == 200 || answer.param("error").as_deref() == Some("login_required"), "{prompt}");
    }
}

#[tokio::test]
async fn every_listed_scope_can_be_granted() {
    let world = World::new().await;
    let scopes = names(&world.browser().get(OPENID).await.json(), "scopes_supported").join(" ");
    let code = world.browser().code("web", "ada@example.com", &[("scope", &scopes)]).await;
    let granted = world.redeem("web", &code).await.json()["scope"].as_str().unwrap().to_owned();
    for scope in scopes.split(' ') {
        assert!(granted.split(' ').any(|name| name == scope), "{scope} is not in {granted}");
    }
}

#[tokio::test]
async fn the_key_set_has_the_active_and_the_next_key_of_each_algorithm_and_nothing_private() {
    let world = World::new().await;
    let answer = world.browser().get(JWKS).await;
    let keys = answer.json()["keys"].as_array().unwrap().clone();
    let count = |alg: &str| keys.iter().filter(|key| key["alg"] == alg).count();
    assert_eq!((count("RS256"), count("ES256"), keys.len()), (2, 2, 4));
    for key in &keys {
        assert_eq!(key["use"], "sig");
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{private} is published");
        }
    }
    let listed = names(&world.browser().get(OPENID).await.json(), "id_token_signing_alg_values_supported");
    assert!(listed.contains(&"RS256".to_owned()) && !listed.iter().any(|alg| alg == "none"));
}

/// Security 77.
#[tokio::test]
async fn after_a_rotation_what_was_published_signs_and_old_tokens_still_count() {
    let world = World::new().await;
    let before = world.tokens("web", "ada@example.com").await;
    let published = kids(&world).await;
    world.carry_out(Command::Key(KeyCommand::Rotate { algorithm: None, haste: Haste::Now })).await;

    let after = world.tokens("web", "bob@example.com").await;
    for member in ["access_token", "id_token"] {
        let (old, new) = (header(&before[member])["kid"].clone(), header(&after[member])["kid"].clone());
        assert_ne!(old, new, "{member}");
        assert!(published.iter().any(|kid| new == kid.as_str()), "{member}: the new key was not published before");
        assert!(kids(&world).await.iter().any(|kid| old == kid.as_str()), "{member}: the old key is gone");
    }
    world.assert_alive(&before["access_token"]).await;
    world.assert_alive(&after["access_token"]).await;
    // An ID token of before still says who is meant.
    let hint = before["id_token"].as_str().unwrap();
    let mut browser = world.browser();
    browser.code("web", "ada@example.com", &[]).await;
    let answer = browser.get(&authorize_url("web", &[("prompt", "none"), ("id_token_hint", hint)])).await;
    assert!(answer.param("code").is_some(), "{answer:?}");
}

#[tokio::test]
async fn keys_rotate_by_schedule_and_a_retired_one_leaves_after_its_last_token() {
    let world = World::new().await;
    let first = kids(&world).await;
    let config = world.running.app.config().keys;
    world.advance(config.rotation_secs);
    world.running.app.take_up().await.unwrap();
    let during = kids(&world).await;
    assert!(first.iter().all(|kid| during.contains(kid)), "a key left before its last token had expired");
    assert_eq!(during.len(), 6);

    world.advance(86_400 + 300);
    world.running.app.take_up().await.unwrap();
    assert_eq!(kids(&world).await.len(), 4);
}

#[tokio::test]
async fn the_documents_are_for_reading_only() {
    let world = World::new().await;
    for path in [OPENID, OAUTH, JWKS] {
        let posted = world.send(Method::POST, path, &[], Some(form(&[("a", "b")]))).await;
        assert_eq!(posted.status, 405, "{path}");
        let head = world.send(Method::HEAD, path, &[], None).await;
        assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""), "{path}");
    }
}

#[tokio::test]
async fn keys_and_tokens_outlive_a_restart() {
    let world = World::new().await;
    let (before, tokens) = (kids(&world).await, world.tokens("web", "ada@example.com").await);
    let world = world.restart().await;
    assert_eq!(kids(&world).await, before);
    world.assert_alive(&tokens["access_token"]).await;
}

/// However many notice at once that keys are missing, one pair is made.
#[tokio::test]
async fn a_new_algorithm_gets_one_pair_of_keys_even_if_several_make_it_at_once() {
    let world = World::new().await;
    let app = &world.running.app;
    let mut api = (**app.registry().api(OTHER_API).unwrap()).clone();
    api.signing_alg = Algorithm::EdDSA;
    let write = DocumentWrite::Put {
        kind: registry::API.to_owned(),
        id: OTHER_API.to_owned(),
        body: serde_json::to_value(&api).unwrap(),
        expect: Expect::Any,
    };
    app.store.apply(vec![write]).await.unwrap();
    let (a, b, c, d) = tokio::join!(app.take_up(), app.take_up(), app.take_up(), app.take_up());
    for taken in [a, b, c, d] {
        taken.unwrap();
    }
    let keys = world.browser().get(JWKS).await.json();
    let count = keys["keys"].as_array().unwrap().iter().filter(|key| key["alg"] == "EdDSA").count();
    assert_eq!(count, 2);
}
