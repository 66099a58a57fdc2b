//! Response types: what the authorization endpoint itself hands out, to whom, and what ends it.

use serde_json::{Value, json};
use symbolon_jose::{Algorithm, left_half_hash};
use symbolon_oauth::{AccessTokenFormat, ResponseType};

use crate::support::answers::everything;
use crate::support::client::form;
use crate::support::flow::authorize_url;
use crate::support::protocol::{claims, header};
use crate::support::requests::reference_url;
use crate::support::{API, Answer, CALLBACK, ISSUER, PASSWORD, World};

const ADA: &str = "ada@example.com";

fn front_channel() -> impl Iterator<Item = ResponseType> {
    ResponseType::ALL.iter().copied().filter(|one| one.is_front_channel())
}

/// The answer to one request of `web`, in a browser of its own.
async fn answer(world: &World, more: &[(&str, &str)]) -> Answer {
    world.authorized(&mut world.browser(), "web", ADA, more).await
}

/// RFC 9700 §2.1.2.
#[tokio::test]
async fn a_new_client_gets_a_code_and_nothing_else_in_the_front_channel() {
    let world = World::new().await;
    for response_type in ResponseType::ALL.iter().copied().filter(|one| *one != ResponseType::Code) {
        let asked = world.browser().get(&authorize_url("web", &[("response_type", response_type.name())])).await;
        asked.is_redirected_error("unauthorized_client");
        assert_eq!(asked.location().contains('#'), response_type.is_front_channel(), "{response_type:?}");
    }
}

#[tokio::test]
async fn every_type_brings_what_its_words_say_whatever_their_order() {
    let world = World::of_answers().await;
    let mut browser = world.browser();
    for response_type in ResponseType::ALL.iter().copied() {
        let backwards: Vec<&str> = response_type.name().split(' ').rev().collect();
        for name in [response_type.name(), &backwards.join(" ")] {
            let answer = world.authorized(&mut browser, "web", ADA, &[("response_type", name)]).await;
            let has = |param: &str| answer.param(param).is_some();
            assert_eq!(has("code"), response_type.has_code(), "{name}: {answer:?}");
            assert_eq!(has("id_token"), response_type.has_id_token(), "{name}: {answer:?}");
            assert_eq!(has("access_token"), response_type.has_token(), "{name}: {answer:?}");
            assert!(!has("refresh_token") && !has("error"), "{name}");
            assert_eq!(answer.param("state").as_deref(), Some("st/ate +1"), "{name}");
            assert_eq!(answer.param("iss").as_deref(), Some(ISSUER), "{name}");
            assert_eq!(answer.location().contains('#'), response_type.is_front_channel(), "{name}");
        }
    }
}

/// OpenID Connect Core §3.2.2.5, §3.2.2.10.
#[tokio::test]
async fn an_id_token_and_an_access_token_in_the_fragment_fit_each_other() {
    let world = World::of_answers().await;
    let fragment = answer(&world, &[("response_type", "token id_token")]).await.fragment();
    assert_eq!((fragment["token_type"].as_str(), fragment["expires_in"].as_str()), ("Bearer", "600"));
    assert_eq!(fragment["scope"], "openid profile email read", "offline_access is not to be had here");
    let (id_token, access_token) = (json!(fragment["id_token"]), json!(fragment["access_token"]));
    let (id, access) = (claims(&id_token), claims(&access_token));
    assert_eq!((&id["iss"], &id["aud"], &id["nonce"]), (&json!(ISSUER), &json!("web"), &json!("n-0S6_WzA2Mj")));
    assert_eq!(id["at_hash"], left_half_hash(Algorithm::RS256, fragment["access_token"].as_bytes()));
    assert_eq!(id["s_hash"], left_half_hash(Algorithm::RS256, b"st/ate +1"));
    assert_eq!((id.get("c_hash"), id.get("email")), (None, None), "userinfo has the profile");
    assert_eq!((&id["sub"], &id["sid"]), (&access["sub"], &access["sid"]));
    assert_eq!((&header(&id_token)["typ"], &header(&access_token)["typ"]), (&json!("JWT"), &json!("at+jwt")));
    assert_eq!(access["aud"], json!([API, format!("{ISSUER}/userinfo")]));
    world.assert_alive(&access_token).await;
}

/// OpenID Connect Core §5.4.
#[tokio::test]
async fn an_id_token_alone_carries_the_profile_that_no_access_token_could_fetch() {
    let world = World::of_answers().await;
    let id = claims(&json!(answer(&world, &[("response_type", "id_token")]).await.fragment()["id_token"]));
    assert_eq!((&id["email"], &id["email_verified"]), (&json!(ADA), &json!(true)));
    assert_eq!(id.get("at_hash"), None);
}

/// OpenID Connect Core §3.3.2.11, §3.3.3.6.
#[tokio::test]
async fn a_hybrid_answer_binds_the_code_and_the_token_endpoint_says_the_same_of_the_user() {
    let world = World::of_answers().await;
    let fragment = answer(&world, &[("response_type", "code id_token token")]).await.fragment();
    let front = claims(&json!(fragment["id_token"]));
    assert_eq!(front["c_hash"], left_half_hash(Algorithm::RS256, fragment["code"].as_bytes()));
    assert_eq!(front["at_hash"], left_half_hash(Algorithm::RS256, fragment["access_token"].as_bytes()));
    let tokens = world.redeem("web", &fragment["code"]).await.json();
    let back = claims(&tokens["id_token"]);
    for same in ["iss", "sub", "aud", "nonce", "auth_time", "sid"] {
        assert_eq!(front[same], back[same], "{same}");
    }
    assert!(tokens["refresh_token"].is_string() && tokens["access_token"] != fragment["access_token"].as_str());
    for token in [&json!(fragment["access_token"]), &tokens["access_token"]] {
        world.assert_alive(token).await;
    }
}

/// RFC 7636 §4.4.1: hybrid or not, a code has its challenge; where there is no code there is nothing to challenge.
#[tokio::test]
async fn a_code_beside_tokens_needs_pkce_as_any_other() {
    let world = World::of_answers().await;
    let mut browser = world.browser();
    for response_type in ResponseType::ALL {
        let more = [("response_type", response_type.name()), ("code_challenge", ""), ("code_challenge_method", "")];
        let answer = world.authorized(&mut browser, "web", ADA, &more).await;
        let expected = response_type.has_code().then_some("invalid_request");
        assert_eq!(answer.param("error").as_deref(), expected, "{response_type:?}");
    }
    let fragment = answer(&world, &[("response_type", "code token")]).await.fragment();
    let without = [("grant_type", "authorization_code"), ("code", &fragment["code"]), ("redirect_uri", CALLBACK)];
    world.token("web", &without).await.is_error(400, "invalid_grant");
}

/// Multiple Response Types §5: "the fragment encoding and the query encoding MUST NOT be used".
#[tokio::test]
async fn tokens_never_travel_in_a_query_and_the_refusal_neither() {
    let world = World::of_answers().await;
    for response_type in front_channel() {
        for mode in ["query", "query.jwt"] {
            let more = [("response_type", response_type.name()), ("response_mode", mode)];
            let refused = answer(&world, &more).await;
            refused.is_redirected_error("invalid_request");
            assert!(refused.fragment().contains_key("error"), "{response_type:?} {mode}");
        }
    }
}

/// OpenID Connect Core §3.1.2.1, §3.2.2.1, §3.3.2.11.
#[tokio::test]
async fn an_id_token_in_the_front_channel_needs_a_nonce_and_openid() {
    let world = World::of_answers().await;
    for response_type in front_channel() {
        let named = ("response_type", response_type.name());
        for (more, error) in [(("nonce", ""), "invalid_request"), (("scope", "read"), "invalid_scope")] {
            let answer = answer(&world, &[named, more]).await;
            let expected = response_type.has_id_token().then_some(error);
            assert_eq!(answer.fragment().get("error").map(String::as_str), expected, "{response_type:?} {more:?}");
        }
    }
}

/// RFC 6749 §4.2.2.1: every refusal of such a request goes into the fragment.
#[tokio::test]
async fn refusals_go_where_the_tokens_would_have_gone() {
    let world = World::of_answers().await;
    for response_type in front_channel() {
        let named = ("response_type", response_type.name());
        for (more, error) in [
            (("prompt", "none"), "login_required"),
            (("prompt", "none login"), "invalid_request"),
            (("audience", "https://unknown.example"), "invalid_target"),
            (("scope", "a\"b"), "invalid_scope"),
            (("id_token_hint", "a.b.c"), "invalid_request"),
        ] {
            let refused = world.browser().get(&authorize_url("web", &[named, more])).await;
            let refused = if refused.status == 200 { answer(&world, &[named, more]).await } else { refused };
            refused.is_redirected_error(error);
            refused.fragment();
        }
        let mut browser = world.browser();
        let page = browser.get(&authorize_url("web", &[named])).await;
        let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
        let no = [("interaction", interaction.as_str()), ("csrf", &csrf), ("decision", "deny")];
        let denied = browser.post("/login", &no).await;
        denied.is_redirected_error("access_denied");
        denied.fragment();
    }
}

/// RFC 9126 §4: an answer without a code uses a pushed request up as one with a code does.
#[tokio::test]
async fn a_pushed_request_for_tokens_is_answered_once_rfc_9126_4() {
    let world = World::of_answers().await;
    let mut browser = world.browser();
    world.authorized(&mut browser, "web", ADA, &[]).await;
    for response_type in ResponseType::ALL {
        let request_uri = world.pushed("web", &[("response_type", response_type.name())]).await;
        let url = reference_url("web", &request_uri, &[]);
        let answer = browser.get(&url).await;
        assert_eq!(answer.param("error"), None, "{response_type:?}: {answer:?}");
        assert_eq!(answer.param("access_token").is_some(), response_type.has_token(), "{response_type:?}");
        browser.get(&url).await.is_page(400);
    }
}

/// Multiple Response Types §4.
#[tokio::test]
async fn none_proves_the_sign_in_and_the_consent_and_hands_out_nothing() {
    let world = World::of_answers().await;
    let none = [("response_type", "none")];
    world
        .browser()
        .get(&authorize_url("web", &[none[0], ("prompt", "none")]))
        .await
        .is_redirected_error("login_required");
    let done = answer(&world, &none).await;
    assert_eq!(done.location(), format!("{CALLBACK}?{}", form(&[("state", "st/ate +1"), ("iss", ISSUER)])));
    let mut browser = world.browser();
    let asked = world.authorized(&mut browser, "partner", ADA, &none).await;
    asked.is_page(200);
    let denied = consent(&mut browser, &asked, "deny").await;
    denied.is_redirected_error("access_denied");
}

async fn consent(browser: &mut crate::support::Browser, page: &Answer, decision: &str) -> Answer {
    let (interaction, csrf) = (page.field("interaction"), page.field("csrf"));
    let fields = [("interaction", interaction.as_str()), ("csrf", &csrf), ("decision", decision)];
    browser.post("/consent", &fields).await
}

#[tokio::test]
async fn a_third_party_gets_tokens_in_front_only_after_consent_and_never_for_longer_than_the_session() {
    let world = World::of_answers().await;
    let mut browser = world.browser();
    let more = [("response_type", "id_token token")];
    let page = world.authorized(&mut browser, "partner", ADA, &more).await;
    page.is_page(200);
    assert!(!page.body.contains("offline"), "what cannot be had is not asked for: {}", page.body);
    consent(&mut browser, &page, "deny").await.is_redirected_error("access_denied");
    let page = world.authorized(&mut browser, "partner", ADA, &more).await;
    let fragment = consent(&mut browser, &page, "allow").await.fragment();
    assert_eq!(claims(&json!(fragment["access_token"])).get("roles"), None);
    world.assert_alive(&json!(fragment["access_token"])).await;
}

/// A session that a token of the front channel was born in, and that token.
async fn born(world: &World) -> (crate::support::Browser, Value, Value) {
    let mut browser = world.browser();
    let more = [("response_type", "id_token token")];
    let fragment = world.authorized(&mut browser, "web", ADA, &more).await.fragment();
    (browser, json!(fragment["access_token"]), json!(fragment["id_token"]))
}

#[tokio::test]
async fn signing_out_ends_the_tokens_of_the_front_channel() {
    let world = World::of_answers().await;
    let (mut browser, token, id_token) = born(&world).await;
    world.assert_alive(&token).await;
    let answer = browser.get(&format!("/logout?{}", form(&[("id_token_hint", id_token.as_str().unwrap())]))).await;
    assert!(answer.status.is_success() || answer.status.is_redirection(), "{answer:?}");
    world.assert_dead(&token).await;
}

#[tokio::test]
async fn the_client_and_the_operator_can_end_them_too() {
    let world = World::of_answers().await;
    let (_, revoked, _) = born(&world).await;
    let (_, other, _) = born(&world).await;
    world.post_as("other", "/oauth/revoke", &[("token", revoked.as_str().unwrap())]).await;
    world.assert_alive(&revoked).await;
    world.post_as("web", "/oauth/revoke", &[("token", revoked.as_str().unwrap())]).await;
    world.assert_dead(&revoked).await;
    world.assert_alive(&other).await;
    world.block(ADA).await;
    world.assert_dead(&other).await;
}

/// RFC 6749 §4.1.2: whoever used the code twice has seen the answer, and the token in it.
#[tokio::test]
async fn a_second_use_of_the_code_ends_the_token_that_came_beside_it() {
    let world = World::of_answers().await;
    let fragment = answer(&world, &[("response_type", "code token")]).await.fragment();
    let (beside, other) = (json!(fragment["access_token"]), born(&world).await.1);
    let tokens = world.redeem("web", &fragment["code"]).await.json();
    world.assert_alive(&beside).await;
    // Nobody but the code's owner ends anything.
    world.redeem("other", &fragment["code"]).await.is_error(400, "invalid_grant");
    world.assert_alive(&beside).await;
    world.redeem("web", &fragment["code"]).await.is_error(400, "invalid_grant");
    world.assert_dead(&beside).await;
    world.assert_dead(&tokens["access_token"]).await;
    world.assert_alive(&other).await;
}

/// The entries that guards read: by token, by session, by user, as for any token.
#[tokio::test]
async fn the_feed_names_what_ended() {
    let world = World::of_answers().await;
    let (_, revoked, _) = born(&world).await;
    world.post_as("web", "/oauth/revoke", &[("token", revoked.as_str().unwrap())]).await;
    let (mut browser, signed_out, id_token) = born(&world).await;
    browser.get(&format!("/logout?{}", form(&[("id_token_hint", id_token.as_str().unwrap())]))).await;
    let (_, blocked, _) = born(&world).await;
    world.block(ADA).await;
    let log = format!("{:?}", world.running.app.store.revocations(0, 100).await.unwrap());
    for (token, claim) in [(revoked, "jti"), (signed_out, "sid"), (blocked, "rh")] {
        let named = claims(&token)[claim].as_str().unwrap().to_owned();
        assert!(log.contains(&named), "{claim}: {log}");
    }
}

/// A session value is for one program and its API.
#[tokio::test]
async fn a_client_of_session_values_gets_no_access_token_in_the_front_channel() {
    let world = World::of_answers().await;
    world.change_client("web", |client| client.access_token_format = AccessTokenFormat::Session).await;
    let mut browser = world.browser();
    for response_type in ResponseType::ALL.iter().copied() {
        let answer = world.authorized(&mut browser, "web", ADA, &[("response_type", response_type.name())]).await;
        let expected = response_type.has_token().then_some("unauthorized_client");
        assert_eq!(answer.param("error").as_deref(), expected, "{response_type:?}");
        assert!(!answer.location().contains("sym_sv_"));
    }
}

/// RFC 7591 §2.1: the types and the grants belong together.
#[tokio::test]
async fn a_client_that_lost_the_grant_gets_no_tokens_in_front() {
    let world = World::of_answers().await;
    world.change_client("web", |client| client.grant_types.retain(|grant| grant != "implicit")).await;
    for response_type in front_channel() {
        answer(&world, &[("response_type", response_type.name())]).await.is_redirected_error("unauthorized_client");
    }
    world.change_client("web", |client| client.grant_types = ["implicit".to_owned()].into()).await;
    answer(&world, &[("response_type", "code id_token")]).await.is_redirected_error("unauthorized_client");
    assert!(answer(&world, &[("response_type", "id_token")]).await.fragment().contains_key("id_token"));
    // It is a word of the registration, and no grant of the token endpoint.
    world.token("web", &[("grant_type", "implicit")]).await.is_error(400, "unsupported_grant_type");
}

/// Specs rule 6.
#[tokio::test]
async fn silent_renewal_in_front_keeps_the_time_of_the_sign_in() {
    let world = World::of_answers().await;
    let (mut browser, first, _) = born(&world).await;
    world.advance(100);
    let more = [("response_type", "id_token token"), ("prompt", "none")];
    let fragment = browser.get(&authorize_url("web", &more)).await.fragment();
    let id = claims(&json!(fragment["id_token"]));
    assert_eq!((&id["auth_time"], &id["iat"]), (&json!(crate::support::NOW), &json!(crate::support::NOW + 100)));
    assert_ne!(first, json!(fragment["access_token"]));
    let old = [more[0], more[1], ("max_age", "99")];
    browser.get(&authorize_url("web", &old)).await.is_redirected_error("login_required");
}

/// Form Post Response Mode §2.
#[tokio::test]
async fn tokens_can_be_posted() {
    let world = World::of_answers().await;
    let more = [("response_type", "code id_token"), ("response_mode", "form_post")];
    let posted = answer(&world, &more).await;
    assert_eq!((posted.status.as_u16(), posted.header("cache-control")), (200, "no-store"));
    assert_eq!(claims(&json!(posted.field("id_token")))["nonce"], "n-0S6_WzA2Mj");
    assert_eq!(world.redeem("web", &posted.field("code")).await.status, 200);
}

#[tokio::test]
async fn a_page_away_from_the_registered_uri_gets_nothing_whatever_the_type() {
    let world = World::of_answers().await;
    for response_type in ResponseType::ALL {
        let evil = [("response_type", response_type.name()), ("redirect_uri", "https://evil.example/callback")];
        answer(&world, &evil).await.is_page(400);
    }
}

#[tokio::test]
async fn tokens_of_the_front_channel_are_in_the_audit_log_without_their_text() {
    let world = World::of_answers().await;
    let (_, token, _) = born(&world).await;
    let trail = world.audit_trail().await;
    let (_, detail) = trail.iter().find(|(name, _)| name == "token.issue").unwrap();
    assert_eq!((&detail["grant"], &detail["jti"]), (&json!("implicit"), &claims(&token)["jti"]));
    assert!(!format!("{trail:?}").contains(token.as_str().unwrap()));
}

/// OpenID Connect Core §10.1: what is announced is what signs.
#[tokio::test]
async fn an_id_token_in_front_is_signed_as_registered() {
    let world = World::of_answers().await;
    world
        .change_client("web", |client| {
            everything(client);
            client.id_token_signed_response_alg = Algorithm::ES256;
        })
        .await;
    let fragment = answer(&world, &[("response_type", "id_token token")]).await.fragment();
    assert_eq!(header(&json!(fragment["id_token"]))["alg"], "ES256");
}

#[tokio::test]
async fn nobody_learns_a_password_from_a_request_for_tokens() {
    let world = World::of_answers().await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[("response_type", "token")])).await;
    let wrong = browser.sign_in(&page, ADA, "wrong horse battery").await;
    wrong.is_page(400);
    let right = browser.sign_in(&page, ADA, PASSWORD).await;
    assert!(right.fragment().contains_key("access_token"));
}
