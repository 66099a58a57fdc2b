//! Answers that are JWTs (JWT Secured Authorization Response Mode): signed for the client, refusals too, and nothing of them in the clear.

use serde_json::{Value, json};
use symbolon_jose::jwt::{self, Policy};
use symbolon_jose::{Algorithm, JwkSet, VerifyingKeys};

use crate::support::client::param;
use crate::support::flow::authorize_url;
use crate::support::protocol::header;
use crate::support::{Answer, CALLBACK, ISSUER, NOW, World};

const ADA: &str = "ada@example.com";

async fn answer(world: &World, more: &[(&str, &str)]) -> Answer {
    world.authorized(&mut world.browser(), "web", ADA, more).await
}

/// The JWT of an answer, wherever it stands, and the proof that nothing stands beside it.
#[track_caller]
fn response(answer: &Answer, mode: &str) -> String {
    if mode.starts_with("form_post") {
        assert_eq!(answer.body.matches("<input type=\"hidden\"").count(), 1, "{}", answer.body);
        return answer.field("response");
    }
    if mode.starts_with("web_message") {
        let (_, message) = answer.message();
        assert_eq!(message.as_object().unwrap().len(), 1, "{message}");
        return message["response"].as_str().unwrap().to_owned();
    }
    let joint = if mode.starts_with("query") { '?' } else { '#' };
    let jwt = param(answer.location(), "response").unwrap_or_else(|| panic!("no response: {answer:?}"));
    assert_eq!(answer.location(), format!("{CALLBACK}{joint}response={jwt}"));
    jwt
}

/// What it says, verified by the published keys for `web`.
async fn verified(world: &World, jwt: &str) -> Value {
    let jwks = world.browser().get("/.well-known/jwks.json").await.body;
    let keys = VerifyingKeys::from_jwks(&JwkSet::from_slice(jwks.as_bytes()).unwrap(), Algorithm::ASYMMETRIC);
    let policy = Policy::new(ISSUER, "web").accept_type("JWT");
    jwt::verify::<Value>(jwt, &keys, &policy, NOW).unwrap().into_claims()
}

/// JARM §2.1, §2.3.
#[tokio::test]
async fn a_code_travels_signed_in_every_mode_that_signs() {
    let world = World::of_answers().await;
    for (mode, effective) in [
        ("jwt", "query.jwt"),
        ("query.jwt", "query.jwt"),
        ("fragment.jwt", "fragment.jwt"),
        ("form_post.jwt", "form_post.jwt"),
        ("web_message.jwt", "web_message.jwt"),
    ] {
        let jwt = response(&answer(&world, &[("response_mode", mode)]).await, effective);
        let claims = verified(&world, &jwt).await;
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(ISSUER), &json!("web")), "{mode}");
        assert_eq!((&claims["exp"], &claims["state"]), (&json!(NOW + 300), &json!("st/ate +1")), "{mode}");
        assert_eq!(claims.as_object().unwrap().len(), 5, "{claims}");
        assert_eq!(world.redeem("web", claims["code"].as_str().unwrap()).await.status, 200, "{mode}");
    }
}

/// JARM §2.3.1: "query.jwt MUST NOT be used in conjunction with response types that contain token or id_token".
#[tokio::test]
async fn tokens_in_a_jwt_stay_out_of_the_query_jarm_2_3_1() {
    let world = World::of_answers().await;
    for response_type in ["token", "id_token", "id_token token", "code id_token", "code token", "code id_token token"] {
        let more = [("response_type", response_type), ("response_mode", "query.jwt")];
        let refused = answer(&world, &more).await;
        refused.is_redirected_error("invalid_request");
        refused.fragment();
        let more = [("response_type", response_type), ("response_mode", "jwt")];
        let claims = verified(&world, &response(&answer(&world, &more).await, "fragment.jwt")).await;
        for (word, member) in [("code", "code"), ("id_token", "id_token"), ("token", "access_token")] {
            let wanted = response_type.split(' ').any(|one| one == word);
            assert_eq!(claims.get(member).is_some(), wanted, "{response_type}: {member}");
        }
    }
}

/// JARM §2.1: the error response is a JWT as well.
#[tokio::test]
async fn refusals_are_signed_too_jarm_2_1() {
    let world = World::of_answers().await;
    for mode in ["query.jwt", "fragment.jwt", "form_post.jwt", "web_message.jwt"] {
        for (more, error) in [(("prompt", "none"), "login_required"), (("prompt", "none login"), "invalid_request")] {
            let refused = world.browser().get(&authorize_url("web", &[("response_mode", mode), more])).await;
            let claims = verified(&world, &response(&refused, mode)).await;
            assert_eq!((&claims["error"], &claims["state"]), (&json!(error), &json!("st/ate +1")), "{mode}");
            assert_eq!(claims.get("code"), None);
        }
    }
}

/// JARM §3.
#[tokio::test]
async fn the_algorithm_is_the_one_registered_and_rs256_by_default_jarm_3() {
    let world = World::of_answers().await;
    let mode = [("response_mode", "jwt")];
    let jwt = response(&answer(&world, &mode).await, "query.jwt");
    assert_eq!(header(&json!(jwt))["alg"], "RS256");
    let registered = Some(Algorithm::ES256);
    world.change_client("web", |client| client.responses.authorization_signed_response_alg = registered).await;
    let jwt = response(&answer(&world, &mode).await, "query.jwt");
    assert_eq!(header(&json!(jwt))["alg"], "ES256");
    verified(&world, &jwt).await;
}

/// The keys of an algorithm that only answers use are made, and gone without it the answer is an error of ours and nothing in the clear.
#[tokio::test]
async fn keys_for_answers_are_made_when_a_client_is_registered_for_them() {
    let world = World::of_answers().await;
    let registered = Some(Algorithm::EdDSA);
    world.change_client("web", |client| client.responses.authorization_signed_response_alg = registered).await;
    let jwt = response(&answer(&world, &[("response_mode", "jwt")]).await, "query.jwt");
    assert_eq!(header(&json!(jwt))["alg"], "EdDSA");
    verified(&world, &jwt).await;
}

/// JARM §2.4: another client's answer is not this one's.
#[tokio::test]
async fn an_answer_is_for_one_client_and_for_a_while_jarm_2_4() {
    let world = World::of_answers().await;
    let jwt = response(&answer(&world, &[("response_mode", "jwt")]).await, "query.jwt");
    let jwks = world.browser().get("/.well-known/jwks.json").await.body;
    let keys = VerifyingKeys::from_jwks(&JwkSet::from_slice(jwks.as_bytes()).unwrap(), Algorithm::ASYMMETRIC);
    let read = |audience: &str, now| {
        jwt::verify::<Value>(&jwt, &keys, &Policy::new(ISSUER, audience).accept_type("JWT"), now).is_ok()
    };
    assert!(read("web", NOW) && !read("other", NOW) && !read("web", NOW + 3_600));
    let (head, signature) = jwt.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    assert!(jwt::verify::<Value>(&forged, &keys, &Policy::new(ISSUER, "web").accept_type("JWT"), NOW).is_err());
}

/// RFC 8725 §3.11: a JWT of one kind is not taken for another.
#[tokio::test]
async fn an_answer_is_no_id_token_hint_and_no_access_token_rfc_8725_3_11() {
    let world = World::of_answers().await;
    let mut browser = world.browser();
    let signed = world.authorized(&mut browser, "web", ADA, &[("response_mode", "jwt")]).await;
    let jwt = response(&signed, "query.jwt");
    let more = [("prompt", "none"), ("id_token_hint", jwt.as_str())];
    browser.get(&authorize_url("web", &more)).await.is_redirected_error("invalid_request");
    assert_eq!(world.userinfo(&jwt).await.status, 401);
    assert_eq!(world.introspect(&jwt).await, json!({ "active": false }));
}

/// Rule 2: until client and redirect URI are proven there is nobody to sign for.
#[tokio::test]
async fn nothing_is_signed_for_a_place_that_is_not_proven() {
    let world = World::of_answers().await;
    for mode in ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt", "web_message.jwt"] {
        for doubt in [("redirect_uri", "https://evil.example/"), ("client_id", "nobody")] {
            let page = world.browser().get(&authorize_url("web", &[("response_mode", mode), doubt])).await;
            page.is_page(400);
            assert!(!page.body.contains("eyJhbGciOi"), "{mode} {doubt:?}: {}", page.body);
        }
    }
}

/// A registration of some modes means those, signed ones among them.
#[tokio::test]
async fn a_client_registered_for_signed_answers_only_gets_no_others() {
    let world = World::of_answers().await;
    let modes = ["jwt", "form_post.jwt"].map(|name| symbolon_oauth::ResponseMode::from_name(name).unwrap());
    world.change_client("web", |client| client.responses.response_modes = modes.into()).await;
    for mode in ["query", "fragment", "form_post", "web_message", "fragment.jwt", "web_message.jwt"] {
        let refused = world.browser().get(&authorize_url("web", &[("response_mode", mode)])).await;
        refused.is_redirected_error("invalid_request");
    }
    let mut browser = world.browser();
    browser.code("other", "ada@example.com", &[]).await;
    browser.get(&authorize_url("web", &[])).await.is_redirected_error("invalid_request");
    for (mode, effective) in [("jwt", "query.jwt"), ("form_post.jwt", "form_post.jwt")] {
        let jwt = response(&answer(&world, &[("response_mode", mode)]).await, effective);
        assert!(verified(&world, &jwt).await.get("code").is_some(), "{mode}");
    }
}
