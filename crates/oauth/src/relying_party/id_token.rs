//! An ID token, as a client verifies it (OpenID Connect Core §3.1.3.7, and §12.2 for one that comes with a refresh).
//!
//! Refused: another issuer's or client's, an expired one, one to another question (`nonce`), one that was issued to somebody else
//! (`azp`), and after a refresh one of another person.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};
use symbolon_jose::VerifyingKeys;
use symbolon_jose::jwt::{self, Policy};

/// Tolerated difference of clocks, seconds (specs rule 8).
const LEEWAY_SECS: u64 = 15;

/// Claims of an ID token about itself, which say nothing of the person.
const ABOUT_THE_TOKEN: &[&str] =
    &["at_hash", "aud", "azp", "c_hash", "exp", "iat", "iss", "jti", "nbf", "nonce", "s_hash", "sid"];

/// Who has signed in, as a verified ID token says.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedIn {
    /// The person.
    pub sub: String,
    /// The session at the issuer.
    pub sid: Option<String>,
    /// What the token says of the person: `sub`, `auth_time`, `acr`, and their profile; nothing of the token itself.
    pub claims: Map<String, Value>,
}

/// Which ID token is expected.
#[derive(Clone, Copy, Debug)]
pub enum Expected<'a> {
    /// The one that answers the request with this `nonce`.
    Answer {
        /// The request's.
        nonce: &'a str,
    },
    /// One that came with a refresh, of this person.
    Refreshed {
        /// Whose session it is.
        sub: &'a str,
    },
}

/// Why an ID token does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdTokenRefused {
    /// The signature, the issuer, the audience or the time: what `jose` says of any token.
    Token(symbolon_jose::Error),
    /// It was issued to another client (`azp`), or for several of which none is named.
    OtherParty,
    /// It is about somebody else than before.
    OtherPerson,
    /// Its `nonce` is not that of the request.
    OtherQuestion,
}

impl fmt::Display for IdTokenRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(error) => error.fmt(f),
            Self::OtherParty => f.write_str("the ID token was issued to another client"),
            Self::OtherPerson => f.write_str("the ID token is about somebody else than before"),
            Self::OtherQuestion => f.write_str("the ID token has another nonce than the request"),
        }
    }
}

impl std::error::Error for IdTokenRefused {}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    aud: Recipients,
    azp: Option<String>,
    nonce: Option<String>,
    sid: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Recipients {
    #[default]
    None,
    One(#[expect(dead_code, reason = "only how many there are is asked")] String),
    Several(Vec<String>),
}

/// Verifies `token` of `issuer`, made for `client_id`.
///
/// # Errors
/// [`IdTokenRefused`]; nobody is signed in then.
pub fn verify(
    token: &str,
    keys: &VerifyingKeys,
    issuer: &str,
    client_id: &str,
    expected: Expected<'_>,
    now: u64,
) -> Result<SignedIn, IdTokenRefused> {
    let policy = Policy::new(issuer, client_id)
        // A logout token and an access token are signed with the same keys (RFC 8725 §3.11).
        .accept_type("JWT")
        .require("sub")
        .require("iat")
        .leeway_secs(LEEWAY_SECS);
    let verified = jwt::verify::<Map<String, Value>>(token, keys, &policy, now).map_err(IdTokenRefused::Token)?;
    let mut claims = verified.into_claims();
    let own: Claims = serde_json::from_value(Value::Object(claims.clone()))
        .map_err(|_| IdTokenRefused::Token(symbolon_jose::Error::ClaimsNotObject))?;
    // §3.1.3.7 rules 4 and 5.
    let several = matches!(&own.aud, Recipients::Several(list) if list.len() > 1);
    if own.azp.as_deref().map_or(several, |azp| azp != client_id) {
        return Err(IdTokenRefused::OtherParty);
    }
    match expected {
        Expected::Answer { nonce } if own.nonce.as_deref() != Some(nonce) => return Err(IdTokenRefused::OtherQuestion),
        Expected::Refreshed { sub } if own.sub != sub => return Err(IdTokenRefused::OtherPerson),
        Expected::Answer { .. } | Expected::Refreshed { .. } => {}
    }
    claims.retain(|name, _| !ABOUT_THE_TOKEN.contains(&name.as_str()));
    Ok(SignedIn { sub: own.sub, sid: own.sid, claims })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use symbolon_jose::{Algorithm, Error, Jwk, SigningKey, VerifyingKey};

    use super::*;

    const ISSUER: &str = "https://auth.example";
    const NOW: u64 = 1_800_000_000;

    fn verified(typ: &str, change: &[(&str, Value)], expected: Expected<'_>) -> Result<SignedIn, IdTokenRefused> {
        let jwk = Jwk::generate(Algorithm::ES256).unwrap();
        let mut claims = json!({
            "iss": ISSUER, "aud": "app", "sub": "usr_ada", "exp": NOW + 600, "iat": NOW, "nonce": "n", "sid": "s",
            "auth_time": NOW, "name": "Ada", "at_hash": "x",
        });
        for (name, value) in change {
            claims[*name] = value.clone();
        }
        let token = jwt::sign(&SigningKey::from_jwk(&jwk, Algorithm::ES256).unwrap(), typ, &claims).unwrap();
        let keys = VerifyingKeys::single(VerifyingKey::from_jwk(&jwk, Algorithm::ES256).unwrap());
        verify(&token, &keys, ISSUER, "app", expected, NOW)
    }

    const ANSWER: Expected<'_> = Expected::Answer { nonce: "n" };

    #[test]
    fn who_signed_in_is_told_without_what_is_about_the_token() {
        let who = verified("JWT", &[], ANSWER).unwrap();
        assert_eq!((who.sub.as_str(), who.sid.as_deref()), ("usr_ada", Some("s")));
        assert_eq!(Value::Object(who.claims), json!({ "sub": "usr_ada", "auth_time": NOW, "name": "Ada" }));
    }

    #[test]
    fn oidc_core_section_3_1_3_7_everything_else_is_refused() {
        use IdTokenRefused as R;
        for (typ, change, why) in [
            ("JWT", ("iss", json!("https://evil.example")), R::Token(Error::IssuerMismatch)),
            ("JWT", ("aud", json!("other")), R::Token(Error::AudienceMismatch)),
            ("JWT", ("exp", json!(NOW - 60)), R::Token(Error::Expired)),
            ("JWT", ("nonce", json!("m")), R::OtherQuestion),
            ("JWT", ("nonce", json!(null)), R::OtherQuestion),
            ("JWT", ("azp", json!("other")), R::OtherParty),
            ("JWT", ("aud", json!(["app", "other"])), R::OtherParty),
            ("logout+jwt", ("x", json!(1)), R::Token(Error::TypeMismatch)),
            ("at+jwt", ("x", json!(1)), R::Token(Error::TypeMismatch)),
        ] {
            assert_eq!(verified(typ, std::slice::from_ref(&change), ANSWER), Err(why), "{typ} {change:?}");
        }
        let named = [("aud", json!(["app", "other"])), ("azp", json!("app"))];
        assert!(verified("JWT", &named, ANSWER).is_ok());
    }

    #[test]
    fn oidc_core_section_12_2_a_refresh_is_about_the_same_person() {
        let refreshed = |sub| verified("JWT", &[("nonce", json!(null))], Expected::Refreshed { sub });
        assert!(refreshed("usr_ada").is_ok());
        assert_eq!(refreshed("usr_bob"), Err(IdTokenRefused::OtherPerson));
    }
}
