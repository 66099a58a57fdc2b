//! What a client may say of itself, and what becomes of it.

use super::*;
use crate::registration::{AuthMethod, ClientApi, SecretHash};
use crate::testing::{API, NOW, issuer};
use serde_json::json;
use symbolon_jose::Jwk;

const ALGS: &[Algorithm] = &[Algorithm::RS256, Algorithm::ES256];

fn terms(policy: &RegistrationPolicy) -> Terms<'_> {
    Terms { policy, signing_algs: ALGS, decryption_algs: &[], certificates: &Certificates::Off, now: NOW }
}

fn id() -> ClientId {
    ClientId::parse("dyn_1").unwrap()
}

fn wide() -> RegistrationPolicy {
    RegistrationPolicy {
        grant_types: Grant::ALL.iter().map(|grant| grant.name()).chain([IMPLICIT]).map(str::to_owned).collect(),
        response_types: ResponseType::ALL.iter().copied().collect(),
        apis: vec![ClientApi { audience: API.to_owned(), scopes: Scope::parse("read:dragons write:dragons").unwrap() }],
        ..RegistrationPolicy::default()
    }
}

fn usual() -> Value {
    json!({ "redirect_uris": ["https://app.example/cb"], "client_name": "App" })
}

fn with(changes: &Value) -> Value {
    let mut members = usual();
    for (name, value) in changes.as_object().unwrap() {
        members[name] = value.clone();
    }
    members
}

fn register_by(policy: &RegistrationPolicy, members: &Value) -> Result<Client, RegistrationRefusal> {
    Submission::parse(members.to_string().as_bytes())?.register(id(), &terms(policy))
}

fn register(members: &Value) -> Result<Client, RegistrationRefusal> {
    register_by(&wide(), members)
}

#[track_caller]
fn refused(changes: &Value) -> &'static str {
    register(&with(changes)).expect_err(&changes.to_string()).code()
}

#[test]
fn rfc7591_section_2_what_is_not_said_has_the_defaults_of_the_standard() {
    let client = register(&usual()).unwrap();
    assert_eq!(client.token_endpoint_auth_method, AuthMethod::ClientSecretBasic);
    assert_eq!(client.grant_types.iter().collect::<Vec<_>>(), ["authorization_code"]);
    assert_eq!(client.responses.response_types, [ResponseType::Code].into());
    assert_eq!((client.kind, client.id_token_signed_response_alg), (ClientKind::Web, Algorithm::RS256));
    assert!(client.require_pkce && !client.first_party && client.created_at == NOW);
}

#[test]
fn whoever_registers_alone_is_never_one_of_us() {
    let client = register(&with(&json!({
        "first_party": true, "password_sign_in": true, "json_requests": true,
        "kind": "machine", "secrets": [{ "hash": "AAAA", "created_at": 0 }], "disabled": false, "created_at": 5,
        "require_pkce": false, "access_token_lifetime_secs": 86_400, "refresh_absolute_secs": 1, "extra": 1,
        "apis": [{ "audience": "https://inner.example" }], "dynamic": { "access_tokens": [] }, "name": "Bank",
        "allowed_origins": ["https://evil.example"], "access_token_format": "session", "profile_claims": "id_token_too",
        "security_profile": "oidc", "response_modes": ["query"],
    })));
    assert_eq!(client.unwrap(), register(&usual()).unwrap());
}

#[test]
fn rfc7591_section_2_unknown_members_are_ignored() {
    let client = register(&with(&json!({ "favourite_colour": "green", "tls_future": { "a": [1] } }))).unwrap();
    assert!(client.extra.is_empty());
}

#[test]
fn rfc7591_section_3_1_the_body_is_one_json_object() {
    let wide = wide();
    let terms = terms(&wide);
    for body in
        ["", "[]", "\"x\"", "{", "{} {}", r#"{"client_name":"a","client_name":"b"}"#, r#"{"client_name":"\u0000"}"#]
    {
        let refused = Submission::parse(body.as_bytes()).and_then(|one| one.register(id(), &terms));
        assert_eq!(refused.err().map(|why| why.code()), Some("invalid_client_metadata"), "{body}");
    }
}

#[test]
fn rfc7591_section_2_redirect_uris_are_needed_where_people_are_redirected() {
    for uris in [json!([]), Value::Null] {
        assert_eq!(refused(&json!({ "redirect_uris": uris })), "invalid_redirect_uri");
    }
    for uri in [
        "http://app.example/cb",
        "https://app.example/cb#x",
        "https://*.example/cb",
        "javascript:alert(1)",
        "com.example.app:/cb",
        "https://user@app.example/cb",
        "/cb",
    ] {
        assert_eq!(refused(&json!({ "redirect_uris": ["https://app.example/cb", uri] })), "invalid_redirect_uri");
    }
    assert_eq!(refused(&json!({ "redirect_uris": "https://app.example/cb" })), "invalid_redirect_uri");
    let many: Vec<String> = (0..51).map(|at| format!("https://app.example/{at}")).collect();
    assert_eq!(refused(&json!({ "redirect_uris": many })), "invalid_redirect_uri");
}

#[test]
fn openid_registration_section_2_application_type_decides_which_uris_are_safe() {
    let native = json!({
        "application_type": "native", "token_endpoint_auth_method": "none",
        "redirect_uris": ["com.example.app:/cb", "http://127.0.0.1/cb"],
    });
    let client = register(&native).unwrap();
    assert!(client.kind == ClientKind::Native && client.is_public() && client.allowed_origins.is_empty());
    assert_eq!(refused(&json!({ "application_type": "desktop" })), "invalid_client_metadata");
    assert_eq!(refused(&json!({ "application_type": 7 })), "invalid_client_metadata");
}

#[test]
fn openid_registration_section_2_implicit_web_clients_have_https_and_no_localhost() {
    let implicit = |uri: &str| {
        register(&json!({
            "redirect_uris": [uri], "grant_types": ["implicit"], "response_types": ["id_token"],
            "token_endpoint_auth_method": "none",
        }))
    };
    assert!(implicit("https://app.example/cb").is_ok());
    for uri in ["http://localhost/cb", "http://127.0.0.1/cb", "https://localhost/cb", "https://localhost:8443/cb"] {
        assert_eq!(implicit(uri).unwrap_err().code(), "invalid_redirect_uri", "{uri}");
    }
}

#[test]
fn rfc7591_section_2_1_grants_and_response_types_fit_each_other() {
    for changes in [
        json!({ "response_types": ["id_token"] }),
        json!({ "grant_types": ["implicit"], "response_types": ["code"] }),
        json!({ "grant_types": ["implicit"], "response_types": ["code token"] }),
        json!({ "grant_types": ["client_credentials"], "response_types": ["code"] }),
        json!({ "grant_types": ["refresh_token"] }),
        json!({ "grant_types": ["password"] }),
        json!({ "grant_types": "authorization_code" }),
        json!({ "grant_types": [7] }),
        json!({ "response_types": ["saml"] }),
        json!({ "response_types": ["code code"] }),
    ] {
        assert_eq!(refused(&changes), "invalid_client_metadata");
    }
    let hybrid = json!({ "grant_types": ["implicit", "authorization_code"], "response_types": ["id_token code"] });
    assert_eq!(register(&with(&hybrid)).unwrap().responses.response_types, [ResponseType::CodeIdToken].into());
}

#[test]
fn each_kind_of_program_is_recognized_by_what_it_asks() {
    let kind = |changes: Value| register(&with(&changes)).map(|client| client.kind);
    assert_eq!(kind(json!({ "token_endpoint_auth_method": "none" })), Ok(ClientKind::Spa));
    assert_eq!(kind(json!({ "grant_types": ["client_credentials"] })), Ok(ClientKind::Machine));
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    let tv = json!({ "grant_types": [device], "token_endpoint_auth_method": "none" });
    assert_eq!(kind(tv), Ok(ClientKind::Native));
    let spa = register(&with(&json!({ "token_endpoint_auth_method": "none" }))).unwrap();
    assert_eq!(spa.allowed_origins, ["https://app.example"]);
}

#[test]
fn a_client_that_is_nobody_cannot_act_for_itself() {
    let nobody = json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "none" });
    assert_eq!(refused(&nobody), "invalid_client_metadata");
}

#[test]
fn rfc7591_section_5_the_policy_decides_what_is_to_be_had() {
    let strict = RegistrationPolicy::default();
    for changes in [
        json!({ "grant_types": ["client_credentials"] }),
        json!({ "grant_types": ["implicit"], "response_types": ["token"] }),
        json!({ "grant_types": ["authorization_code"], "response_types": ["code", "none"] }),
        json!({ "scope": "openid read:dragons" }),
    ] {
        let why = register_by(&strict, &with(&changes)).expect_err(&changes.to_string());
        assert_eq!(why.code(), "invalid_client_metadata");
    }
    let only_keys = RegistrationPolicy {
        token_endpoint_auth_methods: ["private_key_jwt".to_owned()].into(),
        ..RegistrationPolicy::default()
    };
    assert!(register_by(&only_keys, &usual()).is_err());
}

#[test]
fn rfc7591_section_2_scope_is_what_was_asked_or_the_default() {
    let client = register(&with(&json!({ "scope": "openid email read:dragons" }))).unwrap();
    assert_eq!(client.scopes.as_ref().unwrap().to_string(), "openid email");
    assert_eq!((client.apis.len(), client.apis[0].scopes.to_string().as_str()), (1, "read:dragons"));
    let standard = register(&with(&json!({ "scope": "openid" }))).unwrap();
    assert!(standard.apis.is_empty());
    let all = register(&usual()).unwrap();
    assert_eq!(all.apis, wide().apis);
    for scope in [json!("a\"b"), json!(["openid"]), json!("openid admin")] {
        assert_eq!(refused(&json!({ "scope": scope })), "invalid_client_metadata");
    }
}

#[test]
fn rfc7591_section_2_keys_are_public_and_of_one_source() {
    let jwk = Jwk::generate(Algorithm::ES256).unwrap();
    let public = json!({ "keys": [jwk.public_value().unwrap()] });
    let by_key = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": public });
    assert!(register(&with(&by_key)).is_ok());
    assert_eq!(refused(&json!({ "token_endpoint_auth_method": "private_key_jwt" })), "invalid_client_metadata");
    let both = json!({ "jwks": public, "jwks_uri": "https://app.example/jwks" });
    assert_eq!(refused(&both), "invalid_client_metadata");
    let private = json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0" }] });
    assert_eq!(refused(&json!({ "jwks": private })), "invalid_client_metadata");
    assert_eq!(refused(&json!({ "jwks_uri": "http://app.example/jwks" })), "invalid_client_metadata");
}

#[test]
fn openid_registration_section_2_algorithms_are_those_of_discovery() {
    assert!(register(&with(&json!({ "id_token_signed_response_alg": "ES256" }))).is_ok());
    for changes in [
        json!({ "id_token_signed_response_alg": "none" }),
        json!({ "id_token_signed_response_alg": "HS256", "token_endpoint_auth_method": "none" }),
        json!({ "id_token_signed_response_alg": "PS512" }),
        json!({ "authorization_signed_response_alg": "PS512" }),
        json!({ "userinfo_signed_response_alg": "PS512" }),
        json!({ "token_endpoint_auth_signing_alg": "none" }),
        json!({ "token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": "RS256" }),
        json!({ "id_token_encrypted_response_alg": "RSA1_5" }),
        json!({ "id_token_encrypted_response_enc": "A128GCM" }),
        json!({ "token_endpoint_auth_method": "client_secret_magic" }),
        json!({ "subject_type": "secret" }),
    ] {
        assert_eq!(refused(&changes), "invalid_client_metadata");
    }
}

#[test]
fn openid_registration_section_2_addresses_of_the_client_are_https() {
    for changes in [
        json!({ "initiate_login_uri": "http://app.example/login" }),
        json!({ "initiate_login_uri": 7 }),
        json!({ "logo_uri": "http://app.example/logo.png" }),
        json!({ "policy_uri": "javascript:alert(1)" }),
        json!({ "tos_uri": "ftp://app.example/" }),
        json!({ "client_uri": "data:text/html,x" }),
        json!({ "request_uris": ["http://app.example/object"] }),
        json!({ "backchannel_logout_uri": "http://app.example/logout" }),
        json!({ "post_logout_redirect_uris": ["http://app.example/"] }),
        json!({ "client_name#de": 7 }),
        json!({ "tos_uri#de": "javascript:alert(1)" }),
        json!({ "default_max_age": -1 }),
        json!({ "default_max_age": "soon" }),
        json!({ "contacts": "ops@app.example" }),
    ] {
        assert_eq!(refused(&changes), "invalid_client_metadata");
    }
}

fn answered(client: &Client) -> Map<String, Value> {
    let issued = Issued { client_secret: Some(("s3cret", None)), registration_access_token: "sym_ra_x" };
    answer(client, &issuer(), issued)
}

#[test]
fn rfc7591_section_3_2_1_everything_registered_comes_back_defaults_and_languages_too() {
    let client = register(&with(&json!({
        "client_name#de": "Programm", "contacts": ["ops@app.example"], "logo_uri": "https://app.example/logo.png",
        "default_max_age": 600, "scope": "openid read:dragons", "software_id": "s", "software_version": "1",
        "grant_types": ["authorization_code", "refresh_token"], "favourite_colour": "green",
    })));
    let answer = answered(&client.unwrap());
    for (name, value) in [
        ("client_id", json!("dyn_1")),
        ("client_id_issued_at", json!(NOW)),
        ("client_secret", json!("s3cret")),
        ("client_secret_expires_at", json!(0)),
        ("registration_client_uri", json!("https://auth.example/register/dyn_1")),
        ("registration_access_token", json!("sym_ra_x")),
        ("client_name", json!("App")),
        ("client_name#de", json!("Programm")),
        ("contacts", json!(["ops@app.example"])),
        ("default_max_age", json!(600)),
        ("require_auth_time", json!(false)),
        ("application_type", json!("web")),
        ("grant_types", json!(["authorization_code", "refresh_token"])),
        ("response_types", json!(["code"])),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("id_token_signed_response_alg", json!("RS256")),
        ("scope", json!("openid read:dragons")),
        ("redirect_uris", json!(["https://app.example/cb"])),
        ("software_id", json!("s")),
    ] {
        assert_eq!(answer.get(name), Some(&value), "{name}");
    }
    for name in ["favourite_colour", "first_party", "secrets", "kind", "dynamic", "name", "apis", "jwks"] {
        assert_eq!(answer.get(name), None, "{name}");
    }
}

#[test]
fn rfc7591_section_2_without_a_name_it_is_called_by_its_id() {
    let mut members = usual();
    members.as_object_mut().unwrap().remove("client_name");
    let client = register(&members).unwrap();
    assert_eq!((client.name.as_str(), answered(&client).get("client_name")), ("dyn_1", None));
}

fn present() -> Client {
    let mut client = register(&with(&json!({ "contacts": ["ops@app.example"], "default_max_age": 600 }))).unwrap();
    client.secrets = vec![SecretHash::of("s3cret", NOW)];
    client.metadata.dynamic = Some(super::super::Dynamic::default());
    client.disabled = true;
    client.access_token_lifetime_secs = Some(60);
    client
}

fn replaced(changes: &Value) -> Result<Client, RegistrationRefusal> {
    let mut members = with(&json!({ "client_id": "dyn_1" }));
    for (name, value) in changes.as_object().unwrap() {
        members[name] = value.clone();
    }
    Submission::parse(members.to_string().as_bytes())?.replace(&present(), &terms(&RegistrationPolicy::default()))
}

#[test]
fn rfc7592_section_2_2_an_update_replaces_and_does_not_add() {
    let client = replaced(&json!({ "client_name": "Other", "logo_uri": "https://app.example/l" })).unwrap();
    assert_eq!((client.name.as_str(), client.metadata.default_max_age), ("Other", None));
    assert!(client.metadata.contacts.is_empty() && client.logo_uri.is_some());
    let kept = present();
    assert!(client.disabled && client.access_token_lifetime_secs == Some(60), "what the operator decides stays");
    assert_eq!((client.created_at, &client.secrets), (kept.created_at, &kept.secrets));
    assert_eq!(client.metadata.dynamic, kept.metadata.dynamic);
}

#[test]
fn rfc7592_section_2_2_null_is_as_good_as_nothing() {
    let client = replaced(&json!({ "contacts": null, "client_name": null })).unwrap();
    assert!(client.metadata.contacts.is_empty() && client.name == "dyn_1");
}

#[test]
fn rfc7592_section_2_2_the_client_id_must_be_there_and_its_own() {
    for client_id in [json!("dyn_2"), Value::Null, json!(7), json!("")] {
        assert_eq!(replaced(&json!({ "client_id": client_id })).unwrap_err().code(), "invalid_client_metadata");
    }
}

#[test]
fn rfc7592_section_2_2_members_of_the_server_must_not_be_sent() {
    for name in
        ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"]
    {
        assert_eq!(replaced(&json!({ name: "x" })).unwrap_err().code(), "invalid_client_metadata", "{name}");
    }
}

#[test]
fn rfc7592_section_2_2_a_secret_is_the_present_one_and_never_chosen() {
    assert!(replaced(&json!({ "client_secret": "s3cret" })).is_ok());
    for secret in [json!("my own secret"), json!(7), json!(["s3cret"])] {
        assert_eq!(replaced(&json!({ "client_secret": secret })).unwrap_err().code(), "invalid_client_metadata");
    }
}

#[test]
fn an_update_cannot_climb_beyond_the_policy_and_keeps_what_the_operator_gave() {
    assert!(replaced(&json!({ "grant_types": ["client_credentials"] })).is_err());
    assert!(replaced(&json!({ "scope": "openid read:dragons" })).is_ok(), "it had that");
    assert!(replaced(&json!({ "scope": "openid delete:dragons" })).is_err());
    let public = replaced(&json!({ "token_endpoint_auth_method": "none" })).unwrap();
    assert!(public.is_public() && public.secrets.is_empty() && public.kind == ClientKind::Spa && public.require_pkce);
}

#[test]
fn rfc7591_section_2_3_a_statement_wins_over_what_stands_beside_it() {
    let jwk = Jwk::generate(Algorithm::ES256).unwrap();
    let key = symbolon_jose::SigningKey::from_jwk(&jwk, Algorithm::ES256).unwrap();
    let issuers = vec![StatementIssuer {
        issuer: "https://maker.example".to_owned(),
        jwks: json!({ "keys": [jwk.public_value().unwrap()] }),
    }];
    let policy = RegistrationPolicy {
        software_statement_issuers: issuers,
        require_software_statement: true,
        ..RegistrationPolicy::default()
    };
    let claims = json!({ "iss": "https://maker.example", "client_name": "Vouched", "software_id": "s-1",
        "redirect_uris": ["https://maker.example/cb"] });
    let statement = symbolon_jose::jwt::sign(&key, "JWT", &claims).unwrap();
    let submit = |members: Value| {
        let submission = Submission::parse(members.to_string().as_bytes())?.vouched(&terms(&policy))?;
        submission.register(id(), &terms(&policy))
    };
    let client = submit(with(&json!({ "software_statement": statement, "client_name": "Impostor" }))).unwrap();
    assert_eq!((client.name.as_str(), client.metadata.software_id.as_deref()), ("Vouched", Some("s-1")));
    assert_eq!(client.redirect_uris, ["https://maker.example/cb"]);
    assert_eq!(answered(&client)["software_statement"], json!(statement), "returned unmodified");
    assert_eq!(submit(usual()).unwrap_err().code(), "unapproved_software_statement");
    let number = with(&json!({ "software_statement": 7 }));
    assert_eq!(submit(number).unwrap_err().code(), "invalid_software_statement");
}

#[test]
fn metadata_choices_section_2_the_first_of_a_list_that_works_is_registered() {
    let client = register(&with(&json!({
        "id_token_signing_alg_values_supported": ["ES512", "ES256", "RS256"],
        "token_endpoint_auth_methods_supported": ["tls_client_auth", "client_secret_post", "client_secret_basic"],
        "subject_types_supported": ["fancy", "pairwise"],
    })))
    .unwrap();
    assert_eq!(client.id_token_signed_response_alg, Algorithm::ES256);
    assert_eq!(client.token_endpoint_auth_method, AuthMethod::ClientSecretPost);
    let told = answer(&client, &issuer(), Issued { client_secret: None, registration_access_token: "t" });
    assert_eq!(told["id_token_signed_response_alg"], "ES256", "the answer says what was picked");
    assert!(told.get("id_token_signing_alg_values_supported").is_none());
    assert_eq!(told["subject_type"], "pairwise");
}

#[test]
fn metadata_choices_section_2_the_single_member_is_the_preference_and_gives_way_if_it_cannot_be_had() {
    let choose = |single: &str| {
        let changes = json!({
            "id_token_signed_response_alg": single, "id_token_signing_alg_values_supported": ["ES256", "RS256"],
        });
        register(&with(&changes)).unwrap().id_token_signed_response_alg
    };
    assert_eq!(choose("RS256"), Algorithm::RS256);
    assert_eq!(choose("ES512"), Algorithm::ES256);
    assert_eq!(refused(&json!({ "id_token_signed_response_alg": "ES512" })), "invalid_client_metadata", "alone");
}

#[test]
fn metadata_choices_section_2_what_offers_nothing_that_works_is_refused() {
    for changes in [
        json!({ "id_token_signing_alg_values_supported": ["none", "ES512"] }),
        json!({ "id_token_signing_alg_values_supported": "RS256" }),
        json!({ "id_token_signing_alg_values_supported": [1] }),
        json!({ "token_endpoint_auth_methods_supported": ["tls_client_auth"] }),
        json!({ "subject_types_supported": ["fancy"] }),
    ] {
        assert_eq!(refused(&changes), "invalid_client_metadata", "{changes}");
    }
}

#[test]
fn metadata_choices_a_list_alone_begins_no_encryption() {
    let changes = json!({ "id_token_encryption_alg_values_supported": ["RSA-OAEP", "dir"] });
    assert_eq!(register(&with(&changes)).unwrap().id_token_encryption(), None);
}

#[test]
fn members_of_later_standards_are_bounded_by_what_there_is_and_by_the_policy() {
    for changes in [
        json!({ "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "app.example" }),
        json!({ "tls_client_certificate_bound_access_tokens": true }),
        json!({ "authorization_details_types": ["payment"] }),
        json!({ "request_object_encryption_alg": "RSA-OAEP-256" }),
        json!({ "introspection_signed_response_alg": "ES512" }),
        json!({ "backchannel_token_delivery_mode": "push" }),
    ] {
        assert_eq!(refused(&changes), "invalid_client_metadata", "{changes}");
    }
    let policy = RegistrationPolicy { authorization_details_types: ["payment".to_owned()].into(), ..wide() };
    let certificates = Certificates::Taken { base: None, authorities: true };
    let terms = Terms {
        policy: &policy,
        signing_algs: ALGS,
        decryption_algs: &[KeyManagement::RsaOaep256],
        certificates: &certificates,
        now: NOW,
    };
    let members = with(&json!({
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_san_dns": "app.example",
        "tls_client_certificate_bound_access_tokens": true,
        "authorization_details_types": ["payment"],
        "request_object_encryption_alg": "RSA-OAEP-256",
        "introspection_signed_response_alg": "ES256",
        "dpop_bound_access_tokens": false,
        "require_pushed_authorization_requests": true,
        "grant_types": ["authorization_code", "urn:openid:params:grant-type:ciba"],
        "backchannel_token_delivery_mode": "poll",
    }));
    let client = Submission::parse(members.to_string().as_bytes()).unwrap().register(id(), &terms).unwrap();
    assert_eq!(client.certificate.tls_client_auth_san_dns.as_deref(), Some("app.example"));
    assert!(client.may_use(Grant::Ciba) && client.must_push());
    let told = answer(&client, &issuer(), Issued { client_secret: None, registration_access_token: "t" });
    for name in ["tls_client_auth_san_dns", "authorization_details_types", "backchannel_token_delivery_mode"] {
        assert!(told.contains_key(name), "{name}");
    }
}
