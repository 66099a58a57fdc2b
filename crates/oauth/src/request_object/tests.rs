use serde_json::{Value, json};
use symbolon_jose::{ContentEncryption, Jwk, KeyManagement, SigningKey};

use super::*;
use crate::client_auth::keys_of;
use crate::testing::{CHALLENGE, NOW, SPA_URI, issuer, spa};

struct World {
    client: Client,
    key: SigningKey,
}

fn world_of(alg: Algorithm) -> World {
    let jwk = Jwk::generate(alg).unwrap();
    let jwks = json!({ "keys": [jwk.public().unwrap().public_value().unwrap()] });
    let client = Client { jwks: Some(jwks), ..spa() };
    assert_eq!(client.validate(), Ok(()));
    World { client, key: SigningKey::from_jwk(&jwk, alg).unwrap() }
}

fn world() -> World {
    world_of(Algorithm::ES256)
}

/// Whose client takes unsigned objects.
fn lax() -> World {
    let mut world = world();
    world.client.requests.request_object_signing_alg = Some(RequestObjectAlg::Unsigned);
    world
}

fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": "spa", "aud": "https://auth.example", "client_id": "spa", "response_type": "code",
        "redirect_uri": SPA_URI, "scope": "openid", "state": "inside", "code_challenge": CHALLENGE,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

fn open(world: &World, beside: &str, text: &str) -> Result<(Params, ObjectKind), OAuthError> {
    let (keys, issuer) = (keys_of(&world.client), issuer());
    let keys = Keys { verifying: keys.as_ref(), ..Keys::default() };
    let opener = Opener { client: &world.client, keys, issuer: &issuer, now: NOW };
    opener.open(&Params::parse_for_authorize(beside.as_bytes()).unwrap(), text)
}

fn signed(world: &World, changes: &Value) -> Result<(Params, ObjectKind), OAuthError> {
    open(world, "client_id=spa", &jwt::sign(&world.key, TYP, &claims(changes)).unwrap())
}

fn unsigned_text(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| base64url::encode(value.to_string().as_bytes());
    format!("{}.{}.", part(header), part(claims))
}

fn unsigned(world: &World, changes: &Value) -> Result<(Params, ObjectKind), OAuthError> {
    open(world, "client_id=spa", &unsigned_text(&json!({"alg": "none"}), &claims(changes)))
}

#[track_caller]
fn refused(opened: Result<(Params, ObjectKind), OAuthError>) -> &'static str {
    match opened {
        Err(OAuthError::RequestObjectInvalid(why)) => why,
        other => panic!("must be refused: {other:?}"),
    }
}

#[test]
fn what_is_signed_counts_and_nothing_beside_it_rfc_9101_6_3() {
    let world = world();
    let text = jwt::sign(&world.key, TYP, &claims(&json!({"max_age": 60}))).unwrap();
    let beside = "client_id=spa&response_type=code&state=outside&scope=openid+admin&nonce=outside&prompt=none\
        &redirect_uri=https%3A%2F%2Fevil.example&claims=%7B%7D&audience=x&max_age=1&response_mode=fragment";
    let (params, kind) = open(&world, beside, &text).unwrap();
    assert_eq!(kind, ObjectKind::Signed(Algorithm::ES256));
    let all: Vec<_> = params.iter().collect();
    for (name, value) in [("state", "inside"), ("scope", "openid"), ("redirect_uri", SPA_URI), ("max_age", "60")] {
        assert_eq!(params.get(name), Some(value));
    }
    for name in ["nonce", "prompt", "claims", "audience", "response_mode", "iss", "aud"] {
        assert_eq!(params.get(name), None, "{name}: {all:?}");
    }
}

#[test]
fn what_an_unsigned_one_lacks_comes_from_beside_it_core_6_1() {
    let text = unsigned_text(&json!({"alg": "none"}), &claims(&json!({"client_id": null, "response_type": null})));
    let (params, kind) =
        open(&lax(), "client_id=spa&response_type=code&state=outside&nonce=outside&request=x", &text).unwrap();
    assert_eq!(kind, ObjectKind::Unsigned);
    let told = |name| params.get(name);
    assert_eq!((told("client_id"), told("response_type")), (Some("spa"), Some("code")));
    assert_eq!((told("state"), told("nonce"), told("request")), (Some("inside"), Some("outside"), None));
    // A parameter without a value is an omitted one (RFC 6749 §3.1), also in here.
    let text = unsigned_text(&json!({"alg": "none"}), &claims(&json!({"nonce": ""})));
    let (params, _) = open(&lax(), "client_id=spa&nonce=outside", &text).unwrap();
    assert_eq!(params.get("nonce"), Some("outside"));
}

#[test]
fn client_id_and_response_type_are_the_same_inside_and_beside_rfc_9101_6_3_core_6_1() {
    for world in [world(), lax()] {
        let open = |changes: &Value| {
            let text = match world.client.requests.request_object_signing_alg {
                None => jwt::sign(&world.key, TYP, &claims(changes)).unwrap(),
                Some(_) => unsigned_text(&json!({"alg": "none"}), &claims(changes)),
            };
            open(&world, "client_id=spa&response_type=code", &text)
        };
        assert!(open(&json!({})).is_ok());
        refused(open(&json!({"client_id": "other"})));
        refused(open(&json!({"response_type": "code id_token"})));
    }
    refused(signed(&world(), &json!({"client_id": null})));
    let text = jwt::sign(&world().key, TYP, &claims(&json!({}))).unwrap();
    for name in ["client_id", "request"] {
        let twice = open(&world(), &format!("client_id=spa&{name}=a&{name}=a"), &text);
        assert_eq!(twice.err(), Some(OAuthError::ParameterRepeated(name.to_owned())));
    }
}

#[test]
fn no_request_inside_the_request_and_no_assertion_rfc_9101_4_10_8() {
    for name in ["request", "request_uri", "sub"] {
        refused(signed(&world(), &json!({ name: "spa" })));
        refused(unsigned(&lax(), &json!({ name: "spa" })));
    }
}

#[test]
fn the_issuer_is_the_client_and_the_audience_this_server() {
    let world = world();
    for aud in [json!("https://auth.example"), json!(["x", "https://auth.example"]), Value::Null] {
        assert!(signed(&world, &json!({ "aud": aud })).is_ok(), "{aud}");
        assert!(unsigned(&lax(), &json!({ "aud": aud })).is_ok(), "{aud}");
    }
    for aud in [json!("https://evil.example"), json!("https://auth.example/"), json!([]), json!(["spa"])] {
        refused(signed(&world, &json!({ "aud": aud })));
        refused(unsigned(&lax(), &json!({ "aud": aud })));
    }
    for changes in [json!({"iss": "other"}), json!({"iss": null})] {
        assert_eq!(refused(signed(&world, &changes)), "iss of the request object is not the client");
    }
    refused(unsigned(&lax(), &json!({"iss": "other"})));
    refused(unsigned(&lax(), &json!({"iss": 1})));
}

#[test]
fn times_count_where_they_are_with_fifteen_seconds_for_clocks() {
    let (strict, lax) = (world(), lax());
    for (changes, good) in [
        (json!({"exp": NOW - 14}), true),
        (json!({"exp": NOW - 15}), false),
        (json!({"nbf": NOW + 15}), true),
        (json!({"nbf": NOW + 16}), false),
        (json!({"exp": "never"}), false),
        (json!({"exp": -1}), false),
    ] {
        assert_eq!(signed(&strict, &changes).is_ok(), good, "{changes}");
        assert_eq!(unsigned(&lax, &changes).is_ok(), good, "{changes}");
    }
}

#[test]
fn a_token_of_another_kind_is_no_request_rfc_9101_10_8() {
    let world = world();
    for (typ, good) in [
        (TYP, true),
        ("JWT", true),
        ("application/oauth-authz-req+jwt", true),
        ("at+jwt", false),
        ("client-authentication+jwt", false),
        ("logout+jwt", false),
        ("dpop+jwt", false),
    ] {
        let text = jwt::sign(&world.key, typ, &claims(&json!({}))).unwrap();
        assert_eq!(open(&world, "client_id=spa", &text).is_ok(), good, "{typ}");
        let text = unsigned_text(&json!({"alg": "none", "typ": typ}), &claims(&json!({})));
        assert_eq!(open(&lax(), "client_id=spa", &text).is_ok(), good, "{typ}");
    }
}

#[test]
fn only_a_key_of_the_client_signs_rfc_9101_6_2() {
    let (world, other) = (world(), self::world());
    let forged = jwt::sign(&other.key, TYP, &claims(&json!({}))).unwrap();
    refused(open(&world, "client_id=spa", &forged));
    let hmac = SigningKey::from_jwk(&Jwk::oct(&[7; 32], Algorithm::HS256).unwrap(), Algorithm::HS256).unwrap();
    refused(open(&world, "client_id=spa", &jwt::sign(&hmac, TYP, &claims(&json!({}))).unwrap()));
    let keyless = World { client: spa(), ..self::world() };
    refused(signed(&keyless, &json!({})));
    let text = jwt::sign(&world.key, TYP, &claims(&json!({}))).unwrap();
    let mut changed = text.clone();
    changed.replace_range(60..61, if &text[60..61] == "A" { "B" } else { "A" });
    refused(open(&world, "client_id=spa", &changed));
}

#[test]
fn a_registered_algorithm_is_the_only_one_core_registration_2() {
    let mut world = world();
    world.client.requests.request_object_signing_alg = Some(RequestObjectAlg::Signed(Algorithm::ES256));
    assert!(signed(&world, &json!({})).is_ok());
    world.client.requests.request_object_signing_alg = Some(RequestObjectAlg::Signed(Algorithm::PS256));
    assert_eq!(refused(signed(&world, &json!({}))), "the client is registered for another algorithm");
    // Neither does none open the door to a signature, nor a signature to none.
    refused(signed(&lax(), &json!({})));
    let mut ed = world_of(Algorithm::Ed25519);
    ed.client.requests.request_object_signing_alg = Some(RequestObjectAlg::Signed(Algorithm::EdDSA));
    assert!(signed(&ed, &json!({})).is_ok(), "two names of one algorithm");
}

#[test]
fn unsigned_objects_are_for_clients_registered_for_them() {
    assert_eq!(refused(unsigned(&world(), &json!({}))), "the request object must be signed");
    assert!(unsigned(&lax(), &json!({})).is_ok());
}

#[test]
fn an_unsigned_object_is_exactly_that() {
    let good = json!({"alg": "none"});
    let text = unsigned_text(&good, &claims(&json!({})));
    assert!(open(&lax(), "client_id=spa", &text).is_ok());
    for header in [
        json!({"alg": "None"}),
        json!({"alg": "ES256"}),
        json!({"alg": ["none"]}),
        json!({}),
        json!({"alg": "none", "kid": "k"}),
        json!({"alg": "none", "jwk": {}}),
        json!({"alg": "none", "crit": []}),
        json!({"alg": "none", "typ": 1}),
        json!([]),
    ] {
        refused(open(&lax(), "client_id=spa", &unsigned_text(&header, &claims(&json!({})))));
    }
    let payload = base64url::encode(br#"{"client_id":"spa","client_id":"spa"}"#);
    let twice = format!("{}.{payload}.", base64url::encode(br#"{"alg":"none"}"#));
    for text in [
        &format!("{text}."),
        &format!(".{text}"),
        &format!("{text}AA."),
        &twice,
        "..",
        ".",
        "",
        "e30.e30.",
        &unsigned_text(&good, &claims(&json!({"state": "x".repeat(16_000)}))),
    ] {
        assert!(open(&lax(), "client_id=spa", text).is_err(), "{text}");
    }
}

#[test]
fn parameters_have_the_types_of_rfc_9101_4() {
    let changes = json!({
        "max_age": 86_400, "resource": ["https://a.example", "https://b.example"], "claims": {"id_token": {"acr": null}},
        "unknown": null, "jti": "j", "iat": NOW, "flag": true,
    });
    let (params, _) = signed(&world(), &changes).unwrap();
    assert_eq!(params.get("max_age"), Some("86400"));
    assert_eq!(params.all("resource").count(), 2);
    assert_eq!(params.get("claims"), Some(r#"{"id_token":{"acr":null}}"#));
    for name in ["unknown", "jti", "iat", "flag"] {
        assert_eq!(params.get(name), None, "{name}");
    }
    for changes in [
        json!({"resource": ["a", 1]}),
        json!({"state": "a\u{0}b"}),
        json!({"claims": {"a": "\u{0}"}}),
        json!({"a\u{0}": "b"}),
    ] {
        refused(signed(&world(), &changes));
    }
}

#[test]
fn what_the_header_says_of_keys_is_not_read() {
    let (world, mine) = (world(), Jwk::generate(Algorithm::ES256).unwrap());
    let key = SigningKey::from_jwk(&mine, Algorithm::ES256).unwrap();
    let honest = jwt::sign(&key, TYP, &claims(&json!({}))).unwrap();
    let payload = honest.split('.').nth(1).unwrap();
    for more in [json!({"jwk": mine.public_value().unwrap()}), json!({"jku": "https://evil.example/jwks"})] {
        let mut header = json!({"alg": "ES256", "typ": TYP});
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let header = base64url::encode(header.to_string().as_bytes());
        let signature = honest.rsplit('.').next().unwrap();
        refused(open(&world, "client_id=spa", &format!("{header}.{payload}.{signature}")));
    }
}

#[test]
fn an_encrypted_object_says_so() {
    assert_eq!(refused(open(&world(), "client_id=spa", "a.b.c.d.e")), "this server has no key to decrypt with");
}

/// As [`open`], with a key of the server's to which the object may be encrypted.
fn open_encrypted(world: &World, jwk: &Jwk, text: &str) -> Result<(Params, ObjectKind), OAuthError> {
    let (keys, issuer) = (keys_of(&world.client), issuer());
    let decrypting = DecryptingKeys::single(
        jwe::DecryptingKey::from_jwk(jwk, KeyManagement::EcdhEsA256Kw, ContentEncryption::ALL).unwrap(),
    );
    let keys = Keys { verifying: keys.as_ref(), decrypting: Some(&decrypting), ..Keys::default() };
    let opener = Opener { client: &world.client, keys, issuer: &issuer, now: NOW };
    opener.open(&Params::parse_for_authorize(b"client_id=spa").unwrap(), text)
}

fn encrypt(jwk: &Jwk, cty: Option<&str>, inside: &str) -> String {
    let enc = ContentEncryption::A256Gcm;
    let key = jwe::EncryptingKey::from_jwk(jwk, KeyManagement::EcdhEsA256Kw, enc).unwrap();
    jwe::compact::encrypt(&key, &jwe::Header { cty, ..jwe::Header::default() }, inside.as_bytes()).unwrap()
}

#[test]
fn rfc9101_section_6_1_what_is_encrypted_to_the_server_is_decrypted_and_then_verified() {
    let world = world();
    let server = Jwk::generate(KeyManagement::EcdhEsA256Kw).unwrap();
    let signed = jwt::sign(&world.key, TYP, &claims(&json!({}))).unwrap();
    for cty in ["JWT", "oauth-authz-req+jwt"] {
        let (params, kind) = open_encrypted(&world, &server, &encrypt(&server, Some(cty), &signed)).unwrap();
        assert_eq!((params.get("state"), kind), (Some("inside"), ObjectKind::Signed(Algorithm::ES256)));
    }
    // Without a key of the server's, to another key, twice, and with a broken tag.
    refused(open(&world, "client_id=spa", &encrypt(&server, Some("JWT"), &signed)));
    let other = Jwk::generate(KeyManagement::EcdhEsA256Kw).unwrap();
    let twice = encrypt(&server, Some("JWT"), &encrypt(&server, Some("JWT"), &signed));
    let mut broken = encrypt(&server, Some("JWT"), &signed);
    broken.replace_range(broken.len() - 4.., "AAAA");
    for text in [encrypt(&other, Some("JWT"), &signed), twice, broken] {
        assert!(refused(open_encrypted(&world, &server, &text)).contains("does not open"));
    }
}

#[test]
fn rfc9101_section_6_1_encryption_proves_nothing_of_who_wrote_it() {
    let world = world();
    let server = Jwk::generate(KeyManagement::EcdhEsA256Kw).unwrap();
    let stranger = SigningKey::from_jwk(&Jwk::generate(Algorithm::ES256).unwrap(), Algorithm::ES256).unwrap();
    let theirs = jwt::sign(&stranger, TYP, &claims(&json!({}))).unwrap();
    let nobodys = unsigned_text(&json!({"alg": "none"}), &claims(&json!({})));
    let plain = claims(&json!({})).to_string();
    for inside in [theirs, nobodys, plain] {
        refused(open_encrypted(&world, &server, &encrypt(&server, Some("JWT"), &inside)));
    }
}

#[test]
fn rfc7519_section_5_2_cty_says_that_a_jwt_is_inside() {
    let world = world();
    let server = Jwk::generate(KeyManagement::EcdhEsA256Kw).unwrap();
    let signed = jwt::sign(&world.key, TYP, &claims(&json!({}))).unwrap();
    for cty in [None, Some("json"), Some("at+jwt")] {
        assert!(refused(open_encrypted(&world, &server, &encrypt(&server, cty, &signed))).contains("cty"));
    }
}
