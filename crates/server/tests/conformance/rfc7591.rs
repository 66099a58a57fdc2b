//! Dynamic client registration (RFC 7591, OpenID Connect Dynamic Client Registration 1.0): who may register, with what, and what comes back.

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, SigningKey, jwt};
use symbolon_server::config::RegistrationMode;

use crate::support::flow::{VERIFIER, authorize_url, basic};
use crate::support::registration::{usual, with};
use crate::support::{API, Answer, CALLBACK, PASSWORD, World};

const ADA: &str = "ada@example.com";

async fn open() -> World {
    World::registering(RegistrationMode::Open).await
}

async fn by_token() -> World {
    World::registering(RegistrationMode::Token).await
}

fn text<'a>(answer: &'a Value, member: &str) -> &'a str {
    answer[member].as_str().unwrap_or_else(|| panic!("{member} in {answer}"))
}

/// RFC 8414 §2: listed exactly when it works.
#[tokio::test]
async fn registration_is_off_until_the_operator_says_so() {
    let world = World::new().await;
    let document = world.browser().get("/.well-known/openid-configuration").await.json();
    assert_eq!(document.get("registration_endpoint"), None);
    assert_eq!(world.register(&usual()).await.status, 404);
    for mode in [RegistrationMode::Open, RegistrationMode::Token] {
        let world = World::registering(mode).await;
        let document = world.browser().get("/.well-known/openid-configuration").await.json();
        assert_eq!(document["registration_endpoint"], "http://localhost:4400/register");
    }
}

#[tokio::test]
async fn rfc7591_section_3_2_1_a_client_registers_and_signs_somebody_in() {
    let world = open().await;
    let answer = world.register(&with(&json!({ "grant_types": ["authorization_code", "refresh_token"] }))).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (201, "no-store"));
    let client = answer.json();
    let (id, secret) = (text(&client, "client_id"), text(&client, "client_secret"));
    assert_eq!(client["client_secret_expires_at"], 0);
    assert_eq!(client["client_id_issued_at"], crate::support::NOW);
    assert_eq!(text(&client, "registration_client_uri"), format!("http://localhost:4400/register/{id}"));
    let mut browser = world.browser();
    let url = authorize_url(id, &[("audience", ""), ("scope", "openid email offline_access")]);
    let page = browser.get(&url).await;
    let consent = browser.sign_in(&page, ADA, PASSWORD).await;
    assert!(consent.body.contains("Newcomer"), "a stranger: people are asked");
    let (csrf, interaction) = (consent.field("csrf"), consent.field("interaction"));
    let fields = [("csrf", csrf.as_str()), ("interaction", &interaction), ("decision", "allow")];
    let answer = browser.post("/consent", &fields).await;
    let answer = browser.follow(answer).await;
    let code = answer.param("code").unwrap_or_else(|| panic!("{answer:?}"));
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let tokens = world.post_with(&basic(id, secret), "/oauth/token", &fields).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    assert!(tokens.json()["refresh_token"].is_string());
}

/// RFC 9700 §4.11.2: no link to the server leads on to an address that anybody could register.
#[tokio::test]
async fn rfc9700_section_4_11_2_a_refusal_is_no_redirect_to_a_client_that_nobody_knows() {
    let wrong = [("prompt", "none login"), ("audience", "")];
    let world = open().await;
    let stranger = world.registered(&json!({})).await;
    let answer = world.browser().get(&authorize_url(text(&stranger, "client_id"), &wrong)).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (400, ""), "{}", answer.body);
    let invited = world.invitation(Some(1), 3600).await;
    let known = world.register_with(text(&invited, "initial_access_token"), &usual()).await.json();
    let answer = world.browser().get(&authorize_url(text(&known, "client_id"), &wrong)).await;
    assert_eq!(answer.param("error").as_deref(), Some("invalid_request"), "who was let in is told as ever");
}

#[tokio::test]
async fn rfc7591_section_3_2_1_everything_registered_comes_back() {
    let world = open().await;
    let sent = json!({
        "client_name": "Newcomer", "client_name#de": "Neuling", "contacts": ["ops@app.example.com"],
        "logo_uri": "https://app.example.com/logo.png", "policy_uri": "https://app.example.com/policy",
        "tos_uri": "https://app.example.com/tos", "tos_uri#fr": "https://app.example.com/fr/tos",
        "client_uri": "https://app.example.com/", "software_id": "4NRB1-0XZABZI9E6-5SM3R", "software_version": "2.2",
        "redirect_uris": [CALLBACK], "post_logout_redirect_uris": ["https://app.example.com/bye"],
        "default_max_age": 600, "require_auth_time": true, "default_acr_values": ["urn:acr:one"],
        "token_endpoint_auth_method": "client_secret_post", "grant_types": ["authorization_code"],
        "response_types": ["code"], "application_type": "web", "scope": "openid email",
        "request_uris": ["https://app.example.com/object.jwt"], "id_token_signed_response_alg": "RS256",
        "backchannel_logout_uri": "https://app.example.com/logout", "backchannel_logout_session_required": true,
    });
    let answer = world.register(&sent).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let client = answer.json();
    for (name, value) in sent.as_object().unwrap() {
        assert_eq!(&client[name], value, "{name}");
    }
    for hidden in ["first_party", "secrets", "dynamic", "kind", "require_pkce"] {
        assert_eq!(client.get(hidden), None, "{hidden}");
    }
}

#[tokio::test]
async fn rfc7591_section_3_2_2_errors_have_their_code_and_nothing_is_registered() {
    let world = open().await;
    world.policy(&json!({ "registrations_per_hour": 1000 })).await;
    let before = world.running.app.registry().registered_themselves();
    for (changes, code) in [
        (json!({ "redirect_uris": null }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["https://app.example.com/cb#x"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["http://app.example.com/cb"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["javascript:alert(1)"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["https://*.example.com/"] }), "invalid_redirect_uri"),
        (json!({ "grant_types": ["client_credentials"] }), "invalid_client_metadata"),
        (json!({ "grant_types": ["password"] }), "invalid_client_metadata"),
        (json!({ "response_types": ["token"] }), "invalid_client_metadata"),
        (json!({ "token_endpoint_auth_method": "private_key_jwt" }), "invalid_client_metadata"),
        (json!({ "jwks": { "keys": [] } }), "invalid_client_metadata"),
        (json!({ "jwks_uri": "http://app.example.com/jwks" }), "invalid_client_metadata"),
        (json!({ "id_token_signed_response_alg": "none" }), "invalid_client_metadata"),
        (json!({ "id_token_signed_response_alg": "PS384" }), "invalid_client_metadata"),
        (json!({ "initiate_login_uri": "http://app.example.com/" }), "invalid_client_metadata"),
        (json!({ "scope": "openid admin" }), "invalid_client_metadata"),
        (json!({ "client_name": "" , "contacts": [7] }), "invalid_client_metadata"),
        (json!({ "software_statement": "x" }), "invalid_software_statement"),
    ] {
        let answer = world.register(&with(&changes)).await;
        answer.is_error(400, code);
        let text = answer.json()["error_description"].as_str().unwrap().to_owned();
        assert!(!text.is_empty() && text.is_ascii(), "{text}");
    }
    assert_eq!(world.running.app.registry().registered_themselves(), before);
}

/// §5: "the authorization server should … take appropriate steps" against names that are meant to be taken for others.
#[tokio::test]
async fn rfc7591_section_5_a_name_that_turns_or_hides_itself_is_not_registered_and_the_member_is_named() {
    let world = open().await;
    world.policy(&json!({ "registrations_per_hour": 1000 })).await;
    for mark in ["\u{202e}", "\u{200b}", "\u{200f}", "\u{2067}", "\u{61c}", "\u{2028}", "\u{ad}", "\u{200d}"] {
        let name = format!("Go{mark}ogle");
        for (member, changes) in [
            ("client_name", json!({ "client_name": name })),
            ("client_name#de", json!({ "client_name#de": name })),
            ("client_name", json!({ "client_name": "\n" })),
        ] {
            let answer = world.register(&with(&changes)).await;
            answer.is_error(400, "invalid_client_metadata");
            let told = answer.json()["error_description"].as_str().unwrap().to_owned();
            assert!(told.starts_with(&format!("{member}: must be 1 to ")), "{told}");
        }
    }
    for name in ["بنك الرياض", "בנק הפועלים", "می\u{200c}خواهم", "日本銀行", "Ärzte & Co. ☀\u{fe0f}"]
    {
        let client = world.registered(&json!({ "client_name": name, "client_name#fa": name })).await;
        assert_eq!((&client["client_name"], &client["client_name#fa"]), (&json!(name), &json!(name)));
    }
}

#[tokio::test]
async fn rfc7591_section_3_1_the_request_is_one_json_object_of_bounded_size() {
    let world = open().await;
    let post = async |media: &str, body: String| {
        world.send(Method::POST, "/register", &[(CONTENT_TYPE, media)], Some(body)).await
    };
    post("application/x-www-form-urlencoded", usual().to_string()).await.is_error(400, "invalid_client_metadata");
    post("text/plain", usual().to_string()).await.is_error(400, "invalid_client_metadata");
    for body in ["", "[]", "{", "null", r#"{"client_name":"a","client_name":"b"}"#, r#"{"client_name":"\u0000"}"#] {
        post("application/json", body.to_owned()).await.is_error(400, "invalid_client_metadata");
    }
    let endless = json!({ "redirect_uris": [CALLBACK], "client_name": "x".repeat(70_000) });
    post("application/json", endless.to_string()).await.is_error(400, "invalid_client_metadata");
    assert_eq!(post("application/json; charset=utf-8", usual().to_string()).await.status, 201);
    let get = world.send(Method::GET, "/register", &[], None).await;
    get.is_error(405, "invalid_request");
}

#[tokio::test]
async fn whoever_registers_alone_is_a_third_party_whatever_it_says() {
    let world = open().await;
    let client = world
        .registered(&json!({ "first_party": true, "password_sign_in": true, "json_requests": true,
            "allowed_origins": ["https://evil.example"], "apis": [{ "audience": API, "scopes": "read write" }] }))
        .await;
    let registered = world.running.app.registry().client(text(&client, "client_id")).unwrap().clone();
    assert!(!registered.first_party && !registered.password_sign_in && !registered.json_requests);
    assert!(registered.allowed_origins.is_empty() && registered.apis.is_empty() && registered.require_pkce);
}

#[tokio::test]
async fn rfc7591_section_3_an_initial_access_token_is_needed_where_the_operator_wants_one() {
    let world = by_token().await;
    let none = world.register(&usual()).await;
    assert_eq!((none.status.as_u16(), none.header("www-authenticate")), (401, "Bearer realm=\"symbolon\""));
    let good = world.invitation(Some(1), 3600).await;
    let good = text(&good, "initial_access_token");
    for wrong in ["x", "sym_ia_x", &good.to_uppercase(), &good[..good.len() - 1], &format!("{good}x")] {
        let answer = world.register_with(wrong, &usual()).await;
        answer.is_error(401, "invalid_token");
        assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""));
    }
    assert_eq!(world.register_with(good, &usual()).await.status, 201);
    world.register_with(good, &usual()).await.is_error(401, "invalid_token");
}

#[tokio::test]
async fn an_initial_access_token_lets_in_as_many_as_it_says_even_at_once() {
    let world = by_token().await;
    let token = world.invitation(Some(2), 3600).await;
    let token = text(&token, "initial_access_token").to_owned();
    let body = usual();
    let answers = crate::support::protocol::futures(6, || world.register_with(&token, &body)).await;
    let registered = answers.iter().filter(|answer| answer.status == 201).count();
    assert!((1..=2).contains(&registered), "{answers:?}");
    // A race may be told to come again; what is left is left.
    while world.register_with(&token, &body).await.status == 201 {}
    assert_eq!(world.running.app.registry().registered_themselves(), 2);
}

#[tokio::test]
async fn an_initial_access_token_ends_at_its_time_and_when_it_is_revoked() {
    let world = by_token().await;
    let (first, second) = (world.invitation(None, 3600).await, world.invitation(None, 7200).await);
    let tokens = [text(&first, "initial_access_token"), text(&second, "initial_access_token")];
    for token in tokens {
        assert_eq!(world.register_with(token, &usual()).await.status, 201);
        assert_eq!(world.register_with(token, &usual()).await.status, 201, "any number");
    }
    world.advance(3600);
    world.register_with(tokens[0], &usual()).await.is_error(401, "invalid_token");
    assert_eq!(world.register_with(tokens[1], &usual()).await.status, 201);
    let id = text(&second, "id");
    world.command(&json!({ "registration": { "revoke-token": { "id": id } } })).await;
    world.register_with(tokens[1], &usual()).await.is_error(401, "invalid_token");
    // The store holds hashes only.
    let kept = [world.stored("client").await, world.stored("initial_access_token").await].concat();
    assert!(tokens.iter().all(|token| !kept.iter().any(|body| body.contains(token))));
}

#[tokio::test]
async fn a_token_of_another_kind_registers_nobody() {
    let world = by_token().await;
    let invitation = world.invitation(None, 3600).await;
    let registration = world.register_with(text(&invitation, "initial_access_token"), &usual()).await.json();
    let access = world.tokens("web", ADA).await;
    for token in [text(&registration, "registration_access_token"), text(&registration, "client_secret")] {
        world.register_with(token, &usual()).await.is_error(401, "invalid_token");
    }
    world.register_with(access["access_token"].as_str().unwrap(), &usual()).await.is_error(401, "invalid_token");
    let headers = [(AUTHORIZATION, "Basic d2ViOng="), (CONTENT_TYPE, "application/json")];
    let basic = world.send(Method::POST, "/register", &headers, Some(usual().to_string())).await;
    assert_eq!(basic.status, 401);
}

/// Security: open registration is a door for everybody, so it is slowed, and there is an end to the room.
#[tokio::test]
async fn open_registration_is_slowed_by_address_and_bounded_in_number() {
    let world = open().await;
    world.policy(&json!({ "registrations_per_hour": 3 })).await;
    for _ in 0..3 {
        assert_eq!(world.register(&usual()).await.status, 201);
    }
    let answer = world.register(&usual()).await;
    answer.is_error(429, "temporarily_unavailable");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    let invitation = world.invitation(Some(1), 3600).await;
    let invited = world.register_with(text(&invitation, "initial_access_token"), &usual()).await;
    assert_eq!(invited.status, 201, "who is invited does not wait");
    world.advance(7200);
    world.policy(&json!({ "max_clients": 5 })).await;
    assert_eq!(world.register(&usual()).await.status, 201);
    world.register(&usual()).await.is_error(503, "temporarily_unavailable");
}

#[tokio::test]
async fn the_policy_says_what_is_to_be_had() {
    let world = open().await;
    world
        .policy(&json!({
            "grant_types": ["authorization_code", "client_credentials"],
            "apis": [{ "audience": API, "scopes": "read" }],
            "token_endpoint_auth_methods": ["client_secret_basic"],
            "client_secret_lifetime_secs": 3600,
        }))
        .await;
    let machine = json!({ "grant_types": ["client_credentials"], "redirect_uris": null, "scope": "read" });
    let client = world.registered(&machine).await;
    assert_eq!((&client["scope"], &client["response_types"]), (&json!("read"), &json!([])));
    assert_eq!(client["client_secret_expires_at"], crate::support::NOW + 3600);
    let (id, secret) = (text(&client, "client_id"), text(&client, "client_secret"));
    let ask = async |scope: &str| {
        let fields = [("grant_type", "client_credentials"), ("audience", API), ("scope", scope)];
        world.post_with(&basic(id, secret), "/oauth/token", &fields).await
    };
    assert_eq!(ask("read").await.status, 200);
    ask("write").await.is_error(400, "invalid_scope");
    world.advance(3600);
    ask("read").await.is_error(401, "invalid_client");
    let public = with(&json!({ "token_endpoint_auth_method": "none" }));
    world.register(&public).await.is_error(400, "invalid_client_metadata");
    let (status, _) =
        world.try_command(&json!({ "registration": { "set-policy": { "patch": { "grants": [] } } } })).await;
    assert_eq!(status, 422, "misspelt");
    let unknown = json!({ "apis": [{ "audience": "https://nowhere.example", "scopes": "read" }] });
    let (status, _) = world.try_command(&json!({ "registration": { "set-policy": { "patch": unknown } } })).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn rfc7591_section_2_3_software_that_somebody_trusted_vouches_for() {
    let world = open().await;
    let jwk = Jwk::generate(Algorithm::ES256).unwrap();
    let key = SigningKey::from_jwk(&jwk, Algorithm::ES256).unwrap();
    let issuers = json!([{ "issuer": "https://maker.example", "jwks": { "keys": [jwk.public_value().unwrap()] } }]);
    let policy = json!({ "software_statement_issuers": issuers, "require_software_statement": true });
    world.policy(&policy).await;
    let signed = |claims: Value| jwt::sign(&key, "JWT", &claims).unwrap();
    world.register(&usual()).await.is_error(400, "unapproved_software_statement");
    let claims = json!({ "iss": "https://maker.example", "client_name": "Vouched", "software_id": "s-1" });
    let statement = signed(claims);
    let client = world.registered(&json!({ "software_statement": statement, "client_name": "Impostor" })).await;
    assert_eq!((text(&client, "client_name"), text(&client, "software_id")), ("Vouched", "s-1"));
    assert_eq!(text(&client, "software_statement"), statement, "returned unmodified");
    let stranger = with(&json!({ "software_statement": signed(json!({ "iss": "https://stranger.example" })) }));
    world.register(&stranger).await.is_error(400, "unapproved_software_statement");
    let other = SigningKey::from_jwk(&Jwk::generate(Algorithm::ES256).unwrap(), Algorithm::ES256).unwrap();
    let forged = jwt::sign(&other, "JWT", &json!({ "iss": "https://maker.example" })).unwrap();
    let forged = with(&json!({ "software_statement": forged }));
    world.register(&forged).await.is_error(400, "invalid_software_statement");
    let bad = signed(json!({ "iss": "https://maker.example", "redirect_uris": ["http://evil.example/"] }));
    world.register(&with(&json!({ "software_statement": bad }))).await.is_error(400, "invalid_redirect_uri");
}

/// OpenID Connect Registration §2: `default_max_age`, `require_auth_time`.
#[tokio::test]
async fn the_default_max_age_makes_people_sign_in_again() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.code("web", ADA, &[]).await;
    world.advance(120);
    world.change_client("other", |client| client.metadata.default_max_age = Some(60)).await;
    let web = browser.get(&authorize_url("web", &[])).await;
    assert!(web.param("code").is_some(), "{web:?}");
    let again = browser.get(&authorize_url("other", &[])).await;
    assert!(again.body.contains("name=\"password\""), "{again:?}");
    let overridden = browser.get(&authorize_url("other", &[("max_age", "600")])).await;
    assert!(overridden.param("code").is_some(), "{overridden:?}");
    let silent = browser.get(&authorize_url("other", &[("prompt", "none")])).await;
    silent.is_redirected_error("login_required");
}

/// Programs in a browser register themselves, from any origin (Fetch, CORS protocol): nothing here goes by cookies.
#[tokio::test]
async fn any_origin_may_register_and_none_gets_credentials() {
    let world = open().await;
    let origin = (http::header::ORIGIN, "https://inspector.example");
    let preflight = [
        origin.clone(),
        (http::header::ACCESS_CONTROL_REQUEST_METHOD, "POST"),
        (http::header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type, authorization"),
    ];
    let answer = world.send(Method::OPTIONS, "/register", &preflight, None).await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (204, "*"));
    assert!(answer.header("access-control-allow-methods").contains("DELETE"));
    let answer = world.post_json("/register", &[origin], &usual()).await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (201, "*"));
    assert_eq!(answer.header("access-control-allow-credentials"), "");
}

/// A program in a browser gets its origin, so that it can ask for tokens from there.
#[tokio::test]
async fn a_public_client_registers_and_has_no_secret() {
    let world = open().await;
    let client = world.registered(&json!({ "token_endpoint_auth_method": "none" })).await;
    assert_eq!((client.get("client_secret"), client.get("client_secret_expires_at")), (None, None));
    let registered = world.running.app.registry().client(text(&client, "client_id")).unwrap().clone();
    assert_eq!(registered.allowed_origins, ["https://app.example.com"]);
    let without_pkce = authorize_url(text(&client, "client_id"), &[("code_challenge", ""), ("audience", "")]);
    let answer: Answer = world.browser().get(&without_pkce).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("invalid_request"), "{}", answer.body);
}

#[tokio::test]
async fn who_registered_is_in_the_audit_log_and_no_secret_is() {
    let world = open().await;
    let client = world.registered(&json!({})).await;
    let events = world.audit().await;
    let event = events.iter().find(|event| event.name == "client.register").unwrap();
    assert_eq!(event.client_id.as_deref(), Some(text(&client, "client_id")));
    assert!(event.address.is_some() && event.request_id.is_some() && event.actor.as_deref() == Some("registration"));
    let all = format!("{events:?}");
    for secret in ["client_secret", "registration_access_token"] {
        assert!(!all.contains(text(&client, secret)));
    }
}
