//! The OAuth 2.0 Authorization Framework: the token endpoint and who asks there (RFC 6749 §2.3, §3.2, §4.1.3, §4.4, §5, §6).

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::json;

use crate::flows::{ADA, redeem_but, text};
use crate::support::client::form;
use crate::support::flow::basic;
use crate::support::{SECRET, World};

const FORM: &str = "application/x-www-form-urlencoded";
const MACHINE: [(&str, &str); 1] = [("grant_type", "client_credentials")];

refused_for_a_code! {
    rfc6749_section_4_1_3_a_code_needs_its_redirect_uri: "web", "redirect_uri", "" => "invalid_request";
    rfc6749_section_4_1_3_a_code_needs_the_same_redirect_uri:
        "web", "redirect_uri", "https://app.example.com/other" => "invalid_grant";
    rfc6749_section_4_1_3_the_redirect_uri_is_compared_character_by_character:
        "web", "redirect_uri", "https://app.example.com/callback/" => "invalid_grant";
    rfc6749_section_4_1_3_a_code_of_another_client_is_refused: "other", "state", "x" => "invalid_grant";
    rfc6749_section_4_1_3_a_public_client_cannot_take_a_confidential_clients_code:
        "spa", "state", "x" => "invalid_grant";
    rfc6749_section_4_1_3_a_code_is_required: "web", "code", "" => "invalid_request";
    rfc6749_section_4_1_3_an_unknown_code_is_refused: "web", "code", "unknown" => "invalid_grant";
    rfc6749_section_4_1_3_a_grant_type_is_required: "web", "grant_type", "" => "invalid_request";
    rfc6749_section_4_1_3_grant_types_are_case_sensitive:
        "web", "grant_type", "Authorization_Code" => "unsupported_grant_type";
}

refused_for_tokens! {
    rfc6749_section_5_2_an_unknown_grant_is_unsupported: "web", [("grant_type", "magic")] => 400, "unsupported_grant_type";
    rfc6749_section_4_3_the_password_grant_does_not_exist:
        "web", [("grant_type", "password"), ("username", "ada@example.com"), ("password", "correct horse battery")]
        => 400, "unsupported_grant_type";
    rfc6749_section_4_4_2_a_scope_beyond_the_registration_is_invalid_scope:
        "machine", [("grant_type", "client_credentials"), ("scope", "admin")] => 400, "invalid_scope";
    rfc6749_section_3_3_a_malformed_scope_is_invalid_scope:
        "machine", [("grant_type", "client_credentials"), ("scope", "a\"b")] => 400, "invalid_scope";
    rfc6749_section_4_4_a_public_client_cannot_use_client_credentials:
        "spa", MACHINE => 400, "unauthorized_client";
    rfc6749_section_5_2_a_grant_the_client_is_not_registered_for_is_unauthorized:
        "web", MACHINE => 400, "unauthorized_client";
    rfc6749_section_6_a_refresh_token_is_required: "web", [("grant_type", "refresh_token")] => 400, "invalid_request";
    rfc6749_section_6_an_unknown_refresh_token_is_refused:
        "web", [("grant_type", "refresh_token"), ("refresh_token", "unknown")] => 400, "invalid_grant";
    rfc6749_section_6_an_access_tokens_shape_is_no_refresh_token:
        "web", [("grant_type", "refresh_token"), ("refresh_token", "eyJhbGciOiJub25lIn0.e30.")] => 400, "invalid_grant";
    rfc6749_section_3_2_a_parameter_twice_is_refused:
        "machine", [("grant_type", "client_credentials"), ("scope", "read"), ("scope", "read")] => 400, "invalid_request";
    rfc6749_section_3_2_grant_type_twice_is_refused:
        "machine", [("grant_type", "client_credentials"), ("grant_type", "client_credentials")] => 400, "invalid_request";
    rfc6749_section_2_3_two_ways_to_authenticate_are_refused:
        "machine", [("grant_type", "client_credentials"), ("client_id", "machine"), ("client_secret", SECRET)]
        => 400, "invalid_request";
    rfc6749_section_2_3_1_a_body_that_names_another_client_is_refused:
        "machine", [("grant_type", "client_credentials"), ("client_id", "web")] => 400, "invalid_request";
}

/// Token requests that a `machine` sends with this `Authorization` header, each refused with 401 and a challenge (§5.2).
macro_rules! not_authenticated {
    ($($(#[$about:meta])* $name:ident: $authorization:expr;)+) => {$(
        $(#[$about])*
        #[tokio::test]
        async fn $name() {
            let world = World::new().await;
            let answer = world.post_with(&$authorization, "/oauth/token", &MACHINE).await;
            answer.is_error(401, "invalid_client");
            assert!(answer.header("www-authenticate").starts_with("Basic "), "{answer:?}");
        }
    )+};
}

not_authenticated! {
    rfc6749_section_2_3_1_a_wrong_secret_is_challenged: basic("machine", "wrong");
    rfc6749_section_2_3_1_an_empty_secret_is_challenged: basic("machine", "");
    rfc6749_section_2_3_1_a_secret_with_more_behind_it_is_challenged: basic("machine", &format!("{SECRET}x"));
    rfc6749_section_2_3_1_a_secret_in_other_case_is_challenged: basic("machine", &SECRET.to_uppercase());
    rfc6749_section_2_3_1_an_unknown_client_is_challenged: basic("nobody", SECRET);
    rfc6749_section_2_3_1_a_header_without_a_colon_is_challenged: "Basic bWFjaGluZQ==";
}

/// A client that fails without an `Authorization` header is told the code (§5.2).
macro_rules! not_authenticated_by_body {
    ($($name:ident: $more:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let world = World::new().await;
            let fields: Vec<_> = MACHINE.into_iter().chain($more).collect();
            world.post_with("", "/oauth/token", &fields).await.is_error(401, "invalid_client");
        }
    )+};
}

not_authenticated_by_body! {
    rfc6749_section_3_2_1_a_confidential_client_must_authenticate: [("client_id", "machine")];
    rfc6749_section_2_3_1_a_wrong_secret_in_the_body_is_refused: [("client_id", "partner"), ("client_secret", "wrong")];
}

/// Nobody is no client (§3.2.1).
#[tokio::test]
async fn rfc6749_section_3_2_1_a_request_without_any_client_is_refused() {
    let world = World::new().await;
    world.post_with("", "/oauth/token", &MACHINE).await.is_error(400, "invalid_request");
}

/// "The parameters can only be transmitted in the request-body and MUST NOT be included in the request URI."
#[tokio::test]
async fn rfc6749_section_2_3_1_a_secret_in_the_uri_is_no_credential() {
    let world = World::new().await;
    let path = format!("/oauth/token?client_id=partner&client_secret={SECRET}");
    let body = Some(form(&[("grant_type", "refresh_token"), ("refresh_token", "x")]));
    let answer = world.send(Method::POST, &path, &[(CONTENT_TYPE, FORM)], body).await;
    assert!([400, 401].contains(&answer.status.as_u16()), "{answer:?}");
    assert_ne!(answer.json()["error"], "invalid_grant", "it was taken");
}

/// "The client MUST use the HTTP "POST" method when making access token requests."
#[tokio::test]
async fn rfc6749_section_3_2_get_is_not_allowed() {
    let world = World::new().await;
    let own = basic("machine", SECRET);
    let path = "/oauth/token?grant_type=client_credentials";
    let answer = world.send(Method::GET, path, &[(AUTHORIZATION, &own)], None).await;
    assert_eq!(answer.status, 405);
    assert!(!answer.body.contains("access_token"));
}

#[tokio::test]
async fn rfc6749_section_3_2_parameters_in_the_uri_do_not_count() {
    let world = World::new().await;
    let own = basic("machine", SECRET);
    let headers = [(CONTENT_TYPE, FORM), (AUTHORIZATION, &*own)];
    let answer =
        world.send(Method::POST, "/oauth/token?grant_type=client_credentials", &headers, Some(String::new())).await;
    answer.is_error(400, "invalid_request");
}

#[tokio::test]
async fn rfc6749_section_4_1_3_a_body_that_is_no_form_is_refused() {
    let world = World::new().await;
    let own = basic("machine", SECRET);
    for (kind, body) in
        [("text/plain", "grant_type=client_credentials"), ("multipart/form-data; boundary=x", "--x--"), ("", "x")]
    {
        let headers = [(CONTENT_TYPE, kind), (AUTHORIZATION, &*own)];
        let answer = world.send(Method::POST, "/oauth/token", &headers, Some(body.to_owned())).await;
        assert!(answer.status.is_client_error(), "{kind}: {answer:?}");
        assert!(!answer.body.contains("access_token"));
    }
}

#[tokio::test]
async fn rfc6749_section_3_2_unknown_parameters_are_ignored() {
    let world = World::new().await;
    let fields = [("grant_type", "client_credentials"), ("unheard_of", "x"), ("state", "y")];
    assert_eq!(world.token("machine", &fields).await.status, 200);
}

/// "Parameters sent without a value MUST be treated as if they were omitted from the request."
#[tokio::test]
async fn rfc6749_section_3_2_a_parameter_without_a_value_is_none() {
    let world = World::new().await;
    let fields = [("grant_type", "client_credentials"), ("scope", ""), ("resource", "")];
    assert_eq!(world.token("machine", &fields).await.json()["scope"], "read write");
    world.token("machine", &[("grant_type", "")]).await.is_error(400, "invalid_request");
}

/// "A refresh token SHOULD NOT be included."
#[tokio::test]
async fn rfc6749_section_4_4_3_a_machine_gets_no_refresh_token() {
    let world = World::new().await;
    let answer = world.token("machine", &MACHINE).await.json();
    assert_eq!((answer.get("refresh_token"), answer.get("id_token")), (None, None));
}

/// "MUST include the HTTP "Cache-Control" response header field with a value of "no-store"".
#[tokio::test]
async fn rfc6749_section_5_1_no_answer_with_a_token_may_be_stored() {
    let world = World::new().await;
    let answer = world.token("machine", &MACHINE).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json()["token_type"], "Bearer");
}

/// "scope: OPTIONAL, if identical to the scope requested by the client; otherwise, REQUIRED."
#[tokio::test]
async fn rfc6749_section_5_1_a_narrowed_scope_is_told() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[("scope", "openid email unheard-of")]).await;
    assert_eq!(world.redeem("web", &code).await.json()["scope"], "openid email");
}

/// §3.3: `scope = scope-token *( SP scope-token )`: an empty value is none.
#[tokio::test]
async fn rfc6749_section_3_3_a_grant_of_no_scope_names_none() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[("scope", "unheard-of")]).await;
    let tokens = world.redeem("web", &code).await.json();
    assert!(tokens["access_token"].is_string() && tokens.get("scope").is_none(), "{tokens}");
}

/// §5.2: `error_description` is of printable ASCII without quote and backslash, also where a caller tries to be echoed.
#[tokio::test]
async fn rfc6749_section_5_2_an_error_echoes_nothing_hostile() {
    let world = World::new().await;
    for hostile in ["\"<script>\\", "ä\u{1F600}", "a\r\nSet-Cookie: x=y"] {
        let answer = world.token("web", &[("grant_type", hostile)]).await;
        let description = answer.json()["error_description"].as_str().unwrap_or_default().to_owned();
        let allowed = |one: char| matches!(one, '\x20'..='\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E');
        assert!(description.chars().all(allowed), "{description}");
        assert!(answer.headers.get("set-cookie").is_none());
    }
}

/// "The requested scope MUST NOT include any scope not originally granted by the resource owner".
#[tokio::test]
async fn rfc6749_section_6_a_refresh_never_widens_the_scope() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[("scope", "openid offline_access")]).await;
    let refresh = text(&world.redeem("web", &code).await.json()["refresh_token"]);
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &*refresh), ("scope", "openid email")];
    world.token("web", &fields).await.is_error(400, "invalid_scope");
    assert_eq!(world.refresh("web", &refresh).await.status, 200, "nothing was used up");
}

/// "The authorization server MUST … ensure that the refresh token was issued to the authenticated client".
#[tokio::test]
async fn rfc6749_section_6_a_refresh_token_of_another_client_is_refused_and_unhurt() {
    let world = World::new().await;
    let refresh = text(&world.tokens("web", ADA).await["refresh_token"]);
    world.refresh("other", &refresh).await.is_error(400, "invalid_grant");
    assert_eq!(world.refresh("web", &refresh).await.status, 200);
}

/// §6: "If the client type is confidential … the client MUST authenticate".
#[tokio::test]
async fn rfc6749_section_6_a_refresh_without_the_clients_proof_is_refused() {
    let world = World::new().await;
    let refresh = text(&world.tokens("web", ADA).await["refresh_token"]);
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &*refresh), ("client_id", "web")];
    world.post_with("", "/oauth/token", &fields).await.is_error(401, "invalid_client");
}

/// §10.4: refresh tokens "MUST be kept confidential": one that was touched is none.
#[tokio::test]
async fn rfc6749_section_10_4_a_changed_refresh_token_is_none() {
    let world = World::new().await;
    let refresh = text(&world.tokens("web", ADA).await["refresh_token"]);
    for changed in [format!("{refresh}A"), refresh[..refresh.len() - 1].to_owned(), refresh.to_uppercase()] {
        world.refresh("web", &changed).await.is_error(400, "invalid_grant");
    }
}

/// §10.3: "Access token credentials … MUST be kept confidential": nobody gets a whole one from an error.
#[tokio::test]
async fn rfc6749_section_10_3_an_error_shows_no_credential() {
    let world = World::new().await;
    let code = world.browser().code("web", ADA, &[]).await;
    let refused = redeem_but(&world, "web", &code, "code_verifier", "x").await;
    assert!(!refused.body.contains(&code) && !refused.body.contains(SECRET), "{}", refused.body);
    let answer = world.post_with(&basic("machine", "a-wrong-secret"), "/oauth/token", &MACHINE).await;
    assert!(!answer.body.contains("a-wrong-secret"), "{}", answer.body);
    assert_eq!(answer.json()["error"], json!("invalid_client"));
}
