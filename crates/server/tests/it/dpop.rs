//! Proof of possession (RFC 9449): tokens that are nothing without a key.

use http::Method;
use http::header::{AUTHORIZATION, ORIGIN};
use serde_json::{Value, json};
use symbolon_jose::{base64url, sha256};
use symbolon_oauth::AccessTokenFormat;

use crate::support::dpop::{DPOP, Prover};
use crate::support::protocol::claims;
use crate::support::requests::{parameters, reference_url};
use crate::support::{API, Answer, ISSUER, PASSWORD, SPA_ORIGIN, World};

const ADA: &str = "ada@example.com";
const MACHINE: [(&str, &str); 1] = [("grant_type", "client_credentials")];

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Refused by a resource, in the scheme for bound tokens.
#[track_caller]
fn challenged(answer: &Answer, error: &str) {
    assert_eq!(answer.status, 401, "{answer:?}");
    let said = answer.header("www-authenticate");
    assert!(said.starts_with("DPoP ") && said.contains(&format!("error=\"{error}\"")), "{said}");
    assert!(said.contains("algs=\"") && said.contains("ES256"), "{said}");
    assert!(!answer.body.contains("example.com"), "{}", answer.body);
}

#[tokio::test]
async fn tokens_are_bound_to_the_key_that_was_proven_rfc_9449_5() {
    let (world, prover) = (World::new().await, Prover::new());
    for client in ["spa", "web"] {
        let tokens = world.bound_tokens(client, &prover).await;
        assert_eq!(tokens["token_type"], "DPoP");
        assert_eq!(claims(&tokens["access_token"])["cnf"], json!({"jkt": prover.jkt()}));
        assert_eq!(claims(&tokens["id_token"]).get("cnf"), None, "an ID token is shown to nobody");
    }
    let answer = world.token_with("machine", &prover.for_tokens(), &MACHINE).await.json();
    assert_eq!(
        (&answer["token_type"], &claims(&answer["access_token"])["cnf"]["jkt"]),
        (&json!("DPoP"), &json!(prover.jkt()))
    );
    // Without a proof everything is as it was.
    let plain = world.token("machine", &MACHINE).await.json();
    assert_eq!((&plain["token_type"], claims(&plain["access_token"]).get("cnf")), (&json!("Bearer"), None));
}

#[tokio::test]
async fn introspection_tells_the_key_rfc_9449_6_2() {
    let (world, prover) = (World::new().await, Prover::new());
    let tokens = world.token_with("machine", &prover.for_tokens(), &MACHINE).await.json();
    let said = world.introspect(text(&tokens["access_token"])).await;
    assert_eq!((&said["active"], &said["token_type"]), (&json!(true), &json!("DPoP")));
    assert_eq!(said["cnf"], json!({"jkt": prover.jkt()}));
}

#[tokio::test]
async fn a_proof_counts_once_rfc_9449_11_1() {
    let (world, prover) = (World::new().await, Prover::new());
    let proof = prover.for_tokens();
    assert_eq!(world.token_with("machine", &proof, &MACHINE).await.status, 200);
    world.token_with("machine", &proof, &MACHINE).await.is_error(400, "invalid_dpop_proof");
    // Not even on another node, or after a restart.
    let world = world.restart().await;
    world.token_with("machine", &proof, &MACHINE).await.is_error(400, "invalid_dpop_proof");
    // Nor later, when it is too old.
    world.advance(120);
    world.token_with("machine", &proof, &MACHINE).await.is_error(400, "invalid_dpop_proof");
}

#[tokio::test]
async fn what_is_refused_does_not_use_a_proof_up() {
    let (world, prover) = (World::new().await, Prover::new());
    let proof = prover.for_tokens();
    let wrong = [("grant_type", "client_credentials"), ("scope", "everything")];
    world.token_with("machine", &proof, &wrong).await.is_error(400, "invalid_scope");
    assert_eq!(world.token_with("machine", &proof, &MACHINE).await.status, 200);
}

#[tokio::test]
async fn a_proof_for_anything_but_this_request_is_refused_rfc_9449_4_3() {
    let (world, prover) = (World::new().await, Prover::new());
    for (method, path, changes) in [
        ("GET", "/oauth/token", json!({})),
        ("POST", "/oauth/revoke", json!({})),
        ("POST", "", json!({"htu": "https://evil.example/oauth/token"})),
        ("POST", "/oauth/token", json!({"iat": crate::support::NOW - 61})),
        ("POST", "/oauth/token", json!({"iat": crate::support::NOW + 16})),
        ("POST", "/oauth/token", json!({"jti": null})),
    ] {
        let proof = prover.proof(method, path, &changes);
        world.token_with("machine", &proof, &MACHINE).await.is_error(400, "invalid_dpop_proof");
    }
    for proof in ["", "x", "eyJhbGciOiJub25lIn0.e30."] {
        world.token_with("machine", proof, &MACHINE).await.is_error(400, "invalid_dpop_proof");
    }
}

#[tokio::test]
async fn two_proofs_are_one_too_many_rfc_9449_4_3_1() {
    let (world, prover) = (World::new().await, Prover::new());
    let (one, other) = (prover.for_tokens(), prover.for_tokens());
    let headers = [(DPOP, one.as_str()), (DPOP, other.as_str())];
    let answer = world.post_as_with("machine", "/oauth/token", &MACHINE, &headers).await;
    answer.is_error(400, "invalid_dpop_proof");
}

#[tokio::test]
async fn where_a_request_went_is_never_read_from_its_host_security_111() {
    let (world, prover) = (World::new().await, Prover::new());
    let proof = prover.proof("POST", "", &json!({"htu": "http://evil.example/oauth/token"}));
    let headers = [
        (http::HeaderName::from_static("x-forwarded-host"), "evil.example"),
        (http::HeaderName::from_static("forwarded"), "host=evil.example"),
        (DPOP, proof.as_str()),
    ];
    let answer = world.post_as_with("machine", "/oauth/token", &MACHINE, &headers).await;
    answer.is_error(400, "invalid_dpop_proof");
}

#[tokio::test]
async fn a_stolen_refresh_token_is_nothing_without_the_key_rfc_9449_5() {
    let (world, owner, thief) = (World::new().await, Prover::new(), Prover::new());
    let tokens = world.bound_tokens("spa", &owner).await;
    let refresh_token = text(&tokens["refresh_token"]);
    world.refresh_with("spa", &thief.for_tokens(), refresh_token).await.is_error(400, "invalid_grant");
    world.refresh("spa", refresh_token).await.is_error(400, "invalid_dpop_proof");
    let next = world.refresh_with("spa", &owner.for_tokens(), refresh_token).await.json();
    assert_eq!(claims(&next["access_token"])["cnf"]["jkt"], owner.jkt());
    // Within the grace of the rotation too, and a thief who shows it later ends nothing.
    world.refresh_with("spa", &thief.for_tokens(), refresh_token).await.is_error(400, "invalid_grant");
    let same = world.refresh_with("spa", &owner.for_tokens(), refresh_token).await.json();
    assert_eq!(same["refresh_token"], next["refresh_token"]);
    let last = world.refresh_with("spa", &owner.for_tokens(), text(&next["refresh_token"])).await.json();
    world.advance(30);
    world.refresh_with("spa", &thief.for_tokens(), refresh_token).await.is_error(400, "invalid_grant");
    let proof = owner.proof("POST", "/oauth/token", &json!({"iat": crate::support::NOW + 30}));
    assert_eq!(world.refresh_with("spa", &proof, text(&last["refresh_token"])).await.status, 200);
}

#[tokio::test]
async fn a_confidential_client_may_change_its_key_rfc_9449_5() {
    let (world, one, other) = (World::new().await, Prover::new(), Prover::new());
    let tokens = world.bound_tokens("web", &one).await;
    let next = world.refresh_with("web", &other.for_tokens(), text(&tokens["refresh_token"])).await.json();
    assert_eq!(claims(&next["access_token"])["cnf"]["jkt"], other.jkt());
}

#[tokio::test]
async fn a_code_for_a_key_is_redeemed_with_it_rfc_9449_10() {
    let (world, owner, thief) = (World::new().await, Prover::new(), Prover::new());
    let jkt = owner.jkt();
    let code = world.browser().code("spa", ADA, &[("dpop_jkt", &jkt)]).await;
    world.redeem_with("spa", &thief.for_tokens(), &code).await.is_error(400, "invalid_grant");
    world.redeem("spa", &code).await.is_error(400, "invalid_dpop_proof");
    assert_eq!(world.redeem_with("spa", &owner.for_tokens(), &code).await.status, 200);
}

/// A proof beside a pushed request is as good as `dpop_jkt` in it.
#[tokio::test]
async fn a_proof_at_the_push_binds_the_code_rfc_9449_10_1() {
    let (world, owner, thief) = (World::new().await, Prover::new(), Prover::new());
    let proof = owner.proof("POST", "/oauth/par", &json!({}));
    let push = async |proof: &str, more: &[(&str, &str)]| {
        let pairs = parameters("web", more);
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        world.post_as_with("web", "/oauth/par", &pairs, &[(DPOP, proof)]).await
    };
    let pushed = push(&proof, &[]).await;
    assert_eq!(pushed.status, 201, "{}", pushed.body);
    push(&proof, &[]).await.is_error(400, "invalid_dpop_proof");
    push(&owner.for_tokens(), &[]).await.is_error(400, "invalid_dpop_proof");
    let another = owner.proof("POST", "/oauth/par", &json!({}));
    push(&another, &[("dpop_jkt", &thief.jkt())]).await.is_error(400, "invalid_request");

    let url = reference_url("web", text(&pushed.json()["request_uri"]), &[]);
    let mut browser = world.browser();
    let page = browser.get(&url).await;
    let code = browser.sign_in(&page, ADA, PASSWORD).await.param("code").unwrap();
    world.redeem_with("web", &thief.for_tokens(), &code).await.is_error(400, "invalid_grant");
    assert_eq!(world.redeem_with("web", &owner.for_tokens(), &code).await.status, 200);
}

#[tokio::test]
async fn a_client_of_bound_tokens_gets_no_others_rfc_9449_5_2() {
    let (world, prover) = (World::new().await, Prover::new());
    for client in ["spa", "machine"] {
        world
            .change_client(client, |client| {
                client.dpop_bound_access_tokens = true;
                client.password_sign_in = true;
            })
            .await;
    }
    world.token("machine", &MACHINE).await.is_error(400, "invalid_dpop_proof");
    assert_eq!(world.token_with("machine", &prover.for_tokens(), &MACHINE).await.status, 200);
    let code = world.browser().code("spa", ADA, &[]).await;
    world.redeem("spa", &code).await.is_error(400, "invalid_dpop_proof");
    let body = json!({"username": ADA, "password": PASSWORD, "client_id": "spa"});
    let answer = world.post_json("/authenticate", &[(ORIGIN, SPA_ORIGIN)], &body).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (400, &json!("invalid_dpop_proof")), "{answer:?}");
}

#[tokio::test]
async fn session_values_are_not_bound_and_that_is_said() {
    let (world, prover) = (World::new().await, Prover::new());
    world.change_client("spa", |client| client.access_token_format = AccessTokenFormat::Session).await;
    let code = world.browser().code("spa", ADA, &[("audience", API), ("scope", "openid read")]).await;
    let answer = world.redeem_with("spa", &prover.for_tokens(), &code).await;
    answer.is_error(400, "invalid_request");
    assert!(answer.body.contains("session values"), "{}", answer.body);
    assert_eq!(world.redeem("spa", &code).await.json()["token_type"], "Bearer");
}

#[tokio::test]
async fn userinfo_wants_the_proof_of_a_bound_token_rfc_9449_7() {
    let (world, owner, thief) = (World::new().await, Prover::new(), Prover::new());
    let tokens = world.bound_tokens("spa", &owner).await;
    let token = text(&tokens["access_token"]);
    let proof = owner.for_userinfo(token);
    let answer = world.userinfo_with(token, &proof).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    challenged(&world.userinfo_with(token, &proof).await, "invalid_dpop_proof");
    challenged(&world.userinfo_with(token, &thief.for_userinfo(token)).await, "invalid_token");
    challenged(&world.userinfo_with(token, &owner.for_userinfo("another token")).await, "invalid_dpop_proof");
    challenged(&world.userinfo_with(token, &owner.proof("GET", "/userinfo", &json!({}))).await, "invalid_dpop_proof");
    challenged(&world.userinfo_with(token, &owner.for_tokens()).await, "invalid_dpop_proof");
    let shown = format!("DPoP {token}");
    let answer = world.send(Method::GET, "/userinfo", &[(AUTHORIZATION, &shown)], None).await;
    challenged(&answer, "invalid_dpop_proof");
}

#[tokio::test]
async fn a_bound_token_is_no_bearer_s_and_the_other_way_round_rfc_9449_7_2() {
    let (world, prover) = (World::new().await, Prover::new());
    let bound = world.bound_tokens("spa", &prover).await;
    challenged(&world.userinfo(text(&bound["access_token"])).await, "invalid_token");
    let plain = world.tokens("spa", ADA).await;
    let token = text(&plain["access_token"]);
    let answer = world.userinfo_with(token, &prover.for_userinfo(token)).await;
    assert_eq!(answer.status, 401);
    assert!(answer.header("www-authenticate").starts_with("Bearer "), "{answer:?}");
    assert_eq!(world.userinfo(token).await.status, 200);
}

#[tokio::test]
async fn both_schemes_are_offered_to_who_shows_nothing_rfc_9449_7_1() {
    let world = World::new().await;
    let answer = world.browser().get("/userinfo").await;
    let said: Vec<_> = answer.headers.get_all("www-authenticate").iter().map(|line| line.to_str().unwrap()).collect();
    assert_eq!(said[0], "Bearer realm=\"symbolon\"");
    assert!(said[1].starts_with("DPoP ") && said[1].contains("algs=\"") && !said[1].contains("error"), "{said:?}");
}

#[tokio::test]
async fn where_a_nonce_is_required_one_is_offered_and_wanted_rfc_9449_8() {
    let (world, prover) = (World::new().await, Prover::new());
    world.change_client("machine", |client| client.dpop_nonce_required = true).await;
    let answer = world.token_with("machine", &prover.for_tokens(), &MACHINE).await;
    answer.is_error(400, "use_dpop_nonce");
    let nonce = answer.header("dpop-nonce").to_owned();
    // A clock that is wrong does not matter any more.
    let proof = prover.proof("POST", "/oauth/token", &json!({"nonce": nonce, "iat": 1_700_000_000}));
    let answer = world.token_with("machine", &proof, &MACHINE).await;
    assert_eq!((answer.status.as_u16(), answer.header("dpop-nonce")), (200, &*nonce));
    world.token_with("machine", &proof, &MACHINE).await.is_error(400, "invalid_dpop_proof");
    // Every node reads the nonces of every other, and no node old ones.
    let world = world.restart().await;
    let again = |nonce: &str| prover.proof("POST", "/oauth/token", &json!({"nonce": nonce}));
    assert_eq!(world.token_with("machine", &again(&nonce), &MACHINE).await.status, 200);
    world.token_with("machine", &again("30000000.AAAA"), &MACHINE).await.is_error(400, "use_dpop_nonce");
    world.advance(120);
    world.token_with("machine", &again(&nonce), &MACHINE).await.is_error(400, "use_dpop_nonce");
    // A client that need not use them is not bothered.
    let answer = world.token_with("web", &prover.for_tokens(), &MACHINE).await;
    assert!(answer.headers.get("dpop-nonce").is_none());
}

#[tokio::test]
async fn userinfo_wants_a_nonce_of_clients_that_must_use_them_rfc_9449_9() {
    let (world, prover) = (World::new().await, Prover::new());
    let tokens = world.bound_tokens("spa", &prover).await;
    world.change_client("spa", |client| client.dpop_nonce_required = true).await;
    let token = text(&tokens["access_token"]);
    let answer = world.userinfo_with(token, &prover.for_userinfo(token)).await;
    challenged(&answer, "use_dpop_nonce");
    let nonce = answer.header("dpop-nonce");
    let ath = base64url::encode(&sha256(token.as_bytes()));
    let proof = prover.proof("GET", "/userinfo", &json!({"ath": ath, "nonce": nonce}));
    assert_eq!(world.userinfo_with(token, &proof).await.status, 200);
}

#[tokio::test]
async fn a_page_of_the_client_may_read_the_nonce_and_the_challenge() {
    let (world, prover) = (World::new().await, Prover::new());
    world.change_client("spa", |client| client.dpop_nonce_required = true).await;
    let proof = prover.for_tokens();
    let headers = [(ORIGIN, SPA_ORIGIN), (DPOP, proof.as_str())];
    let fields = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let answer = world.post_as_with("spa", "/oauth/token", &fields, &headers).await;
    let exposed = answer.header("access-control-expose-headers");
    assert!(exposed.contains("DPoP-Nonce") && exposed.contains("WWW-Authenticate"), "{exposed}");
    assert_eq!(answer.header("access-control-allow-origin"), SPA_ORIGIN);
}

#[tokio::test]
async fn the_signals_of_a_stream_are_no_place_for_a_bound_token() {
    let (world, prover) = (World::new().await, Prover::new());
    world.open_signals().await;
    world.make_receiver("machine").await;
    let fields = [("grant_type", "client_credentials"), ("audience", &*format!("{ISSUER}/ssf"))];
    let tokens = world.token_with("machine", &prover.for_tokens(), &fields).await.json();
    for scheme in ["Bearer", "DPoP"] {
        let shown = format!("{scheme} {}", text(&tokens["access_token"]));
        let answer = world.send(Method::GET, "/ssf/streams", &[(AUTHORIZATION, &shown)], None).await;
        assert_eq!(answer.status, 401, "{answer:?}");
    }
}
