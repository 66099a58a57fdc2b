//! `client_secret_jwt`: an assertion with a MAC under the client's secret (RFC 7523 §3, OpenID Connect Core §9), HS256, HS384 or HS512.
//!
//! The key is "the octets of the UTF-8 representation of the client_secret" (Core §10.1), so the shell has to hand the secret itself over. What
//! is asked of the assertion is what [`private_key_jwt`](super::private_key_jwt) asks. Refuses secrets shorter than the hash
//! (RFC 7518 §3.2), public keys taken for secrets, and secrets that have ended.

use symbolon_jose::jwt::{self, Policy};

use super::private_key_jwt::{self, AssertionClaims, PendingAssertion};
use crate::context::Context;
use crate::error::ClientAuthFailure;
use crate::registration::{AuthMethod, Client};
use crate::shared_keys::SharedKeys;

pub(super) const NAME: &str = "client_secret_jwt";

pub(super) fn verify<'c>(
    ctx: &Context<'_>,
    client: &'c Client,
    shared: &[SharedKeys],
    assertion: &str,
) -> Result<PendingAssertion<'c>, ClientAuthFailure> {
    if client.token_endpoint_auth_method != AuthMethod::ClientSecretJwt {
        return Err(ClientAuthFailure::MethodNotRegistered);
    }
    let policy = Policy::danger_any_audience(client.client_id.as_str()).leeway_secs(private_key_jwt::SKEW_SECS);
    let mut worst = ClientAuthFailure::AssertionSignature;
    for secret in shared.iter().filter(|secret| secret.is_live(ctx.now)) {
        match jwt::verify::<AssertionClaims>(assertion, secret.verifying(), &policy, ctx.now) {
            Ok(verified) => return private_key_jwt::judge(ctx, client, verified),
            // Of two secrets one may be the one, and only that one's word counts.
            Err(error) => match private_key_jwt::failure(error) {
                ClientAuthFailure::AssertionSignature => {}
                other => worst = other,
            },
        }
    }
    Err(worst)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared_keys::MAC_ALGS;
    use crate::testing::{NOW, at, machine};
    use serde_json::{Value, json};
    use symbolon_jose::{Algorithm, Jwk, SigningKey};

    const ISSUER: &str = "https://auth.example";
    const SECRET: &str = "sym_cs_a-secret-of-sixty-four-characters-at-the-very-least-for-hs512";

    fn client() -> Client {
        Client { token_endpoint_auth_method: AuthMethod::ClientSecretJwt, ..machine() }
    }

    fn claims(changes: &Value) -> Value {
        let mut claims =
            json!({ "iss": "machine", "sub": "machine", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": "j1" });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }

    fn signed(secret: &str, alg: Algorithm, typ: &str, changes: &Value) -> String {
        let key = SigningKey::from_jwk(&Jwk::oct(secret.as_bytes(), alg).unwrap(), alg).unwrap();
        jwt::sign(&key, typ, &claims(changes)).unwrap()
    }

    fn run(client: &Client, shared: &[SharedKeys], assertion: &str) -> Result<[u8; 32], ClientAuthFailure> {
        at(NOW, |ctx| verify(ctx, client, shared, assertion).map(|pending| pending.key))
    }

    fn with(changes: &Value) -> Result<[u8; 32], ClientAuthFailure> {
        let assertion = signed(SECRET, Algorithm::HS256, "client-authentication+jwt", changes);
        run(&client(), &[SharedKeys::of(SECRET, None)], &assertion)
    }

    #[test]
    fn core_section_10_1_the_text_of_the_secret_is_the_key() {
        for alg in MAC_ALGS {
            let assertion = signed(SECRET, *alg, "JWT", &json!({}));
            assert!(run(&client(), &[SharedKeys::of(SECRET, None)], &assertion).is_ok(), "{alg}");
            let other = signed(&SECRET.to_uppercase(), *alg, "JWT", &json!({}));
            let refused = run(&client(), &[SharedKeys::of(SECRET, None)], &other);
            assert_eq!(refused, Err(ClientAuthFailure::AssertionSignature), "{alg}");
        }
    }

    #[test]
    fn rfc7518_section_3_2_a_key_is_as_long_as_the_hash() {
        for (bytes, fitting) in [(31, 0), (32, 1), (47, 1), (48, 2), (63, 2), (64, 3)] {
            assert_eq!(SharedKeys::of(&"x".repeat(bytes), None).verifying().iter().count(), fitting, "{bytes}");
        }
        // The secret would do for HS256; for HS512 it is no key at all.
        let short = "x".repeat(40);
        let forged = signed(&"x".repeat(64), Algorithm::HS512, "JWT", &json!({}));
        assert!(run(&client(), &[SharedKeys::of(&short, None)], &forged).is_err());
    }

    #[test]
    fn two_secrets_overlap_and_end_at_their_second() {
        let old = signed("the old secret, which is long enough", Algorithm::HS256, "JWT", &json!({}));
        let new = signed("the new secret, which is long enough", Algorithm::HS256, "JWT", &json!({"jti": "j2"}));
        let secrets = |old_ends| {
            [
                SharedKeys::of("the old secret, which is long enough", Some(old_ends)),
                SharedKeys::of("the new secret, which is long enough", None),
            ]
        };
        let during = secrets(NOW + 1);
        assert!(run(&client(), &during, &old).is_ok() && run(&client(), &during, &new).is_ok());
        let after = secrets(NOW);
        assert_eq!(run(&client(), &after, &old), Err(ClientAuthFailure::AssertionSignature));
        assert!(run(&client(), &after, &new).is_ok());
        assert_eq!(run(&client(), &[], &new), Err(ClientAuthFailure::AssertionSignature));
    }

    #[test]
    fn rfc7523_section_3_issuer_subject_audience_and_expiry_are_the_same_as_with_a_key() {
        assert!(with(&json!({})).is_ok());
        for changes in [json!({"iss": "other"}), json!({"iss": null}), json!({"sub": "other"}), json!({"sub": null})] {
            assert!(with(&changes).is_err(), "{changes}");
        }
        for aud in [json!([ISSUER]), json!(format!("{ISSUER}/oauth/token")), json!("https://evil.example"), Value::Null]
        {
            assert_eq!(with(&json!({"aud": aud})), Err(ClientAuthFailure::AssertionAudience), "{aud}");
        }
        assert_eq!(with(&json!({"exp": null})).err(), Some(ClientAuthFailure::AssertionMalformed));
        for changes in [json!({"exp": NOW - 16}), json!({"exp": NOW + 316})] {
            assert_eq!(with(&changes).err(), Some(ClientAuthFailure::AssertionExpiry), "{changes}");
        }
        for changes in [json!({"jti": null}), json!({"jti": ""}), json!({"jti": "j".repeat(257)})] {
            assert_eq!(with(&changes), Err(ClientAuthFailure::AssertionMalformed), "{changes}");
        }
    }

    #[test]
    fn tokens_of_another_kind_are_refused() {
        for typ in ["at+jwt", "dpop+jwt", "logout+jwt"] {
            let assertion = signed(SECRET, Algorithm::HS256, typ, &json!({}));
            let refused = run(&client(), &[SharedKeys::of(SECRET, None)], &assertion);
            assert_eq!(refused, Err(ClientAuthFailure::AssertionMalformed), "{typ}");
        }
    }

    #[test]
    fn openid_registration_section_2_only_the_registered_algorithm_counts() {
        let mut client = client();
        client.metadata.token_endpoint_auth_signing_alg = Some(Algorithm::HS384);
        for (alg, counts) in [(Algorithm::HS256, false), (Algorithm::HS384, true), (Algorithm::HS512, false)] {
            let assertion = signed(SECRET, alg, "JWT", &json!({}));
            assert_eq!(run(&client, &[SharedKeys::of(SECRET, None)], &assertion).is_ok(), counts, "{alg}");
        }
    }

    #[test]
    fn another_method_a_signature_and_none_are_refused() {
        let assertion = signed(SECRET, Algorithm::HS256, "JWT", &json!({}));
        let shared = [SharedKeys::of(SECRET, None)];
        for method in [AuthMethod::ClientSecretBasic, AuthMethod::PrivateKeyJwt] {
            let client = Client { token_endpoint_auth_method: method, ..client() };
            assert_eq!(run(&client, &shared, &assertion), Err(ClientAuthFailure::MethodNotRegistered));
        }
        let jwk = Jwk::generate(Algorithm::ES256).unwrap();
        let key = SigningKey::from_jwk(&jwk, Algorithm::ES256).unwrap();
        assert!(run(&client(), &shared, &jwt::sign(&key, "JWT", &claims(&json!({}))).unwrap()).is_err());
        let payload = symbolon_jose::base64url::encode(claims(&json!({})).to_string().as_bytes());
        assert!(run(&client(), &shared, &format!("eyJhbGciOiJub25lIn0.{payload}.")).is_err());
    }
}
