//! The token endpoint: authorization codes, and what is refused before any grant is looked at.

use http::header::CONTENT_TYPE;
use http::{HeaderName, Method};
use serde_json::{Value, json};
use symbolon_oauth::Client;

use crate::support::client::form;
use crate::support::flow::{VERIFIER, authorize_url, basic};
use crate::support::protocol::claims;
use crate::support::{API, Answer, CALLBACK, PASSWORD, SECRET, SPA_CALLBACK, World};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const FORM: (HeaderName, &str) = (CONTENT_TYPE, "application/x-www-form-urlencoded");

async fn code(world: &World, client: &str) -> String {
    world.browser().code(client, ADA, &[]).await
}

/// Redeems with these fields instead of the right ones; an empty value leaves the field out.
async fn redeem_with(world: &World, client: &str, code: &str, changes: &[(&str, &str)]) -> Answer {
    let redirect_uri = if client == "spa" { SPA_CALLBACK } else { CALLBACK };
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    fields.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    fields.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    world.token(client, &fields).await
}

/// Security 20 to 22; RFC 7636 §4.6.
#[tokio::test]
async fn a_verifier_that_is_not_the_challenges_is_refused_and_the_owner_may_still_redeem() {
    let world = World::new().await;
    for client in ["web", "spa"] {
        let code = code(&world, client).await;
        let swapped: String =
            VERIFIER.chars().map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c }).collect();
        let longer = format!("{VERIFIER}a");
        for verifier in [
            "",
            &VERIFIER[..42],
            &longer,
            &swapped,
            &"x".repeat(43),
            &"x".repeat(129),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX ",
        ] {
            redeem_with(&world, client, &code, &[("code_verifier", verifier)]).await.is_error(400, "invalid_grant");
        }
        assert_eq!(world.redeem(client, &code).await.status, 200);
    }
}

/// RFC 9700 §4.8.2, CVE-2024-23647.
#[tokio::test]
async fn a_verifier_without_a_challenge_is_refused() {
    let world = World::new().await;
    world.change_client("web", |client| client.require_pkce = false).await;
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = world.browser().code("web", ADA, &without).await;
    world.redeem("web", &code).await.is_error(400, "invalid_grant");
    assert_eq!(redeem_with(&world, "web", &code, &[("code_verifier", "")]).await.status, 200);
    // Who sent a challenge is held to it, required or not.
    let code = world.browser().code("web", ADA, &[]).await;
    redeem_with(&world, "web", &code, &[("code_verifier", "")]).await.is_error(400, "invalid_grant");
}

/// Security 25, 27.
#[tokio::test]
async fn a_code_belongs_to_its_client() {
    let world = World::new().await;
    let webs = code(&world, "web").await;
    let stolen = world.redeem("other", &webs).await;
    stolen.is_error(400, "invalid_grant");
    let unknown = world.redeem("other", &format!("{}x", &webs[..webs.len() - 1])).await;
    assert_eq!(stolen.body, unknown.body, "another client's code looks like an unknown one");
    assert_eq!(world.redeem("web", &webs).await.status, 200);
}

#[tokio::test]
async fn the_redirect_uri_must_be_the_same_again() {
    let world = World::new().await;
    world.change_client("web", |client| client.redirect_uris.push("https://app.example.com/second".to_owned())).await;
    let code = code(&world, "web").await;
    for wrong in
        ["https://app.example.com/second", "https://app.example.com/callback/", "https://APP.example.com/callback"]
    {
        redeem_with(&world, "web", &code, &[("redirect_uri", wrong)]).await.is_error(400, "invalid_grant");
    }
    redeem_with(&world, "web", &code, &[("redirect_uri", "")]).await.is_error(400, "invalid_request");
    assert_eq!(world.redeem("web", &code).await.status, 200);
}

/// Security 26.
#[tokio::test]
async fn a_code_lives_for_a_minute() {
    let world = World::new().await;
    let (late, early) = (code(&world, "web").await, code(&world, "web").await);
    world.advance(59);
    assert_eq!(world.redeem("web", &early).await.status, 200);
    world.advance(1);
    world.redeem("web", &late).await.is_error(400, "invalid_grant");
}

/// Security 29, CVE-2026-27840.
#[tokio::test]
async fn a_code_that_was_touched_is_refused() {
    let world = World::new().await;
    let code = code(&world, "web").await;
    let changed = code.replace("sym_ac_", "sym_rt_");
    let flipped: String = code
        .chars()
        .rev()
        .enumerate()
        .map(|(at, c)| if at < 20 && c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c })
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    let cut = &code[..code.len() - 1];
    let nul = format!("{code}\0");
    let (upper, twice, spaced) = (code.to_uppercase(), format!("{code}{code}"), format!(" {code}"));
    let (longer, newline) = (format!("{code}A"), format!("{code}\n"));
    for touched in [cut, &longer, &upper, &flipped, &twice, &spaced, &newline, &changed, "sym_ac_", "x", "' OR 1=1 --"]
    {
        let answer = world.redeem("web", touched).await;
        answer.is_error(400, "invalid_grant");
        assert!(!answer.body.contains(touched) || touched.len() < 2, "the code is echoed: {}", answer.body);
    }
    world.redeem("web", &nul).await.is_error(400, "invalid_request");
    world.redeem("web", "").await.is_error(400, "invalid_request");
    assert_eq!(world.redeem("web", &code).await.status, 200);
}

/// Security 24.
#[tokio::test]
async fn of_many_parallel_redemptions_exactly_one_wins() {
    let world = World::new().await;
    let code = code(&world, "web").await;
    let answers = crate::support::protocol::futures(12, || world.redeem("web", &code)).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        refused.is_error(400, "invalid_grant");
    }
}

/// Security 23; RFC 6749 §4.1.2.
#[tokio::test]
async fn a_second_use_of_a_code_ends_everything_born_of_it() {
    let world = World::new().await;
    let code = code(&world, "web").await;
    let tokens = world.redeem("web", &code).await.json();
    let newer = world.refresh("web", tokens["refresh_token"].as_str().unwrap()).await.json();
    world.assert_alive(&tokens["access_token"]).await;

    world.redeem("web", &code).await.is_error(400, "invalid_grant");
    for dead in [&tokens, &newer] {
        world.assert_dead(&dead["access_token"]).await;
        world.refresh("web", dead["refresh_token"].as_str().unwrap()).await.is_error(400, "invalid_grant");
    }
    let audit = world.audit_trail().await;
    assert!(
        audit.iter().any(|(name, detail)| name == "token.replay" && detail["cause"] == "CodeReplayed"),
        "{audit:?}"
    );
}

/// Security 25: no denial of service by third parties.
#[tokio::test]
async fn a_replay_by_somebody_who_does_not_own_the_code_changes_nothing() {
    let world = World::new().await;
    let mut browser = world.browser();
    let code = browser.code("spa", ADA, &[]).await;
    let tokens = world.redeem("spa", &code).await.json();
    world.redeem("web", &code).await.is_error(400, "invalid_grant");
    redeem_with(&world, "spa", &code, &[("code_verifier", &"y".repeat(43))]).await.is_error(400, "invalid_grant");
    redeem_with(&world, "spa", &code, &[("code_verifier", "")]).await.is_error(400, "invalid_grant");
    redeem_with(&world, "spa", &code, &[("redirect_uri", CALLBACK)]).await.is_error(400, "invalid_grant");
    world.assert_alive(&tokens["access_token"]).await;
    assert_eq!(world.refresh("spa", tokens["refresh_token"].as_str().unwrap()).await.status, 200);
}

/// Security 47, 95.
#[tokio::test]
async fn a_code_dies_with_the_account_and_with_the_session() {
    let world = World::new().await;
    let blocked = code(&world, "web").await;
    world.block(ADA).await;
    world.redeem("web", &blocked).await.is_error(400, "invalid_grant");

    let mut browser = world.browser();
    let tokens = world.redeem("web", &browser.code("web", BOB, &[]).await).await.json();
    let code = browser.code("web", BOB, &[]).await;
    browser.get(&format!("/logout?id_token_hint={}", tokens["id_token"].as_str().unwrap())).await;
    world.redeem("web", &code).await.is_error(400, "invalid_grant");
}

/// Security 31; RFC 6749 §5.1.
#[tokio::test]
async fn a_token_answer_is_for_the_client_alone() {
    let world = World::new().await;
    let code = code(&world, "web").await;
    let answer = world.redeem("web", &code).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.headers.get("set-cookie").is_none());
    assert!(!answer.body.contains(&code));
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 600);
    let access = claims(&tokens["access_token"]);
    assert_eq!((&access["client_id"], &access["scope"]), (&json!("web"), &tokens["scope"]));
    for personal in ["email", "name", "email_verified"] {
        assert!(access.get(personal).is_none() && claims(&tokens["id_token"]).get(personal).is_none(), "{personal}");
    }
}

#[tokio::test]
async fn without_offline_access_there_is_no_refresh_token_and_without_openid_no_id_token() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[("scope", "read")]).await;
    let tokens = world.redeem("web", &code).await.json();
    assert_eq!((tokens.get("refresh_token"), tokens.get("id_token")), (None, None));
    assert_eq!((&tokens["scope"], &claims(&tokens["access_token"])["aud"]), (&json!("read"), &json!(API)));
}

/// Security 27, 38; RFC 8707.
#[tokio::test]
async fn a_code_opens_no_other_api_than_was_asked_for() {
    let world = World::new().await;
    let code = code(&world, "web").await;
    for other in [crate::support::OTHER_API, "https://nobody.example", "https://api.example.com/"] {
        redeem_with(&world, "web", &code, &[("resource", other)]).await.is_error(400, "invalid_target");
    }
    assert_eq!(redeem_with(&world, "web", &code, &[("resource", API)]).await.status, 200);
}

/// Security 30, 34.
#[tokio::test]
async fn get_and_parameters_in_the_url_are_refused() {
    let world = World::new().await;
    let code = code(&world, "web").await;
    let fields = form(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("client_id", "web"),
        ("client_secret", SECRET),
    ]);
    let got = world.browser().get(&format!("/oauth/token?{fields}")).await;
    assert_eq!(got.status, 405);
    let posted = world.send(Method::POST, &format!("/oauth/token?{fields}"), &[FORM], Some(String::new())).await;
    posted.is_error(400, "invalid_request");
    // Nor next to a body that would do.
    for query in [format!("client_secret={SECRET}"), format!("code={code}"), "grant_type=x".to_owned()] {
        let answer = world.send(Method::POST, &format!("/oauth/token?{query}"), &[FORM], Some(fields.clone())).await;
        answer.is_error(400, "invalid_request");
    }
    // What is no parameter of ours is none of our business.
    let answer = world.send(Method::POST, "/oauth/token?trace=1", &[FORM], Some(fields)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// Security 30, 99.
#[tokio::test]
async fn json_is_for_clients_that_are_marked_for_it() {
    let world = World::new().await;
    let code = code(&world, "spa").await;
    let body = json!({
        "grant_type": "authorization_code", "code": code, "redirect_uri": SPA_CALLBACK,
        "code_verifier": VERIFIER, "client_id": "spa",
    });
    world.post_json("/oauth/token", &[], &body).await.is_error(400, "invalid_request");
    world.change_client("spa", |client| client.json_requests = true).await;
    assert_eq!(world.post_json("/oauth/token", &[], &body).await.status, 200);
    for media in ["text/plain", "multipart/form-data; boundary=x", "application/xml", ""] {
        let answer =
            world.send(Method::POST, "/oauth/token", &[(CONTENT_TYPE, media)], Some("grant_type=x".into())).await;
        answer.is_error(400, "invalid_request");
    }
}

/// Security 5; RFC 6749 §3.2.
#[tokio::test]
async fn a_parameter_given_twice_is_refused() {
    let world = World::new().await;
    let code = code(&world, "web").await;
    for name in ["code", "grant_type", "redirect_uri", "code_verifier", "client_id", "unknown"] {
        let fields = [("grant_type", "authorization_code"), ("code", &code), (name, "x"), (name, "x")];
        world.token("web", &fields).await.is_error(400, "invalid_request");
    }
}

/// Security 33.
#[tokio::test]
async fn two_ways_to_authenticate_at_once_are_refused() {
    let world = World::new().await;
    let own = basic("web", SECRET);
    let grant = ("grant_type", "client_credentials");
    for more in [("client_secret", SECRET), ("client_assertion", "x"), ("client_assertion_type", "x")] {
        world.post_with(&own, "/oauth/token", &[grant, more]).await.is_error(400, "invalid_request");
    }
    world.post_with(&own, "/oauth/token", &[grant, ("client_id", "other")]).await.is_error(400, "invalid_request");
    let headers = [FORM, (http::header::AUTHORIZATION, own.as_str()), (http::header::AUTHORIZATION, own.as_str())];
    let twice = world.send(Method::POST, "/oauth/token", &headers, Some(form(&[grant]))).await;
    assert!(twice.status.is_client_error(), "{twice:?}");
}

/// RFC 6749 §5.2: 401, in the scheme the client used; why is not told.
#[tokio::test]
async fn a_client_that_is_not_who_it_says_is_refused_and_learns_nothing() {
    let world = World::new().await;
    world.change_client("other", |client| client.disabled = true).await;
    let grant = [("grant_type", "client_credentials")];
    let mut bodies = Vec::new();
    for (id, secret) in
        [("web", "wrong"), ("nobody", SECRET), ("other", SECRET), ("web", ""), ("spa", SECRET), ("WEB", SECRET)]
    {
        let answer = world.post_with(&basic(id, secret), "/oauth/token", &grant).await;
        answer.is_error(401, "invalid_client");
        assert!(answer.header("www-authenticate").starts_with("Basic "), "{id}: {answer:?}");
        bodies.push(answer.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    for header in ["Basic", "Basic ", "Basic !!!", "Basic d2Vi", "Bearer x", "Basic d2ViOg==, x", "Digest x"] {
        let answer = world.post_with(header, "/oauth/token", &grant).await;
        answer.is_error(401, "invalid_client");
        assert!(answer.header("www-authenticate").starts_with("Basic "), "{header}: {answer:?}");
    }
    let nothing = world.post_with("", "/oauth/token", &grant).await;
    nothing.is_error(400, "invalid_request");
    assert_eq!(nothing.json()["error_description"], "client_id is missing");
    let nameless = world.post_with("", "/oauth/token", &[grant[0], ("client_secret", SECRET)]).await;
    nameless.is_error(401, "invalid_client");
    // Confidential clients are not believed by name.
    world.post_with("", "/oauth/token", &[grant[0], ("client_id", "web")]).await.is_error(401, "invalid_client");
}

/// RFC 10017; security 36.
#[tokio::test]
async fn rfc10017_section_6_3_3_1_a_browser_program_with_a_secret_is_refused() {
    let world = World::new().await;
    let code = code(&world, "spa").await;
    let answer = redeem_with(&world, "spa", &code, &[("client_secret", "anything")]).await;
    answer.is_error(401, "invalid_client");
    assert_eq!(world.redeem("spa", &code).await.status, 200);
}

/// Security 34.
#[tokio::test]
async fn two_secrets_count_while_one_takes_over_from_the_other() {
    let world = World::new().await;
    let fresh = "sym_cs_another-secret-of-the-test-clients";
    let now = crate::support::NOW;
    world
        .change_client("machine", |client| {
            client.secrets[0].expires_at = Some(now + 100);
            client.secrets.push(symbolon_oauth::SecretHash::of(fresh, now));
        })
        .await;
    let grant = [("grant_type", "client_credentials")];
    let status = async |secret: &str| world.post_with(&basic("machine", secret), "/oauth/token", &grant).await.status;
    assert_eq!((status(SECRET).await.as_u16(), status(fresh).await.as_u16()), (200, 200));
    world.advance(100);
    assert_eq!((status(SECRET).await.as_u16(), status(fresh).await.as_u16()), (401, 200));
}

/// RFC 6749 §2.3.1: both halves of Basic are form-encoded.
#[tokio::test]
async fn a_secret_of_any_characters_works_in_basic_and_in_the_body() {
    let world = World::new().await;
    let secret = "a:b+c%20 ä/?&=\"";
    let change = |client: &mut Client| client.secrets = vec![symbolon_oauth::SecretHash::of(secret, 0)];
    world.change_client("machine", change).await;
    let grant = ("grant_type", "client_credentials");
    assert_eq!(world.post_with(&basic("machine", secret), "/oauth/token", &[grant]).await.status, 200);
    let fields = [grant, ("client_id", "machine"), ("client_secret", secret)];
    assert_eq!(world.post_with("", "/oauth/token", &fields).await.status, 200);
}

#[tokio::test]
async fn a_client_uses_only_the_grants_it_is_registered_for() {
    let world = World::new().await;
    world.token("web", &[("grant_type", "client_credentials")]).await.is_error(400, "unauthorized_client");
    world.token("machine", &[("grant_type", "authorization_code")]).await.is_error(400, "invalid_request");
    let tokens = world.tokens("web", ADA).await;
    world.change_client("web", |client| client.grant_types.retain(|grant| grant != "refresh_token")).await;
    let refused = world.refresh("web", tokens["refresh_token"].as_str().unwrap()).await;
    refused.is_error(400, "unauthorized_client");
}

/// The answers and times of one sign-in, in all its tokens.
#[tokio::test]
async fn tokens_of_one_sign_in_agree_with_each_other() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.get(&authorize_url("web", &[])).await;
    world.advance(30);
    let answer = browser.sign_in(&page, ADA, PASSWORD).await;
    world.advance(20);
    let tokens = world.redeem("web", &answer.param("code").unwrap()).await.json();
    let (access, id): (Value, Value) = (claims(&tokens["access_token"]), claims(&tokens["id_token"]));
    assert_eq!((&access["sub"], &access["sid"], &access["auth_time"]), (&id["sub"], &id["sid"], &id["auth_time"]));
    assert_eq!(id["auth_time"], crate::support::NOW + 30);
    assert_eq!((&id["iat"], &id["amr"]), (&json!(crate::support::NOW + 50), &json!(["pwd"])));
    assert!(id.get("at_hash").is_some());
}
