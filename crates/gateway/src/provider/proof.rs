//! How the gateway proves to the issuer who it is: by a key of its own (`private_key_jwt`, RFC 7523 §2.2, RFC 10070), or by a secret
//! (`client_secret_basic`, RFC 6749 §2.3.1).

use std::fmt;

use http::{HeaderMap, HeaderValue, header};
use serde_json::json;
use symbolon_jose::{Algorithm, Jwk, JwkSet, SigningKey, base64url, jwt};
use symbolon_oauth::{Rng, random_id};
use symbolon_server::config::SecretText;
use url::form_urlencoded::byte_serialize;

use super::Form;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// What an assertion says it is (RFC 10070).
const TYP: &str = "client-authentication+jwt";
/// How long one counts, seconds.
const LIFETIME_SECS: u64 = 60;

/// What proves it.
pub(crate) enum Proof {
    /// A key.
    Key {
        /// It signs.
        signs: Box<SigningKey>,
        /// Its public half, for the issuer.
        public: JwkSet,
    },
    /// A secret, ready for the header.
    Secret(HeaderValue),
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key { .. } => "Key(…)",
            Self::Secret(_) => "Secret(…)",
        })
    }
}

impl Proof {
    /// By this private key.
    pub(crate) fn of_key(jwk: &Jwk) -> Result<Self, symbolon_jose::Error> {
        let signs = Box::new(SigningKey::from_jwk(jwk, Algorithm::ES256)?);
        let public = JwkSet::from_value(&json!({ "keys": [jwk.public_value()?] }))?;
        Ok(Self::Key { signs, public })
    }

    /// By this secret.
    pub(crate) fn of_secret(client_id: &str, secret: &SecretText) -> Self {
        // Both are form-encoded first (RFC 6749 §2.3.1).
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(client_id), encoded(secret.expose()));
        // RFC 7617 asks for the alphabet of RFC 4648 §4, with padding.
        let mut base64 = base64url::encode(pair.as_bytes()).replace('-', "+").replace('_', "/");
        while !base64.len().is_multiple_of(4) {
            base64.push('=');
        }
        let mut value = HeaderValue::try_from(format!("Basic {base64}")).expect("base64 is printable");
        value.set_sensitive(true);
        Self::Secret(value)
    }

    /// What anybody may know of it.
    pub(crate) fn jwks(&self) -> JwkSet {
        match self {
            Self::Key { public, .. } => public.clone(),
            Self::Secret(_) => JwkSet::default(),
        }
    }

    /// Adds the proof to a request of `client_id` to `issuer`: to its form, or to its head.
    pub(super) fn add(
        &self,
        client_id: &str,
        issuer: &str,
        now: u64,
        rng: &mut dyn Rng,
        form: &mut Form,
        headers: &mut HeaderMap,
    ) -> Result<(), symbolon_jose::Error> {
        form.add("client_id", client_id);
        match self {
            Self::Secret(value) => {
                headers.insert(header::AUTHORIZATION, value.clone());
            }
            Self::Key { signs, .. } => {
                let claims = json!({
                    "iss": client_id, "sub": client_id, "aud": issuer,
                    "jti": random_id(rng), "iat": now, "exp": now.saturating_add(LIFETIME_SECS),
                });
                form.add("client_assertion_type", ASSERTION_TYPE);
                form.add("client_assertion", &jwt::sign(signs, TYP, &claims)?);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use symbolon_server::rng::SystemRng;

    use super::*;

    fn added(proof: &Proof) -> (String, HeaderMap) {
        let (mut form, mut headers) = (Form::default(), HeaderMap::new());
        proof.add("app", "https://auth.example", 1_800_000_000, &mut SystemRng, &mut form, &mut headers).unwrap();
        (form.encoded(), headers)
    }

    #[test]
    fn a_key_signs_each_time_anew_and_shows_its_public_half_only() {
        let proof = Proof::of_key(&Jwk::generate(Algorithm::ES256).unwrap().with_kid("k")).unwrap();
        let ((one, headers), (other, _)) = (added(&proof), added(&proof));
        assert!(one.contains("client_assertion=ey") && one != other && headers.is_empty());
        assert!(!proof.jwks().to_value().to_string().contains("\"d\""));
    }

    #[test]
    fn a_secret_travels_in_the_head_and_is_told_to_nobody() {
        let proof = Proof::of_secret("app", &SecretText::new("s:ü".to_owned()));
        let (form, headers) = added(&proof);
        assert_eq!(form, "client_id=app");
        assert!(headers[header::AUTHORIZATION].is_sensitive());
        // printf 'app:s%%3A%%C3%%BC' | base64
        assert_eq!(headers[header::AUTHORIZATION].to_str().unwrap(), "Basic YXBwOnMlM0ElQzMlQkM=");
        assert_eq!((format!("{proof:?}").as_str(), proof.jwks().keys().len()), ("Secret(…)", 0));
    }
}
