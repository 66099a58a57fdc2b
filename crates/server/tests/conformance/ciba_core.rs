//! CIBA Core 1.0 as a client and a person go through it: asking by name, the page, polling.

use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, SigningKey, jwt};

use crate::support::ciba::GRANT;
use crate::support::protocol::claims;
use crate::support::{API, Browser, ISSUER, NOW, World};

const ADA: &str = "ada@example.com";

#[tokio::test]
async fn ciba_section_7_3_a_client_asks_by_name_and_a_person_allows_where_they_are_signed_in() {
    let world = World::with_ciba().await;
    let answer = world.ask_for_as("web", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"), "{}", answer.body);
    let json = answer.json();
    assert_eq!((&json["expires_in"], &json["interval"]), (&json!(300), &json!(5)));
    let id = json["auth_req_id"].as_str().unwrap();
    world.poll_ciba("web", id).await.is_error(400, "authorization_pending");

    let mut phone = Browser::signed_in(&world, ADA).await;
    let page = phone.get("/ciba").await;
    page.is_page(200);
    for shown in ["Web", "W4SCT", "127.0.0.1", "Read things", "Ada Lovelace", "less than a minute ago"] {
        assert!(page.body.contains(shown), "{shown} is not in {}", page.body);
    }
    let done = phone.answer_ciba(&page, "allow").await;
    done.is_page(200);
    world.advance(5);
    let answer = world.poll_ciba("web", id).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = answer.json();
    world.assert_alive(&tokens["access_token"]).await;
    let id_token = claims(&tokens["id_token"]);
    assert_eq!((&id_token["aud"], &id_token["amr"], id_token.get("nonce")), (&json!("web"), &json!(["pwd"]), None));
    assert_eq!(world.refresh("web", tokens["refresh_token"].as_str().unwrap()).await.status, 200);
    let trail = world.audit_trail().await;
    for name in ["ciba.start", "ciba.allow"] {
        assert!(trail.iter().any(|(event, _)| event == name), "{name}");
    }
    assert!(phone.get("/ciba").await.body.contains("Nothing waits for you"));
}

#[tokio::test]
async fn the_page_asks_whoever_is_not_signed_in_to_sign_in_first() {
    let world = World::with_ciba().await;
    let id = world.ask_for(&[]).await;
    let mut phone = world.browser();
    let sign_in = phone.get("/ciba").await;
    assert!(!sign_in.body.contains("W4SCT") && !sign_in.body.contains("asks for you"), "{}", sign_in.body);
    let page = phone.sign_in(&sign_in, ADA, crate::support::PASSWORD).await;
    assert!(page.body.contains("W4SCT"), "{}", page.body);
    assert!(phone.answer_ciba(&page, "allow").await.body.contains("goes on by itself"));
    assert_eq!(world.poll_ciba("web", &id).await.status, 200);
}

#[tokio::test]
async fn ciba_section_7_1_acr_values_take_another_sign_in_and_are_told_truly() {
    let world = crate::rfc9470::with_levels().await;
    world.asking(json!({ "backchannel_token_delivery_mode": "poll" })).await;
    world.ask_for_as("web", &[("acr_values", "gold")]).await.is_error(400, "unmet_authentication_requirements");
    let mut phone = Browser::signed_in(&world, ADA).await;
    world.advance(120);
    let id = world.ask_for(&[("acr_values", "urn:example:fresh")]).await;
    let page = phone.get("/ciba").await;
    let sign_in = phone.answer_ciba(&page, "allow").await;
    assert!(sign_in.body.contains("name=\"password\""), "{}", sign_in.body);
    world.poll_ciba("web", &id).await.is_error(400, "authorization_pending");
    let page = phone.sign_in(&sign_in, ADA, crate::support::PASSWORD).await;
    assert!(page.body.contains("W4SCT"), "{}", page.body);
    world.advance(90);
    assert!(phone.answer_ciba(&page, "allow").await.body.contains("goes on by itself"));
    let tokens = world.poll_ciba("web", &id).await.json();
    assert_eq!(claims(&tokens["id_token"])["acr"], "urn:example:fresh");
    // Of two that are reached the one that was asked for first.
    let id = world.ask_for(&[("acr_values", "1 urn:example:fresh")]).await;
    phone.allow_ciba().await;
    assert_eq!(claims(&world.poll_ciba("web", &id).await.json()["id_token"])["acr"], "1");
}

#[tokio::test]
async fn rfc10027_section_6_1_16_nobody_sees_or_answers_what_another_is_asked() {
    let world = World::with_ciba().await;
    let id = world.ask_for(&[]).await;
    let mut ada = Browser::signed_in(&world, ADA).await;
    let hers = ada.get("/ciba").await;
    let mut bob = Browser::signed_in(&world, "bob@example.com").await;
    let his = bob.get("/ciba").await;
    assert!(his.body.contains("Nothing waits for you") && !his.body.contains("W4SCT"), "{}", his.body);
    // Her signed question in his browser, with a token of his own.
    world.ask_for(&[("login_hint", "bob@example.com")]).await;
    let his = bob.get("/ciba").await;
    let (interaction, csrf) = (hers.field("interaction"), his.field("csrf"));
    let fields = [("interaction", &*interaction), ("csrf", &csrf), ("compared-1", "yes"), ("decision", "allow")];
    bob.post("/ciba/answer", &fields).await.is_page(400);
    // Without a token at all, and from another site.
    ada.post("/ciba/answer", &[("interaction", &interaction), ("decision", "allow")]).await;
    let csrf = hers.field("csrf");
    let fields = [("interaction", &*interaction), ("csrf", &csrf), ("compared-1", "yes"), ("decision", "allow")];
    let from_elsewhere = ada.post_from("/ciba/answer", &fields, "https://evil.example").await;
    assert_eq!(from_elsewhere.status, 403, "{}", from_elsewhere.body);
    world.poll_ciba("web", &id).await.is_error(400, "authorization_pending");
}

#[tokio::test]
async fn ciba_section_11_no_is_access_denied_and_counts_once() {
    let world = World::with_ciba().await;
    let id = world.ask_for(&[]).await;
    let mut phone = Browser::signed_in(&world, ADA).await;
    let page = phone.get("/ciba").await;
    assert!(phone.answer_ciba(&page, "deny").await.body.contains("Not allowed"));
    let again = phone.answer_ciba(&page, "allow").await;
    again.is_page(400);
    assert!(again.body.contains("That request is over"), "{}", again.body);
    for _ in 0..2 {
        world.poll_ciba("web", &id).await.is_error(400, "access_denied");
    }
}

#[tokio::test]
async fn rfc10027_section_6_1_17_the_message_is_compared_before_anything_is_allowed() {
    let world = World::with_ciba().await;
    let id = world.ask_for(&[]).await;
    let mut phone = Browser::signed_in(&world, ADA).await;
    let page = phone.get("/ciba").await;
    let unread = phone.allow_unread(&page).await;
    unread.is_page(400);
    assert!(unread.body.contains("Compare the message"), "{}", unread.body);
    world.poll_ciba("web", &id).await.is_error(400, "authorization_pending");
    assert!(phone.answer_ciba(&unread, "allow").await.body.contains("goes on by itself"));
    // Without a message there is nothing to compare.
    world.ask_for(&[("binding_message", "")]).await;
    let page = phone.get("/ciba").await;
    assert!(phone.allow_unread(&page).await.body.contains("goes on by itself"));
}

#[tokio::test]
async fn ciba_section_11_a_client_that_asks_too_often_is_told_to_slow_down() {
    let world = World::with_ciba().await;
    let id = world.ask_for(&[]).await;
    world.poll_ciba("web", &id).await.is_error(400, "authorization_pending");
    world.poll_ciba("web", &id).await.is_error(400, "slow_down");
    world.advance(5);
    world.poll_ciba("web", &id).await.is_error(400, "authorization_pending");
    Browser::signed_in(&world, ADA).await.allow_ciba().await;
    assert_eq!(world.poll_ciba("web", &id).await.status, 200);
}

#[tokio::test]
async fn ciba_section_11_after_its_time_a_request_is_over_for_both() {
    let world = World::with_ciba().await;
    let (short, long) = (world.ask_for(&[("requested_expiry", "60")]).await, world.ask_for(&[]).await);
    let mut phone = Browser::signed_in(&world, ADA).await;
    let page = phone.get("/ciba").await;
    assert_eq!(page.body.matches("would get into your account").count(), 2, "{}", page.body);
    world.advance(60);
    world.poll_ciba("web", &short).await.is_error(400, "expired_token");
    world.poll_ciba("web", &long).await.is_error(400, "authorization_pending");
    assert_eq!(phone.get("/ciba").await.body.matches("would get into your account").count(), 1);
    world.advance(240);
    world.poll_ciba("web", &long).await.is_error(400, "expired_token");
    phone.answer_ciba(&page, "allow").await.is_page(400);
}

#[tokio::test]
async fn ciba_section_11_an_id_is_its_clients_and_counts_once() {
    let world = World::with_ciba().await;
    let other = world.running.app.registry().client("web").unwrap().backchannel.clone();
    world
        .change_client("other", |client| {
            client.grant_types.insert(GRANT.to_owned());
            client.backchannel = other;
        })
        .await;
    let id = world.ask_for(&[]).await;
    Browser::signed_in(&world, ADA).await.allow_ciba().await;
    world.poll_ciba("other", &id).await.is_error(400, "invalid_grant");
    world.poll_ciba("spa", &id).await.is_error(400, "unauthorized_client");
    world.poll_ciba("web", "1c266114-a1be-4252-8ad1-04986c5b9ac1").await.is_error(400, "invalid_grant");
    world.token("web", &[("grant_type", GRANT)]).await.is_error(400, "invalid_request");
    let tokens = world.poll_ciba("web", &id).await.json();
    world.assert_alive(&tokens["access_token"]).await;
    world.poll_ciba("web", &id).await.is_error(400, "invalid_grant");
    world.assert_dead(&tokens["access_token"]).await;
}

#[tokio::test]
async fn ciba_section_13_requests_that_are_wrong_are_told_in_its_words() {
    let world = World::with_ciba().await;
    for (more, error) in [
        (vec![("scope", "")], "invalid_request"),
        (vec![("scope", "read")], "invalid_scope"),
        (vec![("login_hint", "")], "invalid_request"),
        (vec![("login_hint", "nobody@example.com")], "unknown_user_id"),
        (vec![("id_token_hint", "a.b.c")], "invalid_request"),
        (vec![("login_hint", ""), ("id_token_hint", "a.b.c")], "invalid_request"),
        (vec![("login_hint", ""), ("login_hint_token", "x")], "invalid_request"),
        (vec![("binding_message", "a\nb")], "invalid_binding_message"),
        (vec![("requested_expiry", "0")], "invalid_request"),
        (vec![("resource", "https://elsewhere.example")], "invalid_target"),
        (vec![("request", "a.b.c")], "invalid_request"),
    ] {
        world.ask_for_as("web", &more).await.is_error(400, error);
    }
    for client in ["other", "machine", "spa"] {
        world.ask_for_as(client, &[]).await.is_error(400, "unauthorized_client");
    }
    let twice = [("scope", "openid"), ("scope", "openid"), ("login_hint", ADA)];
    world.post_as("web", "/oauth/bc-authorize", &twice).await.is_error(400, "invalid_request");
    world.post_with("", "/oauth/bc-authorize", &[("client_id", "web")]).await.is_error(401, "invalid_client");
    assert_eq!(world.browser().get("/oauth/bc-authorize").await.status, 405);
    world.block(ADA).await;
    world.ask_for_as("web", &[]).await.is_error(400, "unknown_user_id");
}

#[tokio::test]
async fn ciba_section_7_1_an_id_token_of_the_client_says_who_is_meant_even_an_old_one() {
    let world = World::with_ciba().await;
    let own = world.tokens("web", ADA).await["id_token"].as_str().unwrap().to_owned();
    let of_another = world.tokens("other", ADA).await["id_token"].as_str().unwrap().to_owned();
    world.advance(86_400);
    let hinted = |token: &str| vec![("login_hint", String::new()), ("id_token_hint", token.to_owned())];
    for (token, status) in [(&own, 200), (&of_another, 400)] {
        let more = hinted(token);
        let more: Vec<_> = more.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(world.ask_for_as("web", &more).await.status, status);
    }
}

#[tokio::test]
async fn rfc10027_section_6_1_11_a_person_is_not_worn_out_by_requests() {
    let world = World::with_ciba().await;
    for _ in 0..5 {
        world.ask_for(&[]).await;
    }
    let refused = world.ask_for_as("web", &[]).await;
    refused.is_error(429, "temporarily_unavailable");
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(world.ask_for_as("web", &[("login_hint", "bob@example.com")]).await.status, 200);
    Browser::signed_in(&world, ADA).await.allow_ciba().await;
    assert_eq!(world.ask_for_as("web", &[]).await.status, 200);
}

#[tokio::test]
async fn what_changes_between_question_and_answer_counts_security_22() {
    let world = World::with_ciba().await;
    let (one, two) = (world.ask_for(&[]).await, world.ask_for(&[]).await);
    let mut phone = Browser::signed_in(&world, ADA).await;
    let page = phone.get("/ciba").await;
    world.change_api(API, |api| api.scopes.retain(|scope| scope.name != "read")).await;
    phone.answer_ciba(&page, "allow").await;
    phone.allow_ciba().await;
    let scopes: Vec<Value> = vec![
        world.poll_ciba("web", &one).await.json()["scope"].clone(),
        world.poll_ciba("web", &two).await.json()["scope"].clone(),
    ];
    assert!(scopes.iter().all(|scope| scope == "openid profile email offline_access"), "{scopes:?}");
    // Whoever signs out between answer and poll is not let in any more.
    let three = world.ask_for(&[]).await;
    phone.allow_ciba().await;
    let csrf = phone.get("/").await.field("csrf");
    phone.post("/logout", &[("csrf", &csrf)]).await;
    world.poll_ciba("web", &three).await.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn ciba_section_7_1_1_a_signed_request_counts_once_and_nothing_beside_it() {
    let world = World::with_ciba().await;
    let jwk = Jwk::generate(Algorithm::ES256).unwrap();
    let jwks = json!({ "keys": [jwk.public_value().unwrap()] });
    world.change_client("web", |client| client.jwks = Some(jwks)).await;
    world
        .asking(json!({
            "backchannel_token_delivery_mode": "poll", "backchannel_authentication_request_signing_alg": "ES256"
        }))
        .await;
    let key = SigningKey::from_jwk(&jwk, Algorithm::ES256).unwrap();
    let signed = |jti: &str, more: Value| {
        let mut claims = json!({
            "iss": "web", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "nbf": NOW, "jti": jti,
            "scope": "openid", "login_hint": ADA, "binding_message": "signed"
        });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        jwt::sign(&key, "JWT", &claims).unwrap()
    };
    let send = async |pairs: &[(&str, &str)]| world.post_as("web", "/oauth/bc-authorize", pairs).await;
    let request = signed("j1", json!({}));
    send(&[("request", &request), ("scope", "openid")]).await.is_error(400, "invalid_request");
    assert_eq!(send(&[("request", &request)]).await.status, 200);
    send(&[("request", &request)]).await.is_error(400, "invalid_request");
    for more in [json!({"aud": "https://elsewhere.example"}), json!({"iss": "other"}), json!({"exp": NOW - 60})] {
        let wrong = signed("j2", more);
        send(&[("request", &wrong)]).await.is_error(400, "invalid_request");
    }
    world.ask_for_as("web", &[]).await.is_error(400, "invalid_request");
    let page = Browser::signed_in(&world, ADA).await.get("/ciba").await;
    assert!(page.body.contains("signed"), "{}", page.body);
}

#[tokio::test]
async fn ciba_section_4_every_listed_signature_of_a_request_counts() {
    let world = World::with_ciba().await;
    let listed = world.metadata()["backchannel_authentication_request_signing_alg_values_supported"].clone();
    let listed: Vec<Algorithm> = serde_json::from_value(listed).unwrap();
    assert!(!listed.is_empty());
    for alg in listed {
        let jwk = Jwk::generate(alg).unwrap();
        let jwks = json!({ "keys": [jwk.public_value().unwrap()] });
        world.change_client("web", |client| client.jwks = Some(jwks)).await;
        let signed_by = json!({
            "backchannel_token_delivery_mode": "poll", "backchannel_authentication_request_signing_alg": alg
        });
        world.asking(signed_by).await;
        let claims = json!({
            "iss": "web", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "nbf": NOW, "jti": alg.name(),
            "scope": "openid", "login_hint": ADA
        });
        let request = jwt::sign(&SigningKey::from_jwk(&jwk, alg).unwrap(), "JWT", &claims).unwrap();
        let answer = world.post_as("web", "/oauth/bc-authorize", &[("request", &request)]).await;
        assert_eq!(answer.status, 200, "{alg}: {}", answer.body);
        // One waits at a time.
        Browser::signed_in(&world, ADA).await.allow_ciba().await;
    }
}

#[tokio::test]
async fn ciba_section_4_discovery_lists_what_works() {
    let world = World::with_ciba().await;
    let metadata = world.browser().get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["backchannel_authentication_endpoint"], format!("{ISSUER}/oauth/bc-authorize"));
    assert_eq!(metadata["backchannel_token_delivery_modes_supported"], json!(["poll", "ping", "push"]));
    assert_eq!(metadata["backchannel_user_code_parameter_supported"], false);
    let algs = metadata["backchannel_authentication_request_signing_alg_values_supported"].to_string();
    assert!(algs.contains("ES256") && !algs.contains("HS256") && !algs.contains("none"), "{algs}");
    assert!(metadata["grant_types_supported"].as_array().unwrap().contains(&json!(GRANT)));
}
