//! A client looks after its own registration (RFC 7592): reads, replaces, deletes it, with its registration access token and nothing else.

use http::Method;
use serde_json::{Value, json};
use symbolon_server::config::RegistrationMode;

use crate::support::flow::basic;
use crate::support::registration::{path, usual, with};
use crate::support::{API, Answer, World};

const ADA: &str = "ada@example.com";

async fn open() -> World {
    World::registering(RegistrationMode::Open).await
}

fn text<'a>(answer: &'a Value, member: &str) -> &'a str {
    answer[member].as_str().unwrap_or_else(|| panic!("{member} in {answer}"))
}

/// What a client sends to update the registration that it got: everything but what is the server's.
fn update(registration: &Value, changes: &Value) -> Value {
    let mut body = registration.clone();
    for name in
        ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"]
    {
        body.as_object_mut().unwrap().remove(name);
    }
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn put(world: &World, registration: &Value, changes: &Value) -> Answer {
    world.about(Method::PUT, registration, Some(&update(registration, changes))).await
}

#[tokio::test]
async fn rfc7592_section_2_1_a_client_reads_what_is_registered() {
    let world = open().await;
    let registration = world.registered(&json!({ "contacts": ["ops@app.example.com"] })).await;
    let answer = world.about(Method::GET, &registration, None).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
    let read = answer.json();
    for name in ["client_id", "client_name", "contacts", "redirect_uris", "registration_client_uri", "grant_types"] {
        assert_eq!(read[name], registration[name], "{name}");
    }
    assert_eq!(read["registration_access_token"], registration["registration_access_token"]);
    assert_eq!(read.get("client_secret"), None, "only its hash is kept");
}

#[tokio::test]
async fn rfc7592_section_2_2_an_update_replaces_everything() {
    let world = open().await;
    let registration = world.registered(&json!({ "contacts": ["ops@app.example.com"], "default_max_age": 60 })).await;
    let changes = json!({ "client_name": "Renamed", "contacts": null, "default_max_age": null });
    let answer = put(&world, &registration, &changes).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let updated = answer.json();
    assert_eq!(text(&updated, "client_name"), "Renamed");
    assert_eq!((updated.get("contacts"), updated.get("default_max_age")), (None, None));
    assert_eq!(updated["client_id_issued_at"], registration["client_id_issued_at"]);
    let client = world.running.app.registry().client(text(&registration, "client_id")).unwrap().clone();
    assert_eq!((client.name.as_str(), client.first_party), ("Renamed", false));
    // The secret goes on to count.
    let secret = text(&registration, "client_secret");
    let credentials = basic(text(&registration, "client_id"), secret);
    let fields = [("grant_type", "authorization_code"), ("code", "x"), ("redirect_uri", "x")];
    world.post_with(&credentials, "/oauth/token", &fields).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn rfc7592_section_2_2_what_an_update_must_and_must_not_say() {
    let world = open().await;
    let registration = world.registered(&json!({})).await;
    let other = world.registered(&json!({})).await;
    for changes in [
        json!({ "client_id": null }),
        json!({ "client_id": other["client_id"] }),
        json!({ "client_secret": "a secret of its own choice" }),
        json!({ "client_secret": other["client_secret"] }),
        json!({ "registration_access_token": registration["registration_access_token"] }),
        json!({ "registration_client_uri": registration["registration_client_uri"] }),
        json!({ "client_secret_expires_at": 0 }),
        json!({ "client_id_issued_at": 0 }),
        json!({ "grant_types": ["client_credentials"] }),
        json!({ "jwks_uri": "http://app.example.com/" }),
    ] {
        put(&world, &registration, &changes).await.is_error(400, "invalid_client_metadata");
    }
    put(&world, &registration, &json!({ "redirect_uris": null })).await.is_error(400, "invalid_redirect_uri");
    // None of it changed anything, the token neither.
    assert_eq!(world.about(Method::GET, &registration, None).await.json()["client_name"], "Newcomer");
    let same = put(&world, &registration, &json!({})).await;
    assert_eq!(same.status, 200, "its own secret may be sent: {}", same.body);
}

/// RFC 7592 §2.2: "If the authorization server includes a new … registration access token in its response, the client MUST immediately discard
/// its previous" one.
#[tokio::test]
async fn rfc7592_section_2_2_the_token_changes_with_an_update_and_the_old_one_ends() {
    let world = open().await;
    let registration = world.registered(&json!({})).await;
    let updated = put(&world, &registration, &json!({})).await.json();
    assert_ne!(updated["registration_access_token"], registration["registration_access_token"]);
    assert_eq!(world.about(Method::GET, &updated, None).await.status, 200);
    // An answer that was lost on the way does not lock the client out.
    assert_eq!(world.about(Method::GET, &registration, None).await.status, 200);
    world.advance(60);
    world.about(Method::GET, &registration, None).await.is_error(401, "invalid_token");
    assert_eq!(world.about(Method::GET, &updated, None).await.status, 200);
}

#[tokio::test]
async fn rfc7592_section_2_1_a_wrong_token_and_no_client_look_alike() {
    let world = open().await;
    let registration = world.registered(&json!({})).await;
    let other = world.registered(&json!({})).await;
    let token = text(&registration, "registration_access_token");
    let invitation = world.invitation(None, 3600).await;
    let user = world.tokens("web", ADA).await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let body = (method == Method::PUT).then(|| update(&registration, &json!({})));
        let refused = async |path: &str, token: &str| {
            let answer = world.manage(method.clone(), path, token, body.as_ref()).await;
            answer.is_error(401, "invalid_token");
            answer.header("www-authenticate").to_owned()
        };
        let wrong = "Bearer realm=\"symbolon\", error=\"invalid_token\"";
        assert_eq!(refused(path(&other), token).await, wrong);
        assert_eq!(refused("/register/dyn_nobody", token).await, wrong);
        for client in ["web", "machine", "spa"] {
            assert_eq!(refused(&format!("/register/{client}"), token).await, wrong, "an operator's client");
        }
        for token in [
            "x",
            text(&registration, "client_secret"),
            text(&invitation, "initial_access_token"),
            text(&user, "access_token"),
        ] {
            assert_eq!(refused(path(&registration), token).await, wrong);
        }
        assert_eq!(refused(path(&registration), "").await, "Bearer realm=\"symbolon\"");
    }
    assert_eq!(world.about(Method::GET, &registration, None).await.status, 200);
    let patch = world.manage(Method::PATCH, path(&registration), token, None).await;
    patch.is_error(405, "invalid_request");
}

#[tokio::test]
async fn rfc7592_section_2_3_deletion_ends_the_client_and_what_it_got() {
    let world = open().await;
    world
        .policy(&json!({ "grant_types": ["client_credentials"], "apis": [{ "audience": API, "scopes": "read" }] }))
        .await;
    let machine = json!({ "grant_types": ["client_credentials"], "redirect_uris": null });
    let registration = world.registered(&machine).await;
    let credentials = basic(text(&registration, "client_id"), text(&registration, "client_secret"));
    let fields = [("grant_type", "client_credentials"), ("audience", API)];
    let token = world.post_with(&credentials, "/oauth/token", &fields).await.json();
    let token = text(&token, "access_token").to_owned();
    assert_eq!(world.introspect(&token).await["active"], true);
    let answer = world.about(Method::DELETE, &registration, None).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
    assert_eq!(world.introspect(&token).await, json!({ "active": false }));
    world.post_with(&credentials, "/oauth/token", &fields).await.is_error(401, "invalid_client");
    for method in [Method::GET, Method::DELETE] {
        world.about(method, &registration, None).await.is_error(401, "invalid_token");
    }
    put(&world, &registration, &json!({})).await.is_error(401, "invalid_token");
    let trail = world.audit_trail().await;
    assert!(trail.iter().any(|(name, _)| name == "client.delete"));
}

/// RFC 7592 §2.1: "If the client does not have permission to read its record, the server MUST return an HTTP 403 Forbidden."
#[tokio::test]
async fn rfc7592_section_2_1_a_client_that_is_switched_off_is_forbidden() {
    let world = open().await;
    let registration = world.registered(&json!({})).await;
    let id = text(&registration, "client_id").to_owned();
    world.change_client(&id, |client| client.disabled = true).await;
    world.about(Method::GET, &registration, None).await.is_error(403, "access_denied");
    world.about(Method::DELETE, &registration, None).await.is_error(403, "access_denied");
    put(&world, &registration, &json!({})).await.is_error(403, "access_denied");
}

/// What is taken away from a registration is taken from the tokens that are out, as when an operator does it.
#[tokio::test]
async fn an_update_that_narrows_revokes() {
    let world = open().await;
    let policy =
        json!({ "grant_types": ["client_credentials"], "apis": [{ "audience": API, "scopes": "read write" }] });
    world.policy(&policy).await;
    let machine = json!({ "grant_types": ["client_credentials"], "redirect_uris": null, "scope": "read write" });
    let registration = world.registered(&machine).await;
    let credentials = basic(text(&registration, "client_id"), text(&registration, "client_secret"));
    let fields = [("grant_type", "client_credentials"), ("audience", API)];
    let token = world.post_with(&credentials, "/oauth/token", &fields).await.json();
    let updated = put(&world, &registration, &json!({ "client_name": "Same" })).await;
    assert_eq!(updated.status, 200, "{}", updated.body);
    assert_eq!(world.introspect(text(&token, "access_token")).await["active"], true);
    let narrowed = put(&world, &registration, &json!({ "scope": "read" })).await;
    assert_eq!(narrowed.status, 200, "{}", narrowed.body);
    assert_eq!(world.introspect(text(&token, "access_token")).await["active"], false);
}

#[tokio::test]
async fn a_change_of_how_it_proves_itself_brings_or_ends_a_secret() {
    let world = open().await;
    let registration = world.registered(&json!({ "token_endpoint_auth_method": "none" })).await;
    let update =
        with(&json!({ "client_id": registration["client_id"], "token_endpoint_auth_method": "client_secret_post" }));
    let answer = world.about(Method::PUT, &registration, Some(&update)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let confidential = answer.json();
    assert!(confidential["client_secret"].is_string() && confidential["client_secret_expires_at"] == 0);
    let update =
        with(&json!({ "client_id": registration["client_id"], "token_endpoint_auth_method": "client_secret_jwt" }));
    let keyed = world.about(Method::PUT, &confidential, Some(&update)).await.json();
    assert!(text(&keyed, "client_secret").len() >= 64, "a key of its own");
    let update = with(&json!({ "client_id": registration["client_id"], "token_endpoint_auth_method": "none" }));
    let public = world.about(Method::PUT, &keyed, Some(&update)).await.json();
    assert_eq!(public.get("client_secret"), None);
    let client = world.running.app.registry().client(text(&registration, "client_id")).unwrap().clone();
    assert!(client.is_public() && client.secrets.is_empty());
}

#[tokio::test]
async fn a_secret_that_is_about_to_end_is_replaced_by_an_update() {
    let world = open().await;
    world.policy(&json!({ "client_secret_lifetime_secs": 7200 })).await;
    let registration = world.registered(&json!({})).await;
    let soon = put(&world, &registration, &json!({})).await.json();
    assert_eq!(soon.get("client_secret"), None, "there is time");
    world.advance(3601);
    let body = with(&json!({ "client_id": registration["client_id"] }));
    let renewed = world.about(Method::PUT, &soon, Some(&body)).await.json();
    assert_eq!(renewed["client_secret_expires_at"], crate::support::NOW + 3601 + 7200);
    let id = text(&registration, "client_id");
    let ask = async |secret: &str| {
        let fields = [("grant_type", "authorization_code"), ("code", "x"), ("redirect_uri", "x")];
        world.post_with(&basic(id, secret), "/oauth/token", &fields).await
    };
    for secret in [text(&registration, "client_secret"), text(&renewed, "client_secret")] {
        ask(secret).await.is_error(400, "invalid_grant");
    }
    world.advance(7200 - 3601);
    ask(text(&registration, "client_secret")).await.is_error(401, "invalid_client");
    ask(text(&renewed, "client_secret")).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_registration_survives_a_restart_and_its_token_is_kept_as_a_hash() {
    let world = open().await;
    let registration = world.registered(&json!({})).await;
    let kept = world.stored("client").await;
    for secret in ["registration_access_token", "client_secret"] {
        assert!(!kept.iter().any(|body| body.contains(text(&registration, secret))), "{secret}");
    }
    let shown = world.command(&json!({ "client": { "show": { "client": registration["client_id"] } } })).await;
    assert_eq!(shown["client"]["dynamic"], json!({}), "who came uninvited, without hashes");
    let stopped = world.stop().await;
    let world = stopped.start(|config| config.registration = RegistrationMode::Open).await;
    let world = world.unwrap_or_else(|(why, _)| panic!("{why}"));
    assert_eq!(world.about(Method::GET, &registration, None).await.status, 200);
    assert_eq!(usual()["client_name"], world.about(Method::GET, &registration, None).await.json()["client_name"]);
}
