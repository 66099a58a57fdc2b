//! JWTs that prove a client (RFC 7521 §4.2, RFC 7523 §2.2, §3, as RFC 10070 tightens it).

use serde_json::{Value, json};
use symbolon_jose::{Algorithm, Jwk, SigningKey, base64url, jwt};
use symbolon_oauth::AuthMethod;

use crate::support::{Answer, ISSUER, NOW, SECRET, World};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const TYP: &str = "client-authentication+jwt";

/// `machine`, with a key instead of a secret.
struct Keyed {
    world: World,
    key: SigningKey,
}

impl Keyed {
    async fn new() -> Self {
        let world = World::new().await;
        let jwk = Jwk::generate(Algorithm::ES256).unwrap();
        let public = json!({ "keys": [jwk.public_value().unwrap()] });
        world
            .change_client("machine", |client| {
                client.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
                client.secrets = Vec::new();
                client.jwks = Some(public);
            })
            .await;
        Self { world, key: SigningKey::from_jwk(&jwk, Algorithm::ES256).unwrap() }
    }

    fn claims() -> Value {
        json!({ "iss": "machine", "sub": "machine", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": "one" })
    }

    /// An assertion with these claims changed, or left out where they are null.
    fn assertion(&self, changes: &Value) -> String {
        let mut claims = Self::claims();
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        jwt::sign(&self.key, TYP, &claims).unwrap()
    }

    async fn send(&self, assertion: &str, kind: &str, more: &[(&str, &str)]) -> Answer {
        let mut fields = vec![("grant_type", "client_credentials"), ("client_assertion", assertion)];
        if !kind.is_empty() {
            fields.push(("client_assertion_type", kind));
        }
        fields.extend(more);
        self.world.post_with("", "/oauth/token", &fields).await
    }
}

/// Assertions with one claim changed, each `invalid_client`.
macro_rules! not_proven {
    ($($(#[$about:meta])* $name:ident: $changes:tt;)+) => {$(
        $(#[$about])*
        #[tokio::test]
        async fn $name() {
            let keyed = Keyed::new().await;
            let assertion = keyed.assertion(&json!($changes));
            keyed.send(&assertion, TYPE, &[]).await.is_error(401, "invalid_client");
        }
    )+};
}

not_proven! {
    rfc7523_section_3_point_1_an_assertion_without_iss_is_refused: { "iss": null };
    rfc7523_section_3_point_1_an_assertion_of_another_issuer_is_refused: { "iss": "web" };
    rfc7523_section_3_point_2_the_subject_must_be_the_client: { "sub": "web" };
    rfc7523_section_3_point_3_an_assertion_without_aud_is_refused: { "aud": null };
    rfc7523_section_3_point_3_an_assertion_for_another_server_is_refused: { "aud": "https://other.example" };
    rfc7523_section_3_point_3_an_audience_with_a_slash_more_is_another: { "aud": "http://localhost:4400/" };
    rfc7523_section_3_point_3_the_token_endpoint_is_not_the_audience: { "aud": "http://localhost:4400/oauth/token" };
    rfc7523_section_3_point_3_a_list_of_audiences_is_refused: { "aud": ["http://localhost:4400", "https://other.example"] };
    rfc7523_section_3_point_3_a_list_of_one_audience_is_refused: { "aud": ["http://localhost:4400"] };
    rfc7523_section_3_point_4_an_assertion_without_exp_is_refused: { "exp": null };
    rfc7523_section_3_point_4_an_expired_assertion_is_refused: { "exp": (NOW - 60) };
    rfc7523_section_3_point_4_an_expiry_that_is_unreasonably_far_is_refused: { "exp": (NOW + 86_400) };
    rfc7523_section_3_point_4_an_expiry_that_is_no_number_is_refused: { "exp": "tomorrow" };
    rfc7523_section_3_point_5_an_assertion_that_does_not_count_yet_is_refused: { "nbf": (NOW + 60) };
    rfc7523_section_3_point_7_an_assertion_without_jti_is_refused: { "jti": null };
    rfc7523_section_3_point_7_an_empty_jti_is_none: { "jti": "" };
}

/// An assertion without a subject names nobody.
#[tokio::test]
async fn rfc7523_section_3_point_2_an_assertion_without_sub_is_refused() {
    let keyed = Keyed::new().await;
    let assertion = keyed.assertion(&json!({ "sub": null }));
    assert_eq!(keyed.send(&assertion, TYPE, &[]).await.json()["error"], "invalid_client");
}

/// "The authorization server MAY ensure that JWTs are not replayed": it does.
#[tokio::test]
async fn rfc7523_section_3_point_7_an_assertion_works_once() {
    let keyed = Keyed::new().await;
    let assertion = keyed.assertion(&json!({}));
    assert_eq!(keyed.send(&assertion, TYPE, &[]).await.status, 200);
    keyed.send(&assertion, TYPE, &[]).await.is_error(401, "invalid_client");
    let same_jti = keyed.assertion(&json!({ "exp": (NOW + 61) }));
    keyed.send(&same_jti, TYPE, &[]).await.is_error(401, "invalid_client");
}

/// "The JWT MUST be digitally signed".
#[tokio::test]
async fn rfc7523_section_3_point_9_an_unsigned_assertion_is_refused() {
    let keyed = Keyed::new().await;
    let head = base64url::encode(br#"{"alg":"none","typ":"client-authentication+jwt"}"#);
    let body = base64url::encode(Keyed::claims().to_string().as_bytes());
    keyed.send(&format!("{head}.{body}."), TYPE, &[]).await.is_error(401, "invalid_client");
}

#[tokio::test]
async fn rfc7523_section_3_point_9_a_signature_of_another_key_is_refused() {
    let keyed = Keyed::new().await;
    let foreign = Jwk::generate(Algorithm::ES256).unwrap();
    let assertion = jwt::sign_with_jwk(&foreign, Algorithm::ES256, TYP, &Keyed::claims()).unwrap();
    keyed.send(&assertion, TYPE, &[]).await.is_error(401, "invalid_client");
}

#[tokio::test]
async fn rfc7523_section_3_point_9_a_changed_assertion_is_refused() {
    let keyed = Keyed::new().await;
    let assertion = keyed.assertion(&json!({}));
    let parts: Vec<&str> = assertion.split('.').collect();
    let claims = Keyed::claims().to_string().replace(&(NOW + 60).to_string(), &(NOW + 61).to_string());
    let changed = format!("{}.{}.{}", parts[0], base64url::encode(claims.as_bytes()), parts[2]);
    keyed.send(&changed, TYPE, &[]).await.is_error(401, "invalid_client");
}

#[tokio::test]
async fn rfc7523_section_3_point_10_what_is_no_jwt_is_refused() {
    let keyed = Keyed::new().await;
    for text in ["x", "a.b.c", "..", "e30.e30."] {
        keyed.send(text, TYPE, &[]).await.is_error(401, "invalid_client");
    }
}

/// RFC 10070: a token of another type is no assertion.
#[tokio::test]
async fn rfc7523_section_3_a_token_of_another_type_is_no_assertion() {
    let keyed = Keyed::new().await;
    for typ in ["at+jwt", "dpop+jwt", "oauth-authz-req+jwt", "logout+jwt"] {
        let assertion = jwt::sign(&keyed.key, typ, &Keyed::claims()).unwrap();
        keyed.send(&assertion, TYPE, &[]).await.is_error(401, "invalid_client");
    }
}

/// RFC 7521 §4.2: "client_assertion_type: REQUIRED".
#[tokio::test]
async fn rfc7521_section_4_2_an_assertion_without_its_type_is_refused() {
    let keyed = Keyed::new().await;
    keyed.send(&keyed.assertion(&json!({})), "", &[]).await.is_error(401, "invalid_client");
}

#[tokio::test]
async fn rfc7521_section_4_2_an_unknown_type_is_refused() {
    let keyed = Keyed::new().await;
    for kind in ["urn:ietf:params:oauth:client-assertion-type:saml2-bearer", "jwt", TYPE.to_uppercase().as_str()] {
        keyed.send(&keyed.assertion(&json!({})), kind, &[]).await.is_error(401, "invalid_client");
    }
}

/// "The client_id … MUST identify the same client as is identified by the client assertion."
#[tokio::test]
async fn rfc7521_section_4_2_a_client_id_beside_it_must_be_the_same() {
    let keyed = Keyed::new().await;
    let answer = keyed.send(&keyed.assertion(&json!({})), TYPE, &[("client_id", "web")]).await;
    answer.is_error(400, "invalid_request");
}

/// RFC 7521 §4.2, "an extension of Section 2.3 of OAuth 2.0": "The client MUST NOT use more than one authentication method in each request."
#[tokio::test]
async fn rfc7521_section_4_2_an_assertion_beside_a_secret_is_refused() {
    let keyed = Keyed::new().await;
    let answer = keyed.send(&keyed.assertion(&json!({})), TYPE, &[("client_secret", SECRET)]).await;
    answer.is_error(400, "invalid_request");
}

#[tokio::test]
async fn rfc7521_section_4_2_a_client_with_a_secret_cannot_use_an_assertion() {
    let keyed = Keyed::new().await;
    let assertion = keyed.assertion(&json!({ "iss": "web", "sub": "web" }));
    keyed.send(&assertion, TYPE, &[]).await.is_error(401, "invalid_client");
}

#[tokio::test]
async fn rfc7521_section_4_2_1_an_unknown_client_is_invalid_client() {
    let keyed = Keyed::new().await;
    let assertion = keyed.assertion(&json!({ "iss": "nobody", "sub": "nobody" }));
    keyed.send(&assertion, TYPE, &[]).await.is_error(401, "invalid_client");
}
